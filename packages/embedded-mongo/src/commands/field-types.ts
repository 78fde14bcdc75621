import { getField, isDoc, isNumeric, toNumber, typeOf } from '../bson/value.js'
import { print } from '../bson/print.js'
import { MongoError } from '../mongo-error.js'
import type { Doc, TypeName, Value } from '../bson/value.js'

const numbers: readonly TypeName[] = ['long', 'int', 'decimal', 'double']

/** The types of a command's optional fields. `number` and `boolean` are lenient, as MongoDB is for most of them. */
const accepted = {
  bool: ['bool'], string: ['string'], object: ['object'], array: ['array'], timestamp: ['timestamp'],
  number: numbers, boolean: ['bool', ...numbers],
} as const satisfies Record<string, readonly TypeName[]>

export type FieldType = keyof typeof accepted

/** @throws MongoError 14 for a field of another type than its own; null counts as not there. */
export const checkFieldTypes = (where: string, doc: Doc, types: Readonly<Record<string, FieldType>>): void => {
  for (const [field, type] of Object.entries(types)) {
    const value = getField(doc, field)
    if (value === undefined || value === null) continue
    const expected: readonly TypeName[] = accepted[type]
    if (expected.includes(typeOf(value))) continue
    const shown = expected.length === 1 ? `type '${expected[0] ?? ''}'` : `types '[${expected.join(', ')}']`
    throw new MongoError('TypeMismatch', `BSON field '${where}.${field}' is the wrong type '${typeOf(value)}', expected ${shown}`)
  }
}

const findTypes: Readonly<Record<string, 'object' | 'bool' | 'number'>> = {
  filter: 'object', projection: 'object', sort: 'object', min: 'object', max: 'object', skip: 'number', limit: 'number', batchSize: 'number', ntoreturn: 'number',
  singleBatch: 'bool', allowDiskUse: 'bool', returnKey: 'bool', showRecordId: 'bool', tailable: 'bool', oplogReplay: 'bool', noCursorTimeout: 'bool',
  awaitData: 'bool', allowPartialResults: 'bool',
}

/** `find` of MongoDB 4.4 has words of its own. @throws MongoError 9 */
export const checkFindTypes = (command: Doc): void => {
  for (const field of Object.keys(command)) {
    const type = Object.hasOwn(findTypes, field) ? findTypes[field] : undefined
    const value = command[field]
    if (type === undefined || value === undefined) continue
    if (type === 'number') {
      if (!isNumeric(value)) throw new MongoError('FailedToParse', `Failed to parse: ${print(command)}. '${field}' field must be numeric.`)
    } else if (typeOf(value) !== type) {
      throw new MongoError('FailedToParse', `Failed to parse: ${field}: ${print(value)}. '${field}' field must be of BSON type ${type}.`)
    }
  }
}

/** How long a command may take in milliseconds; undefined for as long as it likes. @throws MongoError 2 for what is no such time. */
export const timeLimit = (command: Doc): number | undefined => {
  const value: Value = getField(command, 'maxTimeMS')
  if (value === undefined) return undefined
  if (!isNumeric(value)) throw new MongoError('BadValue', 'maxTimeMS must be a number')
  const ms = toNumber(value)
  if (!(ms >= 0 && ms <= 2 ** 31 - 1)) throw new MongoError('BadValue', `${print(value)} value for maxTimeMS is out of range`)
  if (!Number.isInteger(ms)) throw new MongoError('BadValue', 'maxTimeMS has non-integral value')
  return ms === 0 ? undefined : ms
}

/** Hint of a command for the index to use. @throws MongoError 9 for a hint that is neither the name of an index nor its keys. */
export const hintOf = (doc: Doc): string | Doc | undefined => {
  const hint = getField(doc, 'hint')
  if (hint === undefined || typeof hint === 'string' || isDoc(hint)) return hint
  throw new MongoError('FailedToParse', 'hint must be either a string or nested object')
}
