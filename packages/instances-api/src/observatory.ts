import { Live } from './live.js'
import { Matrix } from './matrix.js'
import { Metrics } from './metrics.js'
import type { ClusterState } from './options.js'

/** By the id of the instance, which no other joining of a cluster has. */
const observatories = new Map<string, Observatory>()

/** State of one cluster that all its APIs share. It ends with the cluster. */
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

  static of(cluster: ClusterState): Observatory {
    const known = observatories.get(cluster.id)
    if (known) return known
    const observatory = new Observatory(cluster)
    observatories.set(cluster.id, observatory)
    void cluster.closed.then(() => observatories.delete(cluster.id))
    return observatory
  }

  /** Figures, measured from the first request on; undefined once the cluster is closed. */
  get metrics(): Metrics | undefined {
    this.#metrics ??= new Metrics(this.#cluster)
    return this.#metrics === 'closed' ? undefined : this.#metrics
  }
}
