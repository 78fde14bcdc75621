import { describe, expect, it } from 'vitest'
import type { DataMessage } from '@ddp-cluster/ddp-common'
import type { Connection } from '@ddp-cluster/ddp-server'
import { Cursor } from './cursor.js'
import { FrameMemory } from './frame-memory.js'
import { Framing } from './framing.js'
import { type Interest, toInterest } from './interest.js'
import { BroadcastLog } from './log.js'
import { decodeFrame } from './wire.js'

const everything = toInterest(true)

/** A log with one event for each of these: `stream`, or `stream>instance`. */
function logOf(...events: string[]): BroadcastLog {
  const log = new BroadcastLog({ maxBytes: 1e9, maxEntries: 1e6, maxAgeMs: 1e9 })
  for (const event of events) {
    const [stream = '', to] = event.split('>')
    log.append(`${JSON.stringify(stream)},"e",`, '[]', { at: 0, stream, to }, 1e6)
  }
  return log
}

/** No session is looked at when frames are made. */
const cursor = (id: string, interest: Interest = everything, after = 0): Cursor => new Cursor(id, {} as Connection, interest, after, 0)

/** All that the cursor gets, frame by frame: numbers covered, and numbers of events. */
function read(log: BroadcastLog, reader: Cursor, framing = new Framing(log, new FrameMemory())): unknown[] {
  const frames: unknown[] = []
  for (let frame = framing.next(reader); frame; frame = framing.next(reader)) {
    const decoded = decodeFrame(JSON.parse(frame.bytes.toString()) as DataMessage)
    if (decoded?.kind !== 'events') throw new Error('no frame of events')
    frames.push([decoded.after, decoded.last, decoded.events.map(({ seq }) => seq)])
    reader.told = frame.last
    reader.next = frame.last + 1
  }
  return frames
}

describe('Framing', () => {
  it('gives readers at one place with one interest the same bytes, and others their own', () => {
    const log = logOf('a', 'b', 'a')
    const framing = new Framing(log, new FrameMemory())
    const some = toInterest(['a'])
    const bytes = [cursor('x'), cursor('y'), cursor('z', some), cursor('w', some), cursor('v', everything, 1)].map((reader) => framing.next(reader)?.bytes)
    expect(bytes[1]).toBe(bytes[0])
    expect(bytes[3]).toBe(bytes[2])
    expect(new Set(bytes).size).toBe(3)
  })

  it('puts the streams that were asked for into a frame, and says what it covers', () => {
    const log = logOf('b', 'a', 'b', 'a', 'a', 'b')
    expect(read(log, cursor('x', toInterest(['a'])))).toEqual([[0, 6, [2, 4, 5]]])
    expect(read(log, cursor('x', toInterest(['c'])))).toEqual([])
    expect(read(log, cursor('x', everything, 4))).toEqual([[4, 6, [5, 6]]])
  })

  it('gives what is for one instance to that one alone, and shares what lies around it', () => {
    const log = logOf('a', 'a>x', 'a>x', 'a', 'a>y', 'b>x', 'a')
    const framing = new Framing(log, new FrameMemory())
    expect(read(log, cursor('x', toInterest(['a'])), framing)).toEqual([[0, 1, [1]], [1, 7, [2, 3, 4, 7]]])
    expect(read(log, cursor('y', toInterest(['a'])), framing)).toEqual([[0, 1, [1]], [1, 4, [4]], [4, 7, [5, 7]]])
    expect(read(log, cursor('z', toInterest(['a'])), framing)).toEqual([[0, 1, [1]], [1, 4, [4]], [4, 7, [7]]])
  })

  it('ends a frame at 64 KiB, and has larger events alone', () => {
    const log = new BroadcastLog({ maxBytes: 1e9, maxEntries: 1e6, maxAgeMs: 1e9 })
    for (const size of [30_000, 30_000, 30_000, 200_000, 10, 300_000, 10]) log.append('"a","e",', JSON.stringify(['x'.repeat(size)]), { at: 0, stream: 'a', to: undefined }, 1e6)
    expect(read(log, cursor('x')).map((frame) => (frame as [number, number, number[]])[2])).toEqual([[1, 2], [3], [4], [5], [6], [7]])
  })

  it('uses the memory of a frame again when the last who holds it lets go', () => {
    const log = logOf(...Array.from({ length: 2000 }, () => 'a stream with a name that is long enough'))
    const memory = new FrameMemory()
    const frame = (framing: Framing) => framing.next(cursor('x'))
    const first = new Framing(log, memory)
    const held = frame(first)
    held?.hold()
    first.end()
    const second = new Framing(log, memory)
    expect(frame(second)?.bytes.buffer).not.toBe(held?.bytes.buffer)
    held?.letGo()
    expect(frame(new Framing(log, memory))?.bytes.buffer).toBe(held?.bytes.buffer)
  })
})
