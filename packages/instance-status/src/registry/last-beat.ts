import type { Clock } from '@ddp-cluster/ddp-common/internal'
import type { RecordTimes } from './own-record.js'

/** The last time that MongoDB took the own record, and how long it took for that. */
export class LastBeat {
  readonly #clock: Clock
  #times: RecordTimes = { createdAt: new Date(0), updatedAt: new Date(0) }
  #at = Number.NEGATIVE_INFINITY
  #durationMs: number | undefined

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** The times of the own record, by the database. Known once registered. */
  get times(): RecordTimes {
    return this.#times
  }

  /** Milliseconds since MongoDB answered; infinite before that. */
  get ageMs(): number {
    return this.#clock.now() - this.#at
  }

  /** Milliseconds from asking to the answer; undefined before the first. */
  get durationMs(): number | undefined {
    return this.#durationMs
  }

  /** `startedAt`: the monotonic time at which MongoDB was asked. */
  answered(times: RecordTimes, startedAt: number): void {
    this.#times = times
    this.#at = this.#clock.now()
    this.#durationMs = this.#at - startedAt
  }
}
