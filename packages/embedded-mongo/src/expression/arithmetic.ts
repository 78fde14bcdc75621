import { Decimal128, Double } from 'bson'
import { align, decimalOf } from '../bson/decimal.js'
import { double, isInt32, toNumber } from '../bson/value.js'
import type { Decimal } from '../bson/decimal.js'
import type { Value } from '../bson/value.js'

export type Numeric = number | bigint | Double | Decimal128

type Operation = '+' | '-' | '*'

const longest = 2n ** 63n - 1n

/**
 * A sum, difference or product in the wider of the two types, as MongoDB widens: int to long when it does not fit, long to double,
 * anything to decimal. `undefined` tells that a long overflowed; what that means is the caller's to say.
 */
export const calculate = (operation: Operation, a: Numeric, b: Numeric): Value => {
  if (a instanceof Decimal128 || b instanceof Decimal128) return calculateDecimal(operation, a, b)
  if (isDouble(a) || isDouble(b)) return double(inDoubles(operation, toNumber(a), toNumber(b)))
  const exact = inBigInts(operation, BigInt(a as number | bigint), BigInt(b as number | bigint))
  if (exact > longest || exact < -longest - 1n) return undefined
  const wasLong = typeof a === 'bigint' || typeof b === 'bigint'
  return !wasLong && exact >= -(2n ** 31n) && exact < 2n ** 31n ? Number(exact) : exact
}

/** Calculation whose result becomes a double when it does not fit in a long, as in `$add` and `$multiply`. */
export const calculateLoosely = (operation: Operation, a: Numeric, b: Numeric): Value =>
  calculate(operation, a, b) ?? double(inDoubles(operation, toNumber(a), toNumber(b)))

export const isDouble = (value: Numeric): boolean => value instanceof Double || (typeof value === 'number' && !isInt32(value))

const inDoubles = (operation: Operation, a: number, b: number): number => (operation === '+' ? a + b : operation === '-' ? a - b : a * b)

const inBigInts = (operation: Operation, a: bigint, b: bigint): bigint => (operation === '+' ? a + b : operation === '-' ? a - b : a * b)

const calculateDecimal = (operation: Operation, left: Numeric, right: Numeric): Decimal128 => {
  const a = decimalOf(left)
  const b = decimalOf(right)
  if (typeof a === 'number' || typeof b === 'number') return fromSpecial(inDoubles(operation, toNumber(left), toNumber(right)))
  if (operation === '*') return toDecimal128({ digits: a.digits * b.digits, exponent: a.exponent + b.exponent })
  const aligned = align(a, b)
  return toDecimal128({ digits: inBigInts(operation, aligned.a, aligned.b), exponent: aligned.exponent })
}

const fromSpecial = (value: number): Decimal128 =>
  Decimal128.fromString(Number.isFinite(value) ? String(value) : value !== value ? 'NaN' : value > 0 ? 'Infinity' : '-Infinity')

export const toDecimal128 = (value: Decimal): Decimal128 => Decimal128.fromStringWithRounding(`${value.digits}E${value.exponent}`)

export const decimal128Of = (value: Numeric): Decimal128 => {
  if (value instanceof Decimal128) return value
  if (typeof value === 'bigint' || (typeof value === 'number' && isInt32(value))) return Decimal128.fromString(String(value))
  const number = toNumber(value)
  // A double is taken with the fifteen digits that it is sure of.
  return Number.isFinite(number) ? Decimal128.fromStringWithRounding(number.toPrecision(15)) : fromSpecial(number)
}
