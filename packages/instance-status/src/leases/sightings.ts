import type { LeaseRow } from './lease-store.js'

/** Look at a lease, with this instance's monotonic time before and after it. */
export interface Look {
  readonly row: LeaseRow
  readonly sentAt: number
  readonly receivedAt: number
}

interface Sighting {
  readonly last: Look
  /** Our monotonic time at which the lease ends unless it is renewed. */
  readonly endsAt: number
}

/** Drift allowed between two clocks, as a share of the time between two looks, and in milliseconds. */
const clockDrift = 0.01
const clockGrain = 2

/** Share of its time after which a holder renews a lease. */
const renewedAfter = 1 / 3

/**
 * When a lease that another holds may be taken. The database's clock tells how long it has to go when a renewal is first seen; from then on ours counts. A
 * renewal between two looks between which that clock jumped (a new primary), or before the first look, may be as new as the second: then the lease has all
 * its time from there. So no jump ends a lease that is held; one whose holder dies just then may stand for twice its time.
 * Pure: looks are handed in.
 */
export class Sightings {
  #seen: Sighting | undefined

  /** Takes a look in. Answers 0 when the lease may be taken as it was seen, else in how many milliseconds to look again. */
  note(look: Look, self: string): number {
    const { row, receivedAt } = look
    // Without a document there is no time to tell.
    if (row.token === 0) return 0
    const before = this.#seen
    const isSame = before !== undefined && before.last.row.token === row.token && before.last.row.renewal === row.renewal
    const isSteady = before === undefined || wentAsOurs(before.last, look)
    const endsAt = isSame ? before.endsAt : receivedAt + (before && isSteady ? remainingMs(before.last, look) : row.ttlMs)
    this.#seen = { last: look, endsAt }
    if (row.holder === undefined || row.holder === self) return 0
    // After a jump the next renewal tells more.
    return Math.max(0, Math.min(endsAt - receivedAt, isSteady ? row.ttlMs : row.ttlMs * renewedAfter))
  }
}

/** How long a lease has to go that was renewed since `before`. */
function remainingMs(before: Look, { row, receivedAt }: Look): number {
  const byTheirs = row.expiresAt - row.now
  const renewedAgo = row.ttlMs - byTheirs
  const fits = renewedAgo >= -clockGrain && renewedAgo <= (receivedAt - before.sentAt) * (1 + clockDrift) + clockGrain
  return fits ? byTheirs : row.ttlMs
}

/** Whether the database's clock went as ours between two looks, as far as can be told. */
function wentAsOurs(before: Look, look: Look): boolean {
  const theirs = look.row.now - before.row.now
  const atMost = look.receivedAt - before.sentAt
  const atLeast = look.sentAt - before.receivedAt
  return theirs <= atMost * (1 + clockDrift) + clockGrain && theirs >= atLeast * (1 - clockDrift) - clockGrain
}
