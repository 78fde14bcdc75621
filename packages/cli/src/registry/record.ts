import { isRandomId } from '@ddp-cluster/ddp-common'
import type { InstanceRecord } from '@ddp-cluster/instance-status'

/** A document of the registry as the CLI reads it: of an instance's record what is looked at, and how old its last heartbeat is by the database's clock. */
export type SeenDocument = SeenRecord | ForeignDocument

export type SeenRecord = Pick<InstanceRecord, '_id' | '_createdAt' | '_updatedAt' | 'name' | 'pid' | 'cluster'> & {
  readonly kind: 'record'
  readonly host: string
  readonly port: string
  /** Milliseconds since its last heartbeat; less than 0 for one that the database's clock has not come to. */
  readonly heartbeatAgeMs: number
  /** Whether the record was not renewed within its expiry. */
  readonly stale: boolean
}

/** Document in the collection that is no record of this library: instances ignore it. */
export interface ForeignDocument {
  readonly kind: 'foreign'
  readonly id: string
  /** First fault of the document. */
  readonly why: string
}

/** Asked of the database, so that a document of many megabytes costs nothing. */
export const projection = {
  _createdAt: 1, _updatedAt: 1, name: 1, pid: 1,
  'extraInformation.host': 1, 'extraInformation.port': 1,
  'cluster.protocol': 1, 'cluster.expireAfterMs': 1, 'cluster.url': 1,
} as const

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value)
const isDate = (value: unknown): value is Date => value instanceof Date && !Number.isNaN(value.getTime())
const isUrl = (text: string): boolean => URL.canParse(text) && /^wss?:$/.test(new URL(text).protocol)

/** Longer than instances believe, in characters, */
const [longestHost, longestPort, longestUrl] = [255, 5, 2048]
/** and milliseconds: a week. */
const longestExpiryMs = 7 * 24 * 60 * 60 * 1000

/** A document, judged as instances judge it, with what is wrong in words; `databaseNow` in milliseconds since the epoch. */
export function seen(document: unknown, databaseNow: number): SeenDocument {
  if (!isObject(document)) return { kind: 'foreign', id: '?', why: 'it is no document' }
  const { _id, _createdAt, _updatedAt, name, pid, extraInformation, cluster } = document
  const foreign = (why: string): ForeignDocument => ({ kind: 'foreign', id: shownId(_id), why })
  if (!isRandomId(_id)) return foreign('its _id is none of 17 characters of the usual alphabet')
  if (!isDate(_createdAt) || !isDate(_updatedAt)) return foreign('_createdAt or _updatedAt is no date')
  if (typeof name !== 'string') return foreign('name is no text')
  if (typeof pid !== 'number' || !Number.isFinite(pid)) return foreign('pid is no number')
  if (!isObject(extraInformation) || typeof extraInformation['host'] !== 'string' || typeof extraInformation['port'] !== 'string') return foreign('extraInformation has no host and port as text')
  if (extraInformation['host'].length > longestHost || extraInformation['port'].length > longestPort) return foreign('extraInformation has a host or port longer than there are')
  if (!isObject(cluster)) return foreign('it has no part "cluster": another program wrote it, such as Meteor\'s or Rocket.Chat\'s own InstanceStatus')
  const { protocol, expireAfterMs, url } = cluster
  if (typeof protocol !== 'number') return foreign('cluster.protocol is no number')
  if (typeof url !== 'string' || url.length > longestUrl || !isUrl(url)) return foreign('cluster.url is no ws:// or wss:// URL')
  if (typeof expireAfterMs !== 'number' || !(expireAfterMs > 0 && expireAfterMs <= longestExpiryMs)) return foreign('cluster.expireAfterMs is no number of milliseconds up to a week')
  const heartbeatAgeMs = databaseNow - _updatedAt.getTime()
  const { host, port } = extraInformation
  return { kind: 'record', _id, _createdAt, _updatedAt, name, pid, host, port, cluster: { protocol, expireAfterMs, url }, heartbeatAgeMs, stale: heartbeatAgeMs >= expireAfterMs }
}

function shownId(id: unknown): string {
  // An ObjectId is its digits in JSON.
  const text = typeof id === 'string' ? id : JSON.stringify(id)
  return text?.slice(0, 100) ?? '?'
}
