import { equalValues } from '../bson/compare.js'
import { valueKey } from '../bson/key.js'
import { print } from '../bson/print.js'
import { getField, isDoc, isNumeric, toNumber } from '../bson/value.js'
import { ListSource } from '../cursors.js'
import { MongoError } from '../mongo-error.js'
import { queryContext } from '../pipeline/context.js'
import { Filter } from '../query/filter.js'
import { visitPath } from '../query/path.js'
import { findDocs, planOf } from '../query/plan.js'
import { findProjection } from '../query/projection.js'
import { checkHint, processing } from '../query/hint.js'
import { TailSource } from '../tailable.js'
import { checkSort, sorted } from '../query/sort.js'
import { collectionOf, docArgument, flag, numberArgument, wrongType } from './arguments.js'
import { checkFindTypes, hintOf } from './field-types.js'
import { limited } from './writes.js'
import type { Doc, Value } from '../bson/value.js'
import type { Source } from '../cursors.js'
import type { Collection } from '../storage/collection.js'
import type { Call, Command } from './command.js'

export const defaultBatch = 101

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
    const hint = hintOf(command)
    refuseUnsupported(call)
    const limit = nonNegative(call, 'limit', 'Limit') ?? 0
    const skip = nonNegative(call, 'skip', 'Skip') ?? 0
    const batchSize = nonNegative(call, 'batchSize', 'BatchSize') ?? defaultBatch
    const query = queryContext(scope)
    const filter = new Filter(docArgument(call, 'filter'), query)
    const sort = docArgument(call, 'sort')
    const fields = docArgument(call, 'projection')
    const projection = Object.keys(fields).length > 0 ? findProjection(fields, query, scope, filter.source) : undefined
    checkFindSort(sort, hint)
    const collection = server.store.collection(db, name)
    if (!collection) return { cursor: { id: 0n, ns: `${db}.${name}`, firstBatch: [] } }
    checkHint(collection, hint, filter.source)
    const show = (doc: Doc): Doc => (projection ? projection.shape(doc, projection.needsMatch ? filter.trace(doc) : undefined) : doc)
    if (flag(call, 'tailable')) return tail(call, collection, { filter, sort, show, batchSize })
    const plan = planOf(collection, { query: filter.source, sort, hint, collated: scope.collation !== undefined })
    const matches = findDocs(collection, filter, plan)
    const ordered = plan.blockingSort ? sorted([...matches], sort, scope.collation) : matches
    const docs = [...limited(ordered, limit === 0 ? Infinity : skip + limit)].slice(skip)
    const isForeseen = plan.blockingSort || plan.stage === 'IDHACK' || docs.length === limit
    return openCursor(call, `${db}.${name}`, new ListSource(docs.map(show), isForeseen ? 'seen' : 'tried'), batchSize, flag(call, 'singleBatch'))
  },
}

/** Refuses the options of `find` that this server lacks: an error, not another answer. */
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

const checkFindSort = (sort: Doc, hint: string | Doc | undefined): void => {
  for (const [what, pattern] of [['sort', sort], ['hint', isDoc(hint) ? hint : {}]] as const) {
    if (Object.hasOwn(pattern, '$natural') && Object.keys(pattern).length > 1) throw new MongoError('BadValue', `Cannot include '$natural' in compoound ${what}: ${print(pattern)}`)
  }
  const { $natural: natural, ...others } = sort
  checkSort(others)
  if (natural === undefined || hint === undefined || (isDoc(hint) && Object.keys(hint).length === 0)) return
  if (typeof hint === 'string' || !Object.hasOwn(hint, '$natural')) throw new MongoError('BadValue', 'index hint not allowed with $natural sort order')
  if (!equalValues(hint['$natural'], natural)) throw new MongoError('BadValue', '$natural hint must be in the same direction as $natural sort order')
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
    const hint = hintOf(call.command)
    checkHint(collection, hint, filter.source)
    if (!collection) return { n: 0 }
    const all = Object.keys(filter.source).length === 0 && hint === undefined ? collection.size : countOf(findDocs(collection, filter, planOf(collection, { query: filter.source, hint, collated: call.scope.collation !== undefined })))
    const left = Math.max(0, all - skip)
    return { n: limit === 0 ? left : Math.min(left, limit) }
  },
}

const countOf = (docs: Iterable<Doc>): number => {
  let count = 0
  for (const _doc of docs) count++
  return count
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
    const { scope } = call
    const { collation } = scope
    const keyOf = (value: Value): string => valueKey(value, collation)
    const values = new Map<string, Value>()
    const plan = planOf(collection, { query: filter.source, collated: scope.collation !== undefined })
    for (const doc of collection ? findDocs(collection, filter, plan) : []) {
      visitPath(doc, key.split('.'), 'whole', (found) => {
        if (!found.exists) return false
        for (const value of Array.isArray(found.value) ? found.value : [found.value]) if (!values.has(keyOf(value))) values.set(keyOf(value), value)
        return false
      })
    }
    return { values: [...values.values()] }
  },
}

export const readCommands: Readonly<Record<string, Command>> = { find, count, distinct }
