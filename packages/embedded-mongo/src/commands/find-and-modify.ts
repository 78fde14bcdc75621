import { identical } from '../bson/identical.js'
import { getField } from '../bson/value.js'
import { MongoError } from '../mongo-error.js'
import { queryContext } from '../pipeline/context.js'
import { Filter } from '../query/filter.js'
import { findDocs } from '../query/plan.js'
import { findProjection } from '../query/projection.js'
import { checkHint } from '../query/hint.js'
import { checkSort, sorted } from '../query/sort.js'
import { checkValid } from '../storage/validator.js'
import { checkSize } from '../storage/collection.js'
import { collectionOf, docArgument, flag } from './arguments.js'
import { checkHintType } from './field-types.js'
import { parseUpdate, refuseExpression } from './updates.js'
import { limited } from './writes.js'
import type { Doc } from '../bson/value.js'
import type { Call, Command } from './command.js'

const run = (call: Call): Doc => {
  const { server, db, scope } = call
  const name = collectionOf(call)
  const remove = flag(call, 'remove')
  const upsert = flag(call, 'upsert')
  const update = getField(call.command, 'update')
  if (remove && update !== undefined) throw new MongoError('FailedToParse', 'Cannot specify both an update and remove=true')
  if (!remove && update === undefined) throw new MongoError('FailedToParse', 'Either an update or remove=true must be specified')
  if (remove && upsert) throw new MongoError('FailedToParse', 'Cannot specify both upsert=true and remove=true ')
  if (remove && flag(call, 'new')) throw new MongoError('FailedToParse', 'Cannot specify both new=true and remove=true; \'remove\' always returns the deleted document')
  const query = docArgument(call, 'query')
  if (upsert) refuseExpression(query)
  const filter = new Filter(query, queryContext(scope))
  const fields = docArgument(call, 'fields')
  const projection = Object.keys(fields).length > 0 ? findProjection(fields, queryContext(scope), scope) : undefined
  const shown = (doc: Doc): Doc => (projection ? projection.shape(doc, projection.needsMatch ? filter.trace(doc) : undefined) : doc)
  const collection = server.store.collection(db, name)
  const sort = docArgument(call, 'sort')
  checkSort(sort)
  const hint = getField(call.command, 'hint')
  if (checkHintType(hint)) checkHint(collection, hint, query)
  const bypass = flag(call, 'bypassDocumentValidation')
  const matches = collection ? findDocs(collection, filter) : []
  const [found] = Object.keys(sort).length > 0 ? sorted([...matches], sort, scope.collation) : limited(matches, 1)
  if (remove) {
    if (collection && found) server.store.remove(db, name, collection, found)
    return { lastErrorObject: { n: found ? 1 : 0 }, value: found ? shown(found) : null }
  }
  const parsed = parseUpdate(call, update ?? {}, getField(call.command, 'arrayFilters'))
  const wantsNew = flag(call, 'new')
  if (collection && found) {
    const after = parsed.apply(found, filter)
    if (!identical(after.doc, found)) {
      checkSize(after.doc)
      if (!bypass) checkValid(collection.validator, after.doc, found)
      server.store.update(db, name, collection, found, after.doc, after.changes)
    }
    return { lastErrorObject: { n: 1, updatedExisting: true }, value: shown(wantsNew ? after.doc : found) }
  }
  if (!upsert) return { lastErrorObject: { n: 0, updatedExisting: false }, value: null }
  const made = parsed.insertion(filter)
  checkSize(made)
  if (!bypass) checkValid(collection?.validator, made, undefined)
  server.store.insert(db, name, made)
  return { lastErrorObject: { n: 1, updatedExisting: false, upserted: getField(made, '_id') ?? null }, value: wantsNew ? shown(made) : null }
}

const findAndModify: Command = {
  fields: ['query', 'sort', 'remove', 'update', 'new', 'fields', 'upsert', 'bypassDocumentValidation', 'collation', 'arrayFilters', 'hint', 'let'],
  isWrite: true,
  run,
}

export const findAndModifyCommands: Readonly<Record<string, Command>> = { findAndModify, findandmodify: findAndModify }
