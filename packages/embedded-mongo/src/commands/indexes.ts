import { equalValues } from '../bson/compare.js'
import { identical } from '../bson/identical.js'
import { print } from '../bson/print.js'
import { getField, isDoc, isNumeric, isTruthy, toNumber, typeOf } from '../bson/value.js'
import { ListSource } from '../cursors.js'
import { MongoError } from '../mongo-error.js'
import { queryContext } from '../pipeline/context.js'
import { Filter } from '../query/filter.js'
import { Index, isIdIndex } from '../storage/index.js'
import { collectionOf, numberArgument } from './arguments.js'
import { validatorOf } from './validators.js'
import { openCursor } from './reads.js'
import type { Doc, Value } from '../bson/value.js'
import type { Collection } from '../storage/collection.js'
import type { Call, Command } from './command.js'

const idIndex: Doc = { v: 2, key: { _id: 1 }, name: '_id_' }

const plugins = new Set(['text', 'hashed', '2d', '2dsphere', 'geoHaystack'])

const known = new Set([
  'v', 'key', 'name', 'ns', 'unique', 'sparse', 'background', 'expireAfterSeconds', 'partialFilterExpression', 'collation', 'hidden', 'storageEngine',
  'weights', 'default_language', 'language_override', 'textIndexVersion', '2dsphereIndexVersion', 'bits', 'min', 'max', 'bucketSize', 'wildcardProjection', 'dropDups',
])

const createIndexes: Command = {
  fields: ['indexes', 'commitQuorum', 'ignoreUnknownIndexOptions'],
  required: ['indexes'],
  run: (call) => {
    const { server, db } = call
    const name = collectionOf(call)
    const specs = getField(call.command, 'indexes')
    if (!Array.isArray(specs)) throw new MongoError('TypeMismatch', `BSON field 'createIndexes.indexes' is the wrong type '${typeOf(specs)}', expected type 'array'`)
    if (specs.length === 0) throw new MongoError('BadValue', 'Must specify at least one index to create')
    const parsed = specs.map(parseSpec)
    const existing = server.store.collection(db, name)
    const before = existing ? existing.indexes.size + 1 : 1
    const wanted = parsed.filter((spec) => !existing || !alreadyThere(existing, spec))
    if (existing && wanted.length === 0) {
      return { numIndexesBefore: before, numIndexesAfter: before, note: 'all indexes already exist' }
    }
    const collection = existing ?? server.store.create(db, name)
    const added: string[] = []
    try {
      for (const spec of wanted) {
        const { partialFilterExpression: partial } = spec
        collection.addIndex(new Index(spec, isDoc(partial) ? new Filter(partial, queryContext(call.scope)) : undefined))
        added.push(spec['name'] as string)
      }
    } catch (cause) {
      for (const one of added) collection.indexes.delete(one)
      throw cause instanceof MongoError && cause.code === 11000 ? cause.within(`Index build failed: ${collection.uuid.toHexString()}: Collection ${db}.${name} ( ${collection.uuid.toHexString()} )`) : cause
    }
    return {
      ...(existing ? {} : { createdCollectionAutomatically: true }), numIndexesBefore: before, numIndexesAfter: collection.indexes.size + 1,
      ...(server.replicaSet !== false && { commitQuorum: 'votingMembers' }),
    }
  },
}

/** An index as `listIndexes` shows it: `{ v, key, name, ... }`. */
const parseSpec = (given: Value): Doc => {
  if (!isDoc(given)) throw new MongoError('TypeMismatch', 'The elements of the \'indexes\' array must be objects')
  const within = (code: 'CannotCreateIndex' | 'FailedToParse' | 'TypeMismatch' | 'InvalidIndexSpecificationOption' | 'BadValue', message: string): MongoError =>
    new MongoError(code, `Error in specification ${print(given)} :: caused by :: ${message}`)
  for (const field of Object.keys(given)) {
    if (!known.has(field)) throw within('InvalidIndexSpecificationOption', `The field '${field}' is not valid for an index specification. Specification: ${print(given)}`)
  }
  const key = getField(given, 'key')
  const name = getField(given, 'name')
  if (key === undefined) throw within('FailedToParse', 'The \'key\' field is a required property of an index specification')
  if (!isDoc(key)) throw within('TypeMismatch', `The field 'key' must be an object, but got ${typeOf(key)}`)
  if (Object.keys(key).length === 0) throw within('CannotCreateIndex', 'Index keys cannot be empty.')
  for (const [path, direction] of Object.entries(key)) checkDirection(path, direction, within)
  if (name === undefined) throw within('FailedToParse', 'The \'name\' field is a required property of an index specification')
  if (typeof name !== 'string') throw within('TypeMismatch', `The field 'name' must be a string, but got ${typeOf(name)}`)
  const { v: _version, key: _key, name: _name, ns: _ns, ...options } = given
  checkTtl(given, key)
  const partial = options['partialFilterExpression']
  if (partial !== undefined && !isDoc(partial)) throw within('TypeMismatch', `The field 'partialFilterExpression' must be an object, but got ${typeOf(partial)}`)
  if (options['sparse'] !== undefined && options['partialFilterExpression'] !== undefined) {
    throw new MongoError('CannotCreateIndex', 'cannot mix "partialFilterExpression" and "sparse" options')
  }
  return { v: 2, ...(isTruthy(options['unique']) && { unique: true }), key, name, ...without(options, 'unique') }
}

const without = (doc: Doc, name: string): Doc => Object.fromEntries(Object.entries(doc).filter(([field]) => field !== name))

const checkDirection = (path: string, direction: Value, within: (code: 'CannotCreateIndex', message: string) => MongoError): void => {
  if (path === '') throw within('CannotCreateIndex', 'Index keys cannot be an empty field.')
  if (typeof direction === 'string') {
    if (!plugins.has(direction)) throw within('CannotCreateIndex', direction === '' ? 'Values in the index key pattern cannot be empty strings' : `Unknown index plugin '${direction}'`)
    return
  }
  if (!isNumeric(direction)) throw within('CannotCreateIndex', `Values in v:2 index key pattern cannot be of type ${typeOf(direction)}. Only numbers > 0, numbers < 0, and strings are allowed.`)
  if (toNumber(direction) === 0) throw within('CannotCreateIndex', 'Values in the index key pattern cannot be 0.')
  if (path.split('.').some((part) => part === '')) throw within('CannotCreateIndex', 'Index keys cannot contain an empty field.')
  if (path.split('.').some((part) => part.startsWith('$') && part !== '$**')) throw within('CannotCreateIndex', 'Index key contains an illegal field name: field name starts with \'$\'.')
}

const checkTtl = (given: Doc, key: Doc): void => {
  if (!Object.hasOwn(given, 'expireAfterSeconds')) return
  const after = given['expireAfterSeconds']
  if (!isNumeric(after)) {
    throw new MongoError('CannotCreateIndex', `TTL index 'expireAfterSeconds' option must be numeric, but received a type of '${typeOf(after)}'. Index spec: ${print(given)}`)
  }
  if (toNumber(after) < 0) throw new MongoError('CannotCreateIndex', `TTL index 'expireAfterSeconds' option cannot be less than 0. Index spec: ${print(given)}`)
  if (Object.keys(key).length !== 1) {
    throw new MongoError('CannotCreateIndex', `TTL indexes are single-field indexes, compound indexes do not support TTL. Index spec: ${print(given)}`)
  }
  if ('_id' in key) throw new MongoError('CannotCreateIndex', `The field 'expireAfterSeconds' is not valid for an _id index specification. Specification: ${print(given)}`)
}

/** @throws MongoError 85 or 86 where there is another index in the way. */
const alreadyThere = (collection: Collection, spec: Doc): boolean => {
  if (isIdIndex(spec['key'])) return true
  for (const index of collection.indexes.values()) {
    const sameKey = identical(index.key, spec['key']) || (equalValues(index.key, spec['key']))
    const sameName = index.name === spec['name']
    if (sameKey && sameName) {
      if (sameOptions(index.spec, spec)) return true
      throw new MongoError('IndexOptionsConflict', `Index with name: ${index.name} already exists with different options`)
    }
    if (sameKey) throw new MongoError('IndexOptionsConflict', sameOptions(index.spec, spec) ? `Index with name: ${spec['name'] as string} already exists with a different name` : `Index: ${print(spec)} already exists with different options: ${print(index.spec)}`)
    if (sameName) {
      throw new MongoError('IndexKeySpecsConflict', `Index must have unique name.The existing index: ${print(index.spec)} has the same name as the requested index: ${print(spec)}`)
    }
  }
  return false
}

const sameOptions = (a: Doc, b: Doc): boolean => ['unique', 'sparse', 'expireAfterSeconds', 'partialFilterExpression', 'collation']
  .every((option) => equalValues(getField(a, option), getField(b, option)))

const demand = (call: Call, message: string): Collection => {
  const collection = call.server.store.collection(call.db, collectionOf(call))
  if (!collection) throw new MongoError('NamespaceNotFound', message)
  return collection
}

const listIndexes: Command = {
  fields: ['cursor', 'includeBuildUUIDs', 'includeIndexBuildInfo'],
  run: (call) => {
    const name = collectionOf(call)
    const collection = demand(call, `ns does not exist: ${call.db}.${name}`)
    const specs = [idIndex, ...[...collection.indexes.values()].map((index) => index.spec)]
    const { cursor } = openCursor(call, `${call.db}.${name}`, new ListSource(specs), numberArgument({ ...call, command: (getField(call.command, 'cursor') as Doc | undefined) ?? {} }, 'batchSize') ?? 101)
    const { firstBatch, id, ns } = cursor as Doc
    return { cursor: { id, ns, firstBatch } }
  },
}

const dropIndexes: Command = {
  fields: ['index'],
  required: ['index'],
  run: (call) => {
    const collection = demand(call, `ns not found ${call.db}.${collectionOf(call)}`)
    const nIndexesWas = collection.indexes.size + 1
    const index = getField(call.command, 'index')
    if (index === '*') {
      collection.indexes.clear()
      return { nIndexesWas, msg: 'non-_id indexes dropped for collection' }
    }
    for (const one of Array.isArray(index) ? index : [index]) {
      if (one === '_id_' || isIdIndex(one)) throw new MongoError('InvalidOptions', 'cannot drop _id index')
      const found = [...collection.indexes.values()].find((other) => (typeof one === 'string' ? other.name === one : equalValues(other.key, one)))
      if (!found) {
        throw typeof one === 'string' ? new MongoError('IndexNotFound', `index not found with name [${one}]`) : new MongoError('IndexNotFound', `can't find index with key: ${print(one)}`)
      }
      collection.indexes.delete(found.name)
    }
    return { nIndexesWas }
  },
}

const collMod: Command = {
  fields: ['index', 'validator', 'validationLevel', 'validationAction', 'viewOn', 'pipeline'],
  run: (call) => {
    const collection = demand(call, 'ns does not exist')
    if (getField(call.command, 'viewOn') !== undefined || getField(call.command, 'pipeline') !== undefined) {
      throw new MongoError('InvalidOptions', 'cannot change a collection into a view')
    }
    const { validator, options } = validatorOf(call, collection.options)
    collection.validator = validator
    collection.options = { ...collection.options, ...options }
    const change = getField(call.command, 'index')
    if (!isDoc(change)) return {}
    const { name, keyPattern, expireAfterSeconds: next } = change
    if (name === undefined && keyPattern === undefined) throw new MongoError('InvalidOptions', 'no index name or key pattern given')
    if (name !== undefined && keyPattern !== undefined) throw new MongoError('InvalidOptions', 'Cannot specify both key pattern and name.')
    if (next === undefined) throw new MongoError('InvalidOptions', 'no expireAfterSeconds field')
    if (!isNumeric(next)) throw new MongoError('InvalidOptions', 'expireAfterSeconds field must be a number')
    const index = [...collection.indexes.values()].find((other) => (name === undefined ? equalValues(other.key, keyPattern) : other.name === name))
    if (!index) throw new MongoError('IndexNotFound', `cannot find index ${typeof name === 'string' ? name : print(keyPattern)} for ns ${collection.namespace}`)
    const before = getField(index.spec, 'expireAfterSeconds')
    if (before === undefined) throw new MongoError('InvalidOptions', 'no expireAfterSeconds field to update')
    if (toNumber(before as number) === toNumber(next)) return {}
    index.spec = { ...index.spec, expireAfterSeconds: BigInt(Math.trunc(toNumber(next))) }
    return { expireAfterSeconds_old: before, expireAfterSeconds_new: next }
  },
}

export const indexCommands: Readonly<Record<string, Command>> = { createIndexes, listIndexes, dropIndexes, deleteIndexes: dropIndexes, collMod }
