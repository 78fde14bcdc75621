import { identical } from '../bson/identical.js'
import { getField, isDoc, typeOf } from '../bson/value.js'
import { MongoError } from '../mongo-error.js'
import { queryContext } from '../pipeline/context.js'
import { Filter } from '../query/filter.js'
import { findDocs, planOf } from '../query/plan.js'
import { findProjection } from '../query/projection.js'
import { checkHint } from '../query/hint.js'
import { checkSort, sorted } from '../query/sort.js'
import { checkValid } from '../storage/validator.js'
import { checkSize } from '../storage/collection.js'
import { writtenCollectionOf, docArgument, flag } from './arguments.js'
import { hintOf } from './field-types.js'
import { retriedFindAndModify, upsertReply } from './retries.js'
import { parseUpdate, refuseExpression } from './updates.js'
import { limited, tooLarge, tooLargeToUpsert } from './writes.js'
import type { Doc, Value } from '../bson/value.js'
import type { Call, Command } from './command.js'

const run = (call: Call): Doc => {
  const { server, db, scope, statements } = call
  const name = writtenCollectionOf(call)
  const remove = flag(call, 'remove')
  const upsert = flag(call, 'upsert')
  const update = getField(call.command, 'update')
  if (remove && update !== undefined) throw new MongoError('FailedToParse', 'Cannot specify both an update and remove=true')
  if (!remove && update === undefined) throw new MongoError('FailedToParse', 'Either an update or remove=true must be specified')
  if (remove && upsert) throw new MongoError('FailedToParse', 'Cannot specify both upsert=true and remove=true')
  if (remove && flag(call, 'new')) throw new MongoError('FailedToParse', 'Cannot specify both new=true and remove=true; \'remove\' always returns the deleted document')
  const arrayFilters = getField(call.command, 'arrayFilters')
  if (arrayFilters !== undefined) checkArrayFilters(arrayFilters, remove, update)
  const before = statements?.done(0)
  if (before) return retriedFindAndModify(call.command, before)
  const query = docArgument(call, 'query')
  if (upsert) refuseExpression(query)
  const filter = new Filter(query, queryContext(scope))
  const fields = docArgument(call, 'fields')
  const projection = Object.keys(fields).length > 0 ? findProjection(fields, queryContext(scope), scope, query) : undefined
  const shown = (doc: Doc): Doc => (projection ? projection.shape(doc, projection.needsMatch ? filter.trace(doc) : undefined) : doc)
  const collection = server.store.collection(db, name)
  const sort = docArgument(call, 'sort')
  checkSort(sort)
  const hint = hintOf(call.command)
  checkHint(collection, hint, query)
  const bypass = flag(call, 'bypassDocumentValidation')
  const matches = collection ? findDocs(collection, filter, planOf(collection, { query, sort, hint, collated: scope.collation !== undefined })) : []
  const [found] = Object.keys(sort).length > 0 ? sorted([...matches], sort, scope.collation) : limited(matches, 1)
  if (remove) {
    if (!collection || !found) return { lastErrorObject: { n: 0 }, value: null }
    const reply = { lastErrorObject: { n: 1 }, value: shown(found) }
    server.store.remove(db, name, collection, found)
    statements?.remember(0, { type: 'delete', reply })
    return reply
  }
  const parsed = parseUpdate(call, update ?? {}, arrayFilters)
  const wantsNew = flag(call, 'new')
  if (collection && found) {
    const after = parsed.apply(found, filter)
    const reply = { lastErrorObject: { n: 1, updatedExisting: true }, value: shown(wantsNew ? after.doc : found) }
    if (!identical(after.doc, found)) {
      checkSize(after.doc, tooLarge)
      if (!bypass) checkValid(collection.validator, after.doc, found)
      server.store.update(db, name, collection, found, after.doc, after.changes)
      statements?.remember(0, { type: 'update', reply })
    }
    return reply
  }
  if (!upsert) return { lastErrorObject: { n: 0, updatedExisting: false }, value: null }
  const made = parsed.insertion(filter)
  checkSize(made, tooLargeToUpsert)
  if (!bypass) checkValid(collection?.validator, made, undefined)
  server.store.insert(db, name, made)
  const reply = upsertReply(made, wantsNew ? shown(made) : null)
  statements?.remember(0, { type: 'insert', doc: made, reply })
  return reply
}

const checkArrayFilters = (filters: Value, remove: boolean, update: Value): void => {
  if (!Array.isArray(filters)) throw new MongoError('TypeMismatch', `"arrayFilters" had the wrong type. Expected array, found ${typeOf(filters)}`)
  for (const filter of filters) if (!isDoc(filter)) throw new MongoError('TypeMismatch', `Each array filter must be an object, found ${typeOf(filter)}`)
  if (remove) throw new MongoError('FailedToParse', 'Cannot specify arrayFilters and remove=true')
  if (Array.isArray(update)) throw new MongoError('FailedToParse', 'Cannot specify arrayFilters and a pipeline update')
}

const findAndModify: Command = {
  fields: ['query', 'sort', 'remove', 'update', 'new', 'fields', 'upsert', 'bypassDocumentValidation', 'collation', 'arrayFilters', 'hint', 'let'],
  isWrite: true,
  run,
}

export const findAndModifyCommands: Readonly<Record<string, Command>> = { findAndModify, findandmodify: findAndModify }
