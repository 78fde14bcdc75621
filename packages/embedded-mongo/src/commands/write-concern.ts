import { Timestamp } from 'bson'
import { getField, isDoc, isNumeric, isTruthy, toNumber, typeOf } from '../bson/value.js'
import { print } from '../bson/print.js'
import { MongoError } from '../mongo-error.js'
import type { Doc } from '../bson/value.js'

const fields = new Set(['w', 'j', 'fsync', 'wtimeout', 'getLastError', 'wElectionId', 'wOpTime', 'provenance'])
const levels = new Set(['local', 'majority', 'linearizable', 'available', 'snapshot'])

/** @throws MongoError for a concern that is none. */
export const checkConcerns = (command: Doc): void => {
  const write = getField(command, 'writeConcern')
  if (write !== undefined) {
    if (!isDoc(write)) throw new MongoError('TypeMismatch', `"writeConcern" had the wrong type. Expected object, found ${typeOf(write)}`)
    for (const field of Object.keys(write)) if (!fields.has(field)) throw new MongoError('FailedToParse', `unrecognized write concern field: ${field}`)
    for (const field of ['j', 'fsync']) {
      const value = getField(write, field)
      if (value !== undefined && typeof value !== 'boolean' && !isNumeric(value)) throw new MongoError('FailedToParse', `${field} must be numeric or a boolean value`)
    }
    if (isTruthy(getField(write, 'j')) && isTruthy(getField(write, 'fsync'))) throw new MongoError('FailedToParse', 'fsync and j options cannot be used together')
    const w = getField(write, 'w')
    if (w !== undefined && w !== null && typeof w !== 'string' && !isNumeric(w)) throw new MongoError('FailedToParse', 'w has to be a number or a string')
    if (isNumeric(w) && (toNumber(w) < 0 || toNumber(w) > 50)) throw new MongoError('FailedToParse', 'w has to be a non-negative number and not greater than 50')
  }
  const read = getField(command, 'readConcern')
  if (read !== undefined && !isDoc(read)) throw new MongoError('FailedToParse', 'readConcern field should be an object')
  if (isDoc(read)) {
    for (const field of Object.keys(read)) {
      if (!['level', 'afterClusterTime', 'atClusterTime', 'afterOpTime', 'provenance'].includes(field)) throw new MongoError('InvalidOptions', `Unrecognized option in readConcern: ${field}`)
    }
    const level = getField(read, 'level')
    const after = getField(read, 'afterClusterTime')
    if (level !== undefined && typeof level !== 'string') throw new MongoError('TypeMismatch', `"level" had the wrong type. Expected string, found ${typeOf(level)}`)
    if (after !== undefined && !(after instanceof Timestamp)) throw new MongoError('TypeMismatch', `"afterClusterTime" had the wrong type. Expected timestamp, found ${typeOf(after)}`)
    if (level !== undefined && !levels.has(level)) {
      throw new MongoError('FailedToParse', 'readConcern.level must be either \'local\', \'majority\', \'linearizable\', \'available\', or \'snapshot\'')
    }
    if (level === 'snapshot') throw new MongoError('InvalidOptions', 'readConcern level snapshot is only valid in a transaction')
  }
}

/** Error of a write concern that one node cannot fulfil; a write reports it beside its result. */
export const writeConcernError = (command: Doc): Doc | undefined => {
  const concern = getField(command, 'writeConcern')
  if (!isDoc(concern)) return undefined
  const { w, wtimeout } = concern
  const { j, fsync } = concern
  const errInfo = { writeConcern: { w: w ?? 1, ...(isTruthy(fsync) ? { fsync: true } : j !== undefined && { j: isTruthy(j) }), wtimeout: wtimeout ?? 0, provenance: 'clientSupplied' } }
  if (typeof w === 'string' && w !== 'majority') {
    return { code: 79, codeName: 'UnknownReplWriteConcern', errmsg: `No write concern mode named '${w}' found in replica set configuration`, errInfo }
  }
  if (isNumeric(w) && toNumber(w) > 1) return { code: 100, codeName: 'UnsatisfiableWriteConcern', errmsg: 'Not enough data-bearing nodes', errInfo }
  return undefined
}

/** @throws MongoError 72 where a read is to be written somewhere, or a write to be read from anywhere but here. */
export const checkConcernsSupported = (name: string, command: Doc, { isRead, isWrite }: { readonly isRead?: boolean, readonly isWrite?: boolean }): void => {
  if (isRead === true && name !== 'aggregate' && Object.hasOwn(command, 'writeConcern')) throw new MongoError('InvalidOptions', 'Command does not support writeConcern')
  const read = getField(command, 'readConcern')
  const level = isDoc(read) ? getField(read, 'level') : undefined
  if (isWrite === true && level !== undefined && level !== 'local') {
    throw new MongoError('InvalidOptions', `Command ${name} does not support ${print({ readConcern: read, provenance: 'clientSupplied' })} :: caused by :: read concern not supported`)
  }
}
