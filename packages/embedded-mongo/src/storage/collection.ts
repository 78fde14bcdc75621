import { UUID } from 'bson'
import { sizeOf } from '../bson/encode.js'
import { print } from '../bson/print.js'
import { valueKey } from '../bson/key.js'
import { getField } from '../bson/value.js'
import { MongoError } from '../mongo-error.js'
import { duplicateKey } from './index.js'
import type { Doc, Value } from '../bson/value.js'
import type { Index } from './index.js'
import type { Validator } from './validator.js'

/** How much and how many documents a capped collection keeps. */
export interface Cap {
  readonly size: number
  readonly max: number | undefined
}

export const maxDocumentBytes = 16 * 1024 * 1024

/** The documents of a collection in the order in which they were inserted, and its indexes. It knows nothing of change streams. */
export class Collection {
  readonly uuid = new UUID()
  options: Doc
  /** The rule for its documents, if it has one. */
  validator: Validator | undefined
  /** How many documents were ever inserted. */
  added = 0
  readonly cap: Cap | undefined
  readonly indexes = new Map<string, Index>()
  namespace: string
  readonly #docs = new Map<string, Doc>()
  #cappedBytes = 0

  constructor(namespace: string, options: Doc = {}, cap?: Cap) {
    this.namespace = namespace
    this.options = options
    this.cap = cap
  }

  get size(): number {
    return this.#docs.size
  }

  all(): Iterable<Doc> {
    return this.#docs.values()
  }

  byId(id: Value): Doc | undefined {
    return this.#docs.get(valueKey(id))
  }

  /** The documents that an index finds for a value, not yet filtered. */
  * byIndex(index: Index, value: Value): Iterable<Doc> {
    for (const id of index.lookUp(value)) {
      const doc = this.#docs.get(id)
      if (doc) yield doc
    }
  }

  /** The documents that have this key in the index, as `valueKey` writes the values of its fields. */
  * byKey(index: Index, key: string): Generator<Doc> {
    for (const id of index.withKey(key)) {
      const doc = this.#docs.get(id)
      if (doc) yield doc
    }
  }

  /** Adds a document, and returns those that a capped collection had to drop for it. */
  insert(doc: Doc): Doc[] {
    const id = getField(doc, '_id')
    const key = valueKey(id)
    if (this.#docs.has(key)) throw duplicateKey(this.namespace, '_id_', { _id: 1 }, [id])
    this.#index(key, doc, undefined)
    this.#docs.set(key, doc)
    this.added++
    return this.cap ? this.#trim(this.cap, doc) : []
  }

  replace(before: Doc, after: Doc): void {
    const key = valueKey(getField(before, '_id'))
    if (this.cap) checkSameSize(before, after)
    this.#index(key, after, before)
    this.#docs.set(key, after)
  }

  remove(doc: Doc): void {
    const key = valueKey(getField(doc, '_id'))
    if (!this.#docs.delete(key)) return
    for (const index of this.indexes.values()) index.remove(key, index.keysOf(doc))
  }

  addIndex(index: Index): void {
    for (const [id, doc] of this.#docs) {
      const keys = index.keysOf(doc)
      index.checkUnique(id, keys, this.namespace)
      index.add(id, keys)
    }
    this.indexes.set(index.name, index)
  }

  /** Enters a document into every index, or into none. */
  #index(id: string, doc: Doc, before: Doc | undefined): void {
    if (this.indexes.size === 0) return
    const entries = [...this.indexes.values()].map((index) => ({ index, keys: index.keysOf(doc) }))
    for (const { index, keys } of entries) index.checkUnique(id, keys, this.namespace)
    for (const { index, keys } of entries) {
      if (before) index.remove(id, index.keysOf(before))
      index.add(id, keys)
    }
  }

  #trim(cap: Cap, added: Doc): Doc[] {
    this.#cappedBytes += sizeOf(added)
    const dropped: Doc[] = []
    for (const doc of this.#docs.values()) {
      const fits = this.#cappedBytes <= cap.size && (cap.max === undefined || this.#docs.size <= cap.max)
      if (fits || doc === added) break
      this.#cappedBytes -= sizeOf(doc)
      this.remove(doc)
      dropped.push(doc)
    }
    return dropped
  }
}

/** @throws MongoError 10003: a capped collection has each document where it was written. */
const checkSameSize = (before: Doc, after: Doc): void => {
  const [old, size] = [sizeOf(before), sizeOf(after)]
  if (old !== size) throw new MongoError('CannotGrowDocumentInCappedNamespace', `Cannot change the size of a document in a capped collection: ${old} != ${size}`)
}

/** Bytes that a command may have beyond the size of a document. */
const internalSlackBytes = 16 * 1024

/** @param refused the error for a document that is a little too large. @throws MongoError that one, or 10334 where it is larger still. */
export const checkSize = (doc: Doc, refused: (size: number) => MongoError): void => {
  const size = sizeOf(doc)
  if (size <= maxDocumentBytes) return
  if (size <= maxDocumentBytes + internalSlackBytes) throw refused(size)
  throw new MongoError('BSONObjectTooLarge',
    `BSONObj size: ${size} (0x${size.toString(16).toUpperCase()}) is invalid. Size must be between 0 and ${maxDocumentBytes + internalSlackBytes}(16MB) First element: _id: ${print(doc['_id'])}`)
}
