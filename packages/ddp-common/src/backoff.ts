export interface BackoffOptions {
  /** The delay that grows. Default: 1_000. */
  readonly baseMs?: number
  /** No delay is longer. Default: 300_000, five minutes. */
  readonly maxMs?: number
}

/** The first attempts after a loss come almost at once: most losses are short. */
const earlyAttempts = 2
const earlyDelayMs = 10
const factor = 2.2
/** Delays are spread over ±25 %, so that clients which a server lost at one moment do not all come back at one moment. */
const fuzz = 0.5

/**
 * How long to wait before the next attempt to connect, by Meteor's rule: 10 ms twice, then `baseMs` x 2.2^n with a jitter of 0.5.
 * `retryCount` is how many attempts have failed since the last success; `random` is a number in [0, 1).
 */
export function backoffDelayMs(retryCount: number, random: number, options?: BackoffOptions): number {
  const { baseMs = 1_000, maxMs = 300_000 } = options ?? {}
  if (retryCount < earlyAttempts) return Math.min(earlyDelayMs, maxMs)
  // The spread is around a value that leaves room for it, so that delays at the ceiling are spread as well.
  const middle = Math.min(baseMs * factor ** retryCount, maxMs / (1 + fuzz / 2))
  return middle * (1 - fuzz / 2 + random * fuzz)
}
