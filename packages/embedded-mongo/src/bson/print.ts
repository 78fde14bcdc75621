import { BSONRegExp, BSONSymbol, Binary, Code, Decimal128, Double, MinKey, ObjectId, Timestamp } from 'bson'
import { millisecondsOf } from './date.js'
import { isDoc } from './value.js'
import type { Value } from './value.js'

/** A value as MongoDB prints it in its messages: `{ a: 1, b: "x" }`. */
export const print = (value: Value): string => {
  if (Array.isArray(value)) return value.length === 0 ? '[]' : `[ ${value.map(print).join(', ')} ]`
  if (isDoc(value)) {
    const fields = Object.keys(value)
    return fields.length === 0 ? '{}' : `{ ${fields.map((name) => `${name}: ${print(value[name])}`).join(', ')} }`
  }
  return printScalar(value)
}

/** Field in braces, as the messages of updates name it: `{a: 1}`. */
export const printElement = (name: string, value: Value): string => `{${name}: ${print(value)}}`

/** A field and its value, as the messages of updates name them: `a: 1`. */
export const printField = (name: string, value: Value): string => `${name}: ${print(value)}`

const printScalar = (value: Value): string => {
  if (typeof value === 'string') return `"${value}"`
  if (typeof value === 'number') return printDouble(value)
  if (typeof value === 'bigint' || typeof value === 'boolean' || value === null) return String(value)
  if (value === undefined) return 'undefined'
  if (value instanceof Double) return printDouble(value.value, true)
  if (value instanceof ObjectId) return `ObjectId('${value.toHexString()}')`
  if (value instanceof Date) return `new Date(${millisecondsOf(value)})`
  if (value instanceof Binary) return printBinary(value)
  if (value instanceof Timestamp) return `Timestamp(${value.getHighBitsUnsigned()}, ${value.getLowBitsUnsigned()})`
  if (value instanceof Decimal128) return `NumberDecimal("${value.toString()}")`
  if (value instanceof BSONRegExp) return `/${value.pattern}/${value.options}`
  if (value instanceof Code) return value.code
  if (value instanceof BSONSymbol) return `"${value.value}"`
  return value instanceof MinKey ? 'MinKey' : 'MaxKey'
}

/** Doubles show that they are doubles (`1.0`), whole numbers of 32 bits do not. */
const printDouble = (value: number, isDouble = !((value | 0) === value)): string => {
  if (!Number.isFinite(value)) return value !== value ? 'nan.0' : value > 0 ? 'inf.0' : '-inf.0'
  const text = Number.isInteger(value) && Math.abs(value) < 1e16 ? value.toFixed(0) : String(value)
  return isDouble && /^-?\d+$/.test(text) ? `${text}.0` : text
}

const printBinary = (value: Binary): string => {
  const hex = Buffer.from(value.value()).toString('hex').toUpperCase()
  if (value.sub_type !== Binary.SUBTYPE_UUID) return `BinData(${value.sub_type}, ${hex})`
  const lower = hex.toLowerCase()
  return `UUID("${lower.slice(0, 8)}-${lower.slice(8, 12)}-${lower.slice(12, 16)}-${lower.slice(16, 20)}-${lower.slice(20)}")`
}
