import { Drops, type Loss } from './drops.js'
import { type EntryFacts, Segment } from './segment.js'

/** How much is kept for peers that are slow or away. What is over any bound is dropped, oldest first. */
export interface LogBounds {
  readonly maxBytes: number
  readonly maxEntries: number
  readonly maxAgeMs: number
}

/** A segment has so many bytes and takes so many events, or is made for one event that is larger. */
const segmentBytes = 256 * 1024
const segmentEntries = 2048
/** More than stands before an event in its segment: `,offset,`. */
const mostBefore = 16

/**
 * What one instance emitted, numbered from 1, in order. Every peer reads it from a place of its own, so its memory does not grow
 * with their number; and it lies outside the heap, where what is dropped would wait for the garbage collector.
 */
export class BroadcastLog {
  readonly #bounds: LogBounds
  readonly #drops = new Drops()
  #segments: Segment[] = []
  /** The one that was dropped last, to be used again. */
  #spare: Segment | undefined
  #oldest = 1
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
    return this.#oldest
  }

  get bytes(): number {
    return this.#bytes
  }

  /** Takes in an event, `name` being `stream,event,` and `args` its arguments, as JSON; returns its number, or undefined if it takes more than `maxBytes`. */
  append(name: string, args: string, facts: EntryFacts, maxBytes: number): number | undefined {
    let segment = this.#segments.at(-1)
    let outcome = segment?.append(name, args, facts, maxBytes) ?? 'full'
    if (outcome === 'full') {
      const bytes = Buffer.byteLength(name) + Buffer.byteLength(args)
      if (bytes > maxBytes) return undefined
      segment = this.#segmentFor(bytes + mostBefore)
      segment.begin(this.#head + 1, this.#bytesEver)
      outcome = segment.append(name, args, facts, maxBytes)
      this.#segments.push(segment)
    }
    if (!segment || outcome !== 'taken') return undefined
    this.#head += 1
    const bytes = segment.endOf(this.#head) - segment.startOf(this.#head)
    this.#bytes += bytes
    this.#bytesEver += bytes
    this.trim(facts.at)
    return this.#head
  }

  /** The segment in which the event of this number stands, or undefined when it is not here. */
  segmentOf(seq: number): Segment | undefined {
    if (seq < this.#oldest || seq > this.#head) return undefined
    let [low, high] = [0, this.#segments.length - 1]
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if ((this.#segments[middle]?.base ?? 0) <= seq) low = middle
      else high = middle - 1
    }
    return this.#segments[low]
  }

  /** The bytes of the events after number `seq` that are still here. */
  bytesAfter(seq: number): number {
    const first = Math.max(seq + 1, this.#oldest)
    const segment = this.segmentOf(first)
    return segment ? this.#bytesEver - segment.bytesBefore - segment.startOf(first) : 0
  }

  /** Loss of a reader of these streams that has read up to number `after`. */
  lossSince(after: number, streams: ReadonlySet<string> | 'all'): Loss {
    return this.#drops.since(after, streams)
  }

  /** Drops what is over the bounds. The newest event stays whatever its size: it has yet to be sent. */
  trim(now: number): void {
    const { maxBytes, maxEntries, maxAgeMs } = this.#bounds
    let segment = this.#segments[0]
    while (segment && this.#oldest < this.#head) {
      const seq = this.#oldest
      if (this.#head - seq < maxEntries && this.#bytes <= maxBytes && now - segment.timeOf(seq) <= maxAgeMs) break
      this.#drops.note(seq, segment.streamOf(seq), segment.targetOf(seq))
      this.#bytes -= segment.endOf(seq) - segment.startOf(seq)
      this.#oldest += 1
      if (this.#oldest < segment.next) continue
      this.#segments.shift()
      if (segment.bytes.length === segmentBytes) this.#spare = segment
      segment = this.#segments[0]
    }
  }

  #segmentFor(bytes: number): Segment {
    if (bytes > segmentBytes) return new Segment(bytes, 1)
    const segment = this.#spare ?? new Segment(segmentBytes, segmentEntries)
    this.#spare = undefined
    return segment
  }
}
