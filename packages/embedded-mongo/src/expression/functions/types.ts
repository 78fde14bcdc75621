import { Decimal128, Double, ObjectId } from 'bson'
import { double, isNumeric, isTruthy, toNumber, typeOf } from '../../bson/value.js'
import { print } from '../../bson/print.js'
import { MongoError } from '../../mongo-error.js'
import { dateOf, millisecondsOf } from '../../bson/date.js'
import { decimal128Of } from '../arithmetic.js'
import { isNullish } from '../function-operator.js'
import type { Value } from '../../bson/value.js'
import type { FunctionOperator } from '../function-operator.js'

/** A value as `$toString` shows it. */
export const stringOf = (value: Value): string => {
  if (typeof value === 'string') return value
  if (value instanceof Date) {
    if (Number.isNaN(value.getTime())) throw new MongoError(18537, 'Could not convert date to string: date component was outside the supported range of 0-9999')
    return value.toISOString()
  }
  if (value instanceof ObjectId) return value.toHexString()
  if (isNumeric(value)) return value instanceof Double ? String(value.value) : value.toString()
  return typeof value === 'boolean' ? String(value) : print(value)
}

const failed = (message: string): MongoError => new MongoError('ConversionFailure', message)

const unsupported = (value: Value, target: string): MongoError =>
  failed(`Unsupported conversion from ${typeOf(value)} to ${target} in $convert with no onError value`)

const number = (value: Value, target: 'int' | 'long' | 'double'): number | bigint => {
  if (typeof value === 'boolean') return Number(value)
  if (value instanceof Date && target !== 'int') return BigInt(millisecondsOf(value))
  if (typeof value === 'string') {
    const isWhole = /^[+-]?\d+$/.test(value)
    if (value.trim() === '' || (target !== 'double' && !isWhole) || Number.isNaN(Number(value))) {
      throw failed(`Failed to parse number '${value}' in $convert with no onError value: ${value === '' ? 'No digits' : isWhole ? 'Overflow' : 'Did not consume whole string.'}`)
    }
    return isWhole ? BigInt(value) : Number(value)
  }
  if (!isNumeric(value)) throw unsupported(value, target)
  return typeof value === 'bigint' ? value : toNumber(value)
}

const whole = (value: Value, target: 'int' | 'long'): Value => {
  const result = number(value, target)
  if (typeof result === 'number' && !Number.isFinite(result)) {
    throw failed(`Attempt to convert ${Number.isNaN(result) ? 'NaN' : 'infinity'} value to integer type in $convert with no onError value`)
  }
  const cut = BigInt(typeof result === 'number' ? Math.trunc(result) : result)
  if (cut !== (target === 'int' ? BigInt.asIntN(32, cut) : BigInt.asIntN(64, cut))) {
    throw failed(`Conversion would overflow target type in $convert with no onError value: ${stringOf(value)}`)
  }
  return target === 'int' ? Number(cut) : cut
}

const date = (value: Value): Value => {
  if (value instanceof Date) return value
  if (value instanceof ObjectId) return value.getTimestamp()
  if (isNumeric(value) && typeOf(value) !== 'int') return dateOf(whole(value, 'long') as bigint)
  if (typeof value !== 'string') throw unsupported(value, 'date')
  const time = Date.parse(/\d{4}-\d\d-\d\d[T ][\d:.]+$/.test(value) ? `${value}Z` : value)
  if (Number.isNaN(time)) throw failed(`Error parsing date string '${value}'; 0: passing a time zone identifier as part of the string is not allowed`)
  return new Date(time)
}

const objectId = (value: Value): Value => {
  if (value instanceof ObjectId) return value
  if (typeof value !== 'string') throw unsupported(value, 'objectId')
  if (!/^[0-9a-fA-F]{24}$/.test(value)) {
    throw failed(`Failed to parse objectId '${value}' in $convert with no onError value: Invalid string length for parsing to OID, expected 24 but found ${value.length}`)
  }
  return new ObjectId(value)
}

const decimalFrom = (text: string): Value => {
  try {
    return Decimal128.fromString(text)
  } catch {
    throw failed(`Failed to parse number '${text}' in $convert with no onError value: Failed to parse string to decimal`)
  }
}

const conversions: Readonly<Record<string, (value: Value) => Value>> = {
  int: (value) => whole(value, 'int'),
  long: (value) => whole(value, 'long'),
  double: (value) => double(Number(number(value, 'double'))),
  decimal: (value) => {
    if (typeof value === 'string') return decimalFrom(value)
    return decimal128Of(isNumeric(value) ? value : Number(number(value, 'double')))
  },
  bool: (value) => (isNumeric(value) || typeof value === 'boolean' ? isTruthy(value) : true),
  string: (value) => {
    if (Array.isArray(value) || typeOf(value) === 'object') throw unsupported(value, 'string')
    return stringOf(value)
  },
  date,
  objectId,
}

/** The value as one of another type. @throws MongoError 241 where the two types know no way, or this value has none. */
export const conversionTo = (target: string, value: Value): Value => {
  const conversion = Object.hasOwn(conversions, target) ? conversions[target] : undefined
  if (!conversion) throw unsupported(value, target)
  return conversion(value)
}

const converting = (target: string): FunctionOperator => ({
  takes: [1, 1],
  run: ([value]) => (isNullish(value) ? null : conversions[target]?.(value)),
})

export const typeFunctions: Readonly<Record<string, FunctionOperator>> = {
  $type: { takes: [1, 1], run: ([value]) => (value === undefined ? 'missing' : typeOf(value)) },
  $isNumber: { takes: [1, 1], run: ([value]) => isNumeric(value) },
  $toInt: converting('int'), $toLong: converting('long'), $toDouble: converting('double'), $toDecimal: converting('decimal'),
  $toBool: converting('bool'), $toString: converting('string'), $toDate: converting('date'), $toObjectId: converting('objectId'),
}

