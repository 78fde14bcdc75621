import type { Doc } from './bson/value.js'
import type { Source } from './cursors.js'
import type { Collection } from './storage/collection.js'

/**
 * The documents of a capped collection and those that come later: what a tailable cursor reads.
 *
 * A capped collection only loses its oldest documents, so where the reading stopped is told by how many were added since.
 */
export class TailSource implements Source {
  readonly #collection: Collection
  readonly #shown: (doc: Doc) => Doc | undefined
  readonly #listen: ((wake: () => void) => () => void) | undefined
  readonly #isGone: () => boolean
  #read: number

  /** @param shown what a document is shown as; undefined for one that does not match. @param listen only where the cursor awaits data. */
  constructor(collection: Collection, shown: (doc: Doc) => Doc | undefined, isGone: () => boolean, listen?: (wake: () => void) => () => void) {
    this.#collection = collection
    this.#shown = shown
    this.#isGone = isGone
    this.#listen = listen
    this.#read = collection.added - collection.size
  }

  get isDone(): boolean {
    return this.#isGone()
  }

  get onMore(): ((wake: () => void) => () => void) | undefined {
    return this.#listen
  }

  take(count: number): Doc[] {
    const taken: Doc[] = []
    const { added, size } = this.#collection
    let number = added - size
    for (const doc of this.#collection.all()) {
      if (number++ < this.#read) continue
      if (taken.length >= count) break
      this.#read = number
      const shown = this.#shown(doc)
      if (shown) taken.push(shown)
    }
    return taken
  }
}
