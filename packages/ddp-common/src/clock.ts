export type TimerHandle = unknown

/** Where time comes from. Shells take one, so that tests can move time instead of waiting for it. */
export interface Clock {
  /** Monotonic milliseconds from an arbitrary start: only differences mean anything. */
  now(): number
  /** Milliseconds since the epoch by the local wall clock, which may be off or jump: for people to read, never to decide by. */
  wallNow(): number
  setTimeout(run: () => void, delayMs: number): TimerHandle
  clearTimeout(handle: TimerHandle): void
}

/** The clock of this process. */
export const systemClock: Clock = {
  now: () => performance.now(),
  wallNow: () => Date.now(),
  setTimeout: (run, delayMs) => setTimeout(run, delayMs),
  clearTimeout: (handle) => clearTimeout(handle as ReturnType<typeof setTimeout>),
}
