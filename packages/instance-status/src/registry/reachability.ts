import type { Clock } from '@ddp-cluster/ddp-common/internal'

/** Operations whose success means that MongoDB is reachable: renewing the own record, and reading all records. */
export type Asked = 'heartbeat' | 'read'

export interface ReachabilityOptions {
  readonly clock: Clock
  /** Whether this process stood still since: what then took too long says nothing of MongoDB. */
  readonly stalledSince: (askedAt: number) => boolean
  /** MongoDB stopped answering. Told once, until `onRestored`. */
  readonly onLost: (error: unknown) => void
  /** All that had failed works again. */
  readonly onRestored: () => void
}

/** Whether MongoDB does what is asked of it. What failed has to work again itself: that it can be read says nothing of writing. */
export class Reachability {
  readonly #options: ReachabilityOptions
  readonly #failing = new Set<Asked>()
  /** Monotonic times of the last answers. */
  readonly #answeredAt: Record<Asked, number> = { heartbeat: Number.NEGATIVE_INFINITY, read: Number.NEGATIVE_INFINITY }
  #state: 'open' | 'closed' = 'open'

  constructor(options: ReachabilityOptions) {
    this.#options = options
  }

  get reachable(): boolean {
    return this.#failing.size === 0
  }

  isFailing(asked: Asked): boolean {
    return this.#failing.has(asked)
  }

  answered(asked: Asked): void {
    if (this.#state === 'closed') return
    this.#answeredAt[asked] = this.#options.clock.now()
    if (this.#failing.delete(asked) && this.#failing.size === 0) this.#options.onRestored()
  }

  /** Ignores an operation that was sent before a later answer came: it may have waited through an outage that is over. */
  unanswered(asked: Asked, error: unknown, askedAt: number): void {
    // A stall is noticed in the same turn as what it made late, perhaps after it.
    setImmediate(() => {
      const { heartbeat, read } = this.#answeredAt
      const answeredAt = asked === 'read' ? Math.max(heartbeat, read) : heartbeat
      if (this.#state === 'closed' || askedAt < answeredAt || this.#options.stalledSince(askedAt)) return
      const first = this.#failing.size === 0
      this.#failing.add(asked)
      if (first) this.#options.onLost(error)
    })
  }

  /** Nothing is told any more. */
  close(): void {
    this.#state = 'closed'
  }
}
