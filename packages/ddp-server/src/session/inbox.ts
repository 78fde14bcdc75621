/**
 * The order of a session's work: one message at a time, as they came, unless the one at work lets the next one begin.
 * `Work` is what stands for a message at work, and holds the others back.
 */
export class Inbox<Message, Work extends object> {
  #waiting: Message[] = []
  #first = 0
  #holder: Work | undefined
  /** Work that has begun, let the others go on, and not ended. */
  readonly #unblocked = new Set<Work>()

  /** Messages that wait or are at work. */
  get size(): number {
    return this.#waiting.length - this.#first + this.#unblocked.size + (this.#holder === undefined ? 0 : 1)
  }

  push(message: Message): void {
    this.#waiting.push(message)
  }

  /** The next message, if it may begin. */
  next(): Message | undefined {
    if (this.#holder !== undefined || this.#first === this.#waiting.length) return undefined
    const message = this.#waiting[this.#first]
    this.#first += 1
    if (this.#first === this.#waiting.length || this.#first === 256) {
      this.#waiting = this.#waiting.slice(this.#first)
      this.#first = 0
    }
    return message
  }

  begin(work: Work): void {
    this.#holder = work
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
    this.#unblocked.clear()
    this.#holder = undefined
  }
}
