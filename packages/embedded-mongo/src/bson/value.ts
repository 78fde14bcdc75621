import {
  BSONRegExp, BSONSymbol, Binary, Code, DBRef, Decimal128, Double, Int32, Long, MinKey, ObjectId, Timestamp,
} from 'bson'
import type { MaxKey } from 'bson'

/**
 * A BSON value as the server holds it.
 *
 * Numbers keep their BSON type without a box where JavaScript allows it: a `number` that is an integer within 32 bits (and not -0) is an
 * int32, any other `number` is a double, a `bigint` is an int64. Only a double that looks like an int32 (`1.0`) needs bson's `Double`.
 * That is also how `bson.serialize` reads these values, so encoding needs no conversion.
 */
export type Value =
  | null | undefined | boolean | number | string | bigint | Date
  | Double | Decimal128 | ObjectId | Binary | Timestamp | BSONRegExp | BSONSymbol | Code | MinKey | MaxKey
  | Value[] | Doc

/** A BSON document. Documents in a collection are never changed in place: an update makes a new one. */
export interface Doc { [field: string]: Value }

/** MongoDB's aliases of the BSON types, as `$type` knows them. */
export type TypeName =
  | 'double' | 'string' | 'object' | 'array' | 'binData' | 'undefined' | 'objectId' | 'bool' | 'date' | 'null' | 'regex' | 'javascript'
  | 'symbol' | 'javascriptWithScope' | 'int' | 'timestamp' | 'long' | 'decimal' | 'minKey' | 'maxKey'

export const isInt32 = (value: number): boolean => (value | 0) === value && !Object.is(value, -0)

export const isArray = (value: Value): value is Value[] => Array.isArray(value)

/** Whether a value is an embedded document, and not a value of another type that JavaScript holds in an object. */
export const isDoc = (value: Value): value is Doc => {
  if (typeof value !== 'object' || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}

export const typeOf = (value: Value): TypeName => {
  switch (typeof value) {
    case 'number': return isInt32(value) ? 'int' : 'double'
    case 'string': return 'string'
    case 'boolean': return 'bool'
    case 'bigint': return 'long'
    case 'undefined': return 'undefined'
    default:
  }
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'array'
  if (isDoc(value)) return 'object'
  if (value instanceof ObjectId) return 'objectId'
  if (value instanceof Date) return 'date'
  if (value instanceof Double) return 'double'
  if (value instanceof Binary) return 'binData'
  if (value instanceof Timestamp) return 'timestamp'
  if (value instanceof Decimal128) return 'decimal'
  if (value instanceof BSONRegExp) return 'regex'
  if (value instanceof Code) return value.scope === null || value.scope === undefined ? 'javascript' : 'javascriptWithScope'
  if (value instanceof BSONSymbol) return 'symbol'
  if (value instanceof MinKey) return 'minKey'
  return 'maxKey'
}

const typeNumbers: Readonly<Record<TypeName, number>> = {
  double: 1, string: 2, object: 3, array: 4, binData: 5, undefined: 6, objectId: 7, bool: 8, date: 9, null: 10, regex: 11, javascript: 13,
  symbol: 14, javascriptWithScope: 15, int: 16, timestamp: 17, long: 18, decimal: 19, minKey: -1, maxKey: 127,
}

/** The number of a BSON type on the wire, which `$type` takes too. */
export const typeNumber = (name: TypeName): number => typeNumbers[name]

/** The alias of a type's number; undefined for a number that no type has. */
export const typeNameOf = (number: number): TypeName | undefined =>
  (Object.keys(typeNumbers) as TypeName[]).find((name) => typeNumbers[name] === number)

export const isTypeName = (name: string): name is TypeName => Object.hasOwn(typeNumbers, name)

export const isNumeric = (value: Value): value is number | bigint | Double | Decimal128 =>
  typeof value === 'number' || typeof value === 'bigint' || value instanceof Double || value instanceof Decimal128

/** A double: unboxed where a bare `number` already means one. */
export const double = (value: number): Value => (isInt32(value) ? new Double(value) : value)

/** The number behind any numeric value, as a JavaScript number. Int64 and decimals lose what a double cannot hold. */
export const toNumber = (value: number | bigint | Double | Decimal128): number => {
  if (typeof value === 'number') return value
  if (typeof value === 'bigint') return Number(value)
  return value instanceof Double ? value.value : Number(value.toString())
}

/** MongoDB's truth: everything but false, zero, null, undefined and what is missing. */
export const isTruthy = (value: Value): boolean => {
  if (value === null || value === undefined || value === false) return false
  return isNumeric(value) ? toNumber(value) !== 0 : true
}

/** Sets a field also when its name means something to JavaScript (`__proto__`). */
export const setField = (doc: Doc, name: string, value: Value): void => {
  if (name === '__proto__') Object.defineProperty(doc, name, { value, enumerable: true, configurable: true, writable: true })
  else doc[name] = value
}

/** Reads a field of the document itself, never one of its prototype. */
export const getField = (doc: Doc, name: string): Value => (Object.hasOwn(doc, name) ? doc[name] : undefined)

/** A copy that shares nothing that can be changed with the original. */
export const cloneValue = (value: Value): Value => {
  if (Array.isArray(value)) return value.map(cloneValue)
  if (!isDoc(value)) return value
  const copy: Doc = {}
  for (const name of Object.keys(value)) setField(copy, name, cloneValue(value[name]))
  return copy
}

/** Takes in a value that a JavaScript caller or bson's EJSON made, in which numbers may be boxed. */
export const fromForeign = (value: unknown): Value => {
  if (value instanceof Int32) return value.value
  if (value instanceof Double) return double(value.value)
  if (value instanceof Timestamp) return value
  if (value instanceof Long) return value.toBigInt()
  if (value instanceof DBRef) return fromForeign(value.toJSON())
  if (value instanceof RegExp) return new BSONRegExp(value.source, value.flags)
  if (Array.isArray(value)) return value.map(fromForeign)
  if (typeof value === 'object' && value !== null && isDoc(value as Value)) {
    const doc: Doc = {}
    for (const [name, inner] of Object.entries(value)) setField(doc, name, fromForeign(inner))
    return doc
  }
  return value as Value
}
