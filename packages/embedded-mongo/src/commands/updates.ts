import { ObjectId } from 'bson'
import { equalValues } from '../bson/compare.js'
import { identical } from '../bson/identical.js'
import { print } from '../bson/print.js'
import { cloneValue, getField, isDoc, setField } from '../bson/value.js'
import { MongoError } from '../mongo-error.js'
import { Names } from '../expression/scope.js'
import { stageOf } from '../pipeline/stage-of.js'
import { compilePipeline } from '../pipeline/stages.js'
import { queryContext } from '../pipeline/context.js'
import type { Filter } from '../query/filter.js'
import { applyOperators } from '../update/apply.js'
import { parseArrayFilters } from '../update/array-filters.js'
import { checkId, checkStorable } from '../update/storage.js'
import { parseOperators } from '../update/tree.js'
import { fieldsOfQuery } from '../update/upsert.js'
import type { Doc, Value } from '../bson/value.js'
import type { Changes } from '../update/changes.js'
import type { Call } from './command.js'

/** A document after an update; `changes` is undefined when it was replaced whole. */
export interface Updated {
  readonly doc: Doc
  readonly changes: Changes | undefined
}

/** An update of any of the three kinds, ready to be applied to documents. */
export interface Update {
  readonly isReplacement: boolean
  readonly apply: (doc: Doc, filter: Filter) => Updated
  /** The document that an upsert makes of a query that matched nothing. */
  readonly insertion: (filter: Filter) => Doc
}

const pipelineStages = new Set(['$addFields', '$set', '$project', '$unset', '$replaceRoot', '$replaceWith'])

/** @throws MongoError 9 or 14 for what is no update at all; MongoDB refuses the whole command for it. */
export const checkUpdate: (update: Value) => asserts update is Doc | Value[] = (update) => {
  if (!isDoc(update) && !Array.isArray(update)) throw new MongoError('FailedToParse', 'Update argument must be either an object or an array')
  if (Array.isArray(update) && !update.every(isDoc)) throw new MongoError('TypeMismatch', 'Each element of the \'pipeline\' array must be an object')
}

export const parseUpdate = (call: Call, update: Value, arrayFilters: Value): Update => {
  checkUpdate(update)
  if (Array.isArray(update)) return pipelineUpdate(call, update, arrayFilters)
  const [first] = Object.keys(update)
  return first?.startsWith('$') ? operatorUpdate(call, update, arrayFilters) : replacement(update, arrayFilters)
}

const operatorUpdate = (call: Call, update: Doc, arrayFilters: Value): Update => {
  const { scope, server } = call
  const query = queryContext(scope)
  const context = { now: scope.now, nextTimestamp: () => server.store.oplog.tick(), collation: scope.collation, query }
  const filters = parseArrayFilters(Array.isArray(arrayFilters) ? arrayFilters : [], query)
  const used = new Set<string>()
  const identifiers = new Set(filters.keys())
  const tree = parseOperators(update, context, false, identifiers, used)
  for (const identifier of identifiers) {
    if (!used.has(identifier)) throw new MongoError('FailedToParse', `The array filter for identifier '${identifier}' was not used in the update ${print(update)}`)
  }
  return {
    isReplacement: false,
    apply: (doc, filter) => {
      const at = tree.hasPositional ? filter.trace(doc) : undefined
      return applyOperators(doc, tree, { position: typeof at === 'number' ? at : undefined, arrayFilters: filters, inserting: false })
    },
    insertion: (filter) => {
      const inserting = parseOperators(update, context, true, identifiers, used)
      return withId(applyOperators(fieldsOfQuery(filter.source), inserting, { position: undefined, arrayFilters: filters, inserting: true }).doc)
    },
  }
}

const replacement = (update: Doc, arrayFilters: Value): Update => {
  if (Array.isArray(arrayFilters) && arrayFilters.length > 0) throw new MongoError('FailedToParse', 'arrayFilters may not be specified for replacement-style updates')
  const replace = (before: Doc): Doc => {
    checkStorable(update, '')
    const id = getField(before, '_id')
    const given = getField(update, '_id')
    if (id !== undefined && given !== undefined && !identical(given, id) && !equalValues(given, id)) throw alteredId(given)
    return id === undefined ? update : { _id: id, ...update }
  }
  return {
    isReplacement: true,
    apply: (doc) => ({ doc: cloneValue(replace(doc)) as Doc, changes: undefined }),
    insertion: (filter) => {
      const fields = fieldsOfQuery({ ...('_id' in filter.source && { _id: filter.source['_id'] }) })
      return withId(replace(fields))
    },
  }
}

export const alteredId = (id: Value): MongoError => new MongoError('ImmutableField',
  `After applying the update, the (immutable) field '_id' was found to have been altered to _id: ${print(id)}`)

const pipelineUpdate = (call: Call, pipeline: readonly Value[], arrayFilters: Value): Update => {
  if (Array.isArray(arrayFilters)) throw new MongoError('FailedToParse', 'arrayFilters may not be specified for pipeline-syle updates')
  for (const stage of pipeline) {
    const [name] = stageOf(stage)
    if (!pipelineStages.has(name)) throw new MongoError('InvalidOptions', `${name} is not allowed to be used within an update`)
  }
  const run = compilePipeline(pipeline, {
    scope: call.scope, query: queryContext(call.scope), names: new Names(Object.keys(call.scope.variables)), read: () => [],
  })
  const transform = (before: Doc): Doc => {
    const [after = {}] = run([before])
    const id = getField(before, '_id')
    const next = getField(after, '_id')
    if (id !== undefined && next !== undefined && !identical(id, next)) throw alteredId(next)
    checkStorable(after, '')
    return id === undefined || next !== undefined ? after : { _id: id, ...after }
  }
  return {
    isReplacement: false,
    apply: (doc) => ({ doc: transform(doc), changes: undefined }),
    insertion: (filter) => withId(transform(fieldsOfQuery(filter.source))),
  }
}

/** With an `_id`, which comes first. */
export const withId = (doc: Doc): Doc => {
  const id = getField(doc, '_id')
  if (Object.hasOwn(doc, '_id')) checkId(id)
  if (id !== undefined && Object.keys(doc)[0] === '_id') return doc
  const ordered: Doc = { _id: id ?? new ObjectId() }
  for (const name of Object.keys(doc)) if (name !== '_id') setField(ordered, name, doc[name])
  return ordered
}

/** @throws MongoError 224 where a query for an upsert has an expression in it. */
export const refuseExpression = (query: Value): void => {
  if (Array.isArray(query)) for (const clause of query) refuseExpression(clause)
  else if (isDoc(query)) {
    for (const [name, operand] of Object.entries(query)) {
      if (name === '$expr') throw new MongoError('QueryFeatureNotAllowed', '$expr is not allowed in the query predicate for an upsert')
      if (name === '$and' || name === '$or' || name === '$nor') refuseExpression(operand)
    }
  }
}
