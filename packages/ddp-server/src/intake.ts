import type { MessageSocket } from './socket/message-socket.js'

/** Why nothing more is taken from a client for now. Its kernel makes it wait; nobody else does. */
export type Pause =
  /** The client had its share of this turn of the event loop. */
  | 'turn'
  /** Too much of what it sent before is not done yet. */
  | 'queue'

/** Messages of a client, at the pace at which they are taken. */
export class Intake {
  readonly #socket: MessageSocket
  readonly #read: (text: string) => void
  /** Messages that the socket had read when it was paused: at most one read from the network, or one frame of SockJS. */
  #unread: string[] = []
  #firstUnread = 0
  #pause: Pause | undefined
  #hasEnded = false

  constructor(socket: MessageSocket, read: (text: string) => void) {
    this.#socket = socket
    this.#read = read
  }

  /** Why it pauses, if it does. */
  get paused(): Pause | undefined {
    return this.#pause
  }

  /** A message came from the socket: it is read now, or after `resume()`. */
  take(text: string): void {
    if (this.#hasEnded) return
    if (this.#pause === undefined) this.#read(text)
    else this.#unread.push(text)
  }

  /** Stops reading, or goes on pausing for this reason instead. */
  pause(why: Pause): void {
    this.#pause = why
    this.#socket.pause()
  }

  /** Goes on, first with what came before the socket heard of the pause. */
  resume(): void {
    if (this.#pause === undefined || this.#hasEnded) return
    this.#pause = undefined
    this.#readUnread()
    if (this.#isReading()) this.#socket.resume()
  }

  /** Nothing is read any more; answers what came and was not read. */
  end(): readonly string[] {
    const unread = this.#unread.slice(this.#firstUnread)
    this.#hasEnded = true
    this.#unread = []
    this.#firstUnread = 0
    return unread
  }

  #readUnread(): void {
    while (this.#firstUnread < this.#unread.length && this.#isReading()) {
      const text = this.#unread[this.#firstUnread] ?? ''
      this.#firstUnread += 1
      this.#read(text)
    }
    if (this.#firstUnread < this.#unread.length) return
    this.#unread = []
    this.#firstUnread = 0
  }

  #isReading(): boolean {
    return this.#pause === undefined && !this.#hasEnded
  }
}
