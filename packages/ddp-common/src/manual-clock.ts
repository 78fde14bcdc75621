import type { Clock, TimerHandle } from './clock.js'

interface ManualTimer {
  readonly dueAt: number
  readonly run: () => void
}

/** A clock for tests: it stands still until `advance()`. */
export class ManualClock implements Clock {
  /** Lead of the wall clock over the monotonic one; a test may set it at any time, as an operator would set a clock. */
  wallOffsetMs: number
  #now = 0
  readonly #timers = new Set<ManualTimer>()

  constructor(wallStartMs: number = Date.UTC(2026, 0, 1)) {
    this.wallOffsetMs = wallStartMs
  }

  /** Timers that wait to fire. */
  get pending(): number {
    return this.#timers.size
  }

  now(): number {
    return this.#now
  }

  wallNow(): number {
    return this.#now + this.wallOffsetMs
  }

  setTimeout(run: () => void, delayMs: number): TimerHandle {
    const timer: ManualTimer = { dueAt: this.#now + Math.max(0, delayMs), run }
    this.#timers.add(timer)
    return timer
  }

  clearTimeout(handle: TimerHandle): void {
    this.#timers.delete(handle as ManualTimer)
  }

  /** Moves time on by `ms` and fires what falls due, in order of time, then of creation. */
  advance(ms: number): void {
    const until = this.#now + ms
    for (let next = this.#nextDue(until); next; next = this.#nextDue(until)) {
      this.#timers.delete(next)
      this.#now = Math.max(this.#now, next.dueAt)
      next.run()
    }
    this.#now = until
  }

  #nextDue(until: number): ManualTimer | undefined {
    let first: ManualTimer | undefined
    for (const timer of this.#timers) {
      if (timer.dueAt <= until && (!first || timer.dueAt < first.dueAt)) first = timer
    }
    return first
  }
}
