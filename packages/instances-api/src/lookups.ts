import type { Db } from 'mongodb'

/** Options that end a lookup, for the driver and for MongoDB. */
export interface LookupEnding {
  readonly signal: AbortSignal
  readonly maxTimeMS: number
}

/** MongoDB does not answer, or is asked too much at once. */
export class LookupError extends Error {
  override readonly name = 'LookupError'
}

/** Lookups beyond these are refused at once. */
const mostWaiting = 1000

/**
 * Lookups of users and permissions, for which anybody can ask: one after the other, so that they never hold more than one connection of the
 * application's pool. While MongoDB does not answer one, no other is sent; those that wait are refused when their time is over.
 */
export class Lookups {
  static readonly #byClient = new WeakMap<object, Lookups>()
  readonly #waiting = new Set<() => Promise<unknown>>()
  #state: 'free' | 'taken' = 'free'

  /** Lookups of all APIs that share a client share its one connection. */
  static of(db: Db): Lookups {
    const owner = db.client ?? db
    let lookups = Lookups.#byClient.get(owner)
    if (!lookups) Lookups.#byClient.set(owner, (lookups = new Lookups()))
    return lookups
  }

  /**
   * Resolves or rejects as `lookUp` does.
   *
   * @throws {LookupError} after `timeoutMs`, and when too many lookups wait.
   */
  run<T>(timeoutMs: number, lookUp: (ending: LookupEnding) => Promise<T>): Promise<T> {
    if (this.#waiting.size >= mostWaiting) return Promise.reject(new LookupError(`More than ${mostWaiting} lookups wait for MongoDB`))
    return new Promise((resolve, reject) => {
      const abort = new AbortController()
      const turn = (): Promise<unknown> => {
        const looking = (async () => lookUp({ signal: abort.signal, maxTimeMS: timeoutMs }))().finally(() => clearTimeout(timer))
        looking.then(resolve, reject)
        return looking
      }
      const timer = setTimeout(() => {
        const late = new LookupError(`MongoDB did not answer within ${timeoutMs} ms`)
        this.#waiting.delete(turn)
        abort.abort(late)
        reject(late)
      }, timeoutMs)
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
