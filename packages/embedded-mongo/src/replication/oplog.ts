import { Timestamp } from 'bson'
import type { UUID } from 'bson'
import type { EmbeddedClock } from '../clock.js'
import type { Doc, Value } from '../bson/value.js'

/** Changes of the data, in order; change streams read them. */
export type Change =
  | { readonly type: 'insert' | 'replace', readonly id: Value, readonly doc: Doc }
  | { readonly type: 'update', readonly id: Value, readonly updatedFields: Doc, readonly removedFields: readonly string[] }
  | { readonly type: 'delete', readonly id: Value }
  | { readonly type: 'drop' | 'dropDatabase' }
  | { readonly type: 'rename', readonly to: { readonly db: string, readonly coll: string } }

export interface OplogEntry {
  readonly at: Timestamp
  readonly db: string
  readonly coll: string
  readonly uuid: UUID | undefined
  readonly change: Change
}

export const compareTimes = (a: Timestamp, b: Timestamp): number => a.compare(b)

/** How many entries are kept: a stream that wants to resume from before them has lost its history (286). */
const maxEntries = 100_000

/** The log of changes and the logical clock that numbers them. */
export class Oplog {
  readonly #clock: EmbeddedClock
  readonly #listeners = new Set<() => void>()
  #entries: OplogEntry[] = []
  #last: Timestamp
  /** The time of the newest entry that was dropped: what is not later cannot be read any more. */
  #forgotten: Timestamp

  constructor(clock: EmbeddedClock) {
    this.#clock = clock
    this.#last = new Timestamp({ t: Math.max(1, Math.floor(clock.now() / 1000)), i: 1 })
    this.#forgotten = new Timestamp({ t: 0, i: 0 })
  }

  /** The time of the last change. */
  get last(): Timestamp {
    return this.#last
  }

  get forgotten(): Timestamp {
    return this.#forgotten
  }

  /** The next time: later than all before, also when the clock was set back. */
  tick(): Timestamp {
    const seconds = Math.floor(this.#clock.now() / 1000)
    const last = this.#last.getHighBitsUnsigned()
    this.#last = seconds > last ? new Timestamp({ t: seconds, i: 1 }) : new Timestamp({ t: last, i: this.#last.getLowBitsUnsigned() + 1 })
    return this.#last
  }

  append(db: string, coll: string, uuid: UUID | undefined, change: Change): void {
    this.#entries.push({ at: this.tick(), db, coll, uuid, change })
    if (this.#entries.length > maxEntries * 1.25) {
      const dropped = this.#entries.splice(0, this.#entries.length - maxEntries)
      this.#forgotten = dropped.at(-1)?.at ?? this.#forgotten
    }
    for (const listener of this.#listeners) listener()
  }

  /** Whether there is an entry with exactly this time. */
  has(at: Timestamp): boolean {
    return this.#entries[this.#firstAfter(at) - 1]?.at.equals(at) ?? false
  }

  /** The entries later than `at`, in order. */
  * after(at: Timestamp): Generator<OplogEntry> {
    for (let position = this.#firstAfter(at); position < this.#entries.length; position++) {
      const entry = this.#entries[position]
      if (entry) yield entry
    }
  }

  /** Calls the listener after each change, until the returned function is called. */
  listen(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  #firstAfter(at: Timestamp): number {
    let low = 0
    let high = this.#entries.length
    while (low < high) {
      const middle = (low + high) >> 1
      const entry = this.#entries[middle]
      if (entry && entry.at.compare(at) <= 0) low = middle + 1
      else high = middle
    }
    return low
  }
}
