import { Drops, type Loss } from './drops.js'

/** One event as it waits in the log: encoded once, whoever it is sent to. */
export interface LogEntry {
  /** Everything of the event on the wire but its offset in a frame: `,stream,event,args]`. */
  readonly text: string
  readonly bytes: number
  /** Monotonic time of the `emit`. */
  readonly at: number
  readonly stream: string
  /** The one instance that it is for; undefined: all. */
  readonly to: string | undefined
}

/** How much is kept for peers that are slow or away. What is over any bound is dropped, oldest first. */
export interface LogBounds {
  readonly maxBytes: number
  readonly maxEntries: number
  readonly maxAgeMs: number
}

interface Kept extends LogEntry {
  /** The bytes of all events before this one, since the beginning. */
  readonly bytesBefore: number
}

/** The space at the front of the array is given back when it is more than this and half of it. */
const compactFrom = 1024

/**
 * What one instance emitted, numbered from 1, in order. Every peer reads it from a place of its own, so its memory does not grow
 * with their number.
 */
export class BroadcastLog {
  readonly #bounds: LogBounds
  readonly #drops = new Drops()
  #entries: (Kept | undefined)[] = []
  #start = 0
  #head = 0
  #bytes = 0
  #bytesEver = 0

  constructor(bounds: LogBounds) {
    this.#bounds = bounds
  }

  /** The number of the newest event; 0 before the first. */
  get head(): number {
    return this.#head
  }

  /** The number of the oldest event that is still here; one more than the head when there is none. */
  get oldest(): number {
    return this.#head - (this.#entries.length - this.#start) + 1
  }

  get bytes(): number {
    return this.#bytes
  }

  /** Takes an event in and returns its number. */
  append({ text, bytes, at, stream, to }: LogEntry): number {
    this.#entries.push({ text, bytes, at, stream, to, bytesBefore: this.#bytesEver })
    this.#bytesEver += bytes
    this.#bytes += bytes
    this.#head += 1
    this.trim(at)
    return this.#head
  }

  /** The event of this number, or undefined when it is not here. */
  at(seq: number): LogEntry | undefined {
    return this.#kept(seq)
  }

  /** The bytes of the events after number `seq` that are still here. */
  bytesAfter(seq: number): number {
    if (seq >= this.#head) return 0
    const next = this.#kept(seq + 1)
    return next ? this.#bytesEver - next.bytesBefore : this.#bytes
  }

  /** What somebody lost who asked for these streams and has read up to number `after`. */
  lossSince(after: number, streams: ReadonlySet<string> | 'all'): Loss {
    return this.#drops.since(after, streams)
  }

  /** Drops what is over the bounds. The newest event stays whatever its size: it has yet to be sent. */
  trim(now: number): void {
    const { maxBytes, maxEntries, maxAgeMs } = this.#bounds
    for (;;) {
      const count = this.#entries.length - this.#start
      const first = this.#entries[this.#start]
      if (!first || count <= 1) break
      if (count <= maxEntries && this.#bytes <= maxBytes && now - first.at <= maxAgeMs) break
      this.#drops.note(this.oldest, first.stream, first.to)
      this.#entries[this.#start] = undefined
      this.#start += 1
      this.#bytes -= first.bytes
    }
    if (this.#start > compactFrom && this.#start * 2 > this.#entries.length) {
      this.#entries = this.#entries.slice(this.#start)
      this.#start = 0
    }
  }

  #kept(seq: number): Kept | undefined {
    return seq < this.oldest ? undefined : this.#entries[this.#start + seq - this.oldest]
  }
}
