import type { Clock, TimerHandle } from './clock.js'

/** The timers of one owner: it starts them all here, and `clear()` when it closes leaves none behind. */
export class Timers {
  readonly #clock: Clock
  readonly #pending = new Set<TimerHandle>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** How many have not fired yet. */
  get size(): number {
    return this.#pending.size
  }

  /** Runs `run` once after `delayMs`; the function returned cancels it and may be called at any time. */
  after(delayMs: number, run: () => void): () => void {
    const handle = this.#clock.setTimeout(() => {
      this.#pending.delete(handle)
      run()
    }, delayMs)
    this.#pending.add(handle)
    return () => {
      if (this.#pending.delete(handle)) this.#clock.clearTimeout(handle)
    }
  }

  clear(): void {
    for (const handle of this.#pending) this.#clock.clearTimeout(handle)
    this.#pending.clear()
  }
}
