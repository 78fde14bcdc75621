import { getField, isDoc, isNumeric, toNumber, typeOf } from '../bson/value.js'
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
    const w = getField(write, 'w')
    if (w !== undefined && typeof w !== 'string' && !isNumeric(w)) throw new MongoError('FailedToParse', 'w has to be a number or a string')
    if (isNumeric(w) && (toNumber(w) < 0 || toNumber(w) > 50)) throw new MongoError('FailedToParse', 'w has to be a non-negative number and not greater than 50')
  }
  const read = getField(command, 'readConcern')
  if (read !== undefined && !isDoc(read)) throw new MongoError('FailedToParse', 'readConcern field should be an object')
  if (isDoc(read)) {
    for (const field of Object.keys(read)) {
      if (!['level', 'afterClusterTime', 'atClusterTime', 'afterOpTime', 'provenance'].includes(field)) throw new MongoError('InvalidOptions', `Unrecognized option in readConcern: ${field}`)
    }
    const level = getField(read, 'level')
    if (level !== undefined && (typeof level !== 'string' || !levels.has(level))) {
      throw new MongoError('FailedToParse', 'readConcern.level must be either \'local\', \'majority\', \'linearizable\', \'available\', or \'snapshot\'')
    }
    if (level === 'snapshot') throw new MongoError('InvalidOptions', 'readConcern level snapshot is only valid in a transaction')
  }
}

/** What one node cannot promise: the error that a write reports beside its result. */
export const writeConcernError = (command: Doc): Doc | undefined => {
  const concern = getField(command, 'writeConcern')
  if (!isDoc(concern)) return undefined
  const { w, wtimeout } = concern
  const errInfo = { writeConcern: { w: w ?? 1, wtimeout: wtimeout ?? 0, provenance: 'clientSupplied' } }
  if (typeof w === 'string' && w !== 'majority') {
    return { code: 79, codeName: 'UnknownReplWriteConcern', errmsg: `No write concern mode named '${w}' found in replica set configuration`, errInfo }
  }
  if (isNumeric(w) && toNumber(w) > 1) return { code: 100, codeName: 'UnsatisfiableWriteConcern', errmsg: 'Not enough data-bearing nodes', errInfo }
  return undefined
}
