import { EJSON, type DataMessage } from '@ddp-cluster/ddp-common'
import { keptInOrder } from './kept-order.js'

/** A document as the server describes it, with its id as `_id`. It is never changed: a change makes another one. */
export type Document = Readonly<Record<string, unknown>> & { readonly _id: string }

/** What happened to one document, as listeners are told. */
export type DocumentChange =
  | { readonly kind: 'added'; readonly id: string; readonly document: Document; readonly before: string | null | undefined }
  | { readonly kind: 'changed'; readonly id: string; readonly document: Document; readonly previous: Document }
  | { readonly kind: 'removed'; readonly id: string; readonly previous: Document }
  | { readonly kind: 'moved'; readonly id: string; readonly document: Document; readonly before: string | null }

/** The documents of one collection. A Map keeps the order of arrival; an ordered collection has the server's own order. */
interface CollectionData {
  documents: Map<string, Document>
  ordered: boolean
}

/** What the server has told about its documents, by collection. Messages that contradict it are tolerated, and reported. */
export class DocumentStore {
  readonly #collections = new Map<string, CollectionData>()

  names(): string[] {
    return [...this.#collections.keys()]
  }

  documents(collection: string): ReadonlyMap<string, Document> {
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
        if (before === undefined) data.documents.set(id, document)
        else place(data, id, document, before)
        return previous ? { kind: 'changed', id, document, previous } : { kind: 'added', id, document, before }
      }
      case 'changed': {
        if (!previous) return `changed ${id} of ${message.collection}, which is not there`
        const document = changedDocument(previous, message.fields, message.cleared)
        data.documents.set(id, document)
        return { kind: 'changed', id, document, previous }
      }
      case 'removed':
        if (!previous) return `removed ${id} of ${message.collection}, which is not there`
        data.documents.delete(id)
        return { kind: 'removed', id, previous }
      case 'movedBefore':
        if (!previous) return `moved ${id} of ${message.collection}, which is not there`
        place(data, id, previous, message.before)
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
      for (const [id, previous] of before) if (!now.has(id)) yield [name, { kind: 'removed', id, previous }]
      const changes = this.#collections.get(name)?.ordered ? orderedChanges(before, now) : unorderedChanges(before, now)
      for (const change of changes) yield [name, change]
    }
  }

  #collection(name: string): CollectionData {
    const found = this.#collections.get(name)
    if (found) return found
    const made: CollectionData = { documents: new Map(), ordered: false }
    this.#collections.set(name, made)
    return made
  }
}

const empty: ReadonlyMap<string, Document> = new Map()

function* unorderedChanges(before: ReadonlyMap<string, Document>, now: ReadonlyMap<string, Document>): Generator<DocumentChange> {
  for (const [id, document] of now) {
    const previous = before.get(id)
    if (!previous) yield { kind: 'added', id, document, before: undefined }
    else if (!EJSON.equals(document, previous)) yield { kind: 'changed', id, document, previous }
  }
}

function* orderedChanges(before: ReadonlyMap<string, Document>, now: ReadonlyMap<string, Document>): Generator<DocumentChange> {
  const kept = keptInOrder(before.keys(), now.keys())
  let next: string | null = null
  for (const [id, document] of [...now].reverse()) {
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

/** Puts a document before another one, or at the end; one that is to stand before an unknown one is put at the end. */
function place(data: CollectionData, id: string, document: Document, before: string | null): void {
  data.ordered = true
  data.documents.delete(id)
  if (before === null || !data.documents.has(before)) {
    data.documents.set(id, document)
    return
  }
  const placed = new Map<string, Document>()
  for (const [otherId, other] of data.documents) {
    if (otherId === before) placed.set(id, document)
    placed.set(otherId, other)
  }
  data.documents = placed
}
