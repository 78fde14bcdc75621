import type { Clock } from '@ddp-cluster/ddp-common/internal'

/** A moment by both of our clocks. */
export interface Moment {
  readonly monotonic: number
  readonly wall: number
}

export const momentOf = (clock: Clock): Moment => ({ monotonic: clock.now(), wall: clock.wallNow() })

/** Safety margin of a lease, as a share, for clocks of different speed and for MongoDB's whole milliseconds. */
const margin = 0.02

/**
 * How long a lease that was asked for at `since` is still ours, in milliseconds; none when not more than 0. By the clock that moved more: the monotonic one
 * may stand still with the machine, and the wall clock may be set back.
 */
export function heldForMs(since: Moment, ttlMs: number, clock: Clock): number {
  const passed = Math.max(clock.now() - since.monotonic, clock.wallNow() - since.wall)
  return ttlMs * (1 - margin) - passed
}
