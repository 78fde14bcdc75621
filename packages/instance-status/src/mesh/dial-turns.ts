/** Lets so many dials be under way at once; the others wait for a turn, in order. */
export class DialTurns {
  #free: number
  readonly #waiting = new Set<() => void>()

  constructor(atOnce: number) {
    this.#free = atOnce
  }

  /** Calls `dial` when it is its turn, perhaps at once. The function returned gives the turn back, or leaves the queue; it may be called twice. */
  take(dial: () => void): () => void {
    let holds: 'waiting' | 'turn' | 'nothing' = 'waiting'
    const begin = (): void => {
      holds = 'turn'
      this.#free -= 1
      dial()
    }
    if (this.#free > 0) begin()
    else this.#waiting.add(begin)
    return () => {
      const held = holds
      holds = 'nothing'
      if (held === 'waiting') this.#waiting.delete(begin)
      if (held !== 'turn') return
      this.#free += 1
      const [next] = this.#waiting
      if (!next) return
      this.#waiting.delete(next)
      next()
    }
  }
}
