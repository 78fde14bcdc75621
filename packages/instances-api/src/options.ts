import { callSafely, unknownProperty } from '@ddp-cluster/ddp-common/internal'
import type { DDPServer } from '@ddp-cluster/ddp-server'
import type { Cluster } from '@ddp-cluster/instance-status'
import type { Authenticate, Authorize } from './meteor-access.js'

/** Part of a `Cluster` that the API uses. */
export type ClusterState = Pick<Cluster, 'id' | 'db' | 'ddpServer' | 'self' | 'members' | 'statistics' | 'records' | 'lastRecords' | 'method' | 'callAll' | 'on' | 'closed'>

/** The answers that Rocket.Chat gave over the years: as 3.10 (instances and connections), as 4 (a flat list), as 6 (a flat list by address). */
export type Format = '3.10' | '4' | '6'

/** Limit of requests of one client address. */
export interface RateLimit {
  /** Requests that one client address may send in a window. @defaultValue 120 */
  readonly max?: number
  /** Length of a window, in milliseconds. @defaultValue 60_000 */
  readonly windowMs?: number
}

/** Options of `instancesApi()`. */
export interface InstancesApiOptions {
  /**
   * Result of `joinCluster()`: the promise, so that the API can be mounted before the server listens, or the cluster. Until the promise resolves `/ready`
   * says that the cluster is being joined, and everything but `/health` and the page is answered with 503; when it rejects that stays so, and `/ready` has the error's code.
   */
  readonly cluster: ClusterState | PromiseLike<ClusterState>
  /** Check of credentials. @defaultValue Meteor's: the resume tokens in the collection `users` */
  readonly authenticate?: Authenticate
  /** Check whether a user may see the instances. @defaultValue Rocket.Chat's: the permission `view-statistics` */
  readonly authorize?: Authorize
  /** Shape of the answer of `instances.get`. @defaultValue `'3.10'` */
  readonly format?: Format
  /** Limit of requests by client address; `false` for none, where a proxy limits already. @defaultValue 120 in 60_000 ms */
  readonly rateLimit?: RateLimit | false
  /** Number of proxies before this server, each of which adds an address to `X-Forwarded-For`. An address that a client writes there is never believed. @defaultValue 0 */
  readonly httpForwardedCount?: number
  /** Origins whose pages may call the API from a browser, such as `https://admin.example.org`. @defaultValue none */
  readonly origins?: readonly string[]
  /** Serve the page at `/cluster`. @defaultValue true */
  readonly page?: boolean
  /**
   * DDP endpoint for the method `instances/get` and the publication `instances`; `false` for none. Where several APIs name one endpoint, the first whose
   * cluster is not closed answers. @defaultValue the endpoint of the cluster
   */
  readonly ddpServer?: DDPServer | false
  /**
   * Serve `/metrics`: with `{ token }` to requests with `Authorization: Bearer <token>` (at least 16 visible ASCII characters), with `true` to everybody who
   * reaches this server. @defaultValue false: Prometheus has no user to log in as
   */
  readonly metrics?: boolean | { readonly token: string }
  /** Logger for internal failures; it never gets tokens. @defaultValue none */
  readonly logger?: { error(fields: object, message: string): void }
}

export interface ResolvedOptions {
  readonly format: Format
  readonly rateLimit: Required<RateLimit> | undefined
  readonly httpForwardedCount: number
  readonly origins: ReadonlySet<string>
  readonly page: boolean
  readonly metrics: 'none' | 'open' | { readonly token: string }
  /** Never throws. */
  readonly tellError: (fields: object, message: string) => void
}

/** All options, so that a misspelt one, such as a check of who may see the cluster, is not passed over. */
const names = Object.keys({
  cluster: 0, authenticate: 0, authorize: 0, format: 0, rateLimit: 0, httpForwardedCount: 0, origins: 0, page: 0, ddpServer: 0, metrics: 0, logger: 0,
} satisfies Record<keyof InstancesApiOptions, unknown>)

function requireKnown(what: string, options: unknown, known: readonly string[]): void {
  const unknown = unknownProperty(what, options, known)
  if (unknown !== undefined) throw new InstancesApiError(unknown)
}

const noEndpoint = 'ddpServer must be what createDDPServer() returned, or false'

const isCluster = (value: unknown): boolean => typeof value === 'object' && value !== null && (('then' in value && typeof value.then === 'function') || ('members' in value && typeof value.members === 'function'))

const defaults = Object.freeze({ format: '3.10', max: 120, windowMs: 60_000, httpForwardedCount: 0 } as const)

const formats: ReadonlySet<unknown> = new Set<Format>(['3.10', '4', '6'])

/** Error of `instancesApi()` for options that cannot work. */
export class InstancesApiError extends Error {
  override readonly name = 'InstancesApiError'
  /** Stable code, for programs. */
  readonly code = 'invalid-option'
}

/** Merges options and defaults. Throws an `InstancesApiError`. */
export function resolveOptions(options: InstancesApiOptions): ResolvedOptions {
  requireKnown('option of instancesApi()', options, names)
  requireKnown('field of the option rateLimit', options?.rateLimit, ['max', 'windowMs'])
  requireKnown('field of the option metrics', options?.metrics, ['token'])
  if (!isCluster(options?.cluster)) throw new InstancesApiError('cluster must be what joinCluster() returned, or what that resolved with')
  if (options.ddpServer !== undefined && options.ddpServer !== false && typeof options.ddpServer?.publish !== 'function') throw new InstancesApiError(noEndpoint)
  for (const name of ['authenticate', 'authorize'] as const) {
    if (options[name] !== undefined && typeof options[name] !== 'function') throw new InstancesApiError(`${name} must be a function`)
  }
  if (options.page !== undefined && typeof options.page !== 'boolean') throw new InstancesApiError('page must be true or false')
  if (options.logger !== undefined && typeof options.logger?.error !== 'function') throw new InstancesApiError('logger must have the method error')
  if (options.rateLimit !== undefined && options.rateLimit !== false && (typeof options.rateLimit !== 'object' || options.rateLimit === null)) throw new InstancesApiError('rateLimit must be { max, windowMs } or false')
  const format = options.format ?? defaults.format
  if (!formats.has(format)) throw new InstancesApiError(`format must be '3.10', '4' or '6', not ${JSON.stringify(format)}`)
  const origins = new Set(options.origins ?? [])
  for (const origin of origins) {
    if (!URL.canParse(origin) || new URL(origin).origin !== origin) throw new InstancesApiError(`origins must be like "https://admin.example.org", not ${JSON.stringify(origin)}`)
  }
  const { max, windowMs } = options.rateLimit || {}
  return Object.freeze({
    format,
    rateLimit: options.rateLimit === false ? undefined : { max: whole('rateLimit.max', max ?? defaults.max, 1), windowMs: whole('rateLimit.windowMs', windowMs ?? defaults.windowMs, 1) },
    httpForwardedCount: whole('httpForwardedCount', options.httpForwardedCount ?? defaults.httpForwardedCount, 0),
    origins,
    page: options.page ?? true,
    metrics: metrics(options.metrics),
    tellError: telling(options.logger),
  })
}

/** @throws InstancesApiError when it is none */
export function endpointOf(ddpServer: InstancesApiOptions['ddpServer'], cluster: ClusterState): DDPServer | undefined {
  if (ddpServer === false) return undefined
  const server = ddpServer ?? cluster.ddpServer
  if (typeof server?.publish !== 'function') throw new InstancesApiError(noEndpoint)
  return server
}

const leastTokenLength = 16
/** Shape of a token: one word that a header can carry. */
const tokenShape = new RegExp(`^[\\x21-\\x7e]{${leastTokenLength},}$`)

/** The token itself stays out of what is thrown. */
function metrics(option: InstancesApiOptions['metrics'] = false): ResolvedOptions['metrics'] {
  if (typeof option === 'boolean') return option ? 'open' : 'none'
  if (typeof option?.token !== 'string' || !tokenShape.test(option.token)) throw new InstancesApiError(`metrics must be true, false, or { token } of at least ${leastTokenLength} visible ASCII characters`)
  return { token: option.token }
}

function telling(logger: InstancesApiOptions['logger']): ResolvedOptions['tellError'] {
  return (fields, message) => callSafely(() => logger?.error(fields, message), () => undefined)
}

/** Node.js' timers keep no longer delay. */
const largest = 2_147_483_647

function whole(name: string, value: number, least: number): number {
  if (!Number.isInteger(value) || value < least || value > largest) throw new InstancesApiError(`${name} must be a whole number from ${least} to ${largest}, not ${String(value)}`)
  return value
}
