import type { LeaseRow } from './lease-store.js'

/** One look at a lease. `sentAt` and `receivedAt` are our monotonic time before and after it. */
export interface Look {
  readonly row: LeaseRow
  readonly sentAt: number
  readonly receivedAt: number
}

/**
 * How far the database's clock is to be believed about when this lease ends. `proven`: we saw it renewed while that clock went as ours. `new`: it is as it
 * was when we first looked; if that clock jumped just before, only a renewal would show it. `none`: the clock jumped.
 */
type Trust = 'proven' | 'new' | 'none'

interface Sighting {
  readonly last: Look
  /** Monotonic time since which the lease is known to have stood still. */
  readonly unmovedSince: number
  readonly trust: Trust
}

/** What two clocks may differ by, as a share of the time between two looks, and in milliseconds. */
const clockDrift = 0.01
const clockGrain = 2

/** Who holds a lease renews it each third of its life: whoever has not in a half of it is not there. */
const surelyRenewedAfter = 0.5

/**
 * When a lease that another holds may be taken: when it is over by the database's clock, as long as that goes as ours; when it jumps (a new primary), not
 * before the lease stood still for all its life by our own monotonic clock.
 * Pure: looks are handed in.
 */
export class Sightings {
  #seen: Sighting | undefined

  /** Takes a look in. Answers 0 when the lease may be taken as it was seen, else in how many milliseconds to look again. */
  note(look: Look, self: string): number {
    const { row, receivedAt } = look
    if (row.token === 0) return 0
    const seen = next(this.#seen, look)
    this.#seen = seen
    if (row.holder === undefined || row.holder === self) return 0
    const stoodStillMs = receivedAt - seen.unmovedSince
    const byOurs = row.ttlMs - stoodStillMs
    const byTheirs = row.expiresAt - row.now
    switch (seen.trust) {
      case 'proven':
        return Math.max(0, Math.min(byOurs, byTheirs))
      case 'new':
        return Math.max(0, Math.min(byOurs, Math.max(byTheirs, row.ttlMs * surelyRenewedAfter - stoodStillMs)))
      case 'none':
        return Math.max(0, byOurs)
    }
  }
}

function next(before: Sighting | undefined, look: Look): Sighting {
  if (!before) return { last: look, unmovedSince: look.receivedAt, trust: 'new' }
  const { row } = before.last
  const steady = isSteady(before.last, look)
  if (row.token === look.row.token && row.renewal === look.row.renewal) return { ...before, last: look, trust: steady ? before.trust : 'none' }
  return { last: look, unmovedSince: look.receivedAt, trust: steady ? 'proven' : 'none' }
}

function isSteady(before: Look, look: Look): boolean {
  const theirs = look.row.now - before.row.now
  const atMost = look.receivedAt - before.sentAt
  const atLeast = look.sentAt - before.receivedAt
  return theirs <= atMost * (1 + clockDrift) + clockGrain && theirs >= atLeast * (1 - clockDrift) - clockGrain
}
