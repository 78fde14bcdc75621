import { BSONRegExp, BSONSymbol, Binary, Code, Decimal128, Double, MaxKey, MinKey, ObjectId, Timestamp } from 'bson'
import { compareDecimals } from './decimal.js'
import { millisecondsOf } from './date.js'
import { isDoc } from './value.js'
import type { Doc, Value } from './value.js'

/** Turns a string into what is compared in its place, as a collation asks for; undefined compares the bytes. */
export type StringKey = ((text: string) => string) | undefined

/**
 * MongoDB's order of the types (its "canonical type"). A missing value sorts as null does; callers that must tell them apart
 * do so before they compare.
 */
export const canonicalType = (value: Value): number => {
  switch (typeof value) {
    case 'number': case 'bigint': return 10
    case 'string': return 15
    case 'boolean': return 40
    case 'undefined': return 0
    default:
  }
  if (value === null) return 5
  if (Array.isArray(value)) return 25
  if (isDoc(value)) return 20
  if (value instanceof Double || value instanceof Decimal128) return 10
  if (value instanceof ObjectId) return 35
  if (value instanceof Date) return 45
  if (value instanceof BSONSymbol) return 15
  if (value instanceof Binary) return 30
  if (value instanceof Timestamp) return 47
  if (value instanceof BSONRegExp) return 50
  if (value instanceof Code) return value.scope === null || value.scope === undefined ? 60 : 65
  return value instanceof MinKey ? -1 : 127
}

/** -1, 0 or 1: the order that `sort`, `$lt` and indexes use. */
export const compareValues = (a: Value, b: Value, key?: StringKey): number => {
  if (typeof a === 'string' && typeof b === 'string') return compareStrings(a, b, key)
  if (typeof a === 'number' && typeof b === 'number' && a === a && b === b) return a < b ? -1 : a > b ? 1 : 0
  const typeA = canonicalType(a)
  const typeB = canonicalType(b)
  return typeA === typeB ? compareSameType(typeA, a, b, key) : typeA < typeB ? -1 : 1
}

/** Whether two values are equal as an index or `$eq` sees it: `1`, `1.0` and an int64 1 are, documents only with fields in one order. */
export const equalValues = (a: Value, b: Value, key?: StringKey): boolean => a === b || compareValues(a, b, key) === 0

const order = <T extends number | bigint | string>(a: T, b: T): number => (a < b ? -1 : a > b ? 1 : 0)

const compareStrings = (a: string, b: string, key: StringKey): number => {
  if (key) return order(key(a), key(b))
  if (a === b) return 0
  return hasSurrogate(a) || hasSurrogate(b) ? Buffer.compare(Buffer.from(a), Buffer.from(b)) : order(a, b)
}

/** Only beyond the basic plane does the order of UTF-16 differ from that of UTF-8. */
const hasSurrogate = (text: string): boolean => /[\ud800-\udfff]/.test(text)

const compareSameType = (type: number, a: Value, b: Value, key: StringKey): number => {
  switch (type) {
    case 10: return compareNumbers(a as number, b as number)
    case 15: return compareStrings(textOf(a as string), textOf(b as string), key)
    case 20: return compareDocs(a as Doc, b as Doc, key)
    case 25: return compareArrays(a as Value[], b as Value[], key)
    case 30: return compareBinaries(a as Binary, b as Binary)
    case 35: return Buffer.compare((a as ObjectId).id, (b as ObjectId).id)
    case 40: return order(Number(a), Number(b))
    case 45: return order(millisecondsOf(a as Date), millisecondsOf(b as Date))
    case 47: return (a as Timestamp).compare(b as Timestamp)
    case 50: return order((a as BSONRegExp).pattern, (b as BSONRegExp).pattern) || order((a as BSONRegExp).options, (b as BSONRegExp).options)
    case 60: return order((a as Code).code, (b as Code).code)
    case 65: return order((a as Code).code, (b as Code).code) || compareDocs((a as Code).scope as Doc, (b as Code).scope as Doc, key)
    default: return 0
  }
}

const textOf = (value: string | BSONSymbol): string => (typeof value === 'string' ? value : value.value)

type Numeric = number | bigint | Double | Decimal128

/** NaN equals itself and is smaller than every other number. */
export const compareNumbers = (a: Numeric, b: Numeric): number => {
  if (a instanceof Decimal128 || b instanceof Decimal128) return compareDecimals(a, b)
  const x = a instanceof Double ? a.value : a
  const y = b instanceof Double ? b.value : b
  if (x < y) return -1
  if (x > y) return 1
  // A mixed comparison of an int64 and a double is exact in JavaScript.
  const xIsNaN = x !== x
  const yIsNaN = y !== y
  return xIsNaN === yIsNaN ? 0 : xIsNaN ? -1 : 1
}

const compareDocs = (a: Doc, b: Doc, key: StringKey): number => {
  const namesA = Object.keys(a)
  const namesB = Object.keys(b)
  const shared = Math.min(namesA.length, namesB.length)
  for (let at = 0; at < shared; at++) {
    const nameA = namesA[at] ?? ''
    const nameB = namesB[at] ?? ''
    const result = order(canonicalType(a[nameA]), canonicalType(b[nameB])) || compareStrings(nameA, nameB, undefined)
      || compareValues(a[nameA], b[nameB], key)
    if (result !== 0) return result
  }
  return order(namesA.length, namesB.length)
}

const compareArrays = (a: Value[], b: Value[], key: StringKey): number => {
  const shared = Math.min(a.length, b.length)
  for (let at = 0; at < shared; at++) {
    const result = compareValues(a[at], b[at], key)
    if (result !== 0) return result
  }
  return order(a.length, b.length)
}

const compareBinaries = (a: Binary, b: Binary): number =>
  order(a.position, b.position) || order(a.sub_type, b.sub_type) || Buffer.compare(a.value(), b.value())

export const isMinKey = (value: Value): boolean => value instanceof MinKey
export const isMaxKey = (value: Value): boolean => value instanceof MaxKey
