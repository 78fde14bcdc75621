import { equalValues } from '../bson/compare.js'
import { identical } from '../bson/identical.js'
import { print } from '../bson/print.js'
import { getField, isDoc, isNumeric, toNumber, typeOf } from '../bson/value.js'
import { ListSource } from '../cursors.js'
import { MongoError } from '../mongo-error.js'
import { queryContext } from '../pipeline/context.js'
import { Filter } from '../query/filter.js'
import { Index, isIdIndex } from '../storage/index.js'
import { optionOf, parseSpec } from './index-specs.js'
import { collectionOf, cursorBatchSize, writtenCollectionOf } from './arguments.js'
import { validatorOf } from './validators.js'
import { openCursor } from './reads.js'
import type { Doc, Value } from '../bson/value.js'
import type { Collection } from '../storage/collection.js'
import type { Call, Command } from './command.js'

const idIndex: Doc = { v: 2, key: { _id: 1 }, name: '_id_' }

const createIndexes: Command = {
  isWrite: true,
  fields: ['indexes', 'commitQuorum', 'ignoreUnknownIndexOptions'],
  required: ['indexes'],
  run: (call) => {
    const { server, db } = call
    const name = writtenCollectionOf(call)
    const specs = getField(call.command, 'indexes')
    if (!Array.isArray(specs)) throw new MongoError('TypeMismatch', `The field 'indexes' must be an array, but got ${typeOf(specs)}`)
    if (specs.length === 0) throw new MongoError('BadValue', 'Must specify at least one index to create')
    const parsed = specs.map(parseSpec)
    const existing = server.store.collection(db, name)
    const before = existing ? existing.indexes.size + 1 : 1
    const commitQuorum = commitQuorumOf(call)
    const wanted = missing(parsed, [...existing?.indexes.values() ?? []].map(({ spec }) => spec))
    if (existing && wanted.length === 0) {
      return { numIndexesBefore: before, numIndexesAfter: before, note: 'all indexes already exist' }
    }
    const indexes = wanted.map((spec) => {
      const { partialFilterExpression: partial } = spec
      return new Index(spec, isDoc(partial) ? new Filter(partial, queryContext(call.scope)) : undefined)
    })
    const collection = existing ?? server.store.create(db, name)
    const added: string[] = []
    try {
      for (const index of indexes) {
        collection.addIndex(index)
        added.push(index.name)
      }
    } catch (cause) {
      for (const one of added) collection.indexes.delete(one)
      throw cause instanceof MongoError && cause.code === 11000 ? cause.within(`Index build failed: ${collection.uuid.toHexString()}: Collection ${db}.${name} ( ${collection.uuid.toHexString()} )`) : cause
    }
    return {
      ...(existing ? {} : { createdCollectionAutomatically: true }), numIndexesBefore: before, numIndexesAfter: collection.indexes.size + 1,
      ...(server.replicaSet !== false && { commitQuorum }),
    }
  },
}

/** @throws MongoError 85 or 86 where there is another index in the way. */
const alreadyThere = (existing: readonly Doc[], spec: Doc): boolean => {
  if (isIdIndex(spec['key'])) return true
  const named = existing.find((other) => other['name'] === spec['name'])
  if (named) {
    if (!equalValues(named['key'], spec['key'])) {
      throw new MongoError('IndexKeySpecsConflict', `Index must have unique name.The existing index: ${print(named)} has the same name as the requested index: ${print(spec)}`)
    }
    if (sameOptions(named, spec)) return true
    throw new MongoError('IndexOptionsConflict', `Index with name: ${spec['name'] as string} already exists with different options`)
  }
  const alike = existing.find((other) => equalValues(other['key'], spec['key']))
  if (!alike) return false
  throw new MongoError('IndexOptionsConflict', sameOptions(alike, spec)
    ? `Index with name: ${spec['name'] as string} already exists with a different name` : `Index: ${print(spec)} already exists with different options: ${print(alike)}`)
}

const sameOptions = (a: Doc, b: Doc): boolean => ['unique', 'sparse', 'expireAfterSeconds', 'partialFilterExpression', 'collation']
  .every((option) => equalValues(optionOf(a, option), optionOf(b, option)))

/** Indexes still to be made; two of one request must not conflict either. */
const missing = (specs: readonly Doc[], existing: readonly Doc[]): Doc[] => {
  const wanted: Doc[] = []
  for (const spec of specs) {
    if (alreadyThere(existing, spec)) continue
    if (wanted.some((other) => identical(other, spec))) {
      throw new MongoError('IndexAlreadyExists', `Identical index already exists: ${spec['name'] as string}`)
    }
    if (!alreadyThere(wanted, spec)) wanted.push(spec)
  }
  return wanted
}

const commitQuorums = new Set(['votingMembers', 'majority'])

/** @throws MongoError for a quorum that one node does not have. */
const commitQuorumOf = (call: Call): Value => {
  const quorum = getField(call.command, 'commitQuorum')
  if (quorum === undefined) return 'votingMembers'
  if (isNumeric(quorum)) {
    if (toNumber(quorum) < 0 || toNumber(quorum) > 50) throw new MongoError('FailedToParse', 'commitQuorum has to be a non-negative number and not greater than 50')
    if (toNumber(quorum) > 1) throw new MongoError('UnsatisfiableCommitQuorum', 'Commit quorum cannot be satisfied with the current replica set configuration')
  } else if (typeof quorum !== 'string') {
    throw new MongoError('FailedToParse', 'commitQuorum has to be a number or a string')
  } else if (!commitQuorums.has(quorum)) {
    throw new MongoError('UnknownReplWriteConcern', `No write concern mode named '${quorum}' found in replica set configuration`)
  }
  return quorum
}

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
    const { cursor } = openCursor(call, `${call.db}.${name}`, new ListSource(specs), cursorBatchSize(call.command, Infinity))
    const { firstBatch, id, ns } = cursor as Doc
    return { cursor: { id, ns, firstBatch } }
  },
}

const dropIndexes: Command = {
  isWrite: true,
  fields: ['index'],
  required: ['index'],
  run: (call) => {
    const collection = demand(call, `ns not found ${call.db}.${collectionOf(call)}`)
    const nIndexesWas = collection.indexes.size + 1
    const index = getField(call.command, 'index')
    const names = namesToDrop(collection, index)
    if (names[0] === '*') {
      collection.indexes.clear()
      return { nIndexesWas, msg: 'non-_id indexes dropped for collection' }
    }
    for (const name of names) {
      if (name === '_id_') throw new MongoError('InvalidOptions', 'cannot drop _id index')
      if (!collection.indexes.has(name)) throw new MongoError('IndexNotFound', `index not found with name [${name}]`)
    }
    for (const name of names) collection.indexes.delete(name)
    return { nIndexesWas }
  },
}

const namesToDrop = (collection: Collection, index: Value): readonly string[] => {
  if (typeof index === 'string') return [index]
  if (isDoc(index)) return [byKey(collection, index, 'drop')]
  if (!Array.isArray(index)) throw new MongoError('TypeMismatch', `BSON field 'dropIndexes.index' is the wrong type '${typeOf(index)}', expected types '[string, object, array']`)
  return index.map((name) => {
    if (typeof name === 'string') return name
    throw new MongoError('TypeMismatch', `dropIndexes ${collection.namespace} (${collection.uuid.toHexString()}) failed to drop multiple indexes ${print(index)}: index name must be a string`)
  })
}

/** The name of the index with these keys. */
const byKey = (collection: Collection, key: Doc, purpose: 'drop' | 'modify'): string => {
  if (isIdIndex(key)) return '_id_'
  const found = [...collection.indexes.values()].find((other) => equalValues(other.key, key))
  if (!found) throw new MongoError('IndexNotFound', purpose === 'drop' ? `can't find index with key: ${print(key)}` : `cannot find index ${print(key)} for ns ${collection.namespace}`)
  return found.name
}

const collMod: Command = {
  isWrite: true,
  fields: ['index', 'validator', 'validationLevel', 'validationAction', 'viewOn', 'pipeline'],
  run: (call) => {
    const collection = demand(call, 'ns does not exist')
    for (const field of ['viewOn', 'pipeline']) {
      if (Object.hasOwn(call.command, field)) throw new MongoError('InvalidOptions', `'${field}' option only supported on a view`)
    }
    const { validator, options } = validatorOf(call, collection.options)
    collection.validator = validator
    collection.options = { ...collection.options, ...options }
    const change = getField(call.command, 'index')
    if (change === undefined) return {}
    if (!isDoc(change)) throw new MongoError(10065, 'invalid parameter: expected an object (index)')
    return modifyIndex(collection, change)
  },
}

const modifyIndex = (collection: Collection, change: Doc): Doc => {
  const { name, keyPattern, expireAfterSeconds: next, hidden, ...unknown } = change
  const invalid = (message: string): MongoError => new MongoError('InvalidOptions', message)
  for (const field of Object.keys(unknown)) throw invalid(`Unrecognized field '${field}' in 'index' option`)
  if (name !== undefined && keyPattern !== undefined) throw invalid('Cannot specify both key pattern and name.')
  if (name === undefined && keyPattern === undefined) throw invalid('Must specify either index name or key pattern.')
  if (name !== undefined && typeof name !== 'string') throw invalid('Index name must be a string.')
  if (keyPattern !== undefined && !isDoc(keyPattern)) throw invalid('Key pattern must be an object.')
  if (next === undefined && hidden === undefined) throw invalid('no expireAfterSeconds or hidden field')
  if (next !== undefined && !isNumeric(next)) throw invalid('expireAfterSeconds field must be a number')
  if (hidden !== undefined && typeof hidden !== 'boolean') throw invalid('hidden field must be a boolean')
  const wanted = keyPattern ? byKey(collection, keyPattern, 'modify') : name
  const index = collection.indexes.get(wanted ?? '')
  if (!index && wanted !== '_id_') throw new MongoError('IndexNotFound', `cannot find index ${wanted ?? ''} for ns ${collection.namespace}`)
  const before = index?.spec['expireAfterSeconds']
  if (next !== undefined && before === undefined) throw invalid('no expireAfterSeconds field to update')
  if (!index) {
    if (hidden === true) throw new MongoError('BadValue', 'can\'t hide _id index')
    return {}
  }
  const reply: Doc = {}
  if (next !== undefined && toNumber(before as number) !== toNumber(next)) {
    index.spec = { ...index.spec, expireAfterSeconds: BigInt(Math.trunc(toNumber(next))) }
    Object.assign(reply, { expireAfterSeconds_old: before, expireAfterSeconds_new: next })
  }
  const wasHidden = index.spec['hidden'] === true
  if (hidden !== undefined && hidden !== wasHidden) {
    const { v, unique, hidden: _hidden, ...rest } = index.spec
    index.spec = { v, ...(unique !== undefined && { unique }), ...(hidden && { hidden }), ...rest }
    Object.assign(reply, { hidden_old: wasHidden, hidden_new: hidden })
  }
  return reply
}

export const indexCommands: Readonly<Record<string, Command>> = { createIndexes, listIndexes, dropIndexes, deleteIndexes: dropIndexes, collMod }
