import { type Clock, Timers } from '@ddp-cluster/ddp-common/internal'
import { ClusterError } from '../errors.js'

/** Bounds waits that are not operations of MongoDB: the waiter gives up when the time is over or the owner closes; the work goes on. */
export class TimeLimit {
  readonly #timers: Timers
  readonly #waiting = new Set<() => void>()
  #state: 'open' | 'closed' = 'open'

  constructor(clock: Clock) {
    this.#timers = new Timers(clock)
  }

  /** Result or rejection of `work`, or a `registry-unreachable` error after `limitMs`. */
  run<T>(limitMs: number, what: string, work: Promise<T>): Promise<T> {
    if (this.#state === 'closed') {
      work.catch(() => undefined)
      return Promise.reject(new ClusterError('closed', `The cluster was closed before the end of ${what}`))
    }
    return new Promise((resolve, reject) => {
      const settled = (): void => {
        cancel()
        this.#waiting.delete(abandon)
      }
      const abandon = (): void => {
        settled()
        reject(new ClusterError('registry-unreachable', `${what} did not end within ${Math.round(limitMs)} ms`))
      }
      const cancel = this.#timers.deadline(limitMs, abandon)
      this.#waiting.add(abandon)
      work.finally(settled).then(resolve, reject)
    })
  }

  /** Ends every wait at once, and those that are asked for later. */
  close(): void {
    this.#state = 'closed'
    for (const abandon of this.#waiting) abandon()
  }
}
