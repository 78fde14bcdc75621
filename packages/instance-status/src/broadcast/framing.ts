import type { Cursor } from './cursor.js'
import { type Interest, wants } from './interest.js'
import type { BroadcastLog } from './log.js'
import type { Segment } from './segment.js'
import { encodeFrame } from './wire.js'

/** A frame holds so many bytes of events, or one event that is larger. */
const frameBytes = 64 * 1024

export interface BuiltFrame {
  readonly bytes: Buffer
  readonly told: number
  readonly next: number
  readonly last: number
}

/** Makes frames of what lies in the log. One of these lives for one run of the pump: peers at the same place who asked for the same get the same bytes. */
export class Framing {
  readonly #log: BroadcastLog
  readonly #shared = new Map<Interest, BuiltFrame[]>()

  constructor(log: BroadcastLog) {
    this.#log = log
  }

  /** The next frame for this cursor, or undefined when it has everything. Moves it past what it did not ask for. */
  next(cursor: Cursor): BuiltFrame | undefined {
    const segment = this.#firstFor(cursor)
    if (!segment) return undefined
    if (segment.targetOf(cursor.next) !== undefined) return build(segment, cursor, 'its own')
    const { interest, told, next } = cursor
    const frames = this.#shared.get(interest) ?? []
    const shared = frames.find((frame) => frame.told === told && frame.next === next)
    if (shared) return shared
    const frame = build(segment, cursor, 'shared')
    frames.push(frame)
    this.#shared.set(interest, frames)
    return frame
  }

  /** Moves the cursor to the first event that is for it; undefined when there is none. */
  #firstFor(cursor: Cursor): Segment | undefined {
    for (let segment = this.#log.segmentOf(cursor.next); segment; segment = this.#log.segmentOf(cursor.next)) {
      for (; cursor.next < segment.next; cursor.next += 1) if (isFor(cursor, segment, cursor.next)) return segment
    }
    return undefined
  }
}

/**
 * A frame of what is in this segment for the cursor, from its place on. Neighbours are copied in one go. What is for one instance alone
 * ends a frame that others may get too.
 */
function build(segment: Segment, cursor: Cursor, whose: 'shared' | 'its own'): BuiltFrame {
  const { told, next } = cursor
  const runs: Buffer[] = []
  let bytes = 0
  let from = segment.startOf(next)
  let seq = next
  for (; seq < segment.next; seq += 1) {
    if (whose === 'shared' && segment.targetOf(seq) !== undefined) break
    const end = segment.endOf(seq)
    if (isFor(cursor, segment, seq)) {
      const start = segment.startOf(seq)
      if (bytes > 0 && bytes + end - start > frameBytes) break
      bytes += end - start
    } else {
      if (segment.startOf(seq) > from) runs.push(segment.bytes.subarray(from, segment.startOf(seq)))
      from = end
    }
  }
  if (segment.startOf(seq) > from) runs.push(segment.bytes.subarray(from, segment.startOf(seq)))
  return { bytes: encodeFrame(segment.base, told, seq - 1, runs), told, next, last: seq - 1 }
}

function isFor({ interest, peerId }: Cursor, segment: Segment, seq: number): boolean {
  const target = segment.targetOf(seq)
  return (target === undefined || target === peerId) && wants(interest, segment.streamOf(seq))
}
