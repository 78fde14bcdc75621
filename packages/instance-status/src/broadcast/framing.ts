import type { Cursor } from './cursor.js'
import { type Interest, wants } from './interest.js'
import type { BroadcastLog } from './log.js'
import type { Segment } from './segment.js'
import { encodeFrame, frameLength } from './wire.js'
import type { FrameMemory } from './frame-memory.js'

/** A frame holds so many bytes of events, or one event that is larger. */
const frameBytes = 64 * 1024

/** A frame on its way. Who sends it holds it, and lets go when it is written; the one who made it does so at the end of the run. */
export class BuiltFrame {
  readonly bytes: Buffer
  readonly told: number
  readonly next: number
  readonly last: number
  readonly #release: () => void
  #holders = 1

  constructor(bytes: Buffer, { told, next }: Cursor, last: number, release: () => void) {
    this.bytes = bytes
    this.told = told
    this.next = next
    this.last = last
    this.#release = release
  }

  hold(): void {
    this.#holders += 1
  }

  readonly letGo = (): void => {
    this.#holders -= 1
    if (this.#holders === 0) this.#release()
  }
}

/** Makes frames of what lies in the log. One of these lives for one run of the pump: peers at the same place who asked for the same get the same bytes. */
export class Framing {
  readonly #log: BroadcastLog
  readonly #memory: FrameMemory
  readonly #shared = new Map<Interest, BuiltFrame[]>()
  readonly #built: BuiltFrame[] = []

  constructor(log: BroadcastLog, memory: FrameMemory) {
    this.#log = log
    this.#memory = memory
  }

  /** The next frame for this cursor, or undefined when it has everything. Moves it past what it did not ask for. */
  next(cursor: Cursor): BuiltFrame | undefined {
    const segment = this.#firstFor(cursor)
    if (!segment) return undefined
    if (segment.targetOf(cursor.next) !== undefined) return this.#build(segment, cursor, 'its own')
    const { interest, told, next } = cursor
    const frames = this.#shared.get(interest) ?? []
    const shared = frames.find((frame) => frame.told === told && frame.next === next)
    if (shared) return shared
    const frame = this.#build(segment, cursor, 'shared')
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

  /**
   * A frame of what is in this segment for the cursor, from its place on. Neighbours are copied in one go. What is for one instance alone
   * ends a frame that others may get too.
   */
  #build(segment: Segment, cursor: Cursor, whose: 'shared' | 'its own'): BuiltFrame {
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
    const memory = this.#memory.take(frameLength(runs))
    const frame = new BuiltFrame(encodeFrame(memory, segment.base, told, seq - 1, runs), cursor, seq - 1, () => this.#memory.giveBack(memory))
    this.#built.push(frame)
    return frame
  }

  /** Nothing more is asked of it. */
  end(): void {
    for (const frame of this.#built) frame.letGo()
  }
}

function isFor({ interest, peerId }: Cursor, segment: Segment, seq: number): boolean {
  const target = segment.targetOf(seq)
  return (target === undefined || target === peerId) && wants(interest, segment.streamOf(seq))
}
