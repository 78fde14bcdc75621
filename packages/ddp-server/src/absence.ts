import type { ConnectionEnd } from './connection.js'
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
  /** The client is back, or the session has ended. */
  readonly onOver: () => void
}

/** Messages of one session that begin in one turn of the event loop. */
const beginningsPerTurn = 64

/** Stands in for the socket that a session has lost: keeps what the session says, in order and within bounds, and lets its work go on. */
export class Absence implements Outlet, TurnMember {
  readonly session: OpenSession
  /** Messages for the client, ready to be sent. */
  readonly held: string[] = []
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
    if (this.#isOver) return
    this.held.push(text)
    this.#heldBytes += Buffer.byteLength(text)
    if (this.held.length > this.#options.maxMessages || this.#heldBytes > this.#options.maxBytes) this.giveUp()
  }

  sendFrame(frame: Buffer | string, written?: () => void): void {
    this.sendText(frame.toString())
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
    this.#options.onOver()
  }

  #finish(end: ConnectionEnd): void {
    this.leave()
    this.session.end(end)
  }
}
