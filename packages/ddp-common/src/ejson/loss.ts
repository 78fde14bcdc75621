import { isCustomType } from './custom-types.js'
import { maxNesting } from './ejson-error.js'
import { readBson } from './bson.js'

/**
 * Names the first part of a value that a reader of its EJSON would not get as it is, such as `args[0].tags is a Set`; undefined when there is
 * none. `name` is what the path begins with. Fields that are undefined count as missing, which reads the same. Costs a walk, and
 * allocates nothing for a value without loss.
 */
export function lossIn(value: unknown, name: string): string | undefined {
  const loss = find(value, 0)
  return loss === undefined ? undefined : name + loss
}

/** The rest of the path, and what is there. */
function find(value: unknown, depth: number): string | undefined {
  switch (typeof value) {
    case 'string':
    case 'number':
    case 'boolean':
      return undefined
    case 'object':
      return value === null ? undefined : findInObject(value, depth)
    case 'undefined':
      return ' is undefined'
    default:
      return ` is a ${typeof value}`
  }
}

function findInObject(value: object, depth: number): string | undefined {
  if (depth > maxNesting) return ` is nested deeper than ${maxNesting} levels`
  if (Array.isArray(value)) {
    if (value.constructor !== Array && !isForeignArray(value)) return ` is ${kindOf(value)}`
    for (let i = 0; i < value.length; i += 1) {
      const loss = find(value[i], depth + 1)
      if (loss !== undefined) return `[${i}]${loss}`
    }
    return undefined
  }
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype && prototype !== null && !isForeignPlain(prototype)) return instanceLoss(value)
  if (isCustomType(value)) return undefined
  if (typeof (value as { toJSON?: unknown }).toJSON === 'function') return ' has a toJSON method'
  return findInFields(value as Record<string, unknown>, depth)
}

function findInFields(fields: Record<string, unknown>, depth: number): string | undefined {
  for (const key in fields) {
    const field = fields[key]
    if (field === undefined) continue
    const loss = find(field, depth + 1)
    if (loss !== undefined) return `${/^[a-z_$][\w$]*$/i.test(key) ? `.${key.slice(0, longestKey)}` : `[${JSON.stringify(key.slice(0, longestKey))}]`}${loss}`
  }
  return undefined
}

const longestKey = 100

/** The `Object.prototype` of another realm, such as a `node:vm` context. */
function isForeignPlain(prototype: unknown): boolean {
  return Object.getPrototypeOf(prototype) === null && Object.hasOwn(prototype as object, 'isPrototypeOf')
}

/** An array of another realm; one of a subclass would arrive as a plain one. */
const isForeignArray = (value: readonly unknown[]): boolean => Object.getPrototypeOf(Object.getPrototypeOf(Object.getPrototypeOf(value))) === null

function instanceLoss(value: object): string | undefined {
  // A subclass of Uint8Array arrives as one, with the same bytes: Node.js' own is met everywhere.
  if (value instanceof Uint8Array) return undefined
  if (value instanceof Date || value instanceof RegExp) return value.constructor === Date || value.constructor === RegExp ? undefined : ` is ${kindOf(value)}`
  if (isCustomType(value)) return undefined
  const bson = readBson(value)
  if (bson) return bson.kind === 'none' ? ` is a ${bson.name} of the bson package` : undefined
  return ` is ${kindOf(value)}`
}

/** Kinds that people use in place of what EJSON has. */
const known = new Map<unknown, string>([[Map, 'a Map'], [Set, 'a Set'], [WeakMap, 'a WeakMap'], [WeakSet, 'a WeakSet'], [Promise, 'a Promise'], [globalThis.URL, 'a URL']])

function kindOf(value: object): string {
  if (value instanceof Error) return 'an Error'
  const made: unknown = value.constructor
  if (made === Object) return 'an object that inherits from another'
  const name = typeof made === 'function' ? made.name : ''
  return known.get(made) ?? (name === '' ? 'an instance of a class without a name' : `an instance of ${name.slice(0, longestKey)}`)
}
