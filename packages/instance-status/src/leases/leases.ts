import { type Logger, randomId } from '@ddp-cluster/ddp-common'
import type { Clock } from '@ddp-cluster/ddp-common/internal'
import { ClusterError } from '../errors.js'
import { hasLoneSurrogate } from '../lone-surrogate.js'
import type { Handles } from '../registry/handles.js'
import { urgency } from '../registry/lane.js'
import { Operations } from '../registry/operations.js'
import { TimeLimit } from '../registry/time-limit.js'
import { LeaseKeeper } from './lease.js'
import { LeaseStore } from './lease-store.js'

export interface LeasesOptions {
  readonly handles: Handles
  /** The name of the cluster in its collection: others may have leases of the same names there. */
  readonly clusterName: string
  readonly selfId: string
  readonly clock: Clock
  readonly random: () => number
  readonly logger: Logger
}

export const defaultTtlMs = 30_000
const shortestTtlMs = 200
const longestTtlMs = 24 * 60 * 60 * 1000
const longestName = 200
const ownPrefix = 'cluster.'

/** The leases that this instance asks for. */
export class Leases {
  readonly #options: LeasesOptions
  readonly #limit: TimeLimit
  readonly #operations: Operations
  readonly #open = new Set<LeaseKeeper>()
  #state: 'open' | 'closed' = 'open'

  constructor(options: LeasesOptions) {
    this.#options = options
    this.#limit = new TimeLimit(options.clock)
    this.#operations = new Operations({ clock: options.clock, lane: options.handles.lanes.others, urgency: urgency.lease })
  }

  /** Asks for a lease of the application from now on. Throws a `ClusterError` `invalid-option` or `closed`. */
  open(name: string, ttlMs: number = defaultTtlMs): LeaseKeeper {
    if (typeof name === 'string' && name.startsWith(ownPrefix)) throw new ClusterError('invalid-option', `leases named ${ownPrefix}* are the library's`)
    return this.openOwn(name, ttlMs)
  }

  /** Opens a lease of this package, whose name begins with `cluster.`. */
  openOwn(name: string, ttlMs: number): LeaseKeeper {
    const { handles, clusterName, selfId, clock, random, logger } = this.#options
    if (this.#state === 'closed') throw new ClusterError('closed', 'the cluster was closed; no lease can be asked for any more')
    if (typeof name !== 'string' || name === '' || name.length > longestName) throw new ClusterError('invalid-option', `the name of a lease is a string of 1 to ${longestName} characters`)
    if (hasLoneSurrogate(name)) throw new ClusterError('invalid-option', `the name of a lease must not contain a lone surrogate: ${JSON.stringify(name)}`)
    if (typeof ttlMs !== 'number' || !(ttlMs >= shortestTtlMs && ttlMs <= longestTtlMs)) {
      throw new ClusterError('invalid-option', `ttlMs must be milliseconds from ${shortestTtlMs} to ${longestTtlMs}, not ${String(ttlMs)}`)
    }
    const holder = `${selfId}/${randomId(8)}`
    const store = new LeaseStore(handles.leases, `${encodeURIComponent(clusterName)}/${name}`, holder)
    const onEnd = (): void => void this.#open.delete(lease)
    const lease = new LeaseKeeper({ name, ttlMs: Math.round(ttlMs), holder, store, operations: this.#operations, clock, random, logger, onEnd })
    this.#open.add(lease)
    return lease
  }

  /** A member left; what it held it gave back, if it could. */
  memberLeft(): void {
    for (const lease of this.#open) lease.lookSoon()
  }

  /** Releases all that are held. Takes no longer than `timeoutMs`, and never rejects. */
  async close(timeoutMs: number): Promise<void> {
    if (this.#state === 'closed') return
    this.#state = 'closed'
    const released = Promise.all([...this.#open].map((lease) => lease.release()))
    await this.#limit.run(timeoutMs, 'releasing the leases', released).catch(() => undefined)
    this.#limit.close()
    this.#operations.close()
  }
}
