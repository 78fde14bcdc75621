import type { DataMessage, DDPProtocolError, Logger } from '@ddp-cluster/ddp-common'
import { harmless, systemClock, unknownProperty, type Clock } from '@ddp-cluster/ddp-common/internal'
import type { TlsOptions } from './transport.js'

/** Options of one session over one socket. */
export interface SessionOptions {
  /** URL of the server: `ws:` or `wss:` (or `http:`, `https:`), with the path; Meteor's is `/websocket`. */
  readonly url: string
  /** Headers of the upgrade request. Not available in browsers. */
  readonly headers?: Record<string, string> | undefined
  /** TLS options for `wss:`. Not available in browsers. */
  readonly tls?: TlsOptions | undefined
  /** Time from the start of the dial until the server has opened a DDP session, in milliseconds. @defaultValue 10_000 */
  readonly connectTimeoutMs?: number | undefined
  /** Silence after which the server is pinged, in milliseconds; 0 sends no pings. @defaultValue 17_500, as in Meteor */
  readonly heartbeatIntervalMs?: number | undefined
  /** Time that the server has to answer a ping before the connection is closed, in milliseconds. @defaultValue 15_000, as in Meteor */
  readonly heartbeatTimeoutMs?: number | undefined
  /**
   * Longest message that is accepted, in bytes. A longer one ends the connection; the calls under way and the first subscription that is not ready
   * fail with `bad-answer`, as the message may be theirs and would come again. @defaultValue 16_777_216 (16 MiB), the size of the largest MongoDB document
   */
  readonly maxMessageBytes?: number | undefined
  /** Deepest nesting of arrays and objects in a message. A deeper answer fails its call with `bad-answer`, a deeper document is left out, a deeper call is not sent. @defaultValue 100 */
  readonly maxMessageDepth?: number | undefined
  /** Clock for tests. @defaultValue the system's */
  readonly clock?: Clock | undefined
  /** Logger of warnings and errors. @defaultValue none */
  readonly logger?: Logger | undefined
}

export interface ConnectionOptions extends SessionOptions {
  /** Gets the data messages in the order in which they came, with the length that each had on the wire. Do not keep it waiting, and do not throw. */
  readonly onMessage?: ((message: DataMessage, bytes: number) => void) | undefined
  /** The data messages of this collection come with their fields as the plain JSON that was sent, however deep: for who decodes them piece by piece. */
  readonly undecodedCollection?: string | undefined
  /** Gets what could not be made sense of: a message that is malformed or cannot be decoded. Its `offendingMessage` is the plain JSON. */
  readonly onMalformed?: ((error: DDPProtocolError) => void) | undefined
}

export interface SessionSettings {
  readonly url: string
  readonly headers: Record<string, string> | undefined
  readonly tls: TlsOptions | undefined
  readonly connectTimeoutMs: number
  readonly heartbeatIntervalMs: number
  readonly heartbeatTimeoutMs: number
  readonly maxMessageBytes: number
  readonly maxMessageDepth: number
  readonly undecodedCollection?: string | undefined
  /** Whether the details of errors are plain JSON, as Meteor's server writes them. */
  readonly plainDetails?: boolean
  readonly clock: Clock
  readonly logger: Logger
}

export const sessionDefaults = Object.freeze({
  connectTimeoutMs: 10_000,
  heartbeatIntervalMs: 17_500,
  heartbeatTimeoutMs: 15_000,
  maxMessageBytes: 16 * 1024 * 1024,
  maxMessageDepth: 100,
})

/** How long a peer may take to answer a close frame before the socket is ended without it. */
export const closeTimeoutMs = 500

/** The options with the defaults in. Throws a `RangeError` for a number that is none, or out of range, and a `TypeError` for a logger that is none; an address is checked when it is dialled. */
export function sessionSettings(options: SessionOptions): SessionSettings {
  return {
    url: options.url,
    headers: options.headers,
    tls: options.tls,
    connectTimeoutMs: duration(options, 'connectTimeoutMs', 1),
    heartbeatIntervalMs: duration(options, 'heartbeatIntervalMs', 0),
    heartbeatTimeoutMs: duration(options, 'heartbeatTimeoutMs', 1),
    maxMessageBytes: duration(options, 'maxMessageBytes', 1),
    maxMessageDepth: duration(options, 'maxMessageDepth', 1),
    clock: options.clock ?? systemClock,
    logger: harmless(options.logger),
  }
}

/** The longest that a timer of JavaScript waits. */
export const longestMs = 2_147_483_647

function duration(options: SessionOptions, name: keyof typeof sessionDefaults, least: number): number {
  const value = options[name] ?? sessionDefaults[name]
  if (typeof value === 'number' && value >= least && value <= longestMs) return value
  throw new RangeError(`${name} must be a number from ${least} to ${longestMs}, not ${String(value)}`)
}

/** Options of `connect()`. */
export interface DDPClientOptions extends SessionOptions {
  /** Largest number of unfinished calls; further ones reject with `too-many`. Calls made without a connection wait in memory. @defaultValue 10_000 */
  readonly maxOutstandingCalls?: number | undefined
  /**
   * Meaning of document ids in messages. `mongo`: as Meteor writes them, so that a number, `null` or an ObjectId arrives as such, and a string that
   * looks like one arrives as a string. `raw`: the text itself, for servers that write ids as they are.
   *
   * @defaultValue 'mongo'
   */
  readonly ids?: 'mongo' | 'raw' | undefined
}

export interface ClientSettings extends SessionSettings {
  readonly maxOutstandingCalls: number
  readonly ids: 'mongo' | 'raw'
}

const defaultMaxOutstandingCalls = 10_000

/** All options, so that a misspelt one is not passed over. */
const clientOptionNames = Object.keys({ ...sessionDefaults, url: 0, headers: 0, tls: 0, clock: 0, logger: 0, maxOutstandingCalls: 0, ids: 0 } satisfies Record<keyof DDPClientOptions, unknown>)

/** Merges options and defaults as `sessionSettings` does, and throws a `TypeError` for an unknown option. */
export function clientSettings(options: DDPClientOptions): ClientSettings {
  const unknown = unknownProperty('option of connect()', options, clientOptionNames)
  if (unknown !== undefined) throw new TypeError(unknown)
  const maxOutstandingCalls = options.maxOutstandingCalls ?? defaultMaxOutstandingCalls
  if (!(maxOutstandingCalls >= 1)) throw new RangeError(`maxOutstandingCalls must be a number from 1, not ${String(maxOutstandingCalls)}`)
  const ids: unknown = options.ids ?? 'mongo'
  if (ids !== 'mongo' && ids !== 'raw') throw new RangeError(`ids must be 'mongo' or 'raw', not ${JSON.stringify(ids)}`)
  return { ...sessionSettings(options), plainDetails: true, maxOutstandingCalls, ids }
}
