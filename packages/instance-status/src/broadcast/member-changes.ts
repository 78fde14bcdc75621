import type { Timers } from '@ddp-cluster/ddp-common/internal'
import { ClusterError } from '../errors.js'

interface Waiter {
  readonly check: () => boolean
  readonly resolve: () => void
  readonly reject: (error: ClusterError) => void
  readonly cancel: () => void
}

/** Members, and waits for conditions on them, which are checked whenever something about a member changes. */
export class MemberChanges {
  readonly #ids: () => readonly string[]
  readonly #timers: Timers
  readonly #waiters = new Set<Waiter>()
  #state: 'open' | 'closed' = 'open'

  /** `ids` says who is a member now, this instance aside. */
  constructor(ids: () => readonly string[], timers: Timers) {
    this.#ids = ids
    this.#timers = timers
  }

  ids(): readonly string[] {
    return this.#ids()
  }

  has(id: string): boolean {
    return this.#ids().includes(id)
  }

  /** Resolves when `check` holds. Rejects with a `ClusterError` `timeout` after `timeoutMs`, and with `closed`. */
  until(check: () => boolean, timeoutMs: number, describe: () => string = () => ''): Promise<void> {
    if (this.#state === 'closed') return Promise.reject(closed())
    if (check()) return Promise.resolve()
    return new Promise((resolve, reject) => {
      const cancel = this.#timers.after(timeoutMs, () => {
        this.#waiters.delete(waiter)
        reject(new ClusterError('timeout', `not within ${timeoutMs} ms: ${describe()}`))
      })
      const waiter = { check, resolve, reject, cancel }
      this.#waiters.add(waiter)
    })
  }

  /** Something that somebody may wait for has changed. */
  changed(): void {
    for (const waiter of this.#waiters) {
      if (!waiter.check()) continue
      this.#waiters.delete(waiter)
      waiter.cancel()
      waiter.resolve()
    }
  }

  close(): void {
    this.#state = 'closed'
    for (const waiter of this.#waiters) {
      waiter.cancel()
      waiter.reject(closed())
    }
    this.#waiters.clear()
  }
}

const closed = (): ClusterError => new ClusterError('closed', 'the cluster was closed')
