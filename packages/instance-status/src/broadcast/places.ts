import type { Cursor } from './cursor.js'

/** Places of more peers than this are forgotten, oldest first. */
const placesKept = 1000

/** Where peers were when their sessions ended, and what had been sent over these. */
export class Places {
  readonly #places = new Map<string, number>()
  #bytes = 0

  /** Bytes that were handed to sessions that have ended. */
  get bytes(): number {
    return this.#bytes
  }

  /** The number up to which the peer had been sent what it asked for. */
  of(peerId: string): number | undefined {
    return this.#places.get(peerId)
  }

  leave({ peerId, next, handed }: Cursor): void {
    this.#bytes += handed
    this.#places.delete(peerId)
    this.#places.set(peerId, next - 1)
    for (const oldest of this.#places.keys()) {
      if (this.#places.size <= placesKept) break
      this.#places.delete(oldest)
    }
  }
}
