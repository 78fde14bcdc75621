import { Binary, Decimal128 } from 'bson'
import { print } from '../bson/print.js'
import { isNumeric, toNumber } from '../bson/value.js'
import { MongoError } from '../mongo-error.js'
import { nonNegativeIntegerOf } from './integer.js'
import type { Value } from '../bson/value.js'
import type { ValueTest } from './comparison.js'

export type BitOperator = '$bitsAllSet' | '$bitsAllClear' | '$bitsAnySet' | '$bitsAnyClear'

export const bitTest = (operator: BitOperator, operand: Value): ValueTest => {
  const positions = bitPositions(operator, operand)
  return (value) => {
    const isSet = bitReader(value)
    if (!isSet) return false
    switch (operator) {
      case '$bitsAllSet': return positions.every(isSet)
      case '$bitsAllClear': return !positions.some(isSet)
      case '$bitsAnySet': return positions.some(isSet)
      case '$bitsAnyClear': return !positions.every(isSet)
    }
  }
}

/** Which bits of a value are set; undefined where it has none: fractions, and what is neither a number nor bytes. */
const bitReader = (value: Value): ((position: number) => boolean) | undefined => {
  if (value instanceof Binary) {
    const bytes = value.value()
    return (position) => (((bytes[position >> 3] ?? 0) >> (position & 7)) & 1) === 1
  }
  if (!isNumeric(value) || value instanceof Decimal128) return undefined
  const number = typeof value === 'bigint' ? value : toNumber(value)
  if (typeof number === 'number' && (!Number.isInteger(number) || Math.abs(number) >= 2 ** 63)) return undefined
  const bits = BigInt(number)
  // An int64 goes on with its sign beyond the last bit.
  return (position) => ((bits >> BigInt(Math.min(position, 63))) & 1n) === 1n
}

const bitPositions = (operator: BitOperator, operand: Value): number[] => {
  if (Array.isArray(operand)) return operand.map((element, at) => bitPosition(String(at), element))
  const isSet = operand instanceof Binary ? bitReader(operand) : undefined
  if (operand instanceof Binary) return range(operand.position * 8).filter((position) => isSet?.(position) === true)
  if (!isNumeric(operand)) {
    throw new MongoError('BadValue', `${operator} takes an Array, a number, or a BinData but received: ${operator}: ${print(operand)}`)
  }
  const mask = nonNegativeIntegerOf(operator, operand)
  return range(64).filter((position) => ((mask >> BigInt(position)) & 1n) === 1n)
}

const range = (count: number): number[] => Array.from({ length: count }, (_, at) => at)

const bitPosition = (name: string, value: Value): number => {
  const shown = `${name}: ${print(value)}`
  if (!isNumeric(value)) throw new MongoError('BadValue', `bit positions must be an integer but got: ${shown}`)
  const number = toNumber(value)
  if (number !== number) throw new MongoError('BadValue', `bit positions cannot take a NaN: ${shown}`)
  if (Math.abs(number) > 2 ** 31 - 1) throw new MongoError('BadValue', `bit positions cannot be represented as a 32-bit signed integer: ${shown}`)
  if (!Number.isInteger(number)) throw new MongoError('BadValue', `bit positions must be an integer but got: ${shown}`)
  if (number < 0) throw new MongoError('BadValue', `bit positions must be >= 0 but got: ${shown}`)
  return number
}
