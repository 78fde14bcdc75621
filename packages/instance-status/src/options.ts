import type { ServerOptions as HttpsServerOptions } from 'node:https'
import type { Logger } from '@ddp-cluster/ddp-common'
import type { ApplicationServer, DDPServer } from '@ddp-cluster/ddp-server'
import { whyNoServer } from '@ddp-cluster/ddp-server/internal'
import { type Clock, harmless, systemClock, unknownProperty } from '@ddp-cluster/ddp-common/internal'
import type { Db } from 'mongodb'
import { ClusterError } from './errors.js'
import { hasLoneSurrogate } from './lone-surrogate.js'
import { isExtraInformation, largestExtraCharacters } from './registry/extra-information.js'
import { longestExpiryMs } from './registry/record.js'
import type { TlsOptions } from '@ddp-cluster/ddp-client/internal'

/** Options of `joinCluster()`. Durations are in milliseconds. */
export interface JoinOptions {
  /** Database that all instances share. The application connects and closes its client; the cluster uses the handle only. */
  readonly db: Db
  /** Name of the application, without lone surrogates. Instances of one name in one collection form one cluster. */
  readonly name: string
  /**
   * DDP endpoint of the application, made by `createDDPServer()`. Clients and the cluster's instances connect to its `/websocket`. Add methods and
   * publications before `joinCluster()`: upgrades of clients are held until the cluster has joined and the following turn of the event loop is over.
   * `close()` of the cluster ends the sessions of instances and leaves the endpoint open.
   */
  readonly ddpServer?: DDPServer
  /**
   * HTTP server of the application, instead of `ddpServer`. The cluster attaches a DDP endpoint to it and closes that endpoint with itself. Upgrades of
   * clients are held as with `ddpServer`. `joinCluster()` waits up to 10 seconds for the server to listen, unless `address` has both `host` and `port`.
   */
  readonly server?: ApplicationServer
  /** Server for instances alone, instead of `server` and `ddpServer`. Processes that share one port (PM2, node:cluster) need it. @defaultValue port 0: any free port */
  readonly listen?: { readonly host?: string; readonly port?: number; readonly tls?: HttpsServerOptions }
  /**
   * Address that peers dial, where it differs from the bound one. With both fields `joinCluster()` does not wait for the server to listen. A server at
   * `::` with `ipv6Only` needs it: Node.js does not tell, and an IPv4 address would be advertised.
   * @defaultValue `INSTANCE_IP` and `PORT`, else the bound address
   */
  readonly address?: { readonly host?: string; readonly port?: number | string }
  /** Path before `/websocket`, such as `/chat`. A `ddpServer` has its own. @defaultValue the path of `ROOT_URL` */
  readonly path?: string
  /** Collection of the instance records. @defaultValue `MULTIPLE_INSTANCES_COLLECTION_NAME`, else `'instances'` */
  readonly collectionName?: string
  /** Interval between heartbeats: writes that renew the instance's record, in milliseconds. At most 201_600_000. Halving it doubles the writes. @defaultValue `MULTIPLE_INSTANCES_PING_INTERVAL` in seconds, else 10_000 */
  readonly heartbeatIntervalMs?: number
  /**
   * Time without a heartbeat after which an instance counts as dead unless a link shows otherwise, in milliseconds: at least three heartbeats,
   * at most 604_800_000 (a week).
   * @defaultValue `MULTIPLE_INSTANCES_EXPIRE` in seconds, else three heartbeats rounded up to whole minutes: 60_000
   */
  readonly expireAfterMs?: number
  /**
   * Largest number of records that count as members, this instance included. Records renewed longest ago are ignored beyond it, with one warning in
   * the log. Each member costs two sockets. @defaultValue 1_000
   */
  readonly maxMembers?: number
  /** Time a new peer has to be linked before it becomes suspect, in milliseconds. @defaultValue 10_000 */
  readonly linkTimeoutMs?: number
  /** Time for a dial, and again for each step of the authorization, in milliseconds. @defaultValue 10_000 */
  readonly authTimeoutMs?: number
  /** Silence on a link after which the peer is pinged, in milliseconds. @defaultValue 5_000 */
  readonly linkHeartbeatIntervalMs?: number
  /** Time a peer has to answer a ping before its link is closed, in milliseconds. @defaultValue 5_000 */
  readonly linkHeartbeatTimeoutMs?: number
  /** Time that `close()` may take, in milliseconds. @defaultValue 5_000 */
  readonly closeTimeoutMs?: number
  /** Largest event that `emit()` accepts, in bytes of its encoding. @defaultValue 1_048_576 (1 MiB) */
  readonly maxEventBytes?: number
  /** Bytes of emitted events kept for replay to peers that are slow or cut off. Dropped events are told as a `gap`. @defaultValue 67_108_864 (64 MiB) */
  readonly maxLogBytes?: number
  /** Number of emitted events kept for replay. @defaultValue 100_000 */
  readonly maxLogEntries?: number
  /** Age up to which emitted events are kept for replay, in milliseconds. @defaultValue 60_000 */
  readonly maxLogAgeMs?: number
  /**
   * Secret that instances prove to each other: at least 32 characters without lone surrogates, or `[new, old]` while it changes.
   * @defaultValue a secret that the first instance makes and keeps in `<collectionName>_settings`
   */
  readonly secret?: string | readonly [string, string]
  /** TLS options for dialling peers at `wss:` addresses. */
  readonly tls?: TlsOptions
  /** Facts that the application adds to `extraInformation` of the record, beside `host` and `port`. */
  readonly extraInformation?: Readonly<Record<string, unknown>>
  /** Add `os` and `nodeVersion` to `extraInformation`. @defaultValue false */
  readonly hostFacts?: boolean
  /** Leave the cluster on SIGTERM and SIGINT, and raise the signal again when no other listener handles it. Sessions of clients end first, also on a `ddpServer`. @defaultValue false */
  readonly handleSignals?: boolean
  /** Logger for warnings and errors of the cluster. A logger that throws or rejects does no harm. @defaultValue none */
  readonly logger?: Logger
  /** Clock for tests. @defaultValue the system's */
  readonly clock?: Clock
}

export interface ResolvedOptions {
  readonly name: string
  readonly collectionName: string
  readonly path: string
  readonly heartbeatIntervalMs: number
  readonly expireAfterMs: number
  readonly maxMembers: number
  readonly linkTimeoutMs: number
  readonly authTimeoutMs: number
  readonly linkHeartbeatIntervalMs: number
  readonly linkHeartbeatTimeoutMs: number
  readonly closeTimeoutMs: number
  readonly maxEventBytes: number
  readonly maxLogBytes: number
  readonly maxLogEntries: number
  readonly maxLogAgeMs: number
  /** Undefined: the cluster's own, from the database. */
  readonly secrets: readonly string[] | undefined
  readonly logger: Logger
  readonly clock: Clock
}

const defaults = Object.freeze({
  collectionName: 'instances',
  heartbeatIntervalMs: 10_000,
  maxMembers: 1_000,
  linkTimeoutMs: 10_000,
  authTimeoutMs: 10_000,
  linkHeartbeatIntervalMs: 5_000,
  linkHeartbeatTimeoutMs: 5_000,
  closeTimeoutMs: 5_000,
  maxEventBytes: 1024 * 1024,
  maxLogBytes: 64 * 1024 * 1024,
  maxLogEntries: 100_000,
  maxLogAgeMs: 60_000,
})

const leastSecretLength = 32

/** All options, so that a misspelt one is not passed over. */
const names = Object.keys({
  ...defaults, expireAfterMs: 0, db: 0, name: 0, server: 0, ddpServer: 0, listen: 0, address: 0, path: 0, secret: 0, tls: 0, extraInformation: 0, hostFacts: 0, handleSignals: 0, logger: 0, clock: 0,
} satisfies Record<keyof JoinOptions, unknown>)

/** @throws ClusterError `invalid-option` — a property is none of `known` */
export function requireKnown(what: string, options: unknown, known: readonly string[]): void {
  const unknown = unknownProperty(what, options, known)
  if (unknown !== undefined) throw invalid(unknown)
}

type Environment = Readonly<Record<string, string | undefined>>

/** Merges options, environment and defaults, in that order. Throws `invalid-option` for what cannot work. */
export function resolveOptions(options: JoinOptions, env: Environment): ResolvedOptions {
  if (typeof options !== 'object' || options === null) throw invalid('joinCluster() takes an object of options')
  requireKnown('option of joinCluster()', options, names)
  requireKnown('field of the option address', options.address, ['host', 'port'])
  requireKnown('field of the option listen', options.listen, ['host', 'port', 'tls'])
  if (typeof options.db?.collection !== 'function') throw invalid('db must be a Db of the mongodb driver')
  if (typeof options.name !== 'string' || options.name === '') throw invalid('name must be the name of the application, such as "rocket.chat"')
  if (hasLoneSurrogate(options.name)) throw invalid(`name must not contain a lone surrogate: ${JSON.stringify(options.name)}`)
  const given = [options.server, options.ddpServer, options.listen].filter((option) => option !== undefined)
  if (given.length !== 1) throw invalid('give one of server, the HTTP server of the application; ddpServer, its DDP endpoint; and listen, for a server of the cluster alone')
  if (options.ddpServer !== undefined && options.path !== undefined) throw invalid('path is an option of createDDPServer() where ddpServer is given')
  const unfit = options.server !== undefined && (whyNoServer(options.server) ?? (typeof options.server.address === 'function' ? undefined : 'server must be a node:http or node:https server'))
  if (unfit) throw invalid(unfit)
  checkExtraInformation(options.extraInformation)
  if (options.extraInformation && ('host' in options.extraInformation || 'port' in options.extraInformation)) throw invalid('host and port in extraInformation are the advertised address: give the option address')
  const { heartbeatIntervalMs, expireAfterMs } = heartbeat(options, env)
  return Object.freeze({
    name: options.name,
    collectionName: collection(options.collectionName ?? (env['MULTIPLE_INSTANCES_COLLECTION_NAME'] || defaults.collectionName)),
    path: options.path === undefined ? rootPath(env['ROOT_URL']) : subPath(options.path),
    heartbeatIntervalMs,
    expireAfterMs,
    maxMembers: count('maxMembers', options.maxMembers ?? defaults.maxMembers, mostMembers),
    linkTimeoutMs: duration('linkTimeoutMs', options.linkTimeoutMs ?? defaults.linkTimeoutMs),
    authTimeoutMs: duration('authTimeoutMs', options.authTimeoutMs ?? defaults.authTimeoutMs),
    linkHeartbeatIntervalMs: duration('linkHeartbeatIntervalMs', options.linkHeartbeatIntervalMs ?? defaults.linkHeartbeatIntervalMs),
    linkHeartbeatTimeoutMs: duration('linkHeartbeatTimeoutMs', options.linkHeartbeatTimeoutMs ?? defaults.linkHeartbeatTimeoutMs),
    closeTimeoutMs: duration('closeTimeoutMs', options.closeTimeoutMs ?? defaults.closeTimeoutMs),
    maxEventBytes: count('maxEventBytes', options.maxEventBytes ?? defaults.maxEventBytes, largestEventBytes),
    maxLogBytes: count('maxLogBytes', options.maxLogBytes ?? defaults.maxLogBytes),
    maxLogEntries: count('maxLogEntries', options.maxLogEntries ?? defaults.maxLogEntries),
    maxLogAgeMs: duration('maxLogAgeMs', options.maxLogAgeMs ?? defaults.maxLogAgeMs),
    secrets: options.secret === undefined ? undefined : checkSecrets(options.secret),
    logger: checkLogger(options.logger),
    clock: options.clock ?? systemClock,
  })
}

function checkLogger(logger: Logger | undefined): Logger {
  try {
    return harmless(logger)
  } catch (error) {
    throw invalid((error as TypeError).message)
  }
}

/** Two missed heartbeats must not make an instance dead. */
const heartbeatsInExpiry = 3
const minuteMs = 60_000

/** Without an expiry it follows from the interval, in whole minutes: the rule of Rocket.Chat's own package. */
function heartbeat(options: JoinOptions, env: Environment): { readonly heartbeatIntervalMs: number; readonly expireAfterMs: number } {
  const interval = sourceOf('heartbeatIntervalMs', options.heartbeatIntervalMs, env, 'MULTIPLE_INSTANCES_PING_INTERVAL')
  const heartbeatIntervalMs = duration(interval?.name ?? 'heartbeatIntervalMs', interval?.ms ?? defaults.heartbeatIntervalMs, longestExpiryMs / heartbeatsInExpiry)
  const expiry = sourceOf('expireAfterMs', options.expireAfterMs, env, 'MULTIPLE_INSTANCES_EXPIRE')
  if (!expiry) return { heartbeatIntervalMs, expireAfterMs: Math.ceil((heartbeatsInExpiry * heartbeatIntervalMs) / minuteMs) * minuteMs }
  const expireAfterMs = duration(expiry.name, expiry.ms, longestExpiryMs)
  if (expireAfterMs < heartbeatsInExpiry * heartbeatIntervalMs) {
    const than = interval?.name ?? 'the default of heartbeatIntervalMs'
    throw invalid(`${expiry.name} (${expireAfterMs} ms) must be at least three times ${than} (${heartbeatIntervalMs} ms): one missed heartbeat must not make an instance dead`)
  }
  return { heartbeatIntervalMs, expireAfterMs }
}

/** A duration that was set, and by which option or environment variable. */
function sourceOf(option: string, value: number | undefined, env: Environment, variable: string): { readonly name: string; readonly ms: number } | undefined {
  if (value !== undefined) return { name: option, ms: value }
  const ms = seconds(env, variable)
  return ms === undefined ? undefined : { name: `the environment variable ${variable}`, ms }
}

const invalid = (message: string): ClusterError => new ClusterError('invalid-option', message)

/** The longest delay that Node.js' timers keep. */
const longestDelayMs = 2_147_483_647

function duration(name: string, value: number, longest: number = longestDelayMs): number {
  if (typeof value !== 'number' || !(value >= 1 && value <= longest)) throw invalid(`${name} must be milliseconds from 1 to ${longest}, not ${String(value)}`)
  return value
}

/** The registry is read in one answer of MongoDB, which has 16 MiB. */
const mostMembers = 10_000

/** An event has to fit into one message between peers. */
const largestEventBytes = 4 * 1024 * 1024

function count(name: string, value: number, largest: number = Number.MAX_SAFE_INTEGER): number {
  if (!Number.isInteger(value) || value < 1 || value > largest) throw invalid(`${name} must be a whole number from 1 to ${largest}, not ${String(value)}`)
  return value
}

function seconds(env: Environment, name: string): number | undefined {
  const text = env[name]
  if (text === undefined || text === '') return undefined
  const value = Number(text)
  if (!(value > 0)) throw invalid(`the environment variable ${name} must be a number of seconds, not ${JSON.stringify(text)}`)
  return value * 1000
}

function collection(name: string): string {
  if (typeof name !== 'string' || !/^[A-Za-z_][\w.-]{0,100}$/.test(name) || name.startsWith('system.') || name.includes('..') || name.endsWith('.')) {
    throw invalid(`collectionName must be a name that MongoDB takes, such as "instances", not ${JSON.stringify(name)}`)
  }
  return name
}

/** Every instance shows it as JSON. */
function checkExtraInformation(value: unknown): void {
  if (value === undefined) return
  if (!isExtraInformation(value)) throw invalid(`extraInformation must be an object that JSON can hold, of at most ${largestExtraCharacters} characters`)
}

function rootPath(rootUrl: string | undefined): string {
  if (rootUrl === undefined || rootUrl === '') return ''
  if (!URL.canParse(rootUrl)) throw invalid(`the environment variable ROOT_URL is no URL: ${JSON.stringify(rootUrl)}`)
  return new URL(rootUrl).pathname.replace(/\/+$/, '')
}

function subPath(path: string): string {
  if (hasLoneSurrogate(path)) throw invalid(`path must not contain a lone surrogate: ${JSON.stringify(path)}`)
  if (path !== '' && !/^\/[^?#\s]*[^?#\s/]$/.test(path)) throw invalid(`path must be empty or like "/chat", not ${JSON.stringify(path)}`)
  return path
}

/** The secrets themselves stay out of what is thrown. */
function checkSecrets(secret: string | readonly [string, string]): readonly string[] {
  const secrets = typeof secret === 'string' ? [secret] : [...secret]
  const right = secrets.length > 0 && secrets.every((one) => typeof one === 'string' && one.length >= leastSecretLength)
  if (!right) throw invalid(`secret must be a string of at least ${leastSecretLength} characters, or [new, old] while it is changed`)
  if (secrets.some(hasLoneSurrogate)) throw invalid('secret must not contain a lone surrogate: UTF-8 cannot hold it')
  return secrets
}
