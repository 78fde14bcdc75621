import { exitCodes } from '../exit-codes.js'
import type { InstanceRow } from '../instance-row.js'
import type { MongoPlace } from '../places.js'
import type { SeenDocument } from '../registry/record.js'
import { Registry } from '../registry/registry.js'
import { ago, duration } from '../text/durations.js'
import { line, type Line, span, type Style } from '../text/line.js'
import { table } from '../text/table.js'
import { wrap } from '../text/wrap.js'
import type { Looking, View } from './report.js'

export interface StatusReport {
  /** Place that was asked. */
  readonly source: string
  readonly well: boolean
  readonly instances: readonly InstanceRow[]
  readonly remarks: readonly string[]
}

/** Remark whenever MongoDB alone is asked. */
const linksUnseen = 'MongoDB holds records, not links: ask an instance (--url) to see who is linked to whom'

/** The status by the records alone. */
export async function registryStatus(place: MongoPlace): Promise<Looking<StatusReport>> {
  const registry = await Registry.open(place)
  const look = async (): Promise<StatusReport> => {
    const { documents, more } = await registry.read()
    const instances = documents.map(rowOf)
    const none = instances.length === 0 ? [`no instance is registered in ${registry.label}: are the database in the URL, --collection and --name those of the application?`] : []
    const cut = more ? [`only the first ${instances.length} documents are shown`] : []
    return { source: `MongoDB, ${registry.label}`, well: instances.length > 0 && instances.every(({ well }) => well), instances, remarks: [...none, ...cut, linksUnseen] }
  }
  return { look, close: () => registry.close() }
}

function rowOf(document: SeenDocument): InstanceRow {
  if (document.kind === 'foreign') return { id: document.id, name: '', pid: undefined, address: '', status: 'foreign', well: false, registeredAt: undefined, heartbeatAt: undefined, heartbeatAgeMs: undefined, reason: `no record of an instance: ${document.why}` }
  const { _id, _createdAt, _updatedAt, name, pid, host, port, heartbeatAgeMs, stale, cluster } = document
  const reason = stale ? `not renewed for ${duration(heartbeatAgeMs)}, which is more than its ${duration(cluster.expireAfterMs)}: the instance is gone, or does not reach MongoDB` : undefined
  return { id: _id, name, pid, address: `${host}:${port}`, status: stale ? 'stale' : 'fresh', well: !stale, registeredAt: _createdAt, heartbeatAt: _updatedAt, heartbeatAgeMs, reason }
}

/** An id that is cut is of no use. */
const leastWidths = [17, 7, 12]

const heading = ['INSTANCE', 'STATUS', 'ADDRESS', 'PID', 'HEARTBEAT', 'NAME']

export const statusView: View<StatusReport> = {
  lines({ source, instances, remarks }, columns) {
    const rows = instances.map((row) => [span(row.id), span(row.status, styleOf(row)), span(row.address), span(row.pid === undefined ? '' : String(row.pid)), span(heartbeatOf(row)), span(row.name)])
    const shown = table([heading.map((title) => span(title, 'dim')), ...rows], columns, leastWidths)
    const reasons = instances.flatMap(({ id, reason, well }) => (reason === undefined ? [] : wrap(`${id}: ${reason}`, columns, { indent: 2, style: well ? 'plain' : 'bad' })))
    return [
      line(span(summary(instances), 'bold'), ` as seen by ${source}`),
      ...(instances.length > 0 ? [line(), ...shown] : []),
      ...blankBefore(reasons),
      ...blankBefore(remarks.flatMap((remark) => wrap(remark, columns, { style: 'dim' }))),
    ]
  },
  rows: ({ instances }) => [
    ['instance', 'status', 'address', 'pid', 'heartbeat', 'name', 'reason'],
    ...instances.map(({ id, status, address, pid, heartbeatAt, name, reason }) => [id, status, address, pid === undefined ? '' : String(pid), heartbeatAt?.toISOString() ?? '', name, reason ?? '']),
  ],
  remarks: ({ remarks }) => [...remarks],
  gist: ({ instances, remarks }) => [instances.map(({ id, status, address, reason }) => [id, status, address, reason !== undefined]), remarks],
  exitCode: ({ well }) => (well ? exitCodes.well : exitCodes.faults),
}

function summary(instances: readonly InstanceRow[]): string {
  const wrong = instances.filter(({ well }) => !well).length
  const all = `${instances.length} instance${instances.length === 1 ? '' : 's'}`
  return wrong === 0 ? all : `${all}, ${wrong} not well`
}

/** How old it is by the database's clock; else when it was. */
const heartbeatOf = ({ heartbeatAt, heartbeatAgeMs }: InstanceRow): string => (heartbeatAgeMs === undefined ? (heartbeatAt?.toISOString().slice(11, 19).concat('Z') ?? '') : ago(heartbeatAgeMs))

const styleOf = ({ well, status }: InstanceRow): Style => (well ? 'good' : status === 'stale' || status === 'foreign' ? 'odd' : 'bad')

const blankBefore = (lines: readonly Line[]): Line[] => (lines.length > 0 ? [line(), ...lines] : [])
