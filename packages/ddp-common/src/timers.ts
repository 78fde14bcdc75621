import type { Clock } from './clock.js'
import { afterSocketsArePolled } from './sockets-polled.js'

/** A timer that fires later than this was held up: the process stood still. */
const lateMs = 50

/** The timers of one owner: it starts them all here, and `clear()` when it closes leaves none behind. */
export class Timers {
  readonly #clock: Clock
  readonly #pending = new Set<() => void>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** How many have not fired yet. */
  get size(): number {
    return this.#pending.size
  }

  /** Runs `run` once after `delayMs`; the function returned cancels it and may be called at any time. */
  after(delayMs: number, run: () => void): () => void {
    return this.#start(delayMs, run, (fire) => fire())
  }

  /**
   * The same for the end of somebody's patience with the other side: when it comes late, because this process stood still, what the
   * sockets have received meanwhile is handed out first, and may cancel it.
   */
  deadline(delayMs: number, run: () => void): () => void {
    const dueAt = this.#clock.now() + delayMs
    return this.#start(delayMs, run, (fire) => {
      if (this.#clock.now() - dueAt < lateMs) fire()
      else afterSocketsArePolled(fire)
    })
  }

  clear(): void {
    for (const cancel of this.#pending) cancel()
  }

  #start(delayMs: number, run: () => void, due: (fire: () => void) => void): () => void {
    const fire = (): void => {
      if (this.#pending.delete(cancel)) run()
    }
    const handle = this.#clock.setTimeout(() => due(fire), delayMs)
    const cancel = (): void => {
      if (this.#pending.delete(cancel)) this.#clock.clearTimeout(handle)
    }
    this.#pending.add(cancel)
    return cancel
  }
}
