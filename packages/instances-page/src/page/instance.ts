/** How the instance that shows the page sees one. */
export type Status = 'self' | 'joining' | 'alive' | 'suspect'

export interface Link {
  /** Meteor's: connected, connecting, waiting, failed, offline. */
  readonly status: string
  readonly connected: boolean
  readonly authorized: boolean
  readonly retryCount: number
  readonly retryTime: number | undefined
  readonly reason: string | undefined
  readonly lastError: string | undefined
  readonly roundTripMs: number | undefined
}

/** How far the broadcast has got, in both directions: numbers of events. */
export interface LogPlace {
  readonly sent: number
  readonly unsent: number
  readonly received: number
  readonly lost: number
}

/** Totals since the instance started. */
export interface Traffic {
  readonly emitted: number
  readonly received: number
  readonly replayed: number
  readonly lost: number
  readonly bytesSent: number
  readonly bytesReceived: number
}

/** A document of the collection `instances`. */
export interface Instance {
  readonly id: string
  readonly local: boolean
  readonly name: string
  readonly pid: number
  readonly address: string
  readonly registeredAt: Date | undefined
  readonly heartbeatAt: Date | undefined
  readonly status: Status
  readonly reason: string | undefined
  readonly since: Date | undefined
  readonly link: Link | undefined
  readonly log: LogPlace | undefined
  readonly traffic: Traffic | undefined
}

const statuses: ReadonlySet<unknown> = new Set<Status>(['self', 'joining', 'alive', 'suspect'])

/** Makes an instance of a document; what is missing or of another type is taken as unknown. A status that is not known here is shown as joining: neither well nor broken. */
export function toInstance(document: Readonly<Record<string, unknown>> & { readonly _id: unknown }): Instance {
  const { _id, status, link, log, traffic } = document
  return {
    id: String(_id),
    local: document['local'] === true,
    name: text(document['name']) ?? '',
    pid: number(document['pid']) ?? 0,
    address: text(document['address']) ?? '',
    registeredAt: date(document['registeredAt']),
    heartbeatAt: date(document['heartbeatAt']),
    status: statuses.has(status) ? (status as Status) : 'joining',
    reason: text(document['reason']),
    since: date(document['since']),
    link: isObject(link) ? toLink(link) : undefined,
    log: isObject(log) ? numbers(log, ['sent', 'unsent', 'received', 'lost']) : undefined,
    traffic: isObject(traffic) ? numbers(traffic, ['emitted', 'received', 'replayed', 'lost', 'bytesSent', 'bytesReceived']) : undefined,
  }
}

function toLink(link: Readonly<Record<string, unknown>>): Link {
  return {
    status: text(link['status']) ?? 'unknown',
    connected: link['connected'] === true,
    authorized: link['authorized'] === true,
    retryCount: number(link['retryCount']) ?? 0,
    retryTime: number(link['retryTime']),
    reason: text(link['reason']),
    lastError: text(link['lastError']),
    roundTripMs: number(link['roundTripMs']),
  }
}

function numbers<K extends string>(from: Readonly<Record<string, unknown>>, keys: readonly K[]): Readonly<Record<K, number>> {
  return Object.fromEntries(keys.map((key) => [key, number(from[key]) ?? 0])) as Record<K, number>
}

export const isObject = (value: unknown): value is Readonly<Record<string, unknown>> => typeof value === 'object' && value !== null
export const text = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined)
export const number = (value: unknown): number | undefined => (typeof value === 'number' && Number.isFinite(value) ? value : undefined)
export const date = (value: unknown): Date | undefined => (value instanceof Date && !Number.isNaN(value.getTime()) ? value : undefined)
