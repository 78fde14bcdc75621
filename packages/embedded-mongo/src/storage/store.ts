import { Oplog } from '../replication/oplog.js'
import { Collection } from './collection.js'
import { getField } from '../bson/value.js'
import { MongoError } from '../mongo-error.js'
import type { EmbeddedClock } from '../clock.js'
import type { Doc } from '../bson/value.js'
import type { Change } from '../replication/oplog.js'
import type { Changes } from '../update/changes.js'
import type { Cap } from './collection.js'

/** The data of a server: what stays when it is stopped and started again with the same store. */
export class Store {
  readonly oplog: Oplog
  readonly #databases = new Map<string, Map<string, Collection>>()

  constructor(clock: EmbeddedClock) {
    this.oplog = new Oplog(clock)
  }

  collection(db: string, name: string): Collection | undefined {
    return this.#databases.get(db)?.get(name)
  }

  collections(db: string): ReadonlyMap<string, Collection> {
    return this.#databases.get(db) ?? new Map<string, Collection>()
  }

  databases(): ReadonlyMap<string, ReadonlyMap<string, Collection>> {
    return this.#databases
  }

  /** The collection, made when it is not there yet. */
  demand(db: string, name: string): Collection {
    return this.collection(db, name) ?? this.create(db, name)
  }

  create(db: string, name: string, options: Doc = {}, cap?: Cap): Collection {
    checkCollectionName(db, name)
    checkLength(db, name)
    const collections = this.#databases.get(db) ?? new Map<string, Collection>()
    const other = [...this.#databases.keys()].find((existing) => existing !== db && existing.toLowerCase() === db.toLowerCase())
    if (other !== undefined) throw new MongoError('DatabaseDifferCase', `db already exists with different case already have: [${other}] trying to create [${db}]`)
    const collection = new Collection(`${db}.${name}`, options, cap)
    collections.set(name, collection)
    this.#databases.set(db, collections)
    return collection
  }

  insert(db: string, name: string, doc: Doc): void {
    const collection = this.demand(db, name)
    const dropped = collection.insert(doc)
    this.#log(db, name, collection, { type: 'insert', id: getField(doc, '_id'), doc })
    for (const old of dropped) this.#log(db, name, collection, { type: 'delete', id: getField(old, '_id') })
  }

  /** @param changes what an update by operators changed; undefined for a replacement. */
  update(db: string, name: string, collection: Collection, before: Doc, after: Doc, changes: Changes | undefined): void {
    collection.replace(before, after)
    const id = getField(after, '_id')
    this.#log(db, name, collection, changes
      ? { type: 'update', id, updatedFields: changes.updatedFields, removedFields: changes.removedFields }
      : { type: 'replace', id, doc: after })
  }

  remove(db: string, name: string, collection: Collection, doc: Doc): void {
    collection.remove(doc)
    this.#log(db, name, collection, { type: 'delete', id: getField(doc, '_id') })
  }

  drop(db: string, name: string): Collection | undefined {
    const collection = this.collection(db, name)
    if (!collection) return undefined
    this.#databases.get(db)?.delete(name)
    if (this.#databases.get(db)?.size === 0) this.#databases.delete(db)
    this.#log(db, name, collection, { type: 'drop' })
    return collection
  }

  dropDatabase(db: string): boolean {
    const collections = this.#databases.get(db)
    if (!collections) return false
    for (const name of collections.keys()) this.drop(db, name)
    this.#databases.delete(db)
    this.oplog.append(db, '', undefined, { type: 'dropDatabase' })
    return true
  }

  rename(from: { db: string, coll: string }, to: { db: string, coll: string }): void {
    const collection = this.collection(from.db, from.coll)
    if (!collection) return
    this.drop(to.db, to.coll)
    this.#databases.get(from.db)?.delete(from.coll)
    collection.namespace = `${to.db}.${to.coll}`
    const target = this.#databases.get(to.db) ?? new Map<string, Collection>()
    target.set(to.coll, collection)
    this.#databases.set(to.db, target)
    this.#log(from.db, from.coll, collection, { type: 'rename', to })
  }

  #log(db: string, coll: string, collection: Collection, change: Change): void {
    this.oplog.append(db, coll, collection.uuid, change)
  }
}

/** @throws MongoError 73 for a name that no collection may have. */
export const checkCollectionName = (db: string, name: string): void => {
  if (name === '' || name.includes('\0') || name.startsWith('.') || name.includes('$')) {
    throw new MongoError('InvalidNamespace', `Invalid namespace specified '${db}.${name}'`)
  }
}

/** The most bytes that the names of a database and a collection may have together, with the dot between them. */
const maxNamespaceBytes = 255

const checkLength = (db: string, name: string): void => {
  if (Buffer.byteLength(`${db}.${name}`) <= maxNamespaceBytes) return
  throw new MongoError('InvalidNamespace', `Fully qualified namespace is too long. Namespace: ${db}.${name} Max: ${maxNamespaceBytes}`)
}
