import { type Clock, systemClock } from './clock.js'
import { Timers } from './timers.js'

/** Options that end a lookup, for the driver and for MongoDB. */
export interface LookupEnding {
  readonly signal: AbortSignal
  readonly maxTimeMS: number
}

/** Durations in milliseconds. */
export interface LookupLimits {
  /** Time that a lookup may wait for its turn. */
  readonly waitMs: number
  /** Time that the database has for it. */
  readonly limitMs: number
}

/** The database does not answer, or is asked too much at once. */
export class LookupError extends Error {
  override readonly name = 'LookupError'
}

/** Lookups beyond these are refused at once. */
const mostWaiting = 10_000

/** Logins that are looked up at once: after a restart thousands of clients log in, and one round trip after the other takes too long for them. */
const mostLogins = 8

/**
 * Lookups of users and permissions, for which anybody can ask: at most `mostAtOnce` at a time, so that they never hold more connections of the
 * application's pool. While the database answers none of them, no other is sent; those that wait are refused when their time is over.
 */
export class Lookups {
  static readonly #byOwner = new WeakMap<object, Lookups>()
  static readonly #loginsByOwner = new WeakMap<object, Lookups>()
  readonly #timers: Timers
  readonly #mostAtOnce: number
  readonly #waiting = new Set<() => Promise<unknown>>()
  #underWay = 0

  constructor(clock: Clock = systemClock, mostAtOnce = 1) {
    this.#timers = new Timers(clock)
    this.#mostAtOnce = mostAtOnce
  }

  /** Everybody who shares a client of the database shares its one connection for lookups. */
  static of(client: object): Lookups {
    return shared(Lookups.#byOwner, client, 1)
  }

  /** Lookups of logins, which strangers can make wait: up to eight at once, beside all others of the same client. */
  static ofLogins(client: object): Lookups {
    return shared(Lookups.#loginsByOwner, client, mostLogins)
  }

  /**
   * Resolves or rejects as `lookUp` does.
   *
   * @throws {LookupError} when its turn does not come, or the answer, and when too many lookups wait.
   */
  run<T>({ waitMs, limitMs }: LookupLimits, lookUp: (ending: LookupEnding) => Promise<T>): Promise<T> {
    if (this.#waiting.size >= mostWaiting) return Promise.reject(new LookupError(`More than ${mostWaiting} lookups wait for the database`))
    return new Promise((resolve, reject) => {
      const turn = (): Promise<unknown> => {
        cancelWait()
        const abort = new AbortController()
        const cancelLimit = this.#timers.deadline(limitMs, () => {
          const late = new LookupError(`The database did not answer a lookup within ${limitMs} ms`)
          abort.abort(late)
          reject(late)
        })
        const looking = (async () => lookUp({ signal: abort.signal, maxTimeMS: limitMs }))().finally(cancelLimit)
        looking.then(resolve, reject)
        return looking
      }
      const cancelWait = this.#timers.deadline(waitMs, () => {
        this.#waiting.delete(turn)
        reject(new LookupError(`The turn of a lookup did not come within ${waitMs} ms`))
      })
      this.#waiting.add(turn)
      this.#next()
    })
  }

  /** The next turn begins when the driver has settled one before, not when its caller has given up. */
  #next(): void {
    const [turn] = this.#waiting
    if (this.#underWay >= this.#mostAtOnce || !turn) return
    this.#waiting.delete(turn)
    this.#underWay += 1
    const settled = (): void => {
      this.#underWay -= 1
      this.#next()
    }
    turn().then(settled, settled)
  }
}

function shared(byOwner: WeakMap<object, Lookups>, client: object, mostAtOnce: number): Lookups {
  let lookups = byOwner.get(client)
  if (!lookups) byOwner.set(client, (lookups = new Lookups(systemClock, mostAtOnce)))
  return lookups
}
