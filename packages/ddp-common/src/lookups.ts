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

/**
 * Lookups of users and permissions, for which anybody can ask: one after the other, so that they never hold more than one connection of the
 * application's pool. While the database does not answer one, no other is sent; those that wait are refused when their time is over.
 */
export class Lookups {
  static readonly #byOwner = new WeakMap<object, Lookups>()
  readonly #timers: Timers
  readonly #waiting = new Set<() => Promise<unknown>>()
  #state: 'free' | 'taken' = 'free'

  constructor(clock: Clock = systemClock) {
    this.#timers = new Timers(clock)
  }

  /** Everybody who shares a client of the database shares its one connection for lookups. */
  static of(client: object): Lookups {
    let lookups = Lookups.#byOwner.get(client)
    if (!lookups) Lookups.#byOwner.set(client, (lookups = new Lookups()))
    return lookups
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

  /** The next turn begins when the driver has settled the one before, not when its caller has given up. */
  #next(): void {
    const [turn] = this.#waiting
    if (this.#state === 'taken' || !turn) return
    this.#waiting.delete(turn)
    this.#state = 'taken'
    const settled = (): void => {
      this.#state = 'free'
      this.#next()
    }
    turn().then(settled, settled)
  }
}
