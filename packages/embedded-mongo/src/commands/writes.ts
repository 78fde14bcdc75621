import { Timestamp } from 'bson'
import { collationOf } from '../collation.js'
import { identical } from '../bson/identical.js'
import { getField, isDoc, isNumeric, isTruthy, setField, toNumber } from '../bson/value.js'
import { MongoError } from '../mongo-error.js'
import { queryContext } from '../pipeline/context.js'
import { Filter } from '../query/filter.js'
import { findDocs, planOf } from '../query/plan.js'
import { checkHint } from '../query/hint.js'
import { checkValid } from '../storage/validator.js'
import { checkSize, maxDocumentBytes } from '../storage/collection.js'
import { checkInsertable } from '../update/storage.js'
import { batch, writtenCollectionOf, missingField, unknownField } from './arguments.js'
import { checkFieldTypes, hintOf } from './field-types.js'
import { doneByUpdate, retriedUpdate } from './retries.js'
import { checkUpdate, parseUpdate, refuseExpression, withId } from './updates.js'
import type { Doc } from '../bson/value.js'
import type { Done } from '../sessions.js'
import type { UpdateResult } from './retries.js'
import type { Call, Command } from './command.js'

/**
 * Runs the statements of a batch, each on its own; an ordered one ends at the first error.
 *
 * @param run says what the statement did, when a retry of it must not do it again.
 * @param again is called instead for a statement that a retryable write has done before.
 */
const each = (call: Call, statements: readonly Doc[], run: (statement: Doc, index: number) => Done | undefined, again: (done: Done, index: number) => void): Doc[] => {
  const errors: Doc[] = []
  const ordered = getField(call.command, 'ordered') !== false
  for (const [index, statement] of statements.entries()) {
    const before = call.statements?.done(index)
    if (before) {
      again(before, index)
      continue
    }
    try {
      const done = run(statement, index)
      if (done) call.statements?.remember(index, done)
    } catch (cause) {
      if (!(cause instanceof MongoError)) throw cause
      errors.push({ index, code: cause.code, ...cause.fields, errmsg: cause.message })
      if (ordered) break
    }
  }
  return errors
}

const insert: Command = {
  fields: ['documents', 'ordered', 'bypassDocumentValidation'],
  types: { ordered: 'bool', bypassDocumentValidation: 'boolean' },
  required: ['documents'],
  isWrite: true,
  run: (call) => {
    const { server, db } = call
    const name = writtenCollectionOf(call)
    let n = 0
    const bypass = isTruthy(getField(call.command, 'bypassDocumentValidation'))
    const errors = each(call, batch(call, 'documents'), (given) => {
      checkInsertable(given)
      const doc = withId(given)
      checkSize(doc, (size) => new MongoError('BadValue', `object to insert too large. size in bytes: ${size}, max size: ${maxDocumentBytes}`))
      server.counters.insert++
      if (!bypass) checkValid(server.store.collection(db, name)?.validator, doc, undefined)
      const made = stamped(doc, () => server.store.oplog.tick())
      server.store.insert(db, name, made)
      n++
      return { type: 'insert', doc: made }
    }, () => n++)
    return { n, ...(errors.length > 0 && { writeErrors: errors }) }
  },
}

/** An empty timestamp at the top of a document is filled in by the server. */
const stamped = (doc: Doc, now: () => Timestamp): Doc => {
  const empty = Object.keys(doc).filter((name) => name !== '_id' && doc[name] instanceof Timestamp && doc[name].isZero())
  if (empty.length === 0) return doc
  const copy = { ...doc }
  for (const name of empty) setField(copy, name, now())
  return copy
}

const statementFields = new Set(['q', 'u', 'c', 'multi', 'upsert', 'collation', 'arrayFilters', 'hint'])

const update: Command = {
  fields: ['updates', 'ordered', 'bypassDocumentValidation', 'let'],
  types: { ordered: 'bool', bypassDocumentValidation: 'boolean' },
  required: ['updates'],
  isWrite: true,
  run: (call) => {
    const name = writtenCollectionOf(call)
    const statements = batch(call, 'updates')
    for (const statement of statements) {
      for (const field of Object.keys(statement)) if (!statementFields.has(field)) throw unknownField('update.updates', field)
      for (const field of ['q', 'u']) if (!Object.hasOwn(statement, field)) throw missingField('update.updates', field)
      checkUpdate(getField(statement, 'u'))
      checkFieldTypes('update.updates', statement, { q: 'object', multi: 'bool', upsert: 'bool', arrayFilters: 'array', collation: 'object', c: 'object' })
      hintOf(statement)
    }
    let n = 0
    let nModified = 0
    const upserted: Doc[] = []
    const count = (result: UpdateResult, index: number): void => {
      n += result.n
      nModified += result.modified
      if (result.inserted) upserted.push({ index, _id: getField(result.inserted, '_id') ?? null })
    }
    const errors = each(call, statements, (statement, index) => {
      call.server.counters.update++
      const result = updateOne(call, name, statement)
      count(result, index)
      return doneByUpdate(result)
    }, (done, index) => count(retriedUpdate(done), index))
    return { n, nModified, ...(upserted.length > 0 && { upserted }), ...(errors.length > 0 && { writeErrors: errors }) }
  },
}

export const tooLarge = (): MongoError => new MongoError(17419, `Resulting document after update is larger than ${maxDocumentBytes}`)

export const tooLargeToUpsert = (): MongoError => new MongoError(17420, `Document to upsert is larger than ${maxDocumentBytes}`)

/** A statement of a batch has a collation of its own. */
const collated = (call: Call, statement: Doc): Call => {
  const collation = collationOf(statement)
  return collation ? { ...call, scope: { ...call.scope, collation } } : call
}

const withVariables = (call: Call, more: Doc): Call => ({ ...call, scope: { ...call.scope, variables: { ...call.scope.variables, ...more } } })

const updateOne = (whole: Call, name: string, statement: Doc): UpdateResult => {
  const call = collated(whole, statement)
  const { server, db, scope } = call
  const multi = isTruthy(getField(statement, 'multi'))
  const upsert = isTruthy(getField(statement, 'upsert'))
  if (multi && isNumeric(getField(call.command, 'txnNumber')) && Object.hasOwn(call.command, 'lsid')) {
    throw new MongoError('InvalidOptions', 'Cannot use (or request) retryable writes with multi=true')
  }
  const q = getField(statement, 'q')
  if (upsert) refuseExpression(q)
  const filter = new Filter(isDoc(q) ? q : {}, queryContext(scope))
  const u = getField(statement, 'u')
  const constants = getField(statement, 'c')
  if (constants !== undefined && !Array.isArray(u)) throw new MongoError(51198, 'Constant values may only be specified for pipeline updates')
  const parsed = parseUpdate(isDoc(constants) ? withVariables(call, constants) : call, u, getField(statement, 'arrayFilters'))
  if (multi && parsed.isReplacement) throw new MongoError('FailedToParse', 'multi update is not supported for replacement-style update')
  const collection = server.store.collection(db, name)
  const hint = hintOf(statement)
  checkHint(collection, hint, filter.source)
  const bypass = isTruthy(getField(call.command, 'bypassDocumentValidation'))
  let n = 0
  let modified = 0
  for (const doc of collection ? [...limited(findDocs(collection, filter, planOf(collection, { query: filter.source, hint, collated: scope.collation !== undefined })), multi ? Infinity : 1)] : []) {
    const after = parsed.apply(doc, filter)
    n++
    if (!collection || identical(after.doc, doc)) continue
    checkSize(after.doc, tooLarge)
    if (!bypass) checkValid(collection.validator, after.doc, doc)
    server.store.update(db, name, collection, doc, after.doc, after.changes)
    modified++
  }
  if (n > 0 || !upsert) return { n, modified }
  const made = parsed.insertion(filter)
  checkSize(made, tooLargeToUpsert)
  if (!bypass) checkValid(collection?.validator, made, undefined)
  server.store.insert(db, name, made)
  return { n: 1, modified: 0, inserted: made }
}

export function* limited<T>(values: Iterable<T>, count: number): Generator<T> {
  let left = count
  if (left <= 0) return
  for (const value of values) {
    yield value
    if (--left <= 0) return
  }
}

const deleteFields = new Set(['q', 'limit', 'collation', 'hint'])

const remove: Command = {
  fields: ['deletes', 'ordered', 'let'],
  types: { ordered: 'bool' },
  required: ['deletes'],
  isWrite: true,
  run: (call) => {
    const { server, db } = call
    const name = writtenCollectionOf(call)
    const statements = batch(call, 'deletes')
    for (const statement of statements) {
      for (const field of Object.keys(statement)) if (!deleteFields.has(field)) throw unknownField('delete.deletes', field)
      for (const field of ['q', 'limit']) if (!Object.hasOwn(statement, field)) throw missingField('delete.deletes', field)
      checkFieldTypes('delete.deletes', statement, { q: 'object', limit: 'number', collation: 'object' })
      hintOf(statement)
      const limit = toNumber(statement['limit'] as number)
      if (limit !== 0 && limit !== 1) throw new MongoError('FailedToParse', `The limit field in delete objects must be 0 or 1. Got ${limit}`)
    }
    let n = 0
    const errors = each(call, statements, (statement) => {
      server.counters.delete++
      const limit = toNumber(statement['limit'] as number)
      if (limit === 0 && Object.hasOwn(call.command, 'lsid') && isNumeric(getField(call.command, 'txnNumber'))) {
        throw new MongoError('InvalidOptions', 'Cannot use (or request) retryable writes with limit=0')
      }
      const q = getField(statement, 'q')
      const { scope } = collated(call, statement)
      const filter = new Filter(isDoc(q) ? q : {}, queryContext(scope))
      const collection = server.store.collection(db, name)
      if (!collection) return undefined
      const hint = hintOf(statement)
      checkHint(collection, hint, filter.source)
      if (collection.cap) throw new MongoError('IllegalOperation', `cannot remove from a capped collection: ${db}.${name}`)
      let removed = false
      for (const doc of limited(findDocs(collection, filter, planOf(collection, { query: filter.source, hint, collated: scope.collation !== undefined })), limit === 1 ? 1 : Infinity)) {
        server.store.remove(db, name, collection, doc)
        n++
        removed = true
      }
      return removed ? { type: 'delete' } : undefined
    }, () => n++)
    return { n, ...(errors.length > 0 && { writeErrors: errors }) }
  },
}

export const writeCommands: Readonly<Record<string, Command>> = { insert, update, delete: remove }
