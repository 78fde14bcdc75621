import { isRandomId } from '@ddp-cluster/ddp-common'
import { isExtraInformation } from './extra-information.js'

/** Fields of a record beside Meteor's, from each instance to the others; `instances.get` does not show them. */
export interface RecordClusterPart {
  /** Version of the peer protocol that the instance speaks. */
  readonly protocol: number
  /** Time without a heartbeat after which the instance counts as dead, in milliseconds. */
  readonly expireAfterMs: number
  /** URL that peers dial: `ws://host:port/path/websocket`, or `wss://`. */
  readonly url: string
}

/** Document of the `instances` collection: one running process. The fields are Meteor's and Rocket.Chat's; `cluster` is this library's. */
export interface InstanceRecord {
  /** Id of the instance: 17 characters, new for every start. */
  readonly _id: string
  /** Database time of the first registration. */
  readonly _createdAt: Date
  /** Database time of the last heartbeat. */
  readonly _updatedAt: Date
  /** Advertised host and port, and facts that the application added. */
  readonly extraInformation: { readonly host: string; readonly port: string; readonly [key: string]: unknown }
  /** Name of the application, which is that of the cluster. */
  readonly name: string
  /** Process id on its host. */
  readonly pid: number
  /** Fields of this library. */
  readonly cluster: RecordClusterPart
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null

/**
 * A document of the collection as a record, or undefined when it is none of ours: other applications, older versions and
 * curious hands write there too, and nothing they leave may disturb the cluster.
 */
export function toRecord(document: unknown): InstanceRecord | undefined {
  if (!isObject(document)) return undefined
  const { _id, _createdAt, _updatedAt, extraInformation, name, pid, cluster } = document
  if (!isRandomId(_id)) return undefined
  if (!isDate(_createdAt) || !isDate(_updatedAt) || typeof name !== 'string' || !Number.isFinite(pid)) return undefined
  if (!isExtraInformation(extraInformation) || !isObject(cluster)) return undefined
  const { host, port } = extraInformation
  const { protocol, expireAfterMs, url } = cluster
  if (typeof host !== 'string' || host.length > longestHost || typeof port !== 'string' || port.length > longestPort) return undefined
  if (typeof protocol !== 'number' || typeof url !== 'string' || url.length > longestUrl || !isWebSocketUrl(url)) return undefined
  if (typeof expireAfterMs !== 'number' || !(expireAfterMs > 0 && expireAfterMs <= longestExpiryMs)) return undefined
  return { _id, _createdAt, _updatedAt, extraInformation: { ...extraInformation, host, port }, name, pid: Number(pid), cluster: { protocol, expireAfterMs, url } }
}

/** Of characters. DNS knows no longer name, and TCP no longer port. */
export const [longestHost, longestPort, longestUrl] = [255, 5, 2048] as const

/** A week: nobody who asks for more would ever be forgotten. */
export const longestExpiryMs = 7 * 24 * 60 * 60 * 1000

const isDate = (value: unknown): value is Date => value instanceof Date && !Number.isNaN(value.getTime())

const isWebSocketUrl = (text: string): boolean => URL.canParse(text) && /^wss?:$/.test(new URL(text).protocol)
