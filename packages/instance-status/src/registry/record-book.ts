import type { InstanceRecord } from './record.js'

/** Change in the book. `stale` and `deleted` mean that a record vouches for its instance no more. */
export type RecordEvent =
  | { readonly type: 'seen'; readonly record: InstanceRecord }
  | { readonly type: 'stale'; readonly record: InstanceRecord }
  | { readonly type: 'deleted'; readonly record: InstanceRecord }

interface Entry {
  readonly record: InstanceRecord
  /** Our monotonic time at which `_updatedAt` was last seen to have changed. */
  readonly movedAt: number
  /** `old`: it was stale when it was first seen, and nobody was told of it. `missing`: a read did not find it while nothing may be concluded. */
  readonly state: 'fresh' | 'missing' | 'old' | 'stale'
}

/** Complete read of all records, sent after `startedAt`. */
export interface FullRead {
  readonly records: readonly InstanceRecord[]
  /** The database's clock at the read, in milliseconds since the epoch. */
  readonly databaseNow: number
  /** Our monotonic time when the read was sent. */
  readonly startedAt: number
  /** Whether `records` are all; else those that were renewed last. */
  readonly isComplete: boolean
}

/**
 * Which records there are, and whether they move. Stale is what does not move: a record's `_updatedAt` is compared with what it
 * was before, never with a clock of ours; only at first sight is it held against the database's own clock.
 * Pure: time and documents are handed in, events come out.
 */
export class RecordBook {
  readonly #entries = new Map<string, Entry>()
  /** Ids that the change stream told of since the read under way began: its news is newer than the read. */
  #touched: Set<string> | undefined
  #holdUntil = Number.NEGATIVE_INFINITY
  readonly #maxRecords: number
  #overflowed = false

  /** Records beyond `maxRecords` are ignored. */
  constructor(maxRecords: number) {
    this.#maxRecords = maxRecords
  }

  /** Whether records had to be ignored. */
  get overflowed(): boolean {
    return this.#overflowed
  }

  /** The record of this id, unless it is stale. */
  find(id: string): InstanceRecord | undefined {
    const entry = this.#entries.get(id)
    return entry?.state === 'fresh' || entry?.state === 'missing' ? entry.record : undefined
  }

  /** A full read is about to be sent. */
  readBegins(): void {
    this.#touched = new Set()
  }

  /** The full read has come back. */
  readEnds(read: FullRead): RecordEvent[] {
    const touched = this.#touched ?? new Set<string>()
    this.#touched = undefined
    const events: RecordEvent[] = []
    const present = new Set<string>()
    for (const record of read.records) {
      present.add(record._id)
      if (!touched.has(record._id)) events.push(...this.#look(record, read))
    }
    if (!read.isComplete) this.#overflowed = true
    for (const [id, entry] of this.#entries) {
      if (present.has(id) || touched.has(id)) continue
      // Records that were renewed lately are among those that were read: this one was not.
      if (!read.isComplete) events.push(...this.#look(entry.record, read))
      else if (read.startedAt >= this.#holdUntil) events.push(...this.#drop(id, entry))
      else if (entry.state === 'fresh') this.#entries.set(id, { ...entry, state: 'missing' })
    }
    return events
  }

  /** The change stream told of a whole record: inserted or replaced. */
  inserted(record: InstanceRecord, now: number): RecordEvent[] {
    if (!this.#hasRoomFor(record._id)) return []
    this.#touched?.add(record._id)
    this.#entries.set(record._id, { record, movedAt: now, state: 'fresh' })
    return [{ type: 'seen', record }]
  }

  /** The registry came back after an outage, or we after a stall: for `holdMs` nothing is stale or deleted, as everyone has to heartbeat first. */
  hold(now: number, holdMs: number): void {
    this.#holdUntil = now + holdMs
    for (const [id, entry] of this.#entries) this.#entries.set(id, { ...entry, movedAt: now, state: entry.state === 'missing' ? 'fresh' : entry.state })
  }

  /** The monotonic time from which on a read would find a record stale or deleted, or undefined. Later than that of the last read. */
  nextExpiry(): number | undefined {
    let next: number | undefined
    for (const { record, movedAt, state } of this.#entries.values()) {
      if (state === 'old' || state === 'stale') continue
      const expiry = state === 'missing' ? this.#holdUntil : movedAt + record.cluster.expireAfterMs
      if (next === undefined || expiry < next) next = expiry
    }
    return next
  }

  #look(record: InstanceRecord, { databaseNow, startedAt }: FullRead): RecordEvent[] {
    const known = this.#entries.get(record._id)
    const { expireAfterMs } = record.cluster
    if (!known) {
      if (!this.#hasRoomFor(record._id)) return []
      const old = databaseNow - record._updatedAt.getTime() >= expireAfterMs
      this.#entries.set(record._id, { record, movedAt: startedAt, state: old ? 'old' : 'fresh' })
      return old ? [] : [{ type: 'seen', record }]
    }
    if (known.record._updatedAt.getTime() !== record._updatedAt.getTime()) {
      this.#entries.set(record._id, { record, movedAt: startedAt, state: 'fresh' })
      return [{ type: 'seen', record }]
    }
    if (known.state === 'missing') this.#entries.set(record._id, { ...known, state: 'fresh' })
    if (known.state !== 'stale' && startedAt >= known.movedAt + expireAfterMs) {
      this.#entries.set(record._id, { ...known, state: 'stale' })
      return [{ type: 'stale', record }]
    }
    return []
  }

  /** Forgets one that is not fresh, if it must. */
  #hasRoomFor(id: string): boolean {
    if (this.#entries.size < this.#maxRecords || this.#entries.has(id)) return true
    for (const [other, { state }] of this.#entries) {
      if (state !== 'old' && state !== 'stale') continue
      this.#entries.delete(other)
      return true
    }
    this.#overflowed = true
    return false
  }

  #drop(id: string, entry: Entry): RecordEvent[] {
    this.#entries.delete(id)
    return [{ type: 'deleted', record: entry.record }]
  }
}
