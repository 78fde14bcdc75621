import { readBson } from './bson.js'
import { isCustomType, makeCustomType } from './custom-types.js'
import { maxNesting, tooDeep } from './ejson-error.js'
import { setOwn } from './own-property.js'

/**
 * A deep copy. Values that never change (regular expressions, errors, ObjectIds, functions) are not copied; an instance of an unknown
 * class becomes a plain object, and the `arguments` of a function an array. Throws an `EJSONError` `too-deep`.
 */
export function clone<T>(value: T): T {
  return copy(value, 0) as T
}

function copy(value: unknown, depth: number): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (depth > maxNesting) throw tooDeep()
  if (Array.isArray(value)) return value.map((item) => copy(item, depth + 1))
  if (value instanceof Date) return new Date(value.getTime())
  if (value instanceof Uint8Array) return new Uint8Array(value)
  if (value instanceof RegExp || value instanceof Error || readBson(value)) return value
  if (typeof (value as { clone?: unknown }).clone === 'function') return (value as { clone(): unknown }).clone()
  if (isCustomType(value)) return makeCustomType(value.typeName(), copy(value.toJSONValue(), depth + 1))
  if (isArguments(value)) return Array.from(value, (item) => copy(item, depth + 1))
  const result: Record<string, unknown> = {}
  for (const key of Object.keys(value)) setOwn(result, key, copy((value as Record<string, unknown>)[key], depth + 1))
  return result
}

/** Whether an object is the `arguments` of a function: nothing else has that tag without naming it, and few objects have an iterator. */
function isArguments(value: object): value is ArrayLike<unknown> {
  return Symbol.iterator in value && !(Symbol.toStringTag in value) && Object.prototype.toString.call(value) === '[object Arguments]'
}
