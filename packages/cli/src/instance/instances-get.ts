import type { InstanceRow } from '../instance-row.js'
import { dateOf, listOf, type Loose, numberOf, objectOf, textOf } from './loose.js'

/** The instances in an answer of `instances.get`, in whichever of its three formats: that is the application's choice. Undefined when it is none of them. */
export function rowsOf(body: unknown): InstanceRow[] | undefined {
  const { instances } = objectOf(body)
  if (Array.isArray(instances)) return listOf(instances).map((item) => flatRow(objectOf(item)))
  const { current, connections } = objectOf(instances)
  if (!Array.isArray(connections)) return undefined
  const own = listOf(objectOf(current)['instanceRecord']).map((record) => rowOf(objectOf(record), undefined))
  return [...own, ...listOf(connections).map((item) => linkedRow(objectOf(item)))]
}

/** A list of records with their `connection` (format 4), or of addresses with their `instanceRecord` (format 6). */
function flatRow(item: Loose): InstanceRow {
  if (item['instanceRecord'] === undefined) return rowOf(item, item['connection'] === undefined ? undefined : objectOf(item['connection']))
  return objectOf(item['currentStatus'])['local'] === true ? rowOf(objectOf(item['instanceRecord']), undefined) : linkedRow(item)
}

const linkedRow = (item: Loose): InstanceRow => rowOf(objectOf(item['instanceRecord']), item)

/** Without a connection it is the instance that answers. */
function rowOf(record: Loose, connection: Loose | undefined): InstanceRow {
  const { host, port } = objectOf(record['extraInformation'])
  return {
    id: textOf(record['_id']) ?? '?',
    name: textOf(record['name']) ?? '',
    pid: numberOf(record['pid']),
    address: textOf(host) === undefined ? '' : `${textOf(host)}:${textOf(port) ?? ''}`,
    registeredAt: dateOf(record['_createdAt']),
    heartbeatAt: dateOf(record['_updatedAt']),
    heartbeatAgeMs: undefined,
    ...(connection ? linkState(connection) : { status: 'self', well: true, reason: undefined }),
  }
}

function linkState(connection: Loose): Pick<InstanceRow, 'status' | 'well' | 'reason'> {
  const { status, connected, reason, retryCount } = objectOf(connection['currentStatus'])
  const word = textOf(status) ?? (connected === true ? 'connected' : 'not connected')
  if (connected === true && connection['broadcastAuth'] === true) return { status: word, well: true, reason: undefined }
  if (connected === true) return { status: 'unproven', well: false, reason: 'the link has not proven that it belongs to the cluster: is the secret the same on both sides?' }
  return { status: word, well: false, reason: textOf(reason) ?? `the link is not up, no reason is known (${numberOf(retryCount) ?? 0} attempts)` }
}
