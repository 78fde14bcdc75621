import { EJSON, type AddedBeforeMessage, type DataMessage, type DocumentId, type MovedBeforeMessage } from '@ddp-cluster/ddp-common'
import type { DocumentIds } from './document-ids.js'
import { Documents, type Document } from './documents.js'
import { keptInOrder } from './kept-order.js'

/** Change of one document, as listeners are told. */
export type DocumentChange =
  | { readonly kind: 'added'; readonly id: DocumentId; readonly document: Document; readonly before: DocumentId | null | undefined }
  | { readonly kind: 'changed'; readonly id: DocumentId; readonly document: Document; readonly previous: Document }
  | { readonly kind: 'removed'; readonly id: DocumentId; readonly previous: Document }
  | { readonly kind: 'moved'; readonly id: DocumentId; readonly document: Document; readonly before: DocumentId | null }

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
  readonly #ids: DocumentIds
  readonly #collections = new Map<string, CollectionData>()

  constructor(ids: DocumentIds) {
    this.#ids = ids
  }

  names(): string[] {
    return [...this.#collections.keys()]
  }

  documents(collection: string): Documents {
    return this.#collections.get(collection)?.documents ?? empty
  }

  /**
   * Takes one message in. Returns false if it contradicts earlier ones, whether or not it changed anything.
   *
   * @throws {EJSONError} `invalid-value` for an id that stands for none; nothing is changed then.
   */
  apply(received: DataMessage, tell: TellChange): boolean {
    const message = this.#withKeys(received)
    const data = this.#collections.get(message.collection)
    const previous = data?.documents.get(message.id)
    return data && previous ? this.#applyToPresent(message, data, previous, tell) : this.#applyToMissing(message, data, tell)
  }

  /**
   * What a listener that knows `older` has to be told to know this store, by collection: what is as it was is not mentioned. Of an ordered
   * collection it is told from the end, so that every document that another one comes before is in its place already.
   */
  *changesSince(older: DocumentStore): Generator<readonly [string, DocumentChange]> {
    for (const name of new Set([...older.names(), ...this.names()])) {
      const before = older.documents(name)
      const now = this.documents(name)
      for (const { key, document: previous } of before.entries()) if (!now.has(key)) yield [name, { kind: 'removed', id: previous._id, previous }]
      const changes = this.#collections.get(name)?.ordered ? orderedChanges(before, now) : unorderedChanges(before, now)
      for (const change of changes) yield [name, change]
    }
  }

  /** The message with the texts that its documents are known by; nearly always itself. */
  #withKeys(message: DataMessage): DataMessage {
    const id = this.#ids.keyOf(message.id)
    if (message.msg !== 'addedBefore' && message.msg !== 'movedBefore') return id === message.id ? message : { ...message, id }
    const before = message.before === null ? null : this.#ids.keyOf(message.before)
    return id === message.id && before === message.before ? message : { ...message, id, before }
  }

  #applyToMissing(message: DataMessage, data: CollectionData | undefined, tell: TellChange): boolean {
    switch (message.msg) {
      case 'added':
        this.#add(message, data, message.fields, undefined, tell)
        return true
      case 'addedBefore':
        this.#add(message, data, message.fields, keyBefore(message, data), tell)
        return true
      case 'changed':
        this.#add(message, data, without(message.cleared, { ...message.fields }), undefined, tell)
        return false
      case 'removed':
      case 'movedBefore':
        return false
    }
  }

  #applyToPresent(message: DataMessage, data: CollectionData, previous: Document, tell: TellChange): boolean {
    switch (message.msg) {
      case 'added':
        change(message, data, previous, newsIn(message.fields, previous), undefined, tell)
        return false
      case 'addedBefore': {
        const before = keyBefore(message, data)
        const document = change(message, data, previous, newsIn(message.fields, previous), undefined, tell)
        if (!data.ordered || data.documents.keyAfter(message.id) !== before) move(message, data, document, before, tell)
        return false
      }
      case 'changed':
        change(message, data, previous, message.fields, message.cleared, tell)
        return true
      case 'removed':
        data.documents.delete(message.id)
        tell(message.collection, { kind: 'removed', id: previous._id, previous })
        return true
      case 'movedBefore':
        move(message, data, previous, keyBefore(message, data), tell)
        return true
    }
  }

  /** Without `before` the document goes to the end: the message says nothing of an order. */
  #add({ collection, id: key }: DataMessage, known: CollectionData | undefined, fields: Fields | undefined, before: string | null | undefined, tell: TellChange): void {
    const id = this.#ids.read(key)
    const data = known ?? this.#create(collection)
    const document: Document = { ...fields, _id: id }
    if (before === undefined) {
      data.documents.set(key, document)
    } else {
      data.documents.place(key, document, before)
      data.ordered = true
    }
    tell(collection, { kind: 'added', id, document, before: data.ordered ? idOf(before ?? null, data) : undefined })
  }

  #create(collection: string): CollectionData {
    const made: CollectionData = { documents: new Documents(), ordered: false }
    this.#collections.set(collection, made)
    return made
  }
}

const empty = new Documents()

/** Returns the document as it is now. A message without fields changes nothing, and nobody is told. */
function change({ collection, id: key }: DataMessage, data: CollectionData, previous: Document, fields: Fields | undefined, cleared: readonly string[] | undefined, tell: TellChange): Document {
  if (isEmpty(fields) && !cleared?.length) return previous
  const id = previous._id
  const document = without(cleared, { ...previous, ...fields, _id: id })
  data.documents.set(key, document)
  tell(collection, { kind: 'changed', id, document, previous })
  return document
}

function move({ id: key, collection }: DataMessage, data: CollectionData, document: Document, before: string | null, tell: TellChange): void {
  data.documents.place(key, document, before)
  data.ordered = true
  tell(collection, { kind: 'moved', id: document._id, document, before: idOf(before, data) })
}

/** The key of the document that another one comes before; null, for the end, where the message names itself or a document that is not there. */
function keyBefore({ id, before }: AddedBeforeMessage | MovedBeforeMessage, data: CollectionData | undefined): string | null {
  return before !== null && before !== id && data?.documents.has(before) ? before : null
}

function idOf(key: string | null, { documents }: CollectionData): DocumentId | null {
  return key === null ? null : documents.get(key)?._id ?? null
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
  for (const { key, document } of now.entries()) {
    const previous = before.get(key)
    if (!previous) yield { kind: 'added', id: document._id, document, before: undefined }
    else if (!isSame(document, previous)) yield { kind: 'changed', id: document._id, document, previous }
  }
}

function* orderedChanges(before: Documents, now: Documents): Generator<DocumentChange> {
  const entries = [...now.entries()]
  const kept = keptInOrder([...before.entries()].map(({ key }) => key), entries.map(({ key }) => key))
  let next: DocumentId | null = null
  for (const { key, document } of entries.reverse()) {
    const id: DocumentId = document._id
    const previous = before.get(key)
    if (!previous) yield { kind: 'added', id, document, before: next }
    else if (!isSame(document, previous)) yield { kind: 'changed', id, document, previous }
    if (previous && !kept.has(key)) yield { kind: 'moved', id, document, before: next }
    next = id
  }
}
