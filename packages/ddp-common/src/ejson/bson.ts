import { isPlainObject } from './own-property.js'

/** Meaning of an object of the `bson` package in EJSON. */
export type BsonMeaning =
  /** Value of an EJSON type of Meteor's mongo package, by its text. */
  | { readonly kind: 'oid' | 'Decimal'; readonly text: string }
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  | { readonly kind: 'number'; readonly number: number }
  /** EJSON has no type for it; `name` says what it is. */
  | { readonly kind: 'none'; readonly name: string }

/**
 * Tells what an object of the `bson` package stands for; `undefined` for other objects. The mark that all versions of that package put on
 * their classes tells, so that none of them is needed here. A plain object is none, whatever marks it: anybody can send one.
 */
export function readBson(value: object): BsonMeaning | undefined {
  const mark = (value as { _bsontype?: unknown })._bsontype
  return typeof mark !== 'string' || isPlainObject(value) ? undefined : meaningOf(mark, value)
}

function meaningOf(mark: string, value: object): BsonMeaning {
  switch (mark) {
    case 'ObjectId':
    case 'ObjectID': return { kind: 'oid', text: (value as { toString(): string }).toString() }
    case 'Decimal128': return { kind: 'Decimal', text: (value as { toString(): string }).toString() }
    case 'Binary': return binary(value)
    case 'Int32':
    case 'Double': return number((value as { value?: unknown }).value, mark)
    case 'Long': return long(value)
    default: return { kind: 'none', name: mark.slice(0, longestName) }
  }
}

const longestName = 30

interface BinaryFields {
  readonly sub_type: number
  readonly buffer: Uint8Array
  /** How much of the buffer is filled. */
  readonly position: number
}

/** Subtypes of UUIDs: bytes alone would not say that they are one. */
const uuids: ReadonlySet<unknown> = new Set([3, 4])

function binary({ sub_type: subtype, buffer, position }: Partial<BinaryFields>): BsonMeaning {
  if (subtype === 0 && buffer instanceof Uint8Array && position !== undefined) return { kind: 'bytes', bytes: buffer.subarray(0, position) }
  return { kind: 'none', name: uuids.has(subtype) ? 'UUID' : `Binary of subtype ${String(subtype)}` }
}

function long(value: { toNumber?: () => unknown }): BsonMeaning {
  const exact = value.toNumber?.()
  return Number.isSafeInteger(exact) ? number(exact, 'Long') : { kind: 'none', name: 'Long beyond 2^53' }
}

function number(value: unknown, name: string): BsonMeaning {
  return typeof value === 'number' ? { kind: 'number', number: value } : { kind: 'none', name }
}
