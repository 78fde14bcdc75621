import { print } from '../bson/print.js'
import { getField, isDoc, isNumeric, isTruthy, toNumber, typeOf } from '../bson/value.js'
import { MongoError } from '../mongo-error.js'
import { isIdIndex } from '../storage/index.js'
import { isOperatorDoc } from '../query/operator-doc.js'
import type { Doc, Value } from '../bson/value.js'
import type { ErrorName } from '../error-codes.js'

const plugins = new Set(['text', 'hashed', '2d', '2dsphere', 'geoHaystack'])

type Kind = 'number' | 'integer' | 'string' | 'object' | 'flag' | 'boolean' | 'any'

/** The fields of a specification and what they hold; `flag` takes any number for a boolean. */
const fields: Readonly<Record<string, Kind>> = {
  v: 'integer', key: 'object', name: 'string', ns: 'string', unique: 'flag', sparse: 'flag', background: 'flag', hidden: 'boolean', expireAfterSeconds: 'any',
  partialFilterExpression: 'object', collation: 'object', storageEngine: 'object', wildcardProjection: 'object', weights: 'any', default_language: 'string',
  language_override: 'string', textIndexVersion: 'number', '2dsphereIndexVersion': 'number', bits: 'number', min: 'number', max: 'number', bucketSize: 'number',
  dropDups: 'any',
}

const idFields = new Set(['v', 'key', 'name', 'ns', 'collation', 'background'])

/** The most that a TTL index may wait, in seconds. */
const maxExpireSeconds = 2_147_483_647

type Refuse = (code: ErrorName, message: string) => MongoError

/**
 * An index as `listIndexes` shows it: `{ v, key, name, ... }`.
 *
 * @throws MongoError for a specification that no index can have.
 */
export const parseSpec = (given: Value): Doc => {
  if (!isDoc(given)) throw new MongoError('TypeMismatch', `The elements of the 'indexes' array must be objects, but got ${typeOf(given)}`)
  const refuse: Refuse = (code, message) => new MongoError(code, `Error in specification ${print(given)} :: caused by :: ${message}`)
  for (const [field, value] of Object.entries(given)) checkField(given, field, value, refuse)
  const { key, name } = given
  if (!isDoc(key)) throw refuse('FailedToParse', 'The \'key\' field is a required property of an index specification')
  if (name === undefined) throw refuse('FailedToParse', 'The \'name\' field is a required property of an index specification')
  if (isIdPattern(key)) return idSpec(given)
  if (name === '_id_') throw new MongoError('BadValue', `The index name '_id_' is reserved for the _id index, which must have key pattern {_id: 1}, found key: ${print(key)}`)
  if (name === '*') throw new MongoError('BadValue', 'The index name \'*\' is not valid.')
  if (name === '') throw refuse('CannotCreateIndex', 'index name cannot be empty')
  checkTtl(given, key)
  const { v: _version, key: _key, name: _name, ns: _ns, dropDups: _drop, unique, hidden, ...options } = given
  if (isTruthy(options['sparse']) && options['partialFilterExpression'] !== undefined) {
    throw refuse('CannotCreateIndex', 'cannot mix "partialFilterExpression" and "sparse" options')
  }
  if (isTruthy(unique) && Object.values(key).includes('hashed')) throw new MongoError(16764, 'Currently hashed indexes cannot guarantee uniqueness. Use a regular index.')
  if (isDoc(options['partialFilterExpression'])) checkPartial(options['partialFilterExpression'], refuse)
  return { v: 2, ...(isTruthy(unique) && { unique: true }), ...(hidden === true && { hidden: true }), key, name, ...options }
}

/** Whether a key is of `_id` alone: no second index can have it, in neither direction. */
const isIdPattern = (key: Doc): boolean => {
  const id = getField(key, '_id')
  return Object.keys(key).length === 1 && isNumeric(id) && Math.abs(Math.trunc(toNumber(id))) === 1
}

/** The index of `_id`. @throws MongoError for a specification of any other, and for options that it cannot have. */
export const idSpec = (given: Doc): Doc => {
  for (const field of Object.keys(given)) {
    if (!idFields.has(field)) {
      throw new MongoError(field === 'expireAfterSeconds' ? 'CannotCreateIndex' : 'InvalidIndexSpecificationOption',
        `The field '${field}' is not valid for an _id index specification. Specification: ${print(given)}`)
    }
  }
  if (!isIdIndex(given['key'])) throw new MongoError('BadValue', `The field 'key' for an _id index must be {_id: 1}, but got ${print(given['key'])}`)
  return { v: 2, key: { _id: 1 }, name: '_id_' }
}

const checkField = (given: Doc, field: string, value: Value, refuse: Refuse): void => {
  const kind = Object.hasOwn(fields, field) ? fields[field] : undefined
  if (!kind) throw refuse('InvalidIndexSpecificationOption', `The field '${field}' is not valid for an index specification. Specification: ${print(given)}`)
  const wrong = (expected: string): MongoError => refuse('TypeMismatch', `The field '${field}' must be ${expected}, but got ${typeOf(value)}`)
  switch (kind) {
    case 'object':
      if (!isDoc(value)) throw wrong('an object')
      if (field === 'key') checkKey(value, refuse)
      return
    case 'string':
      if (typeof value !== 'string') throw wrong('a string')
      return
    case 'number': case 'integer':
      if (!isNumeric(value)) throw wrong('a number')
      if (field === 'v' && toNumber(value) !== 1 && toNumber(value) !== 2) throw refuse('CannotCreateIndex', `Invalid index specification ${print(given)}; cannot create an index with v=${print(value)}`)
      return
    case 'flag':
      if (!isNumeric(value) && typeof value !== 'boolean') {
        throw refuse('TypeMismatch', `The field '${field}' has value ${field}: ${print(value)}, which is not convertible to bool`)
      }
      return
    case 'boolean':
      if (typeof value !== 'boolean') throw refuse('TypeMismatch', `The field '${field}' must be a bool, but got ${typeOf(value)}`)
      return
    case 'any': return
  }
}

const checkKey = (key: Doc, refuse: Refuse): void => {
  const paths = Object.entries(key)
  if (paths.length === 0) throw refuse('CannotCreateIndex', 'Index keys cannot be empty.')
  for (const [path, direction] of paths) {
    if (typeof direction === 'string') {
      if (direction === '') throw refuse('CannotCreateIndex', 'Values in the index key pattern cannot be empty strings')
      if (!plugins.has(direction)) throw refuse('CannotCreateIndex', `Unknown index plugin '${direction}'`)
    } else if (!isNumeric(direction)) {
      throw refuse('CannotCreateIndex', `Values in v:2 index key pattern cannot be of type ${typeOf(direction)}. Only numbers > 0, numbers < 0, and strings are allowed.`)
    } else if (toNumber(direction) === 0) {
      throw refuse('CannotCreateIndex', 'Values in the index key pattern cannot be 0.')
    }
    const parts = path.split('.')
    if (path === '') throw refuse('CannotCreateIndex', 'Index keys cannot be an empty field.')
    if (parts.includes('')) throw refuse('CannotCreateIndex', 'Index keys cannot contain an empty field.')
    if (parts.some((part, at) => part.startsWith('$') && part !== '$**' && !(at > 0 && ['$db', '$id', '$ref'].includes(part)))) {
      throw refuse('CannotCreateIndex', 'Index key contains an illegal field name: field name starts with \'$\'.')
    }
  }
}

const checkTtl = (given: Doc, key: Doc): void => {
  if (!Object.hasOwn(given, 'expireAfterSeconds')) return
  const after = given['expireAfterSeconds']
  const refuse = (message: string): MongoError => new MongoError('CannotCreateIndex', `${message}. Index spec: ${print(given)}`)
  if (!isNumeric(after)) throw refuse(`TTL index 'expireAfterSeconds' option must be numeric, but received a type of '${typeOf(after)}'`)
  if (toNumber(after) < 0) throw refuse('TTL index \'expireAfterSeconds\' option cannot be less than 0')
  if (toNumber(after) > maxExpireSeconds) throw refuse(`TTL index 'expireAfterSeconds' option must be within an acceptable range, try a lower number`)
  if (Object.keys(key).length !== 1) throw refuse('TTL indexes are single-field indexes, compound indexes do not support TTL')
}

const compared = new Set(['$eq', '$lt', '$lte', '$gt', '$gte', '$type', '$exists'])

/** A partial index takes few operators. @throws MongoError 67 for the others */
const checkPartial = (expression: Doc, refuse: Refuse, depth = 0): void => {
  const unsupported = (name: string): MongoError => refuse('CannotCreateIndex', `unsupported expression in partial index: ${name}`)
  for (const [name, operand] of Object.entries(expression)) {
    if (name === '$and' && depth === 0 && Array.isArray(operand)) {
      for (const clause of operand) if (isDoc(clause)) checkPartial(clause, refuse, depth + 1)
    } else if (name.startsWith('$') && name !== '$comment') {
      throw unsupported(print({ [name]: operand }))
    } else if (isOperatorDoc(operand)) {
      for (const [operator, value] of Object.entries(operand)) {
        if (!compared.has(operator) || (operator === '$exists' && !isTruthy(value))) throw unsupported(print({ [name]: { [operator]: value } }))
      }
    }
  }
}

/** The specification's field, as an index has it when it is not said. */
export const optionOf = (spec: Doc, option: string): Value => {
  const value = getField(spec, option)
  return (option === 'unique' || option === 'sparse') ? isTruthy(value) : value
}
