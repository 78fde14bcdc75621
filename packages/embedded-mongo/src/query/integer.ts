import { Decimal128 } from 'bson'
import { print } from '../bson/print.js'
import { isNumeric, toNumber } from '../bson/value.js'
import { MongoError } from '../mongo-error.js'
import type { Value } from '../bson/value.js'

/** A whole number of 64 bits from any numeric type; `name` is the field for the message, as in `$mod: "x"`. */
export const integerOf = (name: string, value: Value): bigint => {
  if (!isNumeric(value)) throw new MongoError('FailedToParse', `Expected a number in: ${name}: ${print(value)}`)
  if (typeof value === 'bigint') return value
  const number = toNumber(value)
  if (number !== number) throw new MongoError('FailedToParse', `Expected an integer, but found NaN in: ${name}: ${print(value)}`)
  if (number >= 2 ** 63 || number < -(2 ** 63) || (value instanceof Decimal128 && !Number.isInteger(number))) {
    throw new MongoError('FailedToParse', `Cannot represent as a 64-bit integer: ${name}: ${print(value)}`)
  }
  if (!Number.isInteger(number)) throw new MongoError('FailedToParse', `Expected an integer: ${name}: ${print(value)}`)
  return BigInt(number)
}

export const nonNegativeIntegerOf = (name: string, value: Value): bigint => {
  const number = integerOf(name, value)
  if (number < 0n) throw new MongoError('FailedToParse', `Expected a positive number in: ${name}: ${print(value)}`)
  return number
}

/** Integer that C's conversion makes of a number: cut off, and bounded by 64 bits. */
export const truncated = (value: Value): bigint => {
  if (typeof value === 'bigint') return value
  if (!isNumeric(value)) return 0n
  const number = toNumber(value)
  if (number !== number) return 0n
  if (number >= 2 ** 63) return 2n ** 63n - 1n
  return number < -(2 ** 63) ? -(2n ** 63n) : BigInt(Math.trunc(number))
}
