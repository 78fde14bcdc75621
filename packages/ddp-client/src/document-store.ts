import { EJSON, type DataMessage } from '@ddp-cluster/ddp-common'
import { Documents, type Document } from './documents.js'
import { keptInOrder } from './kept-order.js'

/** What happened to one document, as listeners are told. */
export type DocumentChange =
  | { readonly kind: 'added'; readonly id: string; readonly document: Document; readonly before: string | null | undefined }
  | { readonly kind: 'changed'; readonly id: string; readonly document: Document; readonly previous: Document }
  | { readonly kind: 'removed'; readonly id: string; readonly previous: Document }
  | { readonly kind: 'moved'; readonly id: string; readonly document: Document; readonly before: string | null }

/** The documents of one collection in the order of arrival, or, if that is what it tells, in the server's own. */
interface CollectionData {
  readonly documents: Documents
  ordered: boolean
}

/** What the server has told about its documents, by collection. Messages that contradict it are tolerated, and reported. */
export class DocumentStore {
  readonly #collections = new Map<string, CollectionData>()

  names(): string[] {
    return [...this.#collections.keys()]
  }

  documents(collection: string): Documents {
    return this.#collections.get(collection)?.documents ?? empty
  }

  /** Takes one message in. Returns what it changed, or why it makes no sense here. */
  apply(message: DataMessage): DocumentChange | string {
    const data = this.#collection(message.collection)
    const { id } = message
    const previous = data.documents.get(id)
    switch (message.msg) {
      case 'added':
      case 'addedBefore': {
        const before = message.msg === 'addedBefore' ? message.before : undefined
        const document: Document = { ...message.fields, _id: id }
        if (before === undefined) data.documents.set(document)
        else place(data, document, before)
        return previous ? { kind: 'changed', id, document, previous } : { kind: 'added', id, document, before }
      }
      case 'changed': {
        if (!previous) return `changed ${id} of ${message.collection}, which is not there`
        const document = changedDocument(previous, message.fields, message.cleared)
        data.documents.set(document)
        return { kind: 'changed', id, document, previous }
      }
      case 'removed':
        if (!previous) return `removed ${id} of ${message.collection}, which is not there`
        data.documents.delete(id)
        return { kind: 'removed', id, previous }
      case 'movedBefore':
        if (!previous) return `moved ${id} of ${message.collection}, which is not there`
        place(data, previous, message.before)
        return { kind: 'moved', id, document: previous, before: message.before }
    }
  }

  /**
   * What a listener that knows `older` has to be told to know this store, by collection: what is as it was is not mentioned. Of an ordered
   * collection it is told from the end, so that every document that another one comes before is in its place already.
   */
  *changesSince(older: DocumentStore): Generator<readonly [string, DocumentChange]> {
    for (const name of new Set([...older.names(), ...this.names()])) {
      const before = older.documents(name)
      const now = this.documents(name)
      for (const previous of before.values()) if (!now.has(previous._id)) yield [name, { kind: 'removed', id: previous._id, previous }]
      const changes = this.#collections.get(name)?.ordered ? orderedChanges(before, now) : unorderedChanges(before, now)
      for (const change of changes) yield [name, change]
    }
  }

  #collection(name: string): CollectionData {
    const found = this.#collections.get(name)
    if (found) return found
    const made: CollectionData = { documents: new Documents(), ordered: false }
    this.#collections.set(name, made)
    return made
  }
}

const empty = new Documents()

function* unorderedChanges(before: Documents, now: Documents): Generator<DocumentChange> {
  for (const document of now.values()) {
    const id = document._id
    const previous = before.get(id)
    if (!previous) yield { kind: 'added', id, document, before: undefined }
    else if (!EJSON.equals(document, previous)) yield { kind: 'changed', id, document, previous }
  }
}

function* orderedChanges(before: Documents, now: Documents): Generator<DocumentChange> {
  const documents = [...now.values()]
  const kept = keptInOrder([...before.values()].map(({ _id }) => _id), documents.map(({ _id }) => _id))
  let next: string | null = null
  for (const document of documents.reverse()) {
    const id: string = document._id
    const previous = before.get(id)
    if (!previous) yield { kind: 'added', id, document, before: next }
    else if (!EJSON.equals(document, previous)) yield { kind: 'changed', id, document, previous }
    if (previous && !kept.has(id)) yield { kind: 'moved', id, document, before: next }
    next = id
  }
}

function changedDocument(previous: Document, fields: Record<string, unknown> | undefined, cleared: readonly string[] | undefined): Document {
  const document: Record<string, unknown> & { _id: string } = { ...previous, ...fields, _id: previous._id }
  if (cleared) for (const field of cleared) if (field !== '_id') delete document[field]
  return document
}

function place(data: CollectionData, document: Document, before: string | null): void {
  data.ordered = true
  data.documents.place(document, before)
}
