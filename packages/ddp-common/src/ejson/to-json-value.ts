import { encodeBase64 } from './base64.js'
import { type BsonMeaning, readBson } from './bson.js'
import { isCustomType } from './custom-types.js'
import { maxNesting, noBsonType, tooDeep } from './ejson-error.js'
import { isPlainObject, setOwn } from './own-property.js'

const dollar = 36

/**
 * The plain JSON that stands for an EJSON value. What needs no conversion is not copied: the result may be the value itself, or share
 * parts with it. The value is never changed. Throws an `EJSONError`: `too-deep`; `invalid-value` for objects of the bson package that EJSON has no type for.
 */
export function toJSONValue(value: unknown): unknown {
  return convert(value, 0)
}

/** Converts a value in which at most `maxDepth` arrays and objects may stand one in another. */
export function toShallowJSONValue(value: unknown, maxDepth: number): unknown {
  return convert(value, maxNesting + 1 - maxDepth)
}

function convert(value: unknown, depth: number): unknown {
  if (typeof value === 'object') return value === null ? null : convertObject(value, depth)
  return typeof value === 'number' ? convertNumber(value) : value
}

function convertNumber(value: number): unknown {
  return Number.isFinite(value) ? value : { $InfNaN: value > 0 ? 1 : value < 0 ? -1 : 0 }
}

function convertObject(value: object, depth: number): unknown {
  if (depth > maxNesting) throw tooDeep()
  if (Array.isArray(value)) return convertArray(value, depth)
  return isPlainObject(value) ? convertFields(value, depth) : convertInstance(value, depth)
}

function convertArray(value: readonly unknown[], depth: number): unknown {
  let changed: unknown[] | undefined
  for (let i = 0; i < value.length; i += 1) {
    const item = value[i]
    if (typeof item === 'string') continue
    const converted = convert(item, depth + 1)
    if (converted === item) continue
    changed ??= value.slice()
    changed[i] = converted
  }
  return changed ?? value
}

function convertFields(fields: Record<string, unknown>, depth: number): unknown {
  let changed: Record<string, unknown> | undefined
  let hasMethods = false
  let first: string | undefined
  for (const key in fields) {
    const field = fields[key]
    if (field === undefined) continue
    if (typeof field === 'function') {
      hasMethods = true
      continue
    }
    first ??= key
    // Most fields are strings, which need no look.
    if (typeof field === 'string') continue
    const converted = convert(field, depth + 1)
    if (converted === field) continue
    changed ??= { ...fields }
    setOwn(changed, key, converted)
  }
  // Every wrapper has keys that begin with a dollar sign, and no others.
  if (first?.charCodeAt(0) === dollar && looksLikeWrapper(fields)) return { $escape: changed ?? fields }
  if (hasMethods && isCustomType(fields)) return { $type: fields.typeName(), $value: fields.toJSONValue() }
  if (hasMethods && typeof fields.toJSON === 'function') return convert((fields as { toJSON(): unknown }).toJSON(), depth + 1)
  return changed ?? fields
}

function convertInstance(value: object, depth: number): unknown {
  // An invalid date has no number; null is what JSON makes of it.
  if (value instanceof Date) return { $date: Number.isNaN(value.getTime()) ? null : value.getTime() }
  if (value instanceof RegExp) return { $regexp: value.source, $flags: value.flags }
  if (value instanceof Uint8Array) return { $binary: encodeBase64(value) }
  if (isCustomType(value)) return { $type: value.typeName(), $value: value.toJSONValue() }
  const bson = readBson(value)
  if (bson) return convertBson(bson)
  const { toJSON } = value as { toJSON?: unknown }
  if (typeof toJSON === 'function') return convert((value as { toJSON(): unknown }).toJSON(), depth + 1)
  return convertFields({ ...value }, depth)
}

function convertBson(bson: BsonMeaning): unknown {
  switch (bson.kind) {
    case 'oid':
    case 'Decimal': return { $type: bson.kind, $value: bson.text }
    case 'bytes': return { $binary: encodeBase64(bson.bytes) }
    case 'number': return convertNumber(bson.number)
    case 'none': throw noBsonType(bson.name)
  }
}

/** Whether a reader would take these fields for one of EJSON's own wrappers. */
function looksLikeWrapper(fields: Record<string, unknown>): boolean {
  // JSON leaves the others out.
  const written = Object.keys(fields).filter((key) => fields[key] !== undefined && typeof fields[key] !== 'function')
  const has = (key: string): boolean => written.includes(key)
  switch (written.length) {
    case 1: return has('$date') || has('$InfNaN') || has('$binary') || has('$escape')
    case 2: return (has('$type') && has('$value')) || (has('$regexp') && has('$flags'))
    default: return false
  }
}
