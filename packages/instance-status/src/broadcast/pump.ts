import type { Connection } from '@ddp-cluster/ddp-server'
import type { Clock, Timers } from '@ddp-cluster/ddp-common/internal'
import { Cursor } from './cursor.js'
import { FrameMemory } from './frame-memory.js'
import { Framing } from './framing.js'
import type { Interest } from './interest.js'
import type { BroadcastLog } from './log.js'
import { Places } from './places.js'
import { encodeFrame, encodeFrom, encodeGap, frameLength } from './wire.js'

/** A socket that has more than this waiting is left alone until it has less. */
const highWaterBytes = 1024 * 1024
/** How soon a socket that had too much waiting is looked at again, */
const retryMs = 5
/** and when none of them has moved for long. */
const stalledRetryMs = 50
/** A peer that takes nothing for so long holds nobody up. */
const stallMs = 2_000
/** A peer is told how far it is at least every so many numbers, also when nothing of them is for it. */
const tellEvery = 4096

/** Where the unsent part of the log counts as much, and where as little. */
export interface Marks {
  readonly bytes: number
  readonly entries: number
}

/** Sends the log to the peers, each from its own place, as fast as its socket takes it. */
export class Pump {
  readonly #log: BroadcastLog
  readonly #timers: Timers
  readonly #clock: Clock
  readonly #marks: Marks
  readonly #memory = new FrameMemory()
  readonly #cursors = new Map<string, Cursor>()
  readonly #places = new Places()
  readonly #waiting = new Set<{ readonly marks: Marks; readonly reached: () => void }>()
  /** Where the slowest of the peers that are not stalled is. */
  #slowest = Number.POSITIVE_INFINITY
  #state: 'idle' | 'scheduled' = 'idle'
  #cancelRetry: (() => void) | undefined

  constructor(log: BroadcastLog, timers: Timers, clock: Clock, marks: Marks) {
    this.#log = log
    this.#timers = timers
    this.#clock = clock
    this.#marks = marks
  }

  /** Gives a peer what comes after number `after`, or from now on. It has one place, whatever sessions it had before. */
  attach(peerId: string, connection: Connection, interest: Interest, after: number = this.#log.head): void {
    const cursor = new Cursor(peerId, connection, this.#known(interest), after, this.#clock.now())
    const before = this.#cursors.get(peerId)
    if (before) this.#places.leave(before)
    this.#cursors.set(peerId, cursor)
    connection.onClose(() => {
      const current = this.#cursors.get(peerId)
      if (current?.connection !== connection) return
      this.#places.leave(current)
      this.#cursors.delete(peerId)
      this.schedule()
    })
    this.#answer(cursor)
  }

  /** Changes the interest of a peer. False when the peer has no cursor on this session. */
  change(peerId: string, connection: Connection, interest: Interest): boolean {
    const cursor = this.#cursors.get(peerId)
    if (cursor?.connection !== connection) return false
    cursor.interest = this.#known(interest)
    this.#answer(cursor)
    return true
  }

  /** Runs once in this turn of the event loop, however often it is asked to: what one turn emits leaves together. */
  schedule(): void {
    if (this.#state === 'scheduled') return
    this.#state = 'scheduled'
    setImmediate(() => {
      this.#state = 'idle'
      this.run()
    })
  }

  /** Sees to it that every peer learns how far it is, also one for which nothing of the rest is. */
  announce(): void {
    for (const cursor of this.#cursors.values()) cursor.announce = true
    this.schedule()
  }

  /** Whether little waits to be sent, stalled peers aside. */
  get isUnderMark(): boolean {
    return this.#isUnder(this.#marks)
  }

  /** Calls `drained` when less than half of the mark waits. */
  whenDrained(drained: () => void): void {
    this.#waiting.add({ marks: { bytes: this.#marks.bytes / 2, entries: this.#marks.entries / 2 }, reached: drained })
    this.schedule()
  }

  /** Calls `empty` when all has been handed to the sockets, perhaps at once. */
  whenEmpty(empty: () => void): void {
    this.#waiting.add({ marks: { bytes: 1, entries: 1 }, reached: empty })
    this.run()
  }

  /** Sends what the sockets take now. */
  run(): void {
    const now = this.#clock.now()
    this.#log.trim(now)
    const framing = new Framing(this.#log, this.#memory)
    let retry: number | undefined
    this.#slowest = Number.POSITIVE_INFINITY
    for (const cursor of this.#cursors.values()) {
      cursor.look(now)
      const isBehind = this.#send(cursor, framing)
      const isMoving = cursor.isMoving(now, stallMs)
      if (isMoving) this.#slowest = Math.min(this.#slowest, cursor.next)
      if (isBehind) retry = isMoving ? retryMs : (retry ?? stalledRetryMs)
    }
    framing.end()
    this.#cancelRetry?.()
    this.#cancelRetry = retry === undefined ? undefined : this.#timers.after(retry, () => this.run())
    this.#tellDrained()
  }

  /** The peers that have a place now. */
  peers(): ReadonlySet<string> {
    return new Set(this.#cursors.keys())
  }

  /** The number up to which a peer has been sent what it asked for; undefined for one that never asked. */
  placeOf(peerId: string): number | undefined {
    const cursor = this.#cursors.get(peerId)
    return cursor ? cursor.next - 1 : this.#places.of(peerId)
  }

  /** Bytes of events that were handed to the sockets. */
  get sentBytes(): number {
    let bytes = this.#places.bytes
    for (const cursor of this.#cursors.values()) bytes += cursor.handed
    return bytes
  }

  close(): void {
    this.#cancelRetry?.()
    for (const cursor of this.#cursors.values()) this.#places.leave(cursor)
    this.#cursors.clear()
    this.#waiting.clear()
  }

  /** Says from which number on what was asked for holds. In order with the frames, as an answer to the request itself need not be. */
  #answer(cursor: Cursor): void {
    cursor.send(encodeFrom(this.#log.head + 1))
    this.schedule()
  }

  /** Interests that are alike are one object, by which frames are shared. */
  #known(interest: Interest): Interest {
    for (const cursor of this.#cursors.values()) if (cursor.interest.key === interest.key) return cursor.interest
    return interest
  }

  #isUnder({ bytes, entries }: Marks): boolean {
    const after = this.#slowest - 1
    return this.#log.head - after < entries && this.#log.bytesAfter(after) < bytes
  }

  #tellDrained(): void {
    for (const waiter of this.#waiting) {
      if (!this.#isUnder(waiter.marks)) continue
      this.#waiting.delete(waiter)
      waiter.reached()
    }
  }

  /** Whether something had to be left for later. */
  #send(cursor: Cursor, framing: Framing): boolean {
    for (;;) {
      if (cursor.next <= this.#log.head && cursor.buffered >= highWaterBytes) return true
      if (cursor.next < this.#log.oldest && this.#skip(cursor) === 'closed') return false
      const frame = framing.next(cursor)
      if (!frame) break
      frame.hold()
      if (cursor.send(frame.bytes, frame.letGo) === 'closed') return false
      cursor.told = frame.last
      cursor.next = frame.last + 1
    }
    const { head } = this.#log
    if (head - cursor.told >= tellEvery || (cursor.announce && head > cursor.told)) {
      cursor.send(encodeFrame(Buffer.allocUnsafe(frameLength([])), head, cursor.told, head, []))
      cursor.told = head
    }
    cursor.announce = false
    return false
  }

  /** The log has overtaken the cursor. */
  #skip(cursor: Cursor): 'sent' | 'closed' {
    const { oldest } = this.#log
    const after = cursor.next - 1
    const loss = this.#log.lossSince(after, cursor.interest.streams)
    cursor.next = oldest
    if (loss === 'none') return 'sent'
    cursor.told = oldest - 1
    return cursor.send(encodeGap(after, oldest, loss === 'exact'))
  }
}
