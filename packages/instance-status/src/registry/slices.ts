/** Items of one turn of the event loop. */
const mostAtOnce = 100

/** Hands items on in the order in which they came, so many in one turn of the event loop, and sockets their turn in between. */
export class Slices<T> {
  readonly #take: (items: readonly T[]) => void
  #waiting: T[] = []
  #next: NodeJS.Immediate | undefined
  #onIdle: (() => void)[] = []

  constructor(take: (items: readonly T[]) => void) {
    this.#take = take
  }

  /** Hands on at once the first few items of a turn of the event loop, later ones together; resolves when all of them have been handed on, or dropped. */
  async push(items: readonly T[]): Promise<void> {
    if (!this.#next && items.length <= mostAtOnce) {
      // A change stream tells of a batch one by one: what follows in this turn waits for the next.
      this.#schedule()
      return this.#take(items)
    }
    this.#waiting.push(...items)
    this.#schedule()
    await new Promise<void>((resolve) => this.#onIdle.push(resolve))
  }

  /** Drops what waits. */
  clear(): void {
    if (this.#next) clearImmediate(this.#next)
    this.#next = undefined
    this.#waiting = []
    for (const resolve of this.#onIdle.splice(0)) resolve()
  }

  #schedule(): void {
    this.#next ??= setImmediate(() => {
      this.#next = undefined
      const items = this.#waiting.splice(0, mostAtOnce)
      if (this.#waiting.length > 0) this.#schedule()
      if (items.length > 0) this.#take(items)
      if (!this.#next) for (const resolve of this.#onIdle.splice(0)) resolve()
    })
  }
}
