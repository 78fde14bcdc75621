import type { Answer } from './answer.js'
import type { ClusterState } from './options.js'

export const healthPath = '/health'
export const readyPath = '/ready'

/** For a liveness probe: this process answers. */
export const healthy: Answer = { status: 200, body: { status: 'ok' } }

/** For a readiness probe of an instance that has not joined. */
export const notJoined = (reason: string): Answer => ({ status: 503, body: { status: 'not ready', registry: 'not joined', reason, links: { connected: 0, of: 0 } } })

/**
 * For a readiness probe: this instance is registered, and MongoDB answers. Links are told of and not asked for: a broken one is no reason
 * to take an instance that works from its users.
 */
export class Readiness {
  readonly #cluster: ClusterState
  #left = false

  constructor(cluster: ClusterState) {
    this.#cluster = cluster
    void cluster.closed.then(() => (this.#left = true))
  }

  answer(): Answer {
    const members = this.#cluster.members()
    const registry = this.#left ? 'left' : this.#cluster.self.registry
    const connected = members.filter(({ link }) => link?.currentStatus.connected === true).length
    const ready = registry === 'reachable'
    return { status: ready ? 200 : 503, body: { status: ready ? 'ready' : 'not ready', registry, links: { connected, of: members.length } } }
  }
}
