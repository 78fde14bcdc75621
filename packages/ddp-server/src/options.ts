import type { Logger } from '@ddp-cluster/ddp-common'
import { callNow, harmless, systemClock, unknownProperty, type Clock } from '@ddp-cluster/ddp-common/internal'
import { type ApplicationServer, whyNoServer } from './application-server.js'
import { mongoIdText, rawIdText, type TextOfId } from './document-ids.js'
import { DDPServerError } from './errors.js'
import type { LoginHandler } from './login.js'

/** Options of `createDDPServer()`. Durations are in milliseconds. */
export interface DDPServerOptions {
  /** HTTP server to attach to: `node:http`, `node:https`, or `http2.createSecureServer({ allowHTTP1: true })`. It stays the application's: it is neither started nor closed here, and other paths' requests and upgrades pass by. */
  readonly server: ApplicationServer
  /** Path before `/websocket` and `/sockjs/...`, such as `/chat`. @defaultValue `''` */
  readonly path?: string
  /** Silence after which a client is pinged, in milliseconds; 0 sends no pings. @defaultValue 15_000, as in Meteor */
  readonly heartbeatIntervalMs?: number
  /** Time that a client has to answer a ping before its socket is closed, in milliseconds. @defaultValue 15_000, as in Meteor */
  readonly heartbeatTimeoutMs?: number
  /** Time that a new socket has to send a valid `connect`, in milliseconds. @defaultValue 10_000 */
  readonly connectTimeoutMs?: number
  /** Time that a client has to answer a close frame before its socket is destroyed, in milliseconds. @defaultValue 2_000 */
  readonly closeTimeoutMs?: number
  /** Longest message that is read, in bytes. A longer one ends the session with WebSocket code 1009. @defaultValue 1_048_576 (1 MiB) */
  readonly maxMessageBytes?: number
  /** Deepest nesting of arrays and objects in a message, of clients and of the application. A deeper message of a client is answered with `error`. @defaultValue 100 */
  readonly maxMessageDepth?: number
  /**
   * Sockets at once. Further upgrades are refused with HTTP 503. There are no more sessions either, those included whose clients are away (`resumeWithinMs`): the
   * longest absent ends when one more begins.
   *
   * @defaultValue 100_000
   */
  readonly maxSessions?: number
  /** Messages of one session that may wait or run. With more the session's socket is not read until half of them are done. @defaultValue 1_000 */
  readonly maxQueuedMessages?: number
  /** Subscriptions of one session at once (see `maxBufferedBytes` for their size). A further one is answered with `nosub` and `too-many-subscriptions`. @defaultValue 1_000 */
  readonly maxSubscriptions?: number
  /**
   * Bytes that are kept for one client, in each direction; 16 MiB. When more waits for a slow client its session ends with WebSocket code
   * 1013, and the logger is told; when more of its own messages waits for its turn it is not read, as with `maxQueuedMessages`; and a
   * subscription is refused when all that it subscribed to would have been asked for in more. Costs this much memory for each such client. What a publication or a method sends in one go waits for any client, and has to fit in: a single message that does not is refused as if it could not be written.
   */
  readonly maxBufferedBytes?: number
  /**
   * Form of document ids in messages. `mongo`: as Meteor writes them, so that clients tell an ObjectId or a number from the string that looks the same.
   * `raw`: ids are strings, sent as they are.
   *
   * @defaultValue 'mongo'
   */
  readonly ids?: 'mongo' | 'raw'
  /**
   * Time that a session waits for its client after the loss of the socket, in milliseconds. A client that reconnects in that time and says how many messages
   * it has received resumes the session (Meteor 3.5), and is sent what it missed. Its publications and methods go on, `onClose` handlers are called when the time is
   * over, and the session's id is a secret until then. A WebSocket that is closed with code 1001 and one that is closed from here end the session at once. So does
   * `server.close()` end those that wait, and from then on sessions end with their sockets.
   * 0: sessions end with their sockets.
   *
   * @defaultValue 15_000, as in Meteor
   */
  readonly resumeWithinMs?: number
  /**
   * Number of messages that are kept for a client that is away; with more, or with more than `maxBufferedBytes`, its session ends. All clients that are
   * away may have four times `maxBufferedBytes` kept for them together (64 MiB), an event that they share of a cluster's stream counted once; beyond that the
   * sessions that have been without a socket for longest end. A client that is back and takes what was kept is not slow for it: `maxBufferedBytes` bounds what comes behind.
   *
   * @defaultValue 100, as in Meteor
   */
  readonly maxResumeMessages?: number
  /** Origins (`https://chat.example.com`) whose pages may connect, or a function that decides; all by default. Clients that send no `Origin`, so no browsers, always may. */
  readonly allowedOrigins?: readonly string[] | ((origin: string) => boolean)
  /** Number of own proxies that add to `X-Forwarded-For`; `Connection.clientAddress` is that many entries from its end. With 0 the header is not believed. @defaultValue 0 */
  readonly httpForwardedCount?: number
  /** Handler of the method `login`; with it `logout` exists too. See `resumeLogin()`. @defaultValue none */
  readonly login?: LoginHandler
  /** Logger of warnings and errors; it never gets parameters, results, fields or tokens. @defaultValue none */
  readonly logger?: Logger
  /** Clock for tests. @defaultValue the system's */
  readonly clock?: Clock
}

export type ResolvedOptions = Readonly<Required<Omit<DDPServerOptions, 'allowedOrigins' | 'ids' | 'login'>>> & {
  readonly allowsOrigin: (origin: string) => boolean
  readonly login: LoginHandler | undefined
  readonly textOfId: TextOfId
}

export const defaults = Object.freeze({
  path: '',
  heartbeatIntervalMs: 15_000,
  heartbeatTimeoutMs: 15_000,
  connectTimeoutMs: 10_000,
  closeTimeoutMs: 2_000,
  maxMessageBytes: 1_048_576,
  maxMessageDepth: 100,
  maxSessions: 100_000,
  maxQueuedMessages: 1_000,
  maxSubscriptions: 1_000,
  maxBufferedBytes: 16_777_216,
  resumeWithinMs: 15_000,
  maxResumeMessages: 100,
  httpForwardedCount: 0,
})

/** @throws DDPServerError `invalid-option`, naming the option and what it may be */
export function resolveOptions(options: DDPServerOptions): ResolvedOptions {
  const unknown = unknownProperty('option of createDDPServer()', options, names)
  if (unknown !== undefined) throw new DDPServerError('invalid-option', unknown)
  const unfit = whyNoServer(options.server)
  if (unfit !== undefined) throw new DDPServerError('invalid-option', unfit)
  const logger = validLogger(options.logger)
  return Object.freeze({
    server: options.server,
    path: validPath(options.path ?? defaults.path),
    heartbeatIntervalMs: wholeNumber(options, 'heartbeatIntervalMs', 0),
    heartbeatTimeoutMs: wholeNumber(options, 'heartbeatTimeoutMs', 1),
    connectTimeoutMs: wholeNumber(options, 'connectTimeoutMs', 1),
    closeTimeoutMs: wholeNumber(options, 'closeTimeoutMs', 0),
    maxMessageBytes: wholeNumber(options, 'maxMessageBytes', 1),
    maxMessageDepth: wholeNumber(options, 'maxMessageDepth', 1),
    maxSessions: wholeNumber(options, 'maxSessions', 0),
    maxQueuedMessages: wholeNumber(options, 'maxQueuedMessages', 1),
    maxSubscriptions: wholeNumber(options, 'maxSubscriptions', 0),
    maxBufferedBytes: wholeNumber(options, 'maxBufferedBytes', 1),
    resumeWithinMs: wholeNumber(options, 'resumeWithinMs', 0),
    maxResumeMessages: wholeNumber(options, 'maxResumeMessages', 0),
    httpForwardedCount: wholeNumber(options, 'httpForwardedCount', 0),
    textOfId: textOfIds(options.ids ?? 'mongo'),
    allowsOrigin: originCheck(options.allowedOrigins, logger),
    login: options.login,
    logger,
    clock: options.clock ?? systemClock,
  })
}

/** All options, so that a misspelt one is not passed over. */
const names = Object.keys({ ...defaults, server: 0, ids: 0, allowedOrigins: 0, login: 0, logger: 0, clock: 0 } satisfies Record<keyof DDPServerOptions, unknown>)

type NumberOption = Exclude<keyof typeof defaults, 'path'>

/** The longest delay that a timer of Node.js keeps; also far above any sensible size here. */
const largest = 2_147_483_647

function wholeNumber(options: DDPServerOptions, name: NumberOption, least: number): number {
  const value = options[name] ?? defaults[name]
  if (!Number.isInteger(value) || value < least || value > largest) {
    throw new DDPServerError('invalid-option', `${name} must be a whole number from ${least} to ${largest}, not ${String(value)}`)
  }
  return value
}

function textOfIds(ids: unknown): TextOfId {
  if (ids === 'mongo') return mongoIdText
  if (ids === 'raw') return rawIdText
  throw new DDPServerError('invalid-option', `ids must be 'mongo' or 'raw', not ${JSON.stringify(ids)}`)
}

function validPath(path: string): string {
  if (typeof path !== 'string' || (path !== '' && (!/^\/[^?#\s]*$/.test(path) || path.endsWith('/')))) {
    throw new DDPServerError('invalid-option', `path must be empty or begin with a slash and not end with one, as '/chat', not ${JSON.stringify(path)}`)
  }
  return path
}

/** A check that cannot make sense of what a stranger sent refuses it, and so does one that answers with anything but true, such as a promise. */
function isAllowedBy(check: (origin: string) => unknown, origin: string, logger: Logger): boolean {
  try {
    return callNow(() => check(origin)) === true
  } catch (thrown) {
    logger.error({ err: thrown }, 'allowedOrigins threw, and the client was refused')
    return false
  }
}

function originCheck(allowed: DDPServerOptions['allowedOrigins'], logger: Logger): (origin: string) => boolean {
  if (allowed === undefined) return () => true
  if (typeof allowed === 'function') return (origin) => isAllowedBy(allowed, origin, logger)
  if (!Array.isArray(allowed)) throw new DDPServerError('invalid-option', 'allowedOrigins must be an array of origins or a function')
  const origins = new Set(allowed.map((origin: unknown) => originOf(origin)))
  return (origin) => origins.has(origin)
}

function originOf(value: unknown): string {
  const url = typeof value === 'string' && URL.canParse(value) ? new URL(value) : undefined
  if (url === undefined || url.origin === 'null' || url.pathname !== '/' || url.search !== '') {
    throw new DDPServerError('invalid-option', `allowedOrigins holds ${JSON.stringify(value)}, which is no origin such as 'https://chat.example.com'`)
  }
  return url.origin
}

function validLogger(logger: Logger | undefined): Logger {
  try {
    return harmless(logger)
  } catch (error) {
    throw new DDPServerError('invalid-option', (error as TypeError).message)
  }
}
