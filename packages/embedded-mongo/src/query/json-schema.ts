import { compareNumbers, equalValues } from '../bson/compare.js'
import { print } from '../bson/print.js'
import { getField, isDoc, isNumeric, toNumber, typeOf } from '../bson/value.js'
import { MongoError } from '../mongo-error.js'
import { compileRegex } from './regex.js'
import { typeTest } from './type-set.js'
import type { Doc, Value } from '../bson/value.js'
import type { ValueTest } from './comparison.js'

/** The types of JSON by the names of BSON. */
const jsonTypes: Readonly<Record<string, string>> = { object: 'object', array: 'array', number: 'number', boolean: 'bool', string: 'string', null: 'null' }

const notSupported = new Set(['$ref', '$schema', 'default', 'definitions', 'format', 'id'])

/** Error of a schema. */
const mismatch = (keyword: string, expected: string, value: Value): MongoError =>
  new MongoError('TypeMismatch', `$jsonSchema keyword '${keyword}' must be ${expected}, but found ${typeOf(value)}`)

const number = (keyword: string, operand: Value): number => {
  if (!isNumeric(operand)) throw mismatch(keyword, 'a number', operand)
  return toNumber(operand)
}

const length = (keyword: string, operand: Value): number => {
  const value = number(keyword, operand)
  if (!Number.isInteger(value) || value < 0) throw new MongoError('FailedToParse', `$jsonSchema keyword '${keyword}' must be a non-negative integer`)
  return value
}

const strings = (keyword: string, operand: Value): string[] => {
  if (!Array.isArray(operand)) throw mismatch(keyword, 'an array', operand)
  if (operand.length === 0) throw new MongoError('FailedToParse', `$jsonSchema keyword '${keyword}' cannot be an empty array`)
  const names = operand.map((name) => {
    if (typeof name !== 'string') throw mismatch(keyword, 'an array of strings', name)
    return name
  })
  if (new Set(names).size < names.length) throw new MongoError('FailedToParse', `$jsonSchema keyword '${keyword}' array cannot contain duplicate values`)
  return names
}

const schemas = (keyword: string, operand: Value): ValueTest[] => {
  if (!Array.isArray(operand)) throw mismatch(keyword, 'an array', operand)
  if (operand.length === 0) throw new MongoError('FailedToParse', `$jsonSchema keyword '${keyword}' must be a non-empty array`)
  return operand.map((schema) => nested(keyword, schema))
}

const nested = (keyword: string, schema: Value): ValueTest => {
  if (!isDoc(schema)) throw mismatch(keyword, 'an object', schema)
  return schemaTest(schema)
}

const nestedByName = (keyword: string, operand: Value): [string, ValueTest][] => {
  if (!isDoc(operand)) throw mismatch(keyword, 'an object', operand)
  return Object.entries(operand).map(([name, schema]) => [name, nested(`${keyword}.${name}`, schema)])
}

/** A schema that may also be a boolean: whether anything is allowed at all. */
const orBoolean = (keyword: string, operand: Value): ValueTest => (typeof operand === 'boolean' ? () => operand : nested(keyword, operand))

const ofDoc = (test: (doc: Doc) => boolean): ValueTest => (value) => !isDoc(value) || test(value)
const ofArray = (test: (array: readonly Value[]) => boolean): ValueTest => (value) => !Array.isArray(value) || test(value)
const ofText = (test: (text: string) => boolean): ValueTest => (value) => typeof value !== 'string' || test(value)
const ofNumber = (test: (value: number) => boolean): ValueTest => (value) => !isNumeric(value) || test(toNumber(value))

/** Test of one keyword; keywords that need their neighbours read them in `schema`. */
const keywordTest = (keyword: string, operand: Value, schema: Doc): ValueTest | undefined => {
  switch (keyword) {
    case 'title': case 'description':
      if (typeof operand !== 'string') throw mismatch(keyword, 'a string', operand)
      return undefined
    case 'bsonType': return typeTest(Array.isArray(operand) ? strings(keyword, operand) : operand)
    case 'type': return typeTest((Array.isArray(operand) ? strings(keyword, operand) : [operand]).map((name) => {
      const type = typeof name === 'string' ? jsonTypes[name] : undefined
      if (type === undefined) throw new MongoError('BadValue', `Unknown type name alias: ${print(name)}`)
      return type
    }))
    case 'enum': {
      if (!Array.isArray(operand)) throw mismatch(keyword, 'an array', operand)
      return (value) => operand.some((one) => equalValues(one, value))
    }
    case 'required': {
      const names = strings(keyword, operand)
      return ofDoc((doc) => names.every((name) => Object.hasOwn(doc, name)))
    }
    case 'properties': {
      const properties = nestedByName(keyword, operand)
      return ofDoc((doc) => properties.every(([name, test]) => !Object.hasOwn(doc, name) || test(doc[name])))
    }
    case 'patternProperties': {
      const patterns = nestedByName(keyword, operand).map(([pattern, test]): [RegExp, ValueTest] => [compileRegex(pattern, ''), test])
      return ofDoc((doc) => patterns.every(([pattern, test]) => Object.keys(doc).every((name) => !pattern.test(name) || test(doc[name]))))
    }
    case 'additionalProperties': {
      const test = orBoolean(keyword, operand)
      const { properties, patternProperties } = schema
      const known = new Set(isDoc(properties) ? Object.keys(properties) : [])
      const patterns = isDoc(patternProperties) ? Object.keys(patternProperties).map((pattern) => compileRegex(pattern, '')) : []
      return ofDoc((doc) => Object.keys(doc).every((name) => known.has(name) || patterns.some((pattern) => pattern.test(name)) || test(doc[name])))
    }
    case 'dependencies': {
      if (!isDoc(operand)) throw mismatch(keyword, 'an object', operand)
      const tests = Object.entries(operand).map(([name, dependency]): [string, ValueTest] =>
        [name, Array.isArray(dependency) ? keywordTest('required', dependency, schema) ?? (() => true) : nested(keyword, dependency)])
      return ofDoc((doc) => tests.every(([name, test]) => !Object.hasOwn(doc, name) || test(doc)))
    }
    case 'minProperties': { const least = length(keyword, operand); return ofDoc((doc) => Object.keys(doc).length >= least) }
    case 'maxProperties': { const most = length(keyword, operand); return ofDoc((doc) => Object.keys(doc).length <= most) }
    case 'items': {
      if (!Array.isArray(operand)) {
        const test = nested(keyword, operand)
        return ofArray((array) => array.every(test))
      }
      const tests = operand.map((one) => nested(keyword, one))
      return ofArray((array) => tests.every((test, at) => at >= array.length || test(array[at])))
    }
    case 'additionalItems': {
      const test = orBoolean(keyword, operand)
      const { items } = schema
      return Array.isArray(items) ? ofArray((array) => array.slice(items.length).every(test)) : undefined
    }
    case 'minItems': { const least = length(keyword, operand); return ofArray((array) => array.length >= least) }
    case 'maxItems': { const most = length(keyword, operand); return ofArray((array) => array.length <= most) }
    case 'uniqueItems':
      if (typeof operand !== 'boolean') throw mismatch(keyword, 'a boolean', operand)
      return operand ? ofArray((array) => array.every((one, at) => !array.slice(0, at).some((other) => equalValues(one, other)))) : undefined
    case 'minLength': { const least = length(keyword, operand); return ofText((text) => Array.from(text).length >= least) }
    case 'maxLength': { const most = length(keyword, operand); return ofText((text) => Array.from(text).length <= most) }
    case 'pattern': {
      if (typeof operand !== 'string') throw mismatch(keyword, 'a string', operand)
      const pattern = compileRegex(operand, '')
      return ofText((text) => pattern.test(text))
    }
    case 'minimum': return bound(keyword, operand, schema, 'exclusiveMinimum', 1)
    case 'maximum': return bound(keyword, operand, schema, 'exclusiveMaximum', -1)
    case 'exclusiveMinimum': case 'exclusiveMaximum':
      if (typeof operand !== 'boolean') throw mismatch(keyword, 'a boolean', operand)
      return undefined
    case 'multipleOf': { const unit = number(keyword, operand); return ofNumber((value) => value % unit === 0) }
    case 'allOf': { const all = schemas(keyword, operand); return (value) => all.every((test) => test(value)) }
    case 'anyOf': { const any = schemas(keyword, operand); return (value) => any.some((test) => test(value)) }
    case 'oneOf': { const one = schemas(keyword, operand); return (value) => one.filter((test) => test(value)).length === 1 }
    case 'not': { const test = nested(keyword, operand); return (value) => !test(value) }
    default: throw new MongoError('FailedToParse', notSupported.has(keyword) ? `$jsonSchema keyword '${keyword}' is not currently supported` : `Unknown $jsonSchema keyword: ${keyword}`)
  }
}

const bound = (keyword: string, operand: Value, schema: Doc, exclusive: string, sign: 1 | -1): ValueTest => {
  if (!isNumeric(operand)) throw mismatch(keyword, 'a number', operand)
  const isExclusive = getField(schema, exclusive) === true
  return (value) => {
    if (!isNumeric(value)) return true
    const order = compareNumbers(value, operand) * sign
    return isExclusive ? order > 0 : order >= 0
  }
}

/** Whether a value is as a schema of JSON Schema draft 4 says, with MongoDB's `bsonType`. @throws MongoError for a schema that is none */
export const schemaTest = (schema: Doc): ValueTest => {
  const tests = Object.entries(schema).map(([keyword, operand]) => keywordTest(keyword, operand, schema)).filter((test) => test !== undefined)
  return (value) => tests.every((test) => test(value))
}
