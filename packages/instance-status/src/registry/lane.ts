/** Order in which waiting operations get the connection of a lane: the lowest first. */
export const urgency = Object.freeze({
  /** The own record: a late heartbeat looks like a death. */
  own: 0,
  /** The records of the others. */
  read: 1,
  lease: 2,
  /** Clean-up of what departed instances left: it can wait. */
  upkeep: 3,
})

export type Urgency = (typeof urgency)[keyof typeof urgency]

interface Turn {
  readonly urgency: Urgency
  readonly begin: () => Promise<unknown>
}

/**
 * A pooled connection of the application, as this library uses it: operations run one after the other.
 * The lane stays taken until the driver settles an operation, not until the caller stops waiting: what the driver cannot end never adds up.
 */
export class Lane {
  readonly #waiting: Turn[] = []
  #state: 'free' | 'taken' = 'free'

  /** Calls `begin` when the lane is free; the function returned withdraws a turn that has not begun. */
  take(urgency: Urgency, begin: () => Promise<unknown>): () => void {
    const turn = { urgency, begin }
    const later = this.#waiting.findIndex((other) => other.urgency > urgency)
    this.#waiting.splice(later === -1 ? this.#waiting.length : later, 0, turn)
    this.#next()
    return () => {
      const index = this.#waiting.indexOf(turn)
      if (index !== -1) this.#waiting.splice(index, 1)
    }
  }

  #next(): void {
    if (this.#state === 'taken') return
    const turn = this.#waiting.shift()
    if (!turn) return
    this.#state = 'taken'
    const settled = (): void => {
      this.#state = 'free'
      this.#next()
    }
    turn.begin().then(settled, settled)
  }
}

/** Connections of the application's pool that a cluster uses. */
export interface Lanes {
  /** For writes of the own record and what belongs to it. */
  readonly own: Lane
  /** For everything else; the same as `own` where the pool is small. */
  readonly others: Lane
  /** Whether the pool has a connection to spare for a change stream, which occupies it all the time. */
  readonly hasRoomForStream: boolean
}

/** The smallest pool in which a change stream and a lane leave half of the connections to the application. */
export const leastPoolForStream = 4
/** The smallest pool in which a change stream and two lanes do. */
const leastPoolForTwoLanes = 6

/** Takes at most half of a pool of `maxPoolSize` connections (0: without limit), and never more than three. */
export function openLanes(maxPoolSize: number): Lanes {
  const size = maxPoolSize === 0 ? Number.POSITIVE_INFINITY : maxPoolSize
  const own = new Lane()
  return { own, others: size < leastPoolForTwoLanes ? own : new Lane(), hasRoomForStream: size >= leastPoolForStream }
}
