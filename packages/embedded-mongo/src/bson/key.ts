import { BSONRegExp, BSONSymbol, Binary, Code, Decimal128, Double, MinKey, ObjectId, Timestamp } from 'bson'
import { decimalOf } from './decimal.js'
import { millisecondsOf } from './date.js'
import { isDoc } from './value.js'
import type { StringKey } from './compare.js'
import type { Value } from './value.js'

/** A string that two values share if and only if MongoDB holds them for equal: what indexes, `$in` and `$group` look things up by. */
export const valueKey = (value: Value, collation?: StringKey): string => {
  switch (typeof value) {
    case 'string': return `s${collation ? collation(value) : value}`
    case 'number': return numberKey(value)
    case 'bigint': return numberKey(value)
    case 'boolean': return value ? 'T' : 'F'
    case 'undefined': return 'u'
    default:
  }
  if (value === null) return 'n'
  if (value instanceof ObjectId) return `o${value.toHexString()}`
  if (Array.isArray(value)) return `[${value.map((element) => sized(valueKey(element, collation))).join('')}]`
  if (isDoc(value)) return `{${Object.keys(value).map((name) => sized(name) + sized(valueKey(value[name], collation))).join('')}}`
  if (value instanceof Date) return `d${millisecondsOf(value)}`
  if (value instanceof Double) return numberKey(value.value)
  if (value instanceof Decimal128) return decimalKey(value)
  return rareKey(value)
}

/** Told apart from its neighbours by its length, so that no text inside can pose as structure. */
const sized = (text: string): string => `${text.length}:${text}`

const numberKey = (value: number | bigint): string => {
  if (typeof value === 'number' && (!Number.isFinite(value) || !Number.isInteger(value))) return `#${value}`
  return `#${BigInt(value)}`
}

const decimalKey = (value: Decimal128): string => {
  const decimal = decimalOf(value)
  if (typeof decimal === 'number') return `#${decimal}`
  if (decimal.exponent >= 0) return `#${decimal.digits * 10n ** BigInt(Math.min(decimal.exponent, 400))}`
  const unit = 10n ** BigInt(-decimal.exponent)
  if (decimal.digits % unit === 0n) return `#${decimal.digits / unit}`
  const number = Number(value.toString())
  const exact = decimalOf(number)
  return typeof exact !== 'number' && exact.digits * unit === decimal.digits * 10n ** BigInt(-exact.exponent) ? `#${number}` : `D${trimmed(value)}`
}

const trimmed = (value: Decimal128): string => value.toString().replace(/(\.\d*?)0+(?=E|$)/, '$1')

const rareKey = (value: Exclude<Value, undefined | null>): string => {
  if (value instanceof Binary) return `b${value.sub_type}:${Buffer.from(value.value()).toString('latin1')}`
  if (value instanceof Timestamp) return `t${value.toBigInt()}`
  if (value instanceof BSONSymbol) return `s${value.value}`
  if (value instanceof BSONRegExp) return `r${sized(value.pattern)}${value.options}`
  if (value instanceof Code) return `c${sized(value.code)}${value.scope ? valueKey(value.scope) : ''}`
  return value instanceof MinKey ? '-' : '+'
}
