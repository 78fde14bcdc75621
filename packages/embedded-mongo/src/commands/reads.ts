import { valueKey } from '../bson/key.js'
import { getField, isDoc, isNumeric, toNumber, typeOf } from '../bson/value.js'
import { ListSource } from '../cursors.js'
import { MongoError } from '../mongo-error.js'
import { Names } from '../expression/scope.js'
import { queryContext } from '../pipeline/context.js'
import { compilePipeline, stageOf } from '../pipeline/stages.js'
import { Filter } from '../query/filter.js'
import { visitPath } from '../query/path.js'
import { findDocs } from '../query/plan.js'
import { findProjection } from '../query/projection.js'
import { checkHint, processing } from '../query/hint.js'
import { TailSource } from '../tailable.js'
import { checkSort, sorted } from '../query/sort.js'
import { collectionOf, docArgument, flag, missingField, numberArgument, wrongType } from './arguments.js'
import { checkFindTypes, checkHintType } from './field-types.js'
import { openChangeStream } from './change-streams.js'
import { outputStage } from './output-stages.js'
import { limited } from './writes.js'
import type { Doc, Value } from '../bson/value.js'
import type { Source } from '../cursors.js'
import type { Collection } from '../storage/collection.js'
import type { Call, Command } from './command.js'

const defaultBatch = 101

/** The reply that opens a cursor; one that is done at once is not kept. */
export const openCursor = (call: Call, namespace: string, source: Source, batchSize: number, single = false): Doc => {
  const firstBatch = source.take(batchSize)
  const token = source.resumeToken ? { postBatchResumeToken: source.resumeToken() } : {}
  if (single || source.isDone) return { cursor: { firstBatch, ...token, id: 0n, ns: namespace } }
  const cursor = call.server.cursors.add(namespace, source, flag(call, 'noCursorTimeout'))
  return { cursor: { firstBatch, ...token, id: cursor.id, ns: namespace } }
}

const find: Command = {
  fields: [
    'filter', 'sort', 'projection', 'hint', 'skip', 'limit', 'batchSize', 'singleBatch', 'max', 'min', 'returnKey', 'showRecordId', 'tailable', 'awaitData',
    'oplogReplay', 'noCursorTimeout', 'allowPartialResults', 'collation', 'allowDiskUse', 'let', 'ntoreturn', 'readOnce', 'term', 'options',
  ],
  isRead: true,
  run: (call) => {
    const { server, db, scope, command } = call
    const name = collectionOf(call)
    server.counters.query++
    checkFindTypes(command)
    const hint = getField(command, 'hint')
    checkHintType(hint)
    refuseUnsupported(call)
    const limit = nonNegative(call, 'limit', 'Limit') ?? 0
    const skip = nonNegative(call, 'skip', 'Skip') ?? 0
    const batchSize = nonNegative(call, 'batchSize', 'BatchSize') ?? defaultBatch
    const query = queryContext(scope)
    const filter = new Filter(docArgument(call, 'filter'), query)
    const sort = docArgument(call, 'sort')
    checkFindSort(sort)
    const fields = docArgument(call, 'projection')
    const projection = Object.keys(fields).length > 0 ? findProjection(fields, query, scope) : undefined
    const collection = server.store.collection(db, name)
    if (!collection) return { cursor: { id: 0n, ns: `${db}.${name}`, firstBatch: [] } }
    if (checkHintType(hint)) checkHint(collection, hint, filter.source)
    const show = (doc: Doc): Doc => (projection ? projection.shape(doc, projection.needsMatch ? filter.trace(doc) : undefined) : doc)
    if (flag(call, 'tailable')) return tail(call, collection, { filter, sort, show, batchSize })
    const matches = findDocs(collection, filter)
    const natural = getField(sort, '$natural')
    const ordered = Object.keys(sort).length === 0 ? matches
      : natural === undefined ? sorted([...matches], sort, scope.collation) : toNumber(natural as number) < 0 ? [...matches].toReversed() : matches
    const docs = [...limited(ordered, limit === 0 ? Infinity : skip + limit)].slice(skip)
    return openCursor(call, `${db}.${name}`, new ListSource(docs.map(show)), batchSize, flag(call, 'singleBatch'))
  },
}

/** What a `find` may ask of MongoDB and this server does not do: an error, not another answer. */
const refuseUnsupported = (call: Call): void => {
  if (flag(call, 'awaitData') && !flag(call, 'tailable')) throw new MongoError('FailedToParse', 'Cannot set \'awaitData\' without also setting \'tailable\'')
  for (const field of ['min', 'max']) if (Object.keys(docArgument(call, field)).length > 0) throw notSupported(field)
  for (const field of ['returnKey', 'showRecordId', 'explain']) if (flag(call, field)) throw notSupported(field)
}

const notSupported = (field: string): MongoError => new MongoError('CommandNotSupported', `'${field}' is not supported by the embedded server`)

interface Tail {
  readonly filter: Filter
  readonly sort: Doc
  readonly show: (doc: Doc) => Doc
  readonly batchSize: number
}

const tail = (call: Call, collection: Collection, { filter, sort, show, batchSize }: Tail): Doc => {
  const { server, db } = call
  const name = collectionOf(call)
  if (!collection.cap) throw new MongoError('BadValue', `${processing(collection, filter.source)} tailable cursor requested on non capped collection`)
  const order = getField(sort, '$natural')
  if (Object.keys(sort).length > 0 && (!isNumeric(order) || toNumber(order) !== 1)) throw new MongoError('BadValue', 'cannot use tailable option with a sort other than {$natural: 1}')
  if (flag(call, 'singleBatch')) throw new MongoError('BadValue', 'cannot use tailable option with the \'singleBatch\' option')
  const listen = flag(call, 'awaitData') ? (wake: () => void): (() => void) => server.store.oplog.listen(wake) : undefined
  const isGone = (): boolean => server.store.collection(db, name) !== collection
  return openCursor(call, `${db}.${name}`, new TailSource(collection, (doc) => (filter.matches(doc) ? show(doc) : undefined), isGone, listen), batchSize)
}

const checkFindSort = (sort: Doc): void => {
  for (const [path, direction] of Object.entries(sort)) {
    if (path === '$natural') continue
    const order = isNumeric(direction) ? toNumber(direction) : NaN
    if (!isDoc(direction) && order !== 1 && order !== -1) throw new MongoError('BadValue', 'bad sort specification')
  }
  const { $natural: _natural, ...others } = sort
  checkSort(others)
}

const nonNegative = (call: Call, field: string, label: string): number | undefined => {
  const value = numberArgument(call, field)
  if (value !== undefined && value < 0) throw new MongoError('BadValue', `${label} value must be non-negative, but received: ${value}`)
  return value
}

const count: Command = {
  fields: ['query', 'limit', 'skip', 'hint', 'collation', 'fields', 'let'],
  types: { query: 'object', limit: 'number', skip: 'number' },
  isRead: true,
  run: (call) => {
    const collection = call.server.store.collection(call.db, collectionOf(call))
    const filter = new Filter(docArgument(call, 'query'), queryContext(call.scope))
    const skip = numberArgument(call, 'skip') ?? 0
    if (skip < 0) throw new MongoError(51024, `BSON field 'skip' value must be >= 0, actual value '${skip}'`)
    const limit = Math.abs(numberArgument(call, 'limit') ?? 0)
    const hint = getField(call.command, 'hint')
    if (checkHintType(hint)) checkHint(collection, hint, filter.source)
    if (!collection) return { n: 0 }
    const all = Object.keys(filter.source).length === 0 ? collection.size : [...findDocs(collection, filter)].length
    const left = Math.max(0, all - skip)
    return { n: limit === 0 ? left : Math.min(left, limit) }
  },
}

const distinct: Command = {
  fields: ['key', 'query', 'collation'],
  types: { key: 'string', query: 'object' },
  required: ['key'],
  isRead: true,
  run: (call) => {
    const collection = call.server.store.collection(call.db, collectionOf(call))
    const key = getField(call.command, 'key')
    if (typeof key !== 'string') throw wrongType('distinct', 'key', key, 'string')
    const filter = new Filter(docArgument(call, 'query'), queryContext(call.scope))
    const values = new Map<string, Value>()
    for (const doc of collection ? findDocs(collection, filter) : []) {
      visitPath(doc, key.split('.'), 'whole', (found) => {
        if (!found.exists) return false
        for (const value of Array.isArray(found.value) ? found.value : [found.value]) if (!values.has(valueKey(value))) values.set(valueKey(value), value)
        return false
      })
    }
    return { values: [...values.values()] }
  },
}

const checkAggregateOptions = (call: Call): void => {
  for (const field of ['allowDiskUse', 'explain']) {
    const value = getField(call.command, field)
    if (value !== undefined && typeof value !== 'boolean') throw new MongoError('TypeMismatch', `${field} must be a boolean, not a ${typeOf(value)}`)
  }
  if (flag(call, 'explain')) throw notSupported('explain')
}

const aggregate: Command = {
  fields: ['pipeline', 'cursor', 'explain', 'allowDiskUse', 'bypassDocumentValidation', 'collation', 'hint', 'let', 'fromMongos', 'needsMerge'],
  isRead: true,
  run: (call) => {
    const { server, db, scope } = call
    server.counters.command++
    const first = getField(call.command, 'aggregate')
    const isWhole = isNumeric(first) && toNumber(first) === 1
    const name = isWhole ? '$cmd.aggregate' : collectionOf(call)
    if (!Object.hasOwn(call.command, 'pipeline')) throw missingField('aggregate', 'pipeline')
    const pipeline = getField(call.command, 'pipeline')
    if (!Array.isArray(pipeline)) throw new MongoError('TypeMismatch', '\'pipeline\' option must be specified as an array')
    checkAggregateOptions(call)
    const cursor = getField(call.command, 'cursor')
    if (!isDoc(cursor)) {
      throw cursor === undefined
        ? new MongoError('FailedToParse', 'The \'cursor\' option is required, except for aggregate with the explain argument')
        : new MongoError('TypeMismatch', 'cursor field must be missing or an object')
    }
    const size = getField(cursor, 'batchSize')
    for (const field of Object.keys(cursor)) if (field !== 'batchSize') throw new MongoError('BadValue', `cursor object can't contain fields other than batchSize`)
    if (size !== undefined && !isNumeric(size)) throw new MongoError('TypeMismatch', 'cursor.batchSize field must be a number')
    const batchSize = isNumeric(size) ? toNumber(size) : defaultBatch
    if (batchSize < 0) throw new MongoError('BadValue', 'cursor.batchSize must not be negative')
    const namespace = `${db}.${name}`
    const stages = pipeline.map(stageOf)
    const streamAt = stages.findIndex(([stage]) => stage === '$changeStream')
    if (streamAt > 0) throw new MongoError(40602, '$changeStream is only valid as the first stage in a pipeline.')
    // The first batch of a stream is empty: its events come with the first getMore.
    if (streamAt === 0) return openCursor(call, namespace, openChangeStream(call, isWhole ? undefined : name, pipeline), 0)
    const names = new Names(Object.keys(scope.variables))
    const read = (from: string): Iterable<Doc> => server.store.collection(db, from)?.all() ?? []
    const [last] = stages.slice(-1)
    const writes = last?.[0] === '$out' || last?.[0] === '$merge' ? last : undefined
    if (isWhole && stages[0]?.[0] !== '$documents' && stages[0]?.[0] !== '$currentOp') {
      throw new MongoError('InvalidNamespace', '{aggregate: 1} is not valid for an empty pipeline.')
    }
    const write = writes && outputStage(call, ...writes)
    const run = compilePipeline(writes ? pipeline.slice(0, -1) : pipeline, { scope, query: queryContext(scope), names, read })
    const hint = getField(call.command, 'hint')
    if (checkHintType(hint)) checkHint(server.store.collection(db, name), hint, {})
    const docs = run([...read(name)])
    write?.(docs)
    return openCursor(call, namespace, new ListSource(write ? [] : docs), batchSize)
  },
}

export const readCommands: Readonly<Record<string, Command>> = { find, count, distinct, aggregate }
