import { EJSON, type DataMessage } from '@ddp-cluster/ddp-common'
import { Documents, type Document } from './documents.js'
import { keptInOrder } from './kept-order.js'

/** What happened to one document, as listeners are told. */
export type DocumentChange =
  | { readonly kind: 'added'; readonly id: string; readonly document: Document; readonly before: string | null | undefined }
  | { readonly kind: 'changed'; readonly id: string; readonly document: Document; readonly previous: Document }
  | { readonly kind: 'removed'; readonly id: string; readonly previous: Document }
  | { readonly kind: 'moved'; readonly id: string; readonly document: Document; readonly before: string | null }

/** Called with every change of a document, in order. */
export type TellChange = (collection: string, change: DocumentChange) => void

/** The documents of one collection in the order of arrival, or, if that is what it tells, in the server's own. */
interface CollectionData {
  readonly documents: Documents
  ordered: boolean
}

type Fields = Readonly<Record<string, unknown>>

/**
 * The documents that the server has told of, by collection. Messages that contradict earlier ones are taken as Meteor's client takes them:
 * servers that do not merge their publications (`NO_MERGE`) send `added` of one document twice, and `changed` after its `removed`.
 */
export class DocumentStore {
  readonly #collections = new Map<string, CollectionData>()

  names(): string[] {
    return [...this.#collections.keys()]
  }

  documents(collection: string): Documents {
    return this.#collections.get(collection)?.documents ?? empty
  }

  /** Takes one message in. Returns false if it contradicts earlier ones, whether or not it changed anything. */
  apply(message: DataMessage, tell: TellChange): boolean {
    const data = this.#collections.get(message.collection)
    const previous = data?.documents.get(message.id)
    return data && previous ? applyToPresent(message, data, previous, tell) : this.#applyToMissing(message, data, tell)
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

  #applyToMissing(message: DataMessage, data: CollectionData | undefined, tell: TellChange): boolean {
    switch (message.msg) {
      case 'added':
        this.#add(message, data, message.fields, undefined, tell)
        return true
      case 'addedBefore':
        this.#add(message, data, message.fields, message.before, tell)
        return true
      case 'changed':
        this.#add(message, data, without(message.cleared, { ...message.fields }), undefined, tell)
        return false
      case 'removed':
      case 'movedBefore':
        return false
    }
  }

  /** Without `before` the document goes to the end: the message says nothing of an order. */
  #add({ collection, id }: DataMessage, known: CollectionData | undefined, fields: Fields | undefined, before: string | null | undefined, tell: TellChange): void {
    const data = known ?? this.#create(collection)
    const document: Document = { ...fields, _id: id }
    if (before === undefined) data.documents.set(document)
    else place(data, document, before)
    tell(collection, { kind: 'added', id, document, before: before === undefined && data.ordered ? null : before })
  }

  #create(collection: string): CollectionData {
    const made: CollectionData = { documents: new Documents(), ordered: false }
    this.#collections.set(collection, made)
    return made
  }
}

const empty = new Documents()

function applyToPresent(message: DataMessage, data: CollectionData, previous: Document, tell: TellChange): boolean {
  const { collection, id } = message
  switch (message.msg) {
    case 'added':
      change(collection, data, previous, newsIn(message.fields, previous), undefined, tell)
      return false
    case 'addedBefore': {
      const document = change(collection, data, previous, newsIn(message.fields, previous), undefined, tell)
      if (!data.ordered || data.documents.idAfter(id) !== message.before) move(collection, data, document, message.before, tell)
      return false
    }
    case 'changed':
      change(collection, data, previous, message.fields, message.cleared, tell)
      return true
    case 'removed':
      data.documents.delete(id)
      tell(collection, { kind: 'removed', id, previous })
      return true
    case 'movedBefore':
      move(collection, data, previous, message.before, tell)
      return true
  }
}

/** Returns the document as it is now. A message without fields changes nothing, and nobody is told. */
function change(collection: string, data: CollectionData, previous: Document, fields: Fields | undefined, cleared: readonly string[] | undefined, tell: TellChange): Document {
  if (isEmpty(fields) && !cleared?.length) return previous
  const document = without(cleared, { ...previous, ...fields, _id: previous._id })
  data.documents.set(document)
  tell(collection, { kind: 'changed', id: document._id, document, previous })
  return document
}

function move(collection: string, data: CollectionData, document: Document, before: string | null, tell: TellChange): void {
  place(data, document, before)
  tell(collection, { kind: 'moved', id: document._id, document, before })
}

function place(data: CollectionData, document: Document, before: string | null): void {
  data.ordered = true
  data.documents.place(document, before)
}

/** The fields, unless the document has them all with these values already: two publications of one document tell the same of it. */
function newsIn(fields: Fields | undefined, document: Document): Fields | undefined {
  for (const key in fields) if (key !== '_id' && !(Object.hasOwn(document, key) && isSame(document[key], fields[key]))) return fields
  return undefined
}

function without<T extends Record<string, unknown>>(cleared: readonly string[] | undefined, fields: T): T {
  if (cleared) for (const key of cleared) if (key !== '_id') delete fields[key]
  return fields
}

function isEmpty(fields: Fields | undefined): boolean {
  for (const key in fields) if (key !== '_id') return false
  return true
}

/** An `equals()` of the application that throws has found no equality. */
function isSame(a: unknown, b: unknown): boolean {
  try {
    return EJSON.equals(a, b)
  } catch {
    return false
  }
}

function* unorderedChanges(before: Documents, now: Documents): Generator<DocumentChange> {
  for (const document of now.values()) {
    const id = document._id
    const previous = before.get(id)
    if (!previous) yield { kind: 'added', id, document, before: undefined }
    else if (!isSame(document, previous)) yield { kind: 'changed', id, document, previous }
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
    else if (!isSame(document, previous)) yield { kind: 'changed', id, document, previous }
    if (previous && !kept.has(id)) yield { kind: 'moved', id, document, before: next }
    next = id
  }
}
