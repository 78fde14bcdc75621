import { type Clock, Timers } from '@ddp-cluster/ddp-common/internal'

export interface StallWatchOptions {
  readonly clock: Clock
  /** A stall of so long is always noticed, one of half as long sometimes. */
  readonly thresholdMs: number
  readonly onStall: (delayMs: number) => void
}

/**
 * Notices that this process stood still: a busy event loop, a stopped process, a machine that slept. What was due meanwhile is late
 * by our own fault, and nothing may be concluded from it. One timer, which `close()` clears.
 */
export class StallWatch {
  readonly #options: StallWatchOptions
  readonly #timers: Timers
  #endedAt = Number.NEGATIVE_INFINITY

  constructor(options: StallWatchOptions) {
    this.#options = options
    this.#timers = new Timers(options.clock)
    this.#look()
  }

  /** The monotonic time at which the last stall was noticed. */
  get endedAt(): number {
    return this.#endedAt
  }

  close(): void {
    this.#timers.clear()
  }

  #look(): void {
    const { clock, thresholdMs, onStall } = this.#options
    const intervalMs = thresholdMs / 2
    const dueAt = clock.now() + intervalMs
    this.#timers.after(intervalMs, () => {
      const now = clock.now()
      this.#look()
      if (now - dueAt < thresholdMs - intervalMs) return
      this.#endedAt = now
      onStall(now - dueAt)
    })
  }
}
