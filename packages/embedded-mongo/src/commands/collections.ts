import { getField, isDoc, isNumeric, isTruthy, toNumber } from '../bson/value.js'
import { ListSource } from '../cursors.js'
import { MongoError } from '../mongo-error.js'
import { queryContext } from '../pipeline/context.js'
import { Filter } from '../query/filter.js'
import { checkCollectionName } from '../storage/store.js'
import { sizeOf } from '../bson/encode.js'
import { checkFieldTypes } from './field-types.js'
import { collectionOf, cursorBatchSize, docArgument, flag, writtenCollectionOf, wrongType } from './arguments.js'
import { idSpec, parseSpec } from './index-specs.js'
import { validatorOf } from './validators.js'
import { openCursor } from './reads.js'
import type { Doc } from '../bson/value.js'
import type { Call, Command } from './command.js'

const create: Command = {
  isWrite: true,
  fields: [
    'capped', 'autoIndexId', 'idIndex', 'size', 'max', 'storageEngine', 'validator', 'validationLevel', 'validationAction', 'indexOptionDefaults', 'viewOn',
    'pipeline', 'collation', 'flags', 'temp',
  ],
  run: (call) => {
    const { server, db, command } = call
    const name = writtenCollectionOf(call)
    checkFieldTypes('create', command, { capped: 'boolean', size: 'number', max: 'number', idIndex: 'object' })
    const idIndex = getField(command, 'idIndex')
    if (isDoc(idIndex)) {
      parseSpec(idIndex)
      idSpec(idIndex)
    }
    const size = getField(command, 'size')
    const max = getField(command, 'max')
    const capped = isTruthy(getField(command, 'capped'))
    if (capped && size === undefined) throw new MongoError('InvalidOptions', 'the \'size\' field is required when \'capped\' is true')
    if (!capped && (size !== undefined || max !== undefined)) {
      throw new MongoError('InvalidOptions', `the 'capped' field needs to be true when either the 'size' or 'max' fields are present`)
    }
    if (getField(command, 'pipeline') !== undefined && getField(command, 'viewOn') === undefined) {
      throw new MongoError('InvalidOptions', '\'pipeline\' requires \'viewOn\' to also be specified')
    }
    if (getField(command, 'autoIndexId') === false && db !== 'local') {
      throw new MongoError(50001, `autoIndexId:false is not allowed for collection ${db}.${name} because it can be replicated`)
    }
    if (getField(command, 'viewOn') !== undefined) throw new MongoError('CommandNotSupported', 'views are not supported by the embedded server')
    if (server.store.collection(db, name)) throw new MongoError('NamespaceExists', `Collection already exists. NS: ${db}.${name}`)
    if (isNumeric(size) && toNumber(size) < 0) throw new MongoError('BadValue', 'size has to be >= 0')
    if (isNumeric(size) && toNumber(size) > 2 ** 50) throw new MongoError('BadValue', 'size cannot exceed 1 PB')
    if (capped && isNumeric(max) && toNumber(max) >= 2 ** 31) throw new MongoError('BadValue', 'max in a capped collection has to be < 2^31 or not set')
    const bytes = isNumeric(size) ? Math.ceil(Math.trunc(toNumber(size)) / 256) * 256 : 0
    const cap = capped ? { size: Math.max(4096, bytes), max: isNumeric(max) && toNumber(max) > 0 ? toNumber(max) : undefined } : undefined
    const { validator, options } = validatorOf(call, {})
    const collection = server.store.create(db, name, { ...(cap && { capped: true, size: bytes, ...(max !== undefined && { max }) }), ...options }, cap)
    collection.validator = validator
    return {}
  },
}

const drop: Command = {
  isWrite: true,
  fields: [],
  run: (call) => {
    const dropped = call.server.store.drop(call.db, collectionOf(call))
    if (!dropped) throw new MongoError('NamespaceNotFound', 'ns not found')
    return { nIndexesWas: dropped.indexes.size + 1, ns: dropped.namespace }
  },
}

const dropDatabase: Command = {
  isWrite: true,
  fields: [],
  run: (call) => {
    const one = getField(call.command, 'dropDatabase')
    if (!isNumeric(one) || Math.trunc(toNumber(one)) !== 1) throw new MongoError('IllegalOperation', 'have to pass 1 as db parameter')
    return call.server.store.dropDatabase(call.db) ? { dropped: call.db } : {}
  },
}

const listCollections: Command = {
  fields: ['filter', 'nameOnly', 'cursor', 'authorizedCollections'],
  run: (call) => {
    const nameOnly = flag(call, 'nameOnly')
    const filter = new Filter(docArgument(call, 'filter'), queryContext(call.scope))
    const entries = [...call.server.store.collections(call.db)].map(([name, collection]): Doc => (nameOnly ? { name, type: 'collection' } : {
      name, type: 'collection', options: collection.options, info: { readOnly: false, uuid: collection.uuid }, idIndex: { v: 2, key: { _id: 1 }, name: '_id_' },
    })).filter((entry) => filter.matches(entry))
    const { cursor } = openCursor(call, `${call.db}.$cmd.listCollections`, new ListSource(entries), cursorBatchSize(call.command, Infinity))
    const { firstBatch, id, ns } = cursor as Doc
    return { cursor: { id, ns, firstBatch } }
  },
}

const listDatabases: Command = {
  adminOnly: true,
  fields: ['filter', 'nameOnly', 'authorizedDatabases'],
  run: (call) => {
    const nameOnly = flag(call, 'nameOnly')
    const filter = new Filter(docArgument(call, 'filter'), queryContext(call.scope))
    const databases = [...call.server.store.databases()].map(([name, collections]) => {
      const bytes = [...collections.values()].reduce((sum, collection) => sum + [...collection.all()].reduce((size, doc) => size + sizeOf(doc), 4096), 0)
      return { name, sizeOnDisk: bytes, empty: false }
    }).filter((entry) => filter.matches(entry)).sort((a, b) => (a.name < b.name ? -1 : 1))
    if (nameOnly) return { databases: databases.map(({ name }) => ({ name })) }
    return { databases, totalSize: databases.reduce((sum, { sizeOnDisk }) => sum + sizeOnDisk, 0) }
  },
}

const split = (call: Call, field: string): { db: string, coll: string } => {
  const namespace = getField(call.command, field)
  if (typeof namespace !== 'string') throw wrongType('renameCollection', field, namespace, 'string')
  const dot = namespace.indexOf('.')
  if (dot < 1 || dot === namespace.length - 1) throw new MongoError('InvalidNamespace', `Invalid ${field === 'to' ? 'target' : 'source'} namespace: ${namespace}`)
  return { db: namespace.slice(0, dot), coll: namespace.slice(dot + 1) }
}

const renameCollection: Command = {
  isWrite: true,
  adminOnly: true,
  fields: ['to', 'dropTarget', 'stayTemp'],
  required: ['to'],
  run: (call) => {
    const { store } = call.server
    const from = split(call, 'renameCollection')
    const to = split(call, 'to')
    if (from.db === to.db && from.coll === to.coll) throw new MongoError('IllegalOperation', 'Can\'t rename a collection to itself')
    checkCollectionName(to.db, to.coll)
    if (!store.databases().has(from.db)) throw new MongoError('NamespaceNotFound', `Database ${from.db} does not exist or is drop pending`)
    if (!store.collection(from.db, from.coll)) throw new MongoError('NamespaceNotFound', `Source collection ${from.db}.${from.coll} does not exist`)
    if (store.collection(to.db, to.coll) && !flag(call, 'dropTarget')) throw new MongoError('NamespaceExists', 'target namespace exists')
    store.rename(from, to)
    return {}
  },
}

const stats: Command = {
  run: (call) => {
    const name = collectionOf(call)
    const collection = call.server.store.collection(call.db, name)
    const size = [...collection?.all() ?? []].reduce((sum, doc) => sum + sizeOf(doc), 0)
    return { ns: `${call.db}.${name}`, size, count: collection?.size ?? 0, storageSize: size, capped: collection?.cap !== undefined, nindexes: (collection?.indexes.size ?? -1) + 1 }
  },
}

const dbStats: Command = {
  run: (call) => {
    const collections = [...call.server.store.collections(call.db).values()]
    const dataSize = collections.reduce((sum, collection) => sum + [...collection.all()].reduce((size, doc) => size + sizeOf(doc), 0), 0)
    const objects = collections.reduce((sum, collection) => sum + collection.size, 0)
    return { db: call.db, collections: collections.length, views: 0, objects, dataSize, indexes: collections.reduce((sum, collection) => sum + collection.indexes.size + 1, 0) }
  },
}

export const collectionCommands: Readonly<Record<string, Command>> = {
  create, drop, dropDatabase, listCollections, listDatabases, renameCollection, collStats: stats, dbStats,
}

