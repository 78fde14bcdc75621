import { getField, isDoc, isNumeric, isTruthy, toNumber, typeOf } from '../bson/value.js'
import { print } from '../bson/print.js'
import { MongoError } from '../mongo-error.js'
import { checkFieldTypes } from './field-types.js'
import { checkCollectionName } from '../storage/store.js'
import type { Doc, Value } from '../bson/value.js'
import type { Call, Command } from './command.js'

/** Fields that every command may have. */
const generic = new Set([
  '$db', 'lsid', 'txnNumber', 'autocommit', 'startTransaction', 'stmtId', '$clusterTime', '$readPreference', 'readConcern', 'writeConcern',
  'maxTimeMS', 'comment', 'apiVersion', 'apiStrict', 'apiDeprecationErrors', '$audit', '$client', '$configServerState', 'allowImplicitCollectionCreation',
  'shardVersion', 'databaseVersion', 'maxTimeMSOpOnly', '$queryOptions', 'coordinator', 'help', 'mayBypassWriteBlocking', '$oplogQueryData', '$replData',
])

/** @throws MongoError for a field that the command does not have, or one that it lacks. */
export const checkFields = (name: string, command: Doc, spec: Command): void => {
  if (spec.fields) {
    for (const field of Object.keys(command)) {
      if (field === name || generic.has(field) || spec.fields.includes(field)) continue
      throw refusal(name, field, command)
    }
  }
  for (const field of spec.required ?? []) if (!Object.hasOwn(command, field)) throw missingField(name, field)
  if (spec.types) checkFieldTypes(name, command, spec.types)
}

/** Commands that MongoDB 4.4 parses by hand say it in words of their own. */
const refusal = (name: string, field: string, command: Doc): MongoError => {
  switch (name) {
    case 'find': case 'getMore': return new MongoError('FailedToParse', `Failed to parse: ${print(command)}. Unrecognized field '${field}'.`)
    case 'aggregate': return new MongoError('FailedToParse', `unrecognized field '${field}'`)
    case 'findAndModify': case 'findandmodify': return new MongoError(51177, `BSON field '${field}' is an unknown field.`)
    case 'collMod': return new MongoError('InvalidOptions', `unknown option to collMod: ${field}`)
    default: return unknownField(name, field)
  }
}

export const unknownField = (where: string, field: string): MongoError => new MongoError(40415, `BSON field '${where}.${field}' is an unknown field.`)

export const missingField = (where: string, field: string): MongoError =>
  new MongoError(40414, `BSON field '${where}.${field}' is missing but a required field`)

export const wrongType = (where: string, field: string, value: Value, expected: string): MongoError =>
  new MongoError('TypeMismatch', `BSON field '${where}.${field}' is the wrong type '${typeOf(value)}', expected type '${expected}'`)

/** Commands whose fields MongoDB 4.4 checks before it looks at the collection. */
const parsedByType = new Set(['insert', 'update', 'delete'])

/** The collection that a command names: its own first field. */
export const collectionOf = (call: Call): string => {
  const name = getField(call.command, call.name)
  if (typeof name !== 'string') throw new MongoError(parsedByType.has(call.name) ? 'BadValue' : 'InvalidNamespace', `collection name has invalid type ${typeOf(name)}`)
  if (name === '') throw new MongoError('InvalidNamespace', `Invalid namespace specified '${call.db}.'`)
  checkCollectionName(call.db, name)
  return name
}

export const docArgument = (call: Call, field: string): Doc => {
  const value = getField(call.command, field)
  if (value === undefined || value === null) return {}
  if (!isDoc(value)) throw wrongType(call.name, field, value, 'object')
  return value
}

export const numberArgument = (call: Call, field: string): number | undefined => {
  const value = getField(call.command, field)
  if (value === undefined || value === null) return undefined
  if (!isNumeric(value)) throw new MongoError('FailedToParse', `Failed to parse: ${field}: '${field}' field must be numeric.`)
  return Math.trunc(toNumber(value))
}

export const flag = (call: Call, field: string): boolean => isTruthy(getField(call.command, field))

/** The collection that a command writes to. @throws MongoError 2 for one that is the server's own */
export const writtenCollectionOf = (call: Call): string => {
  const name = collectionOf(call)
  if ((name.startsWith('system.') && name !== 'system.js') || name.includes('.system.')) throw new MongoError('BadValue', `cannot write to '${call.db}.${name}'`)
  return name
}

/** The documents of a write: checked for being documents, and not too many. */
export const batch = (call: Call, field: string): Doc[] => {
  const value = getField(call.command, field)
  if (!Array.isArray(value)) throw wrongType(call.name, field, value, 'array')
  if (value.length < 1 || value.length > 100_000) {
    throw new MongoError('InvalidLength', `Write batch sizes must be between 1 and 100000. Got ${value.length} operations.`)
  }
  return value.map((element, at) => {
    if (!isDoc(element)) throw wrongType(call.name, `${field}.${at}`, element, 'object')
    return element
  })
}

/** How many documents the first batch may have: `cursor: { batchSize }`. */
export const cursorBatchSize = (command: Doc, otherwise: number): number => {
  const cursor = getField(command, 'cursor')
  if (cursor === undefined) return otherwise
  if (!isDoc(cursor)) throw new MongoError('TypeMismatch', 'cursor field must be missing or an object')
  for (const field of Object.keys(cursor)) if (field !== 'batchSize') throw new MongoError('BadValue', 'cursor object can\'t contain fields other than batchSize')
  const size = getField(cursor, 'batchSize')
  if (size === undefined) return otherwise
  if (!isNumeric(size)) throw new MongoError('TypeMismatch', 'cursor.batchSize field must be a number')
  if (toNumber(size) < 0) throw new MongoError('BadValue', 'cursor.batchSize must not be negative')
  return Math.trunc(toNumber(size))
}
