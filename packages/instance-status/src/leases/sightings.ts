import type { LeaseRow } from './lease-store.js'

/** One look at a lease. `sentAt` and `receivedAt` are our monotonic time before and after it. */
export interface Look {
  readonly row: LeaseRow
  readonly sentAt: number
  readonly receivedAt: number
}

interface Sighting {
  readonly last: Look
  /** Monotonic time since which the lease is known to have stood still. */
  readonly unmovedSince: number
  /** Whether the database's clock went as ours since then. */
  readonly clockIsSteady: boolean
}

/** What two clocks may differ by, as a share of the time between two looks, and in milliseconds. */
const clockDrift = 0.01
const clockGrain = 2

/**
 * When a lease that another holds may be taken. At first sight the database's clock decides; after that it is believed for as long as it goes as ours:
 * when it jumps (a new primary), a lease is over only when it was not renewed for its whole time by our own monotonic clock.
 * Pure: looks are handed in.
 */
export class Sightings {
  #seen: Sighting | undefined

  /** Takes a look in. Answers 0 when the lease may be taken as it was seen, else in how many milliseconds to look again. */
  note(look: Look, self: string): number {
    const { row, receivedAt } = look
    if (row.token === 0) return 0
    const before = this.#seen
    const steady = before === undefined || isSteady(before.last, look)
    const moved = before === undefined || before.last.row.token !== row.token || before.last.row.renewal !== row.renewal
    this.#seen = moved
      ? { last: look, unmovedSince: receivedAt, clockIsSteady: steady }
      : { last: look, unmovedSince: before.unmovedSince, clockIsSteady: before.clockIsSteady && steady }
    if (row.holder === undefined || row.holder === self) return 0
    const { unmovedSince, clockIsSteady } = this.#seen
    const byOurs = unmovedSince + row.ttlMs - receivedAt
    const byTheirs = clockIsSteady ? row.expiresAt - row.now : byOurs
    return Math.max(0, Math.min(byOurs, byTheirs))
  }
}

function isSteady(before: Look, look: Look): boolean {
  const theirs = look.row.now - before.row.now
  const atMost = look.receivedAt - before.sentAt
  const atLeast = look.sentAt - before.receivedAt
  return theirs <= atMost * (1 + clockDrift) + clockGrain && theirs >= atLeast * (1 - clockDrift) - clockGrain
}
