import type { InstanceRecord } from '@ddp-cluster/instance-status'
import { type Answer, type AnswerText, notFound, unavailable } from './answer.js'
import { offerOverDDP } from './ddp.js'
import { before } from './deadline.js'
import { view } from './formats.js'
import { Gate } from './gate.js'
import { Readiness, readyPath } from './health.js'
import { type ApiRequest, headerOf } from './http.js'
import { connectionsView } from './instances-view.js'
import type { Credentials } from './meteor-access.js'
import { showsToken } from './metrics-access.js'
import { Observatory } from './observatory.js'
import { OncePerTurn } from './once-per-turn.js'
import { type ClusterState, endpointOf, type InstancesApiOptions, type ResolvedOptions } from './options.js'
import { instancesPath, matrixPath, metricsPath } from './paths.js'

/** Time that records are waited for before the last ones are shown. With what the gate may take, an answer comes within a second. */
const recordsTimeoutMs = 300

/** Records are read again at most so often, however many ask. */
const recordsMaxAgeMs = 1000

/** Answers for a cluster that has been joined. */
export class Serving {
  readonly #cluster: ClusterState
  readonly #resolved: ResolvedOptions
  readonly #gate: Gate
  readonly #observatory: Observatory
  readonly #readiness: Readiness
  /** The answer of `instances.get`, written. */
  readonly #written = new OncePerTurn(async () => json(await this.#instances()))

  /** @throws InstancesApiError when the endpoint has such methods or publications already, or is none */
  constructor(cluster: ClusterState, options: InstancesApiOptions, resolved: ResolvedOptions) {
    this.#cluster = cluster
    this.#resolved = resolved
    const ddpServer = endpointOf(options.ddpServer, cluster)
    this.#gate = new Gate(cluster.db, options, resolved)
    this.#observatory = Observatory.of(cluster)
    this.#readiness = new Readiness(cluster)
    if (ddpServer) offerOverDDP(ddpServer, { gate: this.#gate, live: this.#observatory.live, connections: async () => connectionsView(cluster, await this.#records()), closed: cluster.closed })
  }

  async answer(path: string, request: ApiRequest): Promise<Answer> {
    switch (path) {
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

  /** Guesses at the token are limited as other requests are. */
  async #metrics(request: ApiRequest): Promise<Answer> {
    const { metrics } = this.#resolved
    if (typeof metrics === 'object' && !showsToken(request, metrics.token)) {
      const { headers, refusal } = await this.#gate.count(request)
      return { ...(refusal ?? this.#gate.notLoggedIn), headers: { ...refusal?.headers, ...headers, 'www-authenticate': 'Bearer' } }
    }
    const figures = this.#observatory.metrics
    return figures ? { status: 200, text: textOf(await figures.text(), figures.contentType) } : unavailable
  }

  async #instances(): Promise<object> {
    return view(this.#resolved.format, this.#cluster, await this.#records())
  }

  /** Records as MongoDB has them now; the last ones while it is away. */
  async #records(): Promise<readonly InstanceRecord[]> {
    const reading = this.#cluster.records({ maxAgeMs: recordsMaxAgeMs }).catch(() => 'late' as const)
    const fresh = await before(performance.now() + recordsTimeoutMs, reading)
    return fresh === 'late' ? this.#cluster.lastRecords() : fresh
  }
}

function credentialsOf(request: ApiRequest): Credentials | undefined {
  const authToken = headerOf(request, 'x-auth-token')
  const userId = headerOf(request, 'x-user-id')
  return authToken !== undefined && userId !== undefined ? { authToken, userId } : undefined
}

const json = (body: object): Answer => ({ status: 200, text: textOf(JSON.stringify(body), 'application/json') })

export const textOf = (content: string, type: string): AnswerText => ({ content, headers: { 'content-type': type, 'content-length': String(Buffer.byteLength(content)) } })
