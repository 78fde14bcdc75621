import { UUID } from 'bson'
import { encodeDocument } from '../bson/encode.js'
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
    for (const index of this.indexes.values()) index.checkUnique(key, doc, this.namespace)
    for (const index of this.indexes.values()) index.add(key, doc)
    this.#docs.set(key, doc)
    this.added++
    return this.cap ? this.#trim(this.cap, doc) : []
  }

  replace(before: Doc, after: Doc): void {
    const key = valueKey(getField(before, '_id'))
    if (this.cap) checkSameSize(before, after)
    if (this.indexes.size > 0) {
      for (const index of this.indexes.values()) index.checkUnique(key, after, this.namespace)
      for (const index of this.indexes.values()) {
        index.remove(key, before)
        index.add(key, after)
      }
    }
    this.#docs.set(key, after)
  }

  remove(doc: Doc): void {
    const key = valueKey(getField(doc, '_id'))
    if (!this.#docs.delete(key)) return
    for (const index of this.indexes.values()) index.remove(key, doc)
  }

  addIndex(index: Index): void {
    for (const [id, doc] of this.#docs) {
      index.checkUnique(id, doc, this.namespace)
      index.add(id, doc)
    }
    this.indexes.set(index.name, index)
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

export const sizeOf = (doc: Doc): number => encodeDocument(doc, 0).length

/** @throws MongoError 10003: a capped collection has each document where it was written. */
const checkSameSize = (before: Doc, after: Doc): void => {
  const [old, size] = [sizeOf(before), sizeOf(after)]
  if (old !== size) throw new MongoError('CannotGrowDocumentInCappedNamespace', `Cannot change the size of a document in a capped collection: ${old} != ${size}`)
}

/** @throws MongoError 10334 */
export const checkSize = (doc: Doc): void => {
  const size = sizeOf(doc)
  if (size > maxDocumentBytes) {
    throw new MongoError('BSONObjectTooLarge', `BSONObj size: ${size} (0x${size.toString(16).toUpperCase()}) is invalid. Size must be between 0 and 16793600(16MB) First element: _id: ${print(doc['_id'])}`)
  }
}
