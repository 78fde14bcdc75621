import { millisecondsOf } from '../bson/date.js'
import { valueKey } from '../bson/key.js'
import { print } from '../bson/print.js'
import { getField, isDoc, setField } from '../bson/value.js'
import { MongoError } from '../mongo-error.js'
import { visitPath } from '../query/path.js'
import type { Doc, Value } from '../bson/value.js'
import type { Filter } from '../query/filter.js'

/** Key of a document: its values, and the text that stands for them in the map. */
export interface Key {
  readonly key: string
  readonly values: readonly Value[]
}

/** An index: a map from the values of its fields to the documents that have them. */
export class Index {
  /** The specification as `listIndexes` shows it; `collMod` may replace it. */
  spec: Doc
  readonly #paths: readonly (readonly string[])[]
  readonly #partial: Filter | undefined
  readonly #entries = new Map<string, Set<string>>()

  constructor(spec: Doc, partial: Filter | undefined) {
    this.spec = spec
    this.#partial = partial
    this.#paths = Object.keys(this.key).map((path) => path.split('.'))
  }

  get name(): string {
    return this.spec['name'] as string
  }

  get key(): Doc {
    return this.spec['key'] as Doc
  }

  get isUnique(): boolean {
    return this.spec['unique'] === true
  }

  get isSparse(): boolean {
    return this.spec['sparse'] === true
  }

  get isPartial(): boolean {
    return this.#partial !== undefined
  }

  /** Whether a document has an entry: a sparse or partial index leaves some out. */
  holds(doc: Doc): boolean {
    return (!this.isSparse && !this.isPartial) || this.keysOf(doc).length > 0
  }

  /** Whether equality on this field can be answered by the index alone: it has one field, and every document. */
  answers(path: string): boolean {
    return this.#paths.length === 1 && !this.#partial && this.spec['sparse'] !== true && path in this.key && this.key[path] !== 'hashed'
      && this.key[path] !== 'text'
  }

  /** The ids (as keys) of the documents with this value; an upper bound, to be filtered. */
  lookUp(value: Value): Iterable<string> {
    return this.#entries.get(valueKey([value ?? null])) ?? []
  }

  withKey(key: string): Iterable<string> {
    return this.#entries.get(key) ?? []
  }

  /** Index of the same definition without documents. */
  emptied(): Index {
    return new Index(this.spec, this.#partial)
  }

  add(id: string, keys: readonly Key[]): void {
    for (const { key } of keys) {
      const ids = this.#entries.get(key)
      if (ids) ids.add(id)
      else this.#entries.set(key, new Set([id]))
    }
  }

  remove(id: string, keys: readonly Key[]): void {
    for (const { key } of keys) {
      const ids = this.#entries.get(key)
      ids?.delete(id)
      if (ids?.size === 0) this.#entries.delete(key)
    }
  }

  /** @throws MongoError 11000 when another document has one of these keys and the index is unique. */
  checkUnique(id: string, keys: readonly Key[], namespace: string): void {
    if (!this.isUnique) return
    for (const { key, values } of keys) {
      for (const other of this.#entries.get(key) ?? []) {
        if (other !== id) throw duplicateKey(namespace, this.name, this.key, values)
      }
    }
  }

  /**
   * A document has one key, or several where an indexed field is an array; none where a sparse or partial index leaves it out.
   *
   * @throws MongoError 171 where two of its fields are arrays.
   */
  keysOf(doc: Doc): Key[] {
    if (this.#partial && !this.#partial.matches(doc)) return []
    let combinations: Value[][] = [[]]
    let any = false
    let array: string | undefined
    for (const path of this.#paths) {
      const { values, exists, through } = indexedValues(doc, path)
      any ||= exists
      if (through !== undefined && array !== undefined && array !== through) {
        throw new MongoError('CannotIndexParallelArrays', `cannot index parallel arrays [${through}] [${array}]`)
      }
      array ??= through
      combinations = values.flatMap((value) => combinations.map((before) => [...before, value]))
    }
    if (this.spec['sparse'] === true && !any) return []
    const keys = combinations.map((values) => ({ key: valueKey(values), values }))
    return keys.length === 1 ? keys : [...new Map(keys.map((entry) => [entry.key, entry])).values()]
  }
}

/** The values under a path; `through` is the name of the array that it goes into, if there is one. */
const indexedValues = (doc: Doc, path: readonly string[]): { values: Value[], exists: boolean, through: string | undefined } => {
  const values: Value[] = []
  let exists = false
  visitPath(doc, path, 'whole', (found) => {
    exists ||= found.exists
    if (!Array.isArray(found.value)) values.push(found.value ?? null)
    else if (found.value.length === 0) values.push(undefined)
    else values.push(...found.value)
    return false
  })
  return { values: values.length === 0 ? [null] : values, exists, through: arrayOn(doc, path) }
}

/** The first array on a path. */
const arrayOn = (doc: Doc, path: readonly string[]): string | undefined => {
  let value: Value = doc
  for (const part of path) {
    value = isDoc(value) ? getField(value, part) : undefined
    if (Array.isArray(value)) return part
  }
  return undefined
}

export const duplicateKey = (namespace: string, index: string, key: Doc, values: readonly Value[]): MongoError => {
  const keyValue: Doc = {}
  for (const [at, path] of Object.keys(key).entries()) setField(keyValue, path, values[at] ?? null)
  return new MongoError('DuplicateKey', `E11000 duplicate key error collection: ${namespace} index: ${index} dup key: ${print(keyValue)}`,
    { keyPattern: key, keyValue })
}

/** When a document expires by a TTL index: the earliest of its dates; undefined where it has none. */
export const earliestDate = (doc: Doc, path: string): number | undefined => {
  const { values } = indexedValues(doc, path.split('.'))
  const times = values.filter((value) => value instanceof Date).map((value) => Number(millisecondsOf(value)))
  return times.length === 0 ? undefined : Math.min(...times)
}

export const isIdIndex = (key: Value): boolean => isDoc(key) && Object.keys(key).length === 1 && getField(key, '_id') === 1
