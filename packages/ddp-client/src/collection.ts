import type { DocumentId } from '@ddp-cluster/ddp-common'
import type { DocumentIds } from './document-ids.js'
import type { DocumentChange } from './document-store.js'
import type { Document, Documents } from './documents.js'
import { GuardedEmitter } from './guarded-emitter.js'

/** Events of a `Collection`, each with its payload. */
export interface CollectionEvents {
  /** Document that came. `before` is set in ordered collections: the id of the next document, or null at the end. */
  added: (change: { readonly id: DocumentId; readonly document: Document; readonly before: DocumentId | null | undefined }) => void
  /** Document whose fields changed. */
  changed: (change: { readonly id: DocumentId; readonly document: Document; readonly previous: Document }) => void
  /** Document that went. */
  removed: (change: { readonly id: DocumentId; readonly previous: Document }) => void
  /** Document of an ordered collection that moved to another place. */
  moved: (change: { readonly id: DocumentId; readonly document: Document; readonly before: DocumentId | null }) => void
}

const collectionEvents = Object.keys({ added: 0, changed: 0, removed: 0, moved: 0 } satisfies Record<keyof CollectionEvents, unknown>)

/** The documents of one collection as the server has told them so far, over all subscriptions. Documents are read-only. */
export class Collection extends GuardedEmitter<CollectionEvents> {
  /** Name of the collection. */
  readonly name: string
  readonly #ids: DocumentIds
  readonly #documents: () => Documents
  readonly #noteThrown: (error: unknown) => void

  constructor(name: string, ids: DocumentIds, documents: () => Documents, noteThrown: (error: unknown) => void) {
    super(collectionEvents)
    this.name = name
    this.#ids = ids
    this.#documents = documents
    this.#noteThrown = noteThrown
  }

  /** Number of documents. */
  get size(): number {
    return this.#documents().size
  }

  /**
   * The document with this `_id`; undefined where there is none. An ObjectId, of this package or of the driver, is not the string of its
   * digits. With the client's option `ids: 'raw'` every id is the text that came.
   */
  get(id: DocumentId | { toHexString(): string }): Document | undefined {
    const key = this.#ids.textOf(id)
    return key === undefined ? undefined : this.#documents().get(key)
  }

  /** Documents in the server's order where the collection has one, else in the order of arrival. */
  [Symbol.iterator](): IterableIterator<Document> {
    return this.#documents().values()
  }

  /** Internal: passes a change on to the listeners. */
  tell(change: DocumentChange): void {
    switch (change.kind) {
      case 'added':
        this.emit('added', change)
        return
      case 'changed':
        this.emit('changed', change)
        return
      case 'removed':
        this.emit('removed', change)
        return
      case 'moved':
        this.emit('moved', change)
    }
  }

  protected override noteThrown(error: unknown): void {
    this.#noteThrown(error)
  }
}
