import { getField, isTruthy } from '../bson/value.js'
import { print } from '../bson/print.js'
import { MongoError } from '../mongo-error.js'
import type { Doc, Value } from '../bson/value.js'
import type { Done } from '../sessions.js'

/** Counts of an `update` for one statement, and the document that an upsert made. */
export interface UpdateResult {
  readonly n: number
  readonly modified: number
  readonly inserted?: Doc
}

/** Result of an update, for its session; undefined when it changed nothing and may run again. */
export const doneByUpdate = ({ modified, inserted }: UpdateResult): Done | undefined =>
  inserted ? { type: 'insert', doc: inserted } : modified > 0 ? { type: 'update' } : undefined

/**
 * What a repeated statement of an `update` counts: an insert is taken for the upsert that it may have been.
 *
 * @throws MongoError 40638 where the statement has deleted something.
 */
export const retriedUpdate = (done: Done): UpdateResult => {
  if (done.type === 'delete') throw new MongoError(40638, 'update retry request is not compatible with previous write in the transaction of type: d')
  return done.type === 'insert' ? { n: 1, modified: 0, inserted: done.doc } : { n: 1, modified: 1 }
}

/**
 * The reply to a repeated `findAndModify`.
 *
 * @throws MongoError 40606 to 40612 where the statement was something else, of which this command cannot have the document.
 */
export const retriedFindAndModify = (command: Doc, done: Done): Doc => {
  const asks = (field: string): boolean => isTruthy(getField(command, field))
  const { findAndModify, findandmodify, query, update } = command
  const shown = print({ findAndModify: findAndModify ?? findandmodify, ...(query !== undefined && { query }), ...(update !== undefined && { update }) })
  const incompatible = (code: number, type: string): MongoError =>
    new MongoError(code, `findAndModify retry request: ${shown} is not compatible with previous write in the transaction of type: ${type}`)
  switch (done.type) {
    case 'delete':
      if (!asks('remove')) throw incompatible(40606, 'd')
      if (!done.reply) throw new MongoError(40607, `No pre-image available for findAndModify retry request:${shown}`)
      return done.reply
    case 'insert':
      if (!asks('upsert')) throw incompatible(40608, 'i')
      return done.reply ?? upsertReply(done.doc, asks('new') ? done.doc : null)
    case 'update':
      if (done.reply) return done.reply
      throw asks('new')
        ? new MongoError(40611, `findAndModify retry request: ${shown} wants the document after update returned, but only before update document is stored`)
        : new MongoError(40612, `findAndModify retry request: ${shown} wants the document before update returned, but only after update document is stored`)
  }
}

/** Reply of a `findAndModify` that has made a document. */
export const upsertReply = (made: Doc, value: Value): Doc =>
  ({ lastErrorObject: { n: 1, updatedExisting: false, upserted: getField(made, '_id') ?? null }, value })
