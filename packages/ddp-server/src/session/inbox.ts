/** A message and how long its text was, which is about what it costs to keep it. */
export interface Received<Message> {
  readonly message: Message
  readonly length: number
}

/**
 * The order of a session's work: one message at a time, as they came, unless the one at work lets the next one begin.
 * `Work` is what stands for a message at work, and holds the others back.
 */
export class Inbox<Message, Work extends object> {
  #waiting: Received<Message>[] = []
  #first = 0
  #waitingLength = 0
  #holder: Work | undefined
  /** Work that has begun, let the others go on, and not ended. */
  readonly #unblocked = new Set<Work>()

  /** Messages that wait or are at work. */
  get size(): number {
    return this.#waiting.length - this.#first + this.#unblocked.size + (this.#holder === undefined ? 0 : 1)
  }

  /** How long the messages that wait are together. */
  get waitingLength(): number {
    return this.#waitingLength
  }

  /** Messages that wait. */
  get waiting(): readonly Received<Message>[] {
    return this.#waiting.slice(this.#first)
  }

  /** Work that has begun and not ended. */
  get atWork(): readonly Work[] {
    return this.#holder === undefined ? [...this.#unblocked] : [this.#holder, ...this.#unblocked]
  }

  push(received: Received<Message>): void {
    this.#waiting.push(received)
    this.#waitingLength += received.length
  }

  /** The next message, if it may begin: not while so much work is under way that was let go on. */
  next(mostUnblocked: number): Received<Message> | undefined {
    if (this.#holder !== undefined || this.#first === this.#waiting.length || this.#unblocked.size >= mostUnblocked) return undefined
    const received = this.#waiting[this.#first]
    this.#first += 1
    this.#waitingLength -= received?.length ?? 0
    if (this.#first === this.#waiting.length || this.#first === 256) {
      this.#waiting = this.#waiting.slice(this.#first)
      this.#first = 0
    }
    return received
  }

  begin(work: Work): void {
    this.#holder = work
  }

  /** Work that began out of turn, and holds nobody back. */
  beginUnblocked(work: Work): void {
    this.#unblocked.add(work)
  }

  /** @returns whether it was this work that held the others back */
  unblock(work: Work): boolean {
    if (this.#holder !== work) return false
    this.#holder = undefined
    this.#unblocked.add(work)
    return true
  }

  end(work: Work): void {
    if (this.#holder === work) this.#holder = undefined
    else this.#unblocked.delete(work)
  }

  clear(): void {
    this.#waiting = []
    this.#first = 0
    this.#waitingLength = 0
    this.#unblocked.clear()
    this.#holder = undefined
  }
}
