import { readBson } from './bson.js'
import { EJSONError } from './ejson-error.js'

/** Method that Node.js' `util.inspect` calls; other platforms do not know it. */
const inspected = Symbol.for('nodejs.util.inspect.custom')

/** A MongoDB ObjectId as it arrives in EJSON (`$type: "oid"`). A value: it never changes. `toHexString()` is what drivers' own classes take. */
export class ObjectId {
  readonly #hex: string

  /** Takes 24 hexadecimal digits; anything else throws an `EJSONError` `invalid-value`. */
  constructor(hex: string) {
    if (typeof hex !== 'string' || !/^[0-9a-f]{24}$/i.test(hex)) throw new EJSONError('invalid-value', 'An ObjectId is 24 hexadecimal digits')
    this.#hex = hex.toLowerCase()
  }

  /** EJSON's name of the type: `oid`. */
  typeName(): string { return 'oid' }
  /** Value in EJSON: the 24 hexadecimal digits. */
  toJSONValue(): string { return this.#hex }
  /** The 24 hexadecimal digits, in lower case, as drivers' own classes take them. */
  toHexString(): string { return this.#hex }
  /** The 24 hexadecimal digits. */
  toString(): string { return this.#hex }
  /** The 24 hexadecimal digits, for `JSON.stringify`, as of a driver's own class. */
  toJSON(): string { return this.#hex }
  /** Text for `console.log` in Node.js. */
  [inspected](): string { return `ObjectId('${this.#hex}')` }
  /** Itself: an immutable value needs no copy. */
  clone(): ObjectId { return this }

  /** Whether `other` is the same value, also of a driver's own class. */
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

  /** EJSON's name of the type: `Decimal`. */
  typeName(): string { return 'Decimal' }
  /** Value in EJSON: the digits. */
  toJSONValue(): string { return this.#digits }
  /** The digits. */
  toString(): string { return this.#digits }
  /** The digits, for `JSON.stringify`. */
  toJSON(): string { return this.#digits }
  /** Text for `console.log` in Node.js. */
  [inspected](): string { return `Decimal('${this.#digits}')` }
  /** Itself: an immutable value needs no copy. */
  clone(): Decimal { return this }

  /** Whether `other` is the same value, also of a driver's own class. */
  equals(other: unknown): boolean {
    return typeof other === 'object' && other !== null && (other instanceof Decimal ? other.#digits : textOf('Decimal', other)) === this.#digits
  }
}

/** The text of an object of the `bson` package, if it is of this type. */
function textOf(type: 'oid' | 'Decimal', value: object): string | undefined {
  const meaning = readBson(value)
  return meaning?.kind === type ? meaning.text : undefined
}
