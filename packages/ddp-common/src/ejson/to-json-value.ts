import { encodeBase64 } from './base64.js'
import { isCustomType } from './custom-types.js'
import { maxNesting, tooDeep } from './ejson-error.js'
import { readBson } from './mongo-types.js'
import { isPlainObject, setOwn } from './own-property.js'

const dollar = 36

/**
 * The plain JSON that stands for an EJSON value. What needs no conversion is not copied: the result may be the value itself, or share
 * parts with it. The value is never changed. Throws an `EJSONError` `too-deep`.
 */
export function toJSONValue(value: unknown): unknown {
  return convert(value, 0)
}

function convert(value: unknown, depth: number): unknown {
  if (typeof value === 'object') return value === null ? null : convertObject(value, depth)
  if (typeof value === 'number' && !Number.isFinite(value)) return { $InfNaN: value > 0 ? 1 : value < 0 ? -1 : 0 }
  return value
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
    const converted = convert(item, depth + 1)
    if (converted === item) continue
    changed ??= value.slice()
    changed[i] = converted
  }
  return changed ?? value
}

function convertFields(value: object, depth: number): unknown {
  const fields = value as Record<string, unknown>
  let changed: Record<string, unknown> | undefined
  let count = 0
  let mayNeedEscape = false
  let hasMethods = false
  for (const key in fields) {
    const field = fields[key]
    count += 1
    if (key.charCodeAt(0) === dollar) mayNeedEscape = true
    if (typeof field === 'function') hasMethods = true
    const converted = convert(field, depth + 1)
    if (converted === field) continue
    changed ??= { ...fields }
    setOwn(changed, key, converted)
  }
  if (mayNeedEscape && count <= 2 && looksLikeWrapper(fields, count)) return { $escape: changed ?? fields }
  if (hasMethods && isCustomType(value)) return { $type: value.typeName(), $value: value.toJSONValue() }
  return changed ?? value
}

function convertInstance(value: object, depth: number): unknown {
  // An invalid date has no number; null is what JSON makes of it.
  if (value instanceof Date) return { $date: Number.isNaN(value.getTime()) ? null : value.getTime() }
  if (value instanceof RegExp) return { $regexp: value.source, $flags: value.flags }
  if (value instanceof Uint8Array) return { $binary: encodeBase64(value) }
  if (isCustomType(value)) return { $type: value.typeName(), $value: value.toJSONValue() }
  const bson = readBson(value)
  if (bson) return { $type: bson.type, $value: bson.text }
  const { toJSON } = value as { toJSON?: unknown }
  if (typeof toJSON === 'function') return convert((value as { toJSON(): unknown }).toJSON(), depth + 1)
  return convertFields(Object.assign({}, value), depth)
}

/** Whether a reader would take these fields for one of EJSON's own wrappers. */
function looksLikeWrapper(fields: Record<string, unknown>, count: number): boolean {
  if (count === 1) return '$date' in fields || '$InfNaN' in fields || '$binary' in fields || '$escape' in fields
  return ('$type' in fields && '$value' in fields) || ('$regexp' in fields && '$flags' in fields)
}
