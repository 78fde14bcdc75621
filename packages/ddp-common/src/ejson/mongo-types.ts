import { readBson } from './bson.js'
import { EJSONError } from './ejson-error.js'

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
    return typeof other === 'object' && other !== null && (other instanceof ObjectId ? other.#hex : textOf('oid', other)) === this.#hex
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
    return typeof other === 'object' && other !== null && (other instanceof Decimal ? other.#digits : textOf('Decimal', other)) === this.#digits
  }
}

/** The text of an object of the `bson` package, if it is of this type. */
function textOf(type: 'oid' | 'Decimal', value: object): string | undefined {
  const meaning = readBson(value)
  return meaning?.kind === type ? meaning.text : undefined
}
