import { clone } from './clone.js'
import { addType, isCustomType } from './custom-types.js'
import { EJSONError } from './ejson-error.js'
import { equals } from './equals.js'
import { fromJSONValue, fromOwnJSONValue, mayContainWrapper } from './from-json-value.js'
import { stringify } from './stringify.js'
import { toJSONValue } from './to-json-value.js'

/**
 * The value of an EJSON text. A text without a wrapper costs what `JSON.parse` costs.
 *
 * @throws {SyntaxError} for a text that is no JSON
 * @throws {EJSONError} for a text that is no EJSON, and `invalid-value` for anything but a string
 */
function parse(text: string): unknown {
  if (typeof text !== 'string') throw new EJSONError('invalid-value', `EJSON.parse takes a string, not ${text === null ? 'null' : typeof text}`)
  const value: unknown = JSON.parse(text)
  return mayContainWrapper(text) ? fromOwnJSONValue(value) : value
}

/** Whether `value` is what EJSON writes as `$binary`. */
function isBinary(value: unknown): value is Uint8Array {
  return value instanceof Uint8Array
}

/** A buffer of `size` zero bytes that EJSON can write. */
function newBinary(size: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(size)
}

/** Extended JSON: JSON with dates, binary data, regular expressions, non-finite numbers, and types of one's own, as Meteor writes them. */
export const EJSON = Object.freeze({
  parse,
  stringify,
  clone,
  equals,
  toJSONValue,
  fromJSONValue,
  addType,
  isCustomType,
  isBinary,
  newBinary,
})
