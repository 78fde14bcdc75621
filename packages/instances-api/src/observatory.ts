import type { DDPServer } from '@ddp-cluster/ddp-server'
import { Live } from './live.js'
import { Matrix } from './matrix.js'
import { Metrics } from './metrics.js'
import type { ClusterState } from './options.js'

const observatories = new WeakMap<DDPServer, Observatory>()

/** What is kept of one cluster for all the APIs that serve it. It ends with the cluster. */
export class Observatory {
  readonly live: Live
  readonly matrix: Matrix
  readonly #cluster: ClusterState
  #metrics: Metrics | 'closed' | undefined

  private constructor(cluster: ClusterState) {
    this.#cluster = cluster
    this.matrix = new Matrix(cluster)
    this.live = new Live(cluster)
    void cluster.closed.then(() => {
      this.live.close()
      this.matrix.close()
      if (this.#metrics instanceof Metrics) this.#metrics.close()
      this.#metrics = 'closed'
    })
  }

  /** Every cluster has a DDP endpoint of its own. */
  static of(cluster: ClusterState): Observatory {
    const known = observatories.get(cluster.ddpServer)
    if (known) return known
    const observatory = new Observatory(cluster)
    observatories.set(cluster.ddpServer, observatory)
    return observatory
  }

  /** They measure from when they are first asked for; undefined once the cluster is closed. */
  get metrics(): Metrics | undefined {
    this.#metrics ??= new Metrics(this.#cluster)
    return this.#metrics === 'closed' ? undefined : this.#metrics
  }
}
