import { isNumeric, isTypeName, toNumber, typeNameOf, typeOf } from '../bson/value.js'
import { MongoError } from '../mongo-error.js'
import type { TypeName, Value } from '../bson/value.js'
import type { ValueTest } from './comparison.js'

const numbers: readonly TypeName[] = ['double', 'int', 'long', 'decimal']

/** `$type`: one type or several, by alias or by number. */
export const typeTest = (operand: Value): ValueTest => {
  const types = new Set((Array.isArray(operand) ? operand : [operand]).flatMap(typesOf))
  if (types.size === 0) throw new MongoError('FailedToParse', '$type must match at least one type')
  return (value) => types.has(typeOf(value))
}

const typesOf = (operand: Value): readonly TypeName[] => {
  if (typeof operand === 'string') {
    if (operand === 'number') return numbers
    if (operand === 'missing' || !isTypeName(operand)) throw new MongoError('BadValue', `Unknown type name alias: ${operand}`)
    return [operand]
  }
  if (!isNumeric(operand)) throw new MongoError('TypeMismatch', 'type must be represented as a number or a string')
  const name = typeNameOf(toNumber(operand))
  if (!name) throw new MongoError('BadValue', `Invalid numerical type code: ${toNumber(operand)}`)
  return [name]
}
