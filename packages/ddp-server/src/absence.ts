import type { ConnectionEnd } from './connection.js'
import type { HeldBytes } from './held-bytes.js'
import type { OpenSession } from './open-session.js'
import type { Outlet } from './outlet.js'
import type { Turn, TurnMember } from './turn.js'

export interface AbsenceOptions {
  readonly session: OpenSession
  /** How the socket was lost. */
  readonly end: ConnectionEnd
  readonly turn: Turn
  readonly maxMessages: number
  readonly maxBytes: number
  /** Shared by all absences of an endpoint. */
  readonly heldBytes: HeldBytes
  /** The absence holds one message more, within its own bounds. */
  readonly onHeld: () => void
  /** The client is back, or the session has ended. */
  readonly onOver: () => void
}

/** Messages of one session that begin in one turn of the event loop. */
const beginningsPerTurn = 64

/** Stands in for the socket that a session has lost: keeps what the session says, in order and within bounds, and lets its work go on. */
export class Absence implements Outlet, TurnMember {
  readonly session: OpenSession
  /** Messages for the client, ready to be sent. A Buffer is the one that clients with a socket are sent, not a copy. */
  readonly held: (Buffer | string)[] = []
  readonly #options: AbsenceOptions
  #heldBytes = 0
  #isInTurn = false
  #isOver = false

  constructor(options: AbsenceOptions) {
    this.session = options.session
    this.#options = options
  }

  get bufferedBytes(): number {
    return this.#heldBytes
  }

  /** Number of messages that the client was sent before the socket was lost. */
  get sentCount(): number {
    return this.session.count - this.held.length
  }

  sendText(text: string): void {
    this.#hold(text, Buffer.byteLength(text))
  }

  sendFrame(frame: Buffer | string, written?: () => void): void {
    if (typeof frame === 'string') {
      this.sendText(frame)
    } else {
      // The caller may reuse the memory once `written` is called.
      this.#hold(written === undefined ? frame : Buffer.from(frame), frame.length)
    }
    if (written !== undefined) queueMicrotask(written)
  }

  goOn(): void {
    if (this.#isInTurn || this.#isOver) return
    this.#isInTurn = true
    this.#options.turn.add(this)
  }

  endTurn(): void {
    this.#isInTurn = false
    if (this.#isOver) return
    if (this.session.advance(beginningsPerTurn) >= beginningsPerTurn) this.goOn()
    this.session.sendUpdated()
  }

  admit(): void {
    // An instance that lost its socket dials again, and proves itself again.
    this.giveUp()
  }

  close(code: number, reason: string): void {
    this.#finish({ cause: 'local', code, reason })
  }

  /** Ends the session by the loss of its socket. */
  giveUp(): void {
    this.#finish(this.#options.end)
  }

  /** The session has another outlet, or none. */
  leave(): void {
    if (this.#isOver) return
    this.#isOver = true
    for (const message of this.held) this.#options.heldBytes.release(message)
    this.#options.onOver()
  }

  #hold(message: Buffer | string, bytes: number): void {
    if (this.#isOver) return
    this.held.push(message)
    this.#heldBytes += bytes
    this.#options.heldBytes.hold(message)
    if (this.held.length > this.#options.maxMessages || this.#heldBytes > this.#options.maxBytes) this.giveUp()
    else this.#options.onHeld()
  }

  #finish(end: ConnectionEnd): void {
    this.leave()
    // The application may keep the connection, and with it this outlet.
    this.held.length = 0
    this.#heldBytes = 0
    this.session.end(end)
  }
}
