/** Lets so many dials be under way at once; the others wait for a turn, in order, those that are urgent first. */
export class DialTurns {
  #free: number
  readonly #urgent = new Set<() => void>()
  readonly #waiting = new Set<() => void>()

  constructor(atOnce: number) {
    this.#free = atOnce
  }

  /** Calls `dial` when it is its turn, perhaps at once. The function returned gives the turn back, or leaves the queue; it may be called twice. */
  take(dial: () => void, urgency: 'urgent' | 'usual'): () => void {
    const queue = urgency === 'urgent' ? this.#urgent : this.#waiting
    let holds: 'waiting' | 'turn' | 'nothing' = 'waiting'
    const begin = (): void => {
      holds = 'turn'
      this.#free -= 1
      dial()
    }
    if (this.#free > 0) begin()
    else queue.add(begin)
    return () => {
      const held = holds
      holds = 'nothing'
      if (held === 'waiting') queue.delete(begin)
      if (held !== 'turn') return
      this.#free += 1
      this.#next()
    }
  }

  #next(): void {
    const queue = this.#urgent.size > 0 ? this.#urgent : this.#waiting
    const [next] = queue
    if (!next) return
    queue.delete(next)
    next()
  }
}
