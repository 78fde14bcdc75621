import { messageOf } from '@ddp-cluster/ddp-common/internal'
import { type Answer, failed, notFound, unavailable, wrongMethod } from './answer.js'
import { corsHeaders } from './cors.js'
import { isDatabaseAway } from './database-away.js'
import { healthPath, healthy, notJoined, readyPath } from './health.js'
import { type ApiAnswer, type ApiRequest, pathOf } from './http.js'
import { type ClusterState, InstancesApiError, type InstancesApiOptions, resolveOptions, type ResolvedOptions } from './options.js'
import { PageFiles, pagePaths } from './page.js'
import { instancesPath, matrixPath, metricsPath } from './paths.js'
import { Serving, textOf } from './serving.js'

/** Paths that are always served. */
const apiPaths: readonly string[] = [instancesPath, matrixPath, healthPath, readyPath]

/** Told to clients that come before the cluster has been joined. */
const retryAfterSeconds = '1'

type State =
  | { readonly kind: 'joining' }
  | { readonly kind: 'serving'; readonly serving: Serving }
  | { readonly kind: 'failed'; readonly reason: string }

/** HTTP API without a socket: each mount passes requests in and answers out. */
export class Api {
  readonly #resolved: ResolvedOptions
  readonly #page: PageFiles | undefined
  #state: State = { kind: 'joining' }
  /** All that is served. */
  readonly paths: readonly string[]

  constructor(options: InstancesApiOptions) {
    this.#resolved = resolveOptions(options)
    const { page, metrics } = this.#resolved
    this.#page = page ? new PageFiles() : undefined
    this.paths = [...apiPaths, ...(metrics === 'none' ? [] : [metricsPath]), ...(page ? pagePaths : [])]
    const { cluster } = options
    if ('then' in cluster) cluster.then((joined) => this.#serve(joined, options)).then(undefined, (error: unknown) => this.#fail(error))
    else this.#serve(cluster, options)
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
      if (!away) this.#resolved.tellError({ error: messageOf(error) }, `${path.slice(path.lastIndexOf('/') + 1)} failed`)
      return written(away ? unavailable : failed, cors, request.method)
    }
  }

  #serve(cluster: ClusterState, options: InstancesApiOptions): void {
    if (typeof cluster?.members !== 'function') throw new InstancesApiError('the promise given as cluster resolved with something else')
    this.#state = { kind: 'serving', serving: new Serving(cluster, options, this.#resolved) }
  }

  /** The text of an error may name hosts of the database: strangers are told its code alone. */
  #fail(error: unknown): void {
    const code: unknown = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined
    this.#state = { kind: 'failed', reason: `the cluster could not be joined: ${typeof code === 'string' ? code : 'unknown error'}` }
    this.#resolved.tellError({ error: messageOf(error) }, 'the cluster could not be joined')
  }

  async #answer(request: ApiRequest): Promise<Answer> {
    const path = pathOf(request.target)
    if (!this.serves(path)) return notFound
    if (request.method === 'OPTIONS') return { status: 204, headers: { allow: 'GET, HEAD, OPTIONS' } }
    if (request.method !== 'GET' && request.method !== 'HEAD') return wrongMethod
    if (path === healthPath) return healthy
    const state = this.#state
    if (state.kind === 'serving') return state.serving.answer(path, request)
    const answer = path === readyPath ? notJoined(state.kind === 'joining' ? 'the cluster is being joined' : state.reason) : unavailable
    return state.kind === 'joining' ? { ...answer, headers: { 'retry-after': retryAfterSeconds } } : answer
  }
}

function written({ status, headers, body, text = body && textOf(JSON.stringify(body), 'application/json') }: Answer, cors: Readonly<Record<string, string>>, method: string): ApiAnswer {
  return { status, headers: { 'cache-control': 'no-store', ...text?.headers, ...headers, ...cors }, body: method === 'HEAD' ? '' : (text?.content ?? '') }
}
