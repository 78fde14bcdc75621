import type { Connection } from '@ddp-cluster/ddp-server'
import { bufferedBytes, sendFrame } from '@ddp-cluster/ddp-server/internal'
import type { Timers } from '@ddp-cluster/ddp-common/internal'
import type { BroadcastLog } from './log.js'
import { encodeFrame, encodeGap } from './wire.js'

/** Where a peer has got to in the log. */
interface Cursor {
  readonly connection: Connection
  /** The number that it is sent next. */
  next: number
}

interface BuiltFrame {
  readonly bytes: Buffer
  readonly last: number
}

/** A frame holds so many bytes, or one event that is larger. */
const frameBytes = 64 * 1024
/** A socket that has more than this waiting is left alone until it has less. */
const highWaterBytes = 1024 * 1024
/** How soon a socket that had too much waiting is looked at again. */
const retryMs = 5

/** Sends the log to the peers, each from its own place, as fast as its socket takes it. */
export class Pump {
  readonly #log: BroadcastLog
  readonly #timers: Timers
  readonly #cursors = new Map<string, Cursor>()
  #state: 'idle' | 'scheduled' = 'idle'
  #cancelRetry: (() => void) | undefined

  constructor(log: BroadcastLog, timers: Timers) {
    this.#log = log
    this.#timers = timers
  }

  /** Gives a peer what comes after number `after`. It has one place, whatever sessions it had before. */
  attach(peerId: string, connection: Connection, after: number): void {
    this.#cursors.set(peerId, { connection, next: after + 1 })
    connection.onClose(() => {
      if (this.#cursors.get(peerId)?.connection === connection) this.#cursors.delete(peerId)
    })
    this.schedule()
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

  /** Sends what the sockets take now. */
  run(): void {
    // Peers at the same place get the same bytes.
    const built = new Map<number, BuiltFrame>()
    let behind = false
    for (const cursor of this.#cursors.values()) behind = this.#send(cursor, built) || behind
    this.#cancelRetry?.()
    this.#cancelRetry = behind ? this.#timers.after(retryMs, () => this.run()) : undefined
  }

  close(): void {
    this.run()
    this.#cancelRetry?.()
    this.#cursors.clear()
  }

  /** Whether something had to be left for later. */
  #send(cursor: Cursor, built: Map<number, BuiltFrame>): boolean {
    while (cursor.next <= this.#log.head) {
      if (bufferedBytes(cursor.connection) >= highWaterBytes) return true
      const { oldest } = this.#log
      if (cursor.next < oldest) {
        if (sendFrame(cursor.connection, encodeGap(cursor.next - 1, oldest)) === 'closed') return false
        cursor.next = oldest
      }
      const frame = built.get(cursor.next) ?? this.#build(cursor.next)
      built.set(cursor.next, frame)
      if (sendFrame(cursor.connection, frame.bytes) === 'closed') return false
      cursor.next = frame.last + 1
    }
    return false
  }

  #build(first: number): BuiltFrame {
    const texts: string[] = []
    let bytes = 0
    for (let entry = this.#log.at(first); entry; entry = this.#log.at(first + texts.length)) {
      if (texts.length > 0 && bytes + entry.bytes > frameBytes) break
      texts.push(entry.text)
      bytes += entry.bytes
    }
    return { bytes: encodeFrame(first, texts), last: first + texts.length - 1 }
  }
}
