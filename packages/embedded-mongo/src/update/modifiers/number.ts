import { identical } from '../../bson/identical.js'
import { print, printElement } from '../../bson/print.js'
import { isDoc, isInt32, isNumeric, typeOf } from '../../bson/value.js'
import { calculate, isDouble } from '../../expression/arithmetic.js'
import { MongoError } from '../../mongo-error.js'
import { set, unchanged } from '../modifier.js'
import type { Value } from '../../bson/value.js'
import type { Modifier, Place } from '../modifier.js'

/** `$inc` and `$mul`. */
export const arithmetic = (operator: '$inc' | '$mul', field: string, operand: Value): Modifier => {
  if (!isNumeric(operand)) {
    throw new MongoError('TypeMismatch', `Cannot ${operator === '$inc' ? 'increment' : 'multiply'} with non-numeric argument: ${printElement(field, operand)}`)
  }
  const missing = operator === '$inc' ? operand : calculate('*', operand, 0) ?? 0
  return {
    onlyExisting: false,
    apply: (current, place) => {
      if (current === undefined) return set(missing)
      if (!isNumeric(current)) {
        throw new MongoError('TypeMismatch',
          `Cannot apply ${operator} to a value of non-numeric type. ${place.id} has the field '${place.field}' of non-numeric type ${typeOf(current)}`)
      }
      const result = calculate(operator === '$inc' ? '+' : '*', current, operand)
      if (result === undefined) {
        throw new MongoError('BadValue', `Failed to apply ${operator} operations to current value (${typedNumber(current)}) for document ${place.id}`)
      }
      return identical(result, current) ? unchanged : set(result)
    },
  }
}

const typedNumber = (value: Value): string => `${typeof value === 'bigint' ? '(NumberLong)' : typeof value === 'number' && isInt32(value) ? '(NumberInt)' : '(NumberDouble)'}${print(value)}`

type BitOperation = 'and' | 'or' | 'xor'

/** `$bit: { field: { and: 5 } }`. */
export const bit = (field: string, operand: Value): Modifier => {
  if (!isDoc(operand)) {
    throw new MongoError('BadValue',
      `The $bit modifier is not compatible with a ${typeOf(operand)}. You must pass in an embedded document: {$bit: {field: {and/or/xor: #}}`)
  }
  const operations = Object.entries(operand).map(([name, value]): [BitOperation, bigint, boolean] => {
    if (name !== 'and' && name !== 'or' && name !== 'xor') {
      throw new MongoError('BadValue',
        `The $bit modifier only supports 'and', 'or', and 'xor', not '${name}' which is an unknown operator: {${name}: ${print(value)}}`)
    }
    if (!isWhole(value)) throw new MongoError('BadValue', `The $bit modifier field must be an Integer(32/64 bit); a '${typeOf(value)}' is not supported here: ${printElement(name, value)}`)
    return [name, BigInt(value), typeof value === 'bigint']
  })
  if (operations.length === 0) {
    throw new MongoError('BadValue', `You must pass in at least one bitwise operation. The format is: {$bit: {field: {and/or/xor: #}}`)
  }
  return { onlyExisting: false, apply: (current, place) => applyBits(current, operations, place, field) }
}

const isWhole = (value: Value): value is number | bigint => typeof value === 'bigint' || (typeof value === 'number' && !isDouble(value))

const applyBits = (current: Value, operations: readonly [BitOperation, bigint, boolean][], place: Place, field: string): ReturnType<Modifier['apply']> => {
  if (current !== undefined && !isWhole(current)) {
    throw new MongoError('BadValue', `Cannot apply $bit to a value of non-integral type.${place.id} has the field ${field} of non-integer type ${typeOf(current)}`)
  }
  let isLong = typeof current === 'bigint'
  let value = BigInt(current ?? 0)
  for (const [operation, operand, wide] of operations) {
    isLong ||= wide
    value = operation === 'and' ? value & operand : operation === 'or' ? value | operand : value ^ operand
  }
  const result = isLong ? BigInt.asIntN(64, value) : Number(BigInt.asIntN(32, value))
  return current !== undefined && identical(result, current) ? unchanged : set(result)
}
