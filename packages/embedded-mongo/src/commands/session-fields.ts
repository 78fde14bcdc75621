import { Binary } from 'bson'
import { getField, isDoc, isTruthy, typeOf } from '../bson/value.js'
import { MongoError } from '../mongo-error.js'
import { missingField, unknownField, wrongType } from './arguments.js'
import type { Doc } from '../bson/value.js'

const where = 'OperationSessionInfo'

const retryable = new Set(['insert', 'update', 'delete', 'findAndModify', 'findandmodify', 'commitTransaction', 'abortTransaction'])

/**
 * What a command says of its session and its transaction, checked.
 *
 * @param isReplicaSet a standalone has no transaction numbers.
 * @throws MongoError for fields that are none, and 263 for a transaction: there are none here.
 */
export const checkSessionFields = (name: string, command: Doc, isReplicaSet: boolean): void => {
  checkTypes(command)
  const hasNumber = Object.hasOwn(command, 'txnNumber')
  const [autocommit, startTransaction] = [getField(command, 'autocommit'), getField(command, 'startTransaction')]
  if (!hasNumber) {
    for (const field of ['autocommit', 'startTransaction']) {
      if (Object.hasOwn(command, field)) throw new MongoError('InvalidOptions', `'${field}' field requires a transaction number to also be specified`)
    }
    return
  }
  if (!Object.hasOwn(command, 'lsid')) throw new MongoError('InvalidOptions', 'Transaction number requires a session ID to also be specified')
  if (!isReplicaSet) throw new MongoError('IllegalOperation', 'Transaction numbers are only allowed on a replica set member or mongos')
  if ((getField(command, 'txnNumber') as bigint) < 0n) throw new MongoError('InvalidOptions', 'Transaction number cannot be negative')
  if (autocommit === true) throw new MongoError('InvalidOptions', 'Specifying autocommit=true is not allowed.')
  if (autocommit === false || isTruthy(startTransaction)) {
    throw new MongoError('OperationNotSupportedInTransaction', 'Transactions are not supported by the embedded server')
  }
  if (!retryable.has(name)) {
    throw new MongoError(50768,
      `txnNumber may only be provided for multi-document transactions and retryable write commands. autocommit:false was not provided, and ${name} is not a retryable write command.`)
  }
}

/** @throws MongoError 14, 40414 or 40415 for what is not `{ id: UUID }`. */
export const checkSessionId = (path: string, lsid: Doc): void => {
  for (const field of Object.keys(lsid)) if (field !== 'id' && field !== 'uid') throw unknownField(path, field)
  const id = getField(lsid, 'id')
  if (id === undefined) throw missingField(path, 'id')
  if (!(id instanceof Binary)) throw wrongType(path, 'id', id, 'binData')
  if (id.sub_type !== Binary.SUBTYPE_UUID) throw new MongoError('TypeMismatch', `BSON field '${path}.id' is the wrong binData type 'general', expected type 'UUID'`)
}

const checkTypes = (command: Doc): void => {
  const { lsid, txnNumber, autocommit, startTransaction } = command
  if (lsid !== undefined) {
    if (!isDoc(lsid)) throw wrongType(where, 'lsid', lsid, 'object')
    checkSessionId(`${where}.lsid`, lsid)
  }
  if (txnNumber !== undefined && typeOf(txnNumber) !== 'long') throw wrongType(where, 'txnNumber', txnNumber, 'long')
  for (const [field, value] of [['autocommit', autocommit], ['startTransaction', startTransaction]] as const) {
    if (value !== undefined && typeof value !== 'boolean') throw wrongType(where, field, value, 'bool')
  }
}
