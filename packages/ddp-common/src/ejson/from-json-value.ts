import { decodeBase64 } from './base64.js'
import { makeCustomType } from './custom-types.js'
import { EJSONError, maxNesting, tooDeep } from './ejson-error.js'
import { isPlainObject, setOwn } from './own-property.js'

const dollar = 36
const noWrapper = Symbol('no wrapper')

/**
 * The EJSON value that a plain JSON value stands for. The value is never changed; what needs no conversion is not copied.
 * A wrapper whose content has the wrong type (`{"$date": "x"}`) is left as it is.
 * Throws an `EJSONError` `too-deep`, `unknown-type` or `invalid-value`.
 */
export function fromJSONValue(value: unknown): unknown {
  return revive(value, 0, { owned: false, regExpsLeft: Infinity })
}

/**
 * The same for a value that nobody else holds (fresh from `JSON.parse`): converts it in place. For what a stranger wrote `maxRegExpLength`
 * bounds its regular expressions, all taken together, since to compile one takes far longer than to send it: in characters, of which
 * escapes for thousands of others (`\p{L}`) count for 50 each, and all for ten with the flag `v`. With more it throws an `EJSONError` `invalid-value`.
 */
export function fromOwnJSONValue(value: unknown, maxRegExpLength = Infinity): unknown {
  return revive(value, 0, { owned: true, regExpsLeft: maxRegExpLength })
}

interface Reading {
  /** Whether the value may be changed. */
  readonly owned: boolean
  /** How long the regular expressions that are still to come may be. */
  regExpsLeft: number
}

const wrapperKey = /"(?:\$|\\u0024)/

/**
 * Whether a JSON text could contain one of EJSON's wrappers, whose keys begin with `$`, perhaps written as an escape sequence.
 * Texts without any dollar sign are told by two quick searches; the pattern costs ten times as much.
 */
export function mayContainWrapper(text: string): boolean {
  return (text.includes('$') || text.includes('\\u0024')) && wrapperKey.test(text)
}

function revive(value: unknown, depth: number, reading: Reading): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (depth > maxNesting) throw tooDeep()
  if (Array.isArray(value)) return reviveArray(value, depth, reading)
  if (!reading.owned && !isPlainObject(value)) return value
  const fields = value as Record<string, unknown>
  for (const key in fields) {
    if (key.charCodeAt(0) === dollar) {
      const made = key === '$date' ? unwrapDate(fields) : unwrap(fields, depth, reading)
      if (made !== noWrapper) return made
    }
    break
  }
  return reviveFields(fields, depth, reading)
}

function reviveArray(value: unknown[], depth: number, reading: Reading): unknown {
  let changed = reading.owned ? value : undefined
  for (let i = 0; i < value.length; i += 1) {
    const item = value[i]
    if (typeof item !== 'object') continue
    const revived = revive(item, depth + 1, reading)
    if (revived === item) continue
    changed ??= value.slice()
    changed[i] = revived
  }
  return changed ?? value
}

function reviveFields(fields: Record<string, unknown>, depth: number, reading: Reading): Record<string, unknown> {
  let changed = reading.owned ? fields : undefined
  for (const key in fields) {
    const field = fields[key]
    if (typeof field !== 'object') continue
    const revived = revive(field, depth + 1, reading)
    if (revived === field) continue
    changed ??= { ...fields }
    setOwn(changed, key, revived)
  }
  return changed ?? fields
}

/** The wrapper that is met most: no list of its keys is made. Its first key is `$date`. */
function unwrapDate(fields: Record<string, unknown>): unknown {
  let count = 0
  for (const _ in fields) if ((count += 1) > 1) return noWrapper
  const content = fields.$date
  return typeof content === 'number' ? new Date(content) : content === null ? new Date(Number.NaN) : noWrapper
}

/** Value that a wrapper stands for, or `noWrapper`. Only `$escape` and custom types hold objects, so only those matter for the depth. */
function unwrap(fields: Record<string, unknown>, depth: number, reading: Reading): unknown {
  const keys = Object.keys(fields)
  if (keys.length === 1) {
    const [key = ''] = keys
    const content = fields[key]
    switch (key) {
      case '$InfNaN': return typeof content === 'number' ? content / 0 : noWrapper
      case '$binary': return typeof content === 'string' ? decodeBase64(content) : noWrapper
      case '$escape': return isPlainObject(content) ? reviveFields(content, depth + 1, reading) : noWrapper
      default: return noWrapper
    }
  }
  if (keys.length !== 2) return noWrapper
  if (Object.hasOwn(fields, '$value') && typeof fields.$type === 'string') return makeCustomType(fields.$type, fields.$value)
  if (typeof fields.$regexp === 'string' && typeof fields.$flags === 'string') return makeRegExp(fields.$regexp, fields.$flags, reading)
  return noWrapper
}

/** Flags that this engine does not know, and repeated ones, are left out, as in Meteor. */
function makeRegExp(source: string, flags: string, reading: Reading): RegExp {
  const known = [...new Set(flags.slice(0, 50))].filter((flag) => 'dgimsuvy'.includes(flag)).join('')
  if (reading.regExpsLeft !== Infinity) reading.regExpsLeft -= weight(source, known)
  if (reading.regExpsLeft < 0) throw new EJSONError('invalid-value', '$regexp: the regular expressions are too long; send their text as strings, or fewer of them')
  try {
    return new RegExp(source, known)
  } catch (cause) {
    throw new EJSONError('invalid-value', '$regexp: the regular expression does not compile', { cause })
  }
}

function weight(source: string, flags: string): number {
  return (source.length + 50 * (source.match(/\\p/gi)?.length ?? 0)) * (flags.includes('v') ? 10 : 1)
}
