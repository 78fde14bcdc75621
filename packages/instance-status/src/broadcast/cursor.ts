import type { Connection } from '@ddp-cluster/ddp-server'
import { bufferedBytes, sendFrame } from '@ddp-cluster/ddp-server/internal'
import type { Interest } from './interest.js'

/** Where one peer has got to in the log, and the session through which it is sent what comes next. */
export class Cursor {
  readonly peerId: string
  readonly connection: Connection
  interest: Interest
  /** The last number that the peer knows to be behind it. */
  told: number
  /** The number that is looked at next: those between it and `told` are nothing that the peer asked for. */
  next: number
  /** The peer is to be told how far it is when it has everything, although nothing of the rest may be for it. */
  announce = true
  #handed = 0
  #taken = 0
  #movedAt: number

  constructor(peerId: string, connection: Connection, interest: Interest, after: number, now: number) {
    this.peerId = peerId
    this.connection = connection
    this.interest = interest
    this.told = after
    this.next = after + 1
    this.#movedAt = now
  }

  /** Bytes that were given to the session. */
  get handed(): number {
    return this.#handed
  }

  get buffered(): number {
    return bufferedBytes(this.connection)
  }

  /** `written` is called when the frame's memory is needed no more; not when the session has ended. */
  send(frame: Buffer, written?: () => void): 'sent' | 'closed' {
    this.#handed += frame.length
    return sendFrame(this.connection, frame, written)
  }

  /** Looks whether the peer took anything since the last look; when nothing waits for it, it owes nothing. */
  look(now: number): void {
    const { buffered } = this
    const taken = this.#handed - buffered
    if (taken > this.#taken || buffered === 0) this.#movedAt = now
    this.#taken = taken
  }

  /** Whether it has moved within the last `withinMs`. */
  isMoving(now: number, withinMs: number): boolean {
    return now - this.#movedAt <= withinMs
  }
}
