import type { InstanceRecord } from '@ddp-cluster/instance-status'
import { type Answer, type AnswerText, failed, notFound, notLoggedIn, unavailable, wrongMethod } from './answer.js'
import { corsHeaders } from './cors.js'
import { isDatabaseAway } from './database-away.js'
import { offerOverDDP } from './ddp.js'
import { before } from './deadline.js'
import { view } from './formats.js'
import { Gate } from './gate.js'
import { healthPath, healthy, Readiness, readyPath } from './health.js'
import { type ApiAnswer, type ApiRequest, headerOf, pathOf } from './http.js'
import type { Credentials } from './meteor-access.js'
import { showsToken } from './metrics-access.js'
import { OncePerTurn } from './once-per-turn.js'
import { Observatory } from './observatory.js'
import { type InstancesApiOptions, resolveOptions, type ResolvedOptions } from './options.js'
import { PageFiles, pagePaths } from './page.js'

/** The path that Rocket.Chat's clients ask for. */
export const instancesPath = '/api/v1/instances.get'
export const matrixPath = '/api/v1/instances.matrix'
export const metricsPath = '/metrics'

/** What is served always. */
const apiPaths: readonly string[] = [instancesPath, matrixPath, healthPath, readyPath]

/** The records are not waited for longer than this: then they are shown as they were. With what the gate may take, an answer comes within a second. */
const recordsTimeoutMs = 300

/** Records are read again at most so often, however many ask. */
const recordsMaxAgeMs = 1000

/** What is asked of the API, and what it answers: HTTP without a socket. Each mount hands requests in and answers out. */
export class Api {
  readonly #options: InstancesApiOptions
  readonly #resolved: ResolvedOptions
  readonly #gate: Gate
  readonly #observatory: Observatory
  readonly #readiness: Readiness
  readonly #page: PageFiles | undefined
  /** The answer of `instances.get`, written. */
  readonly #written = new OncePerTurn(async () => json(await this.#instances()))
  /** All that is served. */
  readonly paths: readonly string[]

  constructor(options: InstancesApiOptions) {
    this.#options = options
    this.#resolved = resolveOptions(options)
    const { page, metrics, ddpServer } = this.#resolved
    this.#gate = new Gate(options, this.#resolved)
    this.#observatory = Observatory.of(options.cluster)
    this.#readiness = new Readiness(options.cluster)
    this.#page = page ? new PageFiles() : undefined
    this.paths = [...apiPaths, ...(metrics === 'none' ? [] : [metricsPath]), ...(page ? pagePaths : [])]
    if (ddpServer) offerOverDDP(ddpServer, { gate: this.#gate, live: this.#observatory.live, body: () => this.#instances(), closed: options.cluster.closed })
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
      const path = pathOf(request.target)
      if (!away) this.#resolved.tellError({ error: error instanceof Error ? error.message : 'unknown' }, `${path.slice(path.lastIndexOf('/') + 1)} failed`)
      return written(away ? unavailable : failed, cors, request.method)
    }
  }

  async #answer(request: ApiRequest): Promise<Answer> {
    const path = pathOf(request.target)
    if (!this.serves(path)) return notFound
    if (request.method === 'OPTIONS') return { status: 204, headers: { allow: 'GET, HEAD, OPTIONS' } }
    if (request.method !== 'GET' && request.method !== 'HEAD') return wrongMethod
    switch (path) {
      case healthPath:
        return healthy
      case readyPath:
        return this.#readiness.answer()
      case metricsPath:
        return this.#metrics(request)
      case matrixPath:
        return this.#guarded(request, async () => json(await this.#observatory.matrix.gather()))
      case instancesPath:
        return this.#guarded(request, () => this.#written.get())
      default:
        return notFound
    }
  }

  /** For those who do not ask too often, and may see the instances. */
  async #guarded(request: ApiRequest, look: () => Promise<Answer>): Promise<Answer> {
    const { headers, refusal } = await this.#gate.count(request)
    const answer = refusal ?? (await this.#gate.refuse(credentialsOf(request))) ?? (await look())
    return this.#resolved.rateLimit ? { ...answer, headers: { ...answer.headers, ...headers } } : answer
  }

  /** Who guesses at the token may do so no more often than others may ask. */
  async #metrics(request: ApiRequest): Promise<Answer> {
    const { metrics } = this.#resolved
    if (typeof metrics === 'object' && !showsToken(request, metrics.token)) {
      const { headers, refusal } = await this.#gate.count(request)
      return { ...(refusal ?? notLoggedIn), headers: { ...refusal?.headers, ...headers, 'www-authenticate': 'Bearer' } }
    }
    const figures = this.#observatory.metrics
    return figures ? { status: 200, text: textOf(await figures.text(), figures.contentType) } : unavailable
  }

  async #instances(): Promise<object> {
    return view(this.#resolved.format, this.#options.cluster, await this.#records())
  }

  /** As MongoDB has them now; when it is away, as they were. */
  async #records(): Promise<readonly InstanceRecord[]> {
    const { cluster } = this.#options
    const reading = cluster.records({ maxAgeMs: recordsMaxAgeMs }).catch(() => 'late' as const)
    const fresh = await before(performance.now() + recordsTimeoutMs, reading)
    return fresh === 'late' ? cluster.lastRecords() : fresh
  }
}

function credentialsOf(request: ApiRequest): Credentials | undefined {
  const authToken = headerOf(request, 'x-auth-token')
  const userId = headerOf(request, 'x-user-id')
  return authToken !== undefined && userId !== undefined ? { authToken, userId } : undefined
}

const json = (body: object): Answer => ({ status: 200, text: textOf(JSON.stringify(body), 'application/json') })

const textOf = (content: string, type: string): AnswerText => ({ content, headers: { 'content-type': type, 'content-length': String(Buffer.byteLength(content)) } })

function written({ status, headers, body, text = body && textOf(JSON.stringify(body), 'application/json') }: Answer, cors: Readonly<Record<string, string>>, method: string): ApiAnswer {
  return { status, headers: { 'cache-control': 'no-store', ...text?.headers, ...headers, ...cors }, body: method === 'HEAD' ? '' : (text?.content ?? '') }
}
