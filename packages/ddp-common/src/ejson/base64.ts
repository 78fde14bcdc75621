import { EJSONError } from './ejson-error.js'

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
const codes = Uint8Array.from(alphabet, (character) => character.charCodeAt(0))
const padding = '='.charCodeAt(0)
const invalid = 255

const values = new Uint8Array(256).fill(invalid)
codes.forEach((code, value) => {
  values[code] = value
})

/** Characters are made from code units in pieces of this size: an argument list has its limits. */
const pieceLength = 8_192

/** Base64 with `+`, `/` and padding, without line breaks, as EJSON's `$binary` has it. */
export function encodeBase64(bytes: Uint8Array): string {
  const out = new Uint8Array(Math.ceil(bytes.length / 3) * 4).fill(padding)
  const code = (value: number): number => codes[value] ?? padding
  let to = 0
  for (let from = 0; from < bytes.length; from += 3) {
    const left = bytes.length - from
    const group = ((bytes[from] ?? 0) << 16) | ((bytes[from + 1] ?? 0) << 8) | (bytes[from + 2] ?? 0)
    out[to++] = code(group >> 18)
    out[to++] = code((group >> 12) & 63)
    if (left > 1) out[to++] = code((group >> 6) & 63)
    if (left > 2) out[to++] = code(group & 63)
  }
  let text = ''
  for (let from = 0; from < out.length; from += pieceLength) text += String.fromCharCode(...out.subarray(from, from + pieceLength))
  return text
}

/** The bytes of a base64 string, whose padding may be missing. Throws an `EJSONError` `invalid-value` for anything else, also for a length that no bytes have. */
export function decodeBase64(text: string): Uint8Array<ArrayBuffer> {
  const length = text.endsWith('==') ? text.length - 2 : text.endsWith('=') ? text.length - 1 : text.length
  if (length % 4 === 1) throw new EJSONError('invalid-value', `$binary: no base64 string has ${length} characters`)
  const bytes = new Uint8Array(Math.floor((length * 3) / 4))
  let to = 0
  for (let from = 0; from < length; from += 4) {
    const group = (value(text, from) << 18) | (value(text, from + 1) << 12)
      | ((from + 2 < length ? value(text, from + 2) : 0) << 6) | (from + 3 < length ? value(text, from + 3) : 0)
    bytes[to++] = group >> 16
    if (from + 2 < length) bytes[to++] = (group >> 8) & 255
    if (from + 3 < length) bytes[to++] = group & 255
  }
  return bytes
}

function value(text: string, at: number): number {
  const code = text.charCodeAt(at)
  const found = code < 256 ? values[code] : invalid
  if (found === undefined || found === invalid) throw new EJSONError('invalid-value', `$binary: no base64 character at position ${at}`)
  return found
}
