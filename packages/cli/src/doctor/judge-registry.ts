import type { ForeignDocument, SeenRecord } from '../registry/record.js'
import { duration } from '../text/durations.js'
import { type Finding, found } from './catalogue.js'
import type { RegistryFacts } from './registry-facts.js'

/** A local MongoDB answers within a millisecond, one on another continent within this. */
const slowMs = 500
/** Clocks that NTP keeps differ by less; a `Date` header has whole seconds. */
export const clocksApartMs = 5000
const longIndexMs = 3_600_000

/** The records that the doctor is asked about. */
export const recordsOf = ({ documents, name }: RegistryFacts): SeenRecord[] =>
  documents.filter((document): document is SeenRecord => document.kind === 'record' && (name === undefined || document.name === name))

/** Findings from MongoDB's data alone. */
export function judgeRegistry(facts: RegistryFacts): Finding[] {
  const records = recordsOf(facts)
  return [...aboutMongo(facts), ...aboutIndex(facts, records), ...aboutCollection(facts, records), ...records.flatMap(aboutRecord), ...together(records.filter(({ stale }) => !stale))]
}

function aboutMongo({ roundTripMs, clockAheadMs, changeStreams }: RegistryFacts): Finding[] {
  return [
    ...(roundTripMs > slowMs ? [found('mongo-slow', `MongoDB takes ${Math.round(roundTripMs)} ms for a ping, as seen from here.`)] : []),
    ...(changeStreams ? [] : [found('no-change-streams', 'This MongoDB is a standalone: it has no change streams.')]),
    ...(Math.abs(clockAheadMs) > clocksApartMs ? [found('clocks-apart', `The clock of MongoDB is ${duration(Math.abs(clockAheadMs))} ${clockAheadMs > 0 ? 'ahead of' : 'behind'} that of this machine.`)] : []),
  ]
}

function aboutIndex({ index, label, heartbeatIntervalsMs }: RegistryFacts, records: readonly SeenRecord[]): Finding[] {
  const longest = Math.max(0, ...records.map(({ cluster }) => cluster.expireAfterMs))
  if (longest === 0) return []
  if (!index) return [found('ttl-index-missing', `${label} has no index on _updatedAt that expires records.`)]
  const { expireAfterMs } = index
  if (expireAfterMs === undefined) return [found('ttl-index-missing', `The index on _updatedAt of ${label} does not expire records (no expireAfterSeconds).`)]
  // An index has whole seconds.
  if (expireAfterMs + 999 < longest) {
    const interval = Math.max(0, ...records.map(({ _id }) => heartbeatIntervalsMs.get(_id) ?? 0))
    return [found('ttl-index-short', `The index on _updatedAt of ${label} expires records after ${duration(expireAfterMs)}; instances want ${duration(longest)}${interval > 0 ? `, and renew them every ${duration(interval)}` : ''}.`)]
  }
  return expireAfterMs > longIndexMs && expireAfterMs > 10 * longest ? [found('ttl-index-long', `The index on _updatedAt of ${label} expires records after ${duration(expireAfterMs)}; instances want ${duration(longest)}.`)] : []
}

function aboutCollection({ documents, more, name, label }: RegistryFacts, records: readonly SeenRecord[]): Finding[] {
  const foreign = documents.filter((document): document is ForeignDocument => document.kind === 'foreign')
  const names = [...new Set(documents.flatMap((document) => (document.kind === 'record' ? [document.name] : [])))]
  const versions = [...new Set(records.map(({ cluster }) => cluster.protocol))]
  return [
    ...(records.length === 0 ? [found('no-instances', `${label} has no record of an instance${name === undefined ? '' : ` named ${name}`}${label.startsWith('test.') ? '; "test" is what a URL means that names no database' : ''}.`)] : []),
    ...foreign.map(({ id, why }) => found('foreign-record', `The document ${id} is no record of an instance: ${why}.`, [id])),
    ...(more ? [found('foreign-record', `${label} has more than ${documents.length} documents; the rest was not looked at.`)] : []),
    ...(names.length > 1 ? [found('several-names', `${label} has instances of ${names.length} names: ${names.slice(0, 10).join(', ')}.`)] : []),
    ...(versions.length > 1 ? [found('protocol-versions', `Instances speak different versions of the peer protocol: ${versions.join(', ')}.`)] : []),
  ]
}

function aboutRecord({ _id, name, stale, heartbeatAgeMs, cluster }: SeenRecord): Finding[] {
  return [
    ...(stale ? [found('stale-record', `${_id} (${name}) was not renewed for ${duration(heartbeatAgeMs)}; it may be silent for ${duration(cluster.expireAfterMs)}.`, [_id])] : []),
    ...(heartbeatAgeMs < -clocksApartMs ? [found('record-from-the-future', `The last heartbeat of ${_id} (${name}) is ${duration(-heartbeatAgeMs)} ahead of MongoDB's clock.`, [_id])] : []),
  ]
}

/** Findings from a comparison of the living records. */
function together(records: readonly SeenRecord[]): Finding[] {
  const local = records.filter(({ host }) => isLocal(host))
  const ids = (some: readonly SeenRecord[]): string[] => some.map(({ _id }) => _id)
  const localFinding = (): Finding[] => {
    if (local.length === 0 || records.length < 2) return []
    if (local.length === records.length) return [found('localhost-everywhere', `All ${records.length} instances advertise an address of this machine alone (${local[0]?.host}).`)]
    return [found('localhost-among-others', `${local.length} of ${records.length} instances advertise ${local[0]?.host}, the others do not.`, ids(local))]
  }
  return [
    ...groups(records, ({ cluster }) => cluster.url).filter((same) => same.length > 1).map((same) => found('duplicate-address', `${same.length} instances advertise ${same[0]?.cluster.url}.`, ids(same))),
    ...localFinding(),
    ...groups(records, ({ name }) => name).flatMap((same) => {
      const expiries = [...new Set(same.map(({ cluster }) => cluster.expireAfterMs))].sort((a, b) => a - b)
      return expiries.length > 1 ? [found('differing-expiry', `Instances named ${same[0]?.name} want to be taken for dead after different times: ${expiries.map(duration).join(', ')}.`, ids(same))] : []
    }),
  ]
}

const isLocal = (host: string): boolean => /^(localhost|127\.\d+\.\d+\.\d+|\[?::1\]?)$/i.test(host)

function groups<T>(items: readonly T[], keyOf: (item: T) => string): T[][] {
  const found = new Map<string, T[]>()
  for (const item of items) found.set(keyOf(item), [...(found.get(keyOf(item)) ?? []), item])
  return [...found.values()]
}
