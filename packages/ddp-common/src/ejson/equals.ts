import { isCustomType } from './custom-types.js'
import { maxNesting, tooDeep } from './ejson-error.js'

/** Options of `EJSON.equals()`. */
export interface EqualsOptions {
  /** Whether `{a, b}` and `{b, a}` differ. @defaultValue false */
  readonly keyOrderSensitive?: boolean
}

/** Whether two EJSON values are the same value. `NaN` equals itself. Throws an `EJSONError` `too-deep`. */
export function equals(a: unknown, b: unknown, options?: EqualsOptions): boolean {
  return same(a, b, options, 0)
}

function same(a: unknown, b: unknown, options: EqualsOptions | undefined, depth: number): boolean {
  if (a === b) return true
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return Number.isNaN(a) && Number.isNaN(b)
  if (depth > maxNesting) throw tooDeep()
  // An invalid date equals another one, as NaN does.
  if (a instanceof Date && b instanceof Date) return Object.is(a.getTime(), b.getTime())
  if (a instanceof RegExp && b instanceof RegExp) return a.source === b.source && a.flags === b.flags
  if (a instanceof Uint8Array && b instanceof Uint8Array) return a.length === b.length && a.every((byte, i) => byte === b[i])
  // Before their own opinion is asked: a Buffer has one only of other bytes.
  if (isAtom(a) || isAtom(b)) return false
  if (hasEquals(a)) return a.equals(b, options)
  if (hasEquals(b)) return b.equals(a, options)
  if (Array.isArray(a) || Array.isArray(b)) {
    return Array.isArray(a) && Array.isArray(b) && a.length === b.length && a.every((item, i) => same(item, b[i], options, depth + 1))
  }
  if (isCustomType(a) || isCustomType(b)) {
    return isCustomType(a) && isCustomType(b) && a.typeName() === b.typeName() && same(a.toJSONValue(), b.toJSONValue(), options, depth + 1)
  }
  return sameFields(a as Record<string, unknown>, b as Record<string, unknown>, options, depth)
}

function sameFields(a: Record<string, unknown>, b: Record<string, unknown>, options: EqualsOptions | undefined, depth: number): boolean {
  const keys = Object.keys(a)
  const otherKeys = Object.keys(b)
  if (keys.length !== otherKeys.length) return false
  return keys.every((key, i) => (options?.keyOrderSensitive ? otherKeys[i] === key : Object.hasOwn(b, key)) && same(a[key], b[key], options, depth + 1))
}

/** Whether a value has no fields to compare: beside a value of another kind it differs. */
function isAtom(value: object): boolean {
  return value instanceof Date || value instanceof RegExp || value instanceof Uint8Array
}

function hasEquals(value: object): value is { equals(other: unknown, options?: EqualsOptions): boolean } {
  return typeof (value as { equals?: unknown }).equals === 'function'
}
