import type { Cursor } from './cursor.js'
import { type Interest, wants } from './interest.js'
import type { BroadcastLog, LogEntry } from './log.js'
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
    let entry = this.#log.at(cursor.next)
    while (entry && !isFor(cursor, entry)) {
      cursor.next += 1
      entry = this.#log.at(cursor.next)
    }
    if (!entry) return undefined
    if (entry.to !== undefined) return this.#build(cursor, (next) => isFor(cursor, next), () => false)
    const { interest, told, next } = cursor
    const frames = this.#shared.get(interest) ?? []
    const shared = frames.find((frame) => frame.told === told && frame.next === next)
    if (shared) return shared
    // What is for one instance alone ends a frame that others may get too.
    const frame = this.#build(cursor, ({ stream }) => wants(interest, stream), ({ to }) => to !== undefined)
    this.#shared.set(interest, [...frames, frame])
    return frame
  }

  #build({ told, next }: Cursor, isIn: (entry: LogEntry) => boolean, isEnd: (entry: LogEntry) => boolean): BuiltFrame {
    const events: string[] = []
    let bytes = 0
    let seq = next
    for (let entry = this.#log.at(seq); entry && !isEnd(entry); entry = this.#log.at(seq)) {
      if (isIn(entry)) {
        if (events.length > 0 && bytes + entry.bytes > frameBytes) break
        events.push(`[${seq - told - 1}${entry.text}`)
        bytes += entry.bytes
      }
      seq += 1
    }
    return { bytes: encodeFrame(told + 1, seq - 1, events), told, next, last: seq - 1 }
  }
}

function isFor({ interest, peerId }: Cursor, { stream, to }: LogEntry): boolean {
  return (to === undefined || to === peerId) && wants(interest, stream)
}
