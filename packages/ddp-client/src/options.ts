import type { DataMessage, DDPProtocolError, Logger } from '@ddp-cluster/ddp-common'
import { harmless, systemClock, unknownProperty, type Clock } from '@ddp-cluster/ddp-common/internal'
import type { TlsOptions } from './transport.js'

/** What one session over one socket needs. */
export interface SessionOptions {
  /** `ws:` or `wss:` (or `http:`, `https:`), with the path: Meteor's is `/websocket`. */
  readonly url: string
  /** Sent with the upgrade request. Not available in browsers. */
  readonly headers?: Record<string, string> | undefined
  readonly tls?: TlsOptions | undefined
  /** From the start of the dial until the server has opened a DDP session: TCP, TLS, upgrade and all. Default: 10_000. */
  readonly connectTimeoutMs?: number | undefined
  /** A ping is sent when nothing was heard for so long; 0 sends none. Default: 17_500, as in Meteor. */
  readonly heartbeatIntervalMs?: number | undefined
  /** The peer is given up when nothing was heard for so long after a ping. Default: 15_000, as in Meteor. */
  readonly heartbeatTimeoutMs?: number | undefined
  /**
   * A longer message ends the connection. Default: 16_777_216, 16 MiB, the most that a MongoDB document has. As nobody knows whose it was,
   * the calls under way and the first subscription that is not ready fail with `bad-answer`, or it would come again and again.
   */
  readonly maxMessageBytes?: number | undefined
  /** The deepest nesting of arrays and objects in a message. A deeper answer fails its call with `bad-answer`, a deeper document is left out, a deeper call is not sent. Default: 100. */
  readonly maxMessageDepth?: number | undefined
  readonly clock?: Clock | undefined
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

/** What a reconnecting client needs. */
export interface DDPClientOptions extends SessionOptions {
  /** More calls than this that have not finished are refused: what is called while there is no connection is kept in memory. Default: 10_000. */
  readonly maxOutstandingCalls?: number | undefined
  /**
   * What the ids of documents in messages stand for. `mongo`: what Meteor writes there, so that a number, `null` or an ObjectId is one again, and a
   * string that looks like one is a string. `raw`: the text itself, for servers that write ids as they are.
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
  return { ...sessionSettings(options), maxOutstandingCalls, ids }
}
