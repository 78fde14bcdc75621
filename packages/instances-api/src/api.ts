import type { InstanceRecord } from '@ddp-cluster/instance-status'
import { AccessCheck } from './access.js'
import { type Answer, failed, notAllowed, notFound, notLoggedIn, tooMany, unavailable, wrongMethod } from './answer.js'
import { clientAddress } from './client-address.js'
import { corsHeaders } from './cors.js'
import { isDatabaseAway } from './database-away.js'
import { before } from './deadline.js'
import { view } from './formats.js'
import { healthPath, healthy, Readiness, readyPath } from './health.js'
import { type ApiAnswer, type ApiRequest, headerOf, pathOf } from './http.js'
import { type Credentials, meteorAuthentication, rocketChatAuthorization } from './meteor-access.js'
import { type InstancesApiOptions, resolveOptions, type ResolvedOptions } from './options.js'
import { PageFiles, pagePaths } from './page.js'
import { RateLimiter } from './rate-limiter.js'

/** The path that Rocket.Chat's clients ask for. */
export const instancesPath = '/api/v1/instances.get'

/** What is served always. */
const apiPaths: readonly string[] = [instancesPath, healthPath, readyPath]

/** Nobody waits longer than this for MongoDB: an answer that says it is away comes within a second. */
const databaseTimeoutMs = 800

/** Records are read again at most so often, however many ask. */
const recordsMaxAgeMs = 1000

/** What is asked of the API, and what it answers: HTTP without a socket. Each mount hands requests in and answers out. */
export class Api {
  readonly #options: InstancesApiOptions
  readonly #resolved: ResolvedOptions
  readonly #access: AccessCheck
  readonly #limiter: RateLimiter | undefined
  readonly #readiness: Readiness
  readonly #page: PageFiles | undefined
  /** All that is served. */
  readonly paths: readonly string[]

  constructor(options: InstancesApiOptions) {
    this.#options = options
    this.#resolved = resolveOptions(options)
    const { cluster, authenticate, authorize } = options
    this.#access = new AccessCheck(
      authenticate ?? meteorAuthentication(cluster.db, databaseTimeoutMs),
      authorize ?? rocketChatAuthorization(cluster.db, databaseTimeoutMs),
      () => performance.now(),
    )
    this.#limiter = this.#resolved.rateLimit && new RateLimiter(this.#resolved.rateLimit)
    this.#readiness = new Readiness(cluster)
    this.#page = this.#resolved.page ? new PageFiles() : undefined
    this.paths = this.#page ? [...apiPaths, ...pagePaths] : apiPaths
  }

  /** Whether a request is for this API: a mount beside other routes passes on what is not. */
  serves(target: string): boolean {
    return this.paths.includes(pathOf(target))
  }

  /** Never rejects. */
  async respond(request: ApiRequest): Promise<ApiAnswer> {
    const cors = corsHeaders(request, this.#resolved.origins)
    try {
      if (this.#page?.answers(request)) return await this.#page.answer(request)
      return written(await this.#answer(request), cors, request.method)
    } catch (error) {
      const away = isDatabaseAway(error)
      if (!away) this.#options.logger?.error({ error: error instanceof Error ? error.message : 'unknown' }, 'instances.get failed')
      return written(away ? unavailable : failed, cors, request.method)
    }
  }

  async #answer(request: ApiRequest): Promise<Answer> {
    const path = pathOf(request.target)
    if (!this.serves(path)) return notFound
    if (request.method === 'OPTIONS') return { status: 204, headers: { allow: 'GET, HEAD, OPTIONS' } }
    if (request.method !== 'GET' && request.method !== 'HEAD') return wrongMethod
    if (path === healthPath) return healthy
    if (path === readyPath) return this.#readiness.answer()
    if (!this.#limiter) return this.#instances(request)
    const { allowed, headers, resetAfterMs } = await this.#limiter.take(clientAddress(request, this.#resolved.httpForwardedCount))
    const answer = allowed ? await this.#instances(request) : tooMany(resetAfterMs)
    return { ...answer, headers: { ...answer.headers, ...headers } }
  }

  async #instances(request: ApiRequest): Promise<Answer> {
    const credentials = credentialsOf(request)
    if (!credentials) return notLoggedIn
    const deadline = performance.now() + databaseTimeoutMs
    const rights = await before(deadline, this.#access.check(credentials))
    if (rights === 'late') return unavailable
    if (rights === 'not-logged-in') return notLoggedIn
    if (rights === 'not-allowed') return notAllowed
    return { status: 200, body: view(this.#resolved.format, this.#options.cluster, await this.#records(deadline)) }
  }

  /** As MongoDB has them now; when it is away, as they were. */
  async #records(deadline: number): Promise<readonly InstanceRecord[]> {
    const { cluster } = this.#options
    const fresh = await before(deadline, cluster.records({ maxAgeMs: recordsMaxAgeMs }).catch(() => 'late' as const))
    return fresh === 'late' ? cluster.lastRecords() : fresh
  }
}

function credentialsOf(request: ApiRequest): Credentials | undefined {
  const authToken = headerOf(request, 'x-auth-token')
  const userId = headerOf(request, 'x-user-id')
  return authToken !== undefined && userId !== undefined ? { authToken, userId } : undefined
}

function written({ status, headers, body }: Answer, cors: Readonly<Record<string, string>>, method: string): ApiAnswer {
  const text = body === undefined ? '' : JSON.stringify(body)
  const content = body === undefined ? {} : { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(text)) }
  return { status, headers: { 'cache-control': 'no-store', ...content, ...headers, ...cors }, body: method === 'HEAD' ? '' : text }
}
