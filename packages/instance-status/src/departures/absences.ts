import type { DepartureRow } from './departure-rows.js'

interface Absence {
  readonly joinedAt: number
  readonly recordMovedAt: number | undefined
  /** Monotonic time of the first look that found it so. */
  readonly since: number
}

/** Result of a look at all rows. */
export interface Finding {
  /** Gone for good: their clean-up may begin. */
  readonly gone: readonly DepartureRow[]
  /** In how many milliseconds another look may find more; undefined when there is nothing to wait for. */
  readonly nextLookMs: number | undefined
}

/** An instance writes its record again within a heartbeat when it finds it missing: one that has not in two is gone. */
const heartbeatsToWait = 2

/**
 * Who is gone for good: who said goodbye; and who is no member, and whose record was the same, or missing, two of its heartbeats ago.
 * Pure: rows, members and the time are handed in.
 */
export class Absences {
  #absences = new Map<string, Absence>()

  /** Forgets earlier sightings of an instance that was a member until now. */
  left(id: string): void {
    this.#absences.delete(id)
  }

  note(rows: readonly DepartureRow[], isMember: (id: string) => boolean, now: number): Finding {
    const gone: DepartureRow[] = []
    const absences = new Map<string, Absence>()
    let nextLookMs: number | undefined
    for (const row of rows) {
      if (row.goodbye) {
        gone.push(row)
        continue
      }
      if (isMember(row.id)) continue
      const { joinedAt, recordMovedAt } = row
      const before = this.#absences.get(row.id)
      // A record that was deleted meanwhile was not renewed.
      const same = before?.joinedAt === joinedAt.getTime() && (recordMovedAt === undefined || before.recordMovedAt === recordMovedAt)
      // A record that moves is somebody's, whoever that is: the membership will tell when it ends.
      if (before && !same && recordMovedAt !== undefined) continue
      const absence = { joinedAt: joinedAt.getTime(), recordMovedAt, since: same ? before.since : now }
      absences.set(row.id, absence)
      const leftMs = absence.since + heartbeatsToWait * row.heartbeatIntervalMs - now
      if (leftMs <= 0) gone.push(row)
      else nextLookMs = Math.min(nextLookMs ?? leftMs, leftMs)
    }
    this.#absences = absences
    return { gone, nextLookMs }
  }
}
