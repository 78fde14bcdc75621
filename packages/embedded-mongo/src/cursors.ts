import { sizeOf } from './bson/encode.js'
import { MongoError } from './mongo-error.js'
import type { EmbeddedClock } from './clock.js'
import type { Doc } from './bson/value.js'

/** Where a cursor's documents come from. */
export interface Source {
  /** The next documents, at most `count`; fewer only when there are no more for now. */
  take(count: number): Doc[]
  /** Whether there will never be more. */
  readonly isDone: boolean
  /** Only for streams: the token from which a new stream would go on. */
  readonly resumeToken?: () => Doc
  /** Only for streams: calls back once when there may be more. Returns what stops the waiting. */
  readonly onMore?: ((wake: () => void) => () => void) | undefined
}

export interface Cursor {
  readonly id: bigint
  readonly namespace: string
  readonly source: Source
  lastUsed: number
  readonly isEternal: boolean
}

/** The bytes that one batch may hold. */
const maxBatchBytes = 16 * 1024 * 1024

/** How long an unused cursor is kept. */
const idleMs = 600_000

/** The open cursors of a server. */
export class Cursors {
  readonly #clock: EmbeddedClock
  readonly #open = new Map<bigint, Cursor>()
  #next = 1n
  /** How many were closed because nobody asked them for more. */
  timedOut = 0

  constructor(clock: EmbeddedClock) {
    this.#clock = clock
  }

  get size(): number {
    return this.#open.size
  }

  add(namespace: string, source: Source, isEternal: boolean): Cursor {
    const id = (BigInt(Math.floor(Math.random() * 2 ** 31)) << 31n) + this.#next++
    const cursor: Cursor = { id, namespace, source, lastUsed: this.#clock.now(), isEternal }
    this.#open.set(id, cursor)
    return cursor
  }

  /** @throws MongoError 43 when there is no such cursor, 13 when it is of another collection. */
  get(id: bigint, namespace: string): Cursor {
    const cursor = this.#open.get(id)
    if (!cursor) throw new MongoError('CursorNotFound', `cursor id ${id} not found`)
    if (cursor.namespace !== namespace) {
      throw new MongoError('Unauthorized', `Requested getMore on namespace '${namespace}', but cursor belongs to a different namespace ${cursor.namespace}`)
    }
    cursor.lastUsed = this.#clock.now()
    return cursor
  }

  kill(id: bigint): boolean {
    return this.#open.delete(id)
  }

  clear(): void {
    this.#open.clear()
  }

  /** Closes the cursors that nobody has asked for more for ten minutes. */
  expire(): void {
    const before = this.#clock.now() - idleMs
    for (const cursor of this.#open.values()) {
      if (cursor.isEternal || cursor.lastUsed > before) continue
      this.#open.delete(cursor.id)
      this.timedOut++
    }
  }
}

/**
 * When a list is known to be at its end. `seen`: with its last document, as after a sort or a limit. `tried`: only when more was asked for than
 * is left, as a scan finds out. `tried first`: so in the first batch and `seen` later, as a pipeline does.
 */
export type Ending = 'seen' | 'tried' | 'tried first'

/** A source over documents that are all known. */
export class ListSource implements Source {
  readonly #docs: readonly Doc[]
  #ending: Ending
  #at = 0
  #wasTried = false
  #wasTaken = false

  constructor(docs: readonly Doc[], ending: Ending = 'seen') {
    this.#docs = docs
    this.#ending = ending
  }

  get isDone(): boolean {
    return this.#at >= this.#docs.length && (this.#wasTried || this.#ending === 'seen')
  }

  take(count: number): Doc[] {
    if (this.#ending === 'tried first' && this.#wasTaken) this.#ending = 'seen'
    this.#wasTaken = true
    const taken: Doc[] = []
    let bytes = 0
    while (taken.length < count && this.#at < this.#docs.length) {
      const doc = this.#docs[this.#at]
      if (!doc) break
      if (this.#docs.length > 1) bytes += sizeOf(doc)
      if (bytes > maxBatchBytes && taken.length > 0) break
      taken.push(doc)
      this.#at++
    }
    this.#wasTried ||= taken.length < count && this.#at >= this.#docs.length
    return taken
  }
}
