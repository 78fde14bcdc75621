/** A listener whose arguments are not looked at here. */
export type AnyListener = (this: EventOrigin, ...args: unknown[]) => unknown

/** Origin of an event: `this` of a stream's listener. */
export interface EventOrigin {
  /** Id of the instance that emitted the event. */
  readonly from: string
  /** Sequence number among that instance's events; 0 for an event of `emitLocal()`, which has none. */
  readonly seq: number
}

export interface Entry {
  readonly listener: AnyListener
  readonly once: boolean
}

/** Listeners in the order in which they were added, each once. To add, find and remove one costs the same however many there are. */
export class EntryList {
  readonly #entries = new Map<AnyListener, Entry>()
  #snapshot: readonly Entry[] | undefined

  get size(): number {
    return this.#entries.size
  }

  /** The listeners as they are now, in an array that later changes leave as it is. */
  get snapshot(): readonly Entry[] {
    return (this.#snapshot ??= [...this.#entries.values()])
  }

  /** A listener that is added for good stays, even if it is also added for one event. */
  add(listener: AnyListener, once: boolean): void {
    const same = this.#entries.get(listener)
    if (same && (once || !same.once)) return
    this.#entries.set(listener, { listener, once })
    this.#snapshot = undefined
  }

  remove(listener: AnyListener): void {
    if (this.#entries.delete(listener)) this.#snapshot = undefined
  }
}
