import { EJSONError } from './ejson-error.js'
import { isPlainObject } from './own-property.js'

/** A MongoDB ObjectId as it arrives in EJSON (`$type: "oid"`). A value: it never changes. `toHexString()` is what drivers' own classes take. */
export class ObjectId {
  readonly #hex: string

  /** Takes 24 hexadecimal digits; anything else throws an `EJSONError` `invalid-value`. */
  constructor(hex: string) {
    if (typeof hex !== 'string' || !/^[0-9a-f]{24}$/i.test(hex)) throw new EJSONError('invalid-value', 'An ObjectId is 24 hexadecimal digits')
    this.#hex = hex.toLowerCase()
  }

  typeName(): string { return 'oid' }
  toJSONValue(): string { return this.#hex }
  toHexString(): string { return this.#hex }
  toString(): string { return this.#hex }
  clone(): ObjectId { return this }

  equals(other: unknown): boolean {
    return typeof other === 'object' && other !== null && (other instanceof ObjectId ? other.#hex : readBson(other)?.text) === this.#hex
  }
}

/** A MongoDB Decimal128 as it arrives in EJSON (`$type: "Decimal"`): a decimal number in digits, never rounded to a double. */
export class Decimal {
  readonly #digits: string

  /** Takes a decimal number in digits (`-1.5E+3`, `Infinity`, `NaN`); anything else throws an `EJSONError` `invalid-value`. */
  constructor(digits: string) {
    if (typeof digits !== 'string' || !/^(?:[+-]?(?:\d{1,40}\.?\d{0,40}|\.\d{1,40})(?:E[+-]?\d{1,5})?|[+-]?Infinity|NaN)$/i.test(digits)) {
      throw new EJSONError('invalid-value', 'A Decimal is a decimal number in digits')
    }
    this.#digits = digits
  }

  typeName(): string { return 'Decimal' }
  toJSONValue(): string { return this.#digits }
  toString(): string { return this.#digits }
  clone(): Decimal { return this }

  equals(other: unknown): boolean {
    return typeof other === 'object' && other !== null && (other instanceof Decimal ? other.#digits : readBson(other)?.text) === this.#digits
  }
}

/**
 * Which of the two EJSON types an object of the `bson` package stands for, and its text. Told by the mark that all versions of that
 * package put on their classes, so that none of them is needed here. A plain object is none, whatever marks it: anybody can send one.
 */
export function readBson(value: object): { readonly type: 'oid' | 'Decimal'; readonly text: string } | undefined {
  const type = typeOfMark((value as { _bsontype?: unknown })._bsontype)
  return type === undefined || isPlainObject(value) ? undefined : { type, text: (value as { toString(): string }).toString() }
}

function typeOfMark(mark: unknown): 'oid' | 'Decimal' | undefined {
  switch (mark) {
    case 'ObjectId':
    case 'ObjectID': return 'oid'
    case 'Decimal128': return 'Decimal'
    default: return undefined
  }
}
