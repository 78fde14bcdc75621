import { BSONRegExp, BSONSymbol, Binary, Code, Decimal128, Double, MaxKey, MinKey, ObjectId, Timestamp, UUID } from 'bson'
import { dateOf } from './date.js'
import { isInt32, setField } from './value.js'
import type { Doc, Value } from './value.js'

/** MongoDB nests at most this deep. */
export const maxDepth = 180

/** Bytes that are no BSON document. */
export class InvalidBson extends Error {
  override readonly name = 'InvalidBson'
}

/**
 * The document that begins at `offset`, as the server holds values; every length is checked against the bytes that are there.
 *
 * @param ignored a document at the top that nobody reads: it is passed over.
 */
export const decodeDocument = (bytes: Buffer, offset: number, end: number, ignored?: string): { doc: Doc, end: number } => {
  const reader = new Reader(bytes, offset, end)
  const doc = reader.document(1, ignored)
  return { doc, end: reader.offset }
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

class Reader {
  readonly #bytes: Buffer
  readonly #end: number
  offset: number

  constructor(bytes: Buffer, offset: number, end: number) {
    this.#bytes = bytes
    this.offset = offset
    this.#end = end
  }

  document(depth: number, ignored?: string): Doc {
    const doc: Doc = {}
    const end = this.#open(depth)
    for (let type = this.#byte(); type !== 0; type = this.#byte()) {
      const name = this.#cstring()
      if (type === 0x03 && name === ignored) this.offset = this.#open(depth + 1)
      else setField(doc, name, this.#value(type, depth))
    }
    this.#close(end)
    return doc
  }

  #array(depth: number): Value[] {
    const values: Value[] = []
    const end = this.#open(depth)
    for (let type = this.#byte(); type !== 0; type = this.#byte()) {
      this.#skipCstring()
      values.push(this.#value(type, depth))
    }
    this.#close(end)
    return values
  }

  #open(depth: number): number {
    if (depth > maxDepth) throw new InvalidBson(`nested deeper than ${maxDepth} levels`)
    const size = this.#int32()
    const end = this.offset - 4 + size
    if (size < 5 || end > this.#end) throw new InvalidBson('a document is longer than the bytes that hold it')
    return end
  }

  #close(end: number): void {
    if (this.offset !== end) throw new InvalidBson('a document does not end where its length says')
  }

  #value(type: number, depth: number): Value {
    switch (type) {
      case 0x01: return this.#double()
      case 0x02: return this.#string()
      case 0x03: return this.document(depth + 1)
      case 0x04: return this.#array(depth + 1)
      case 0x05: return this.#binary()
      case 0x06: return undefined
      case 0x07: return new ObjectId(this.#copy(12))
      case 0x08: return this.#boolean()
      case 0x09: return dateOf(this.#int64())
      case 0x0a: return null
      case 0x0b: return this.#regex()
      case 0x0d: return new Code(this.#string())
      case 0x0e: return new BSONSymbol(this.#string())
      case 0x0f: return this.#codeWithScope(depth)
      case 0x10: return this.#int32()
      case 0x11: return this.#timestamp()
      case 0x12: return this.#int64()
      case 0x13: return new Decimal128(this.#copy(16))
      case 0xff: return new MinKey()
      case 0x7f: return new MaxKey()
      default: throw new InvalidBson(`no BSON type has the number ${type}`)
    }
  }

  /** Moves on by `count` bytes and returns where they begin. */
  #take(count: number): number {
    const begin = this.offset
    if (count < 0 || begin + count > this.#end) throw new InvalidBson('a value ends beyond its document')
    this.offset = begin + count
    return begin
  }

  #byte(): number {
    return this.#bytes[this.#take(1)] ?? 0
  }

  #int32(): number {
    return this.#bytes.readInt32LE(this.#take(4))
  }

  #int64(): bigint {
    return this.#bytes.readBigInt64LE(this.#take(8))
  }

  #double(): Value {
    const value = this.#bytes.readDoubleLE(this.#take(8))
    return isInt32(value) ? new Double(value) : value
  }

  #boolean(): boolean {
    const byte = this.#byte()
    if (byte > 1) throw new InvalidBson('a boolean is neither 0 nor 1')
    return byte === 1
  }

  #timestamp(): Timestamp {
    const begin = this.#take(8)
    return new Timestamp({ i: this.#bytes.readUInt32LE(begin), t: this.#bytes.readUInt32LE(begin + 4) })
  }

  #string(): string {
    const size = this.#int32()
    if (size < 1) throw new InvalidBson('a string has no room for its end')
    const begin = this.#take(size)
    if (this.#bytes[this.offset - 1] !== 0) throw new InvalidBson('a string does not end with a zero byte')
    return this.#text(begin, this.offset - 1)
  }

  #cstring(): string {
    const begin = this.offset
    this.#skipCstring()
    return this.#text(begin, this.offset - 1)
  }

  #skipCstring(): void {
    let zero = this.offset
    while (zero < this.#end && this.#bytes[zero] !== 0) zero++
    if (zero >= this.#end) throw new InvalidBson('a name does not end')
    this.offset = zero + 1
  }

  #text(begin: number, end: number): string {
    if (end - begin < 24) {
      let text = ''
      for (let at = begin; at < end; at++) {
        const byte = this.#bytes[at] ?? 0
        if (byte > 0x7f) return this.#unicode(begin, end)
        text += String.fromCharCode(byte)
      }
      return text
    }
    return this.#unicode(begin, end)
  }

  #unicode(begin: number, end: number): string {
    const text = this.#bytes.toString('utf8', begin, end)
    // The fast decoder puts a replacement character where the bytes are no UTF-8; only then is a second look needed.
    return text.includes('\ufffd') ? this.#strictUnicode(begin, end) : text
  }

  #strictUnicode(begin: number, end: number): string {
    try {
      return utf8.decode(this.#bytes.subarray(begin, end))
    } catch (cause) {
      throw new InvalidBson('a string is not valid UTF-8', { cause })
    }
  }

  #binary(): Binary {
    const size = this.#int32()
    const subType = this.#byte()
    const bytes = this.#copy(size)
    return subType === Binary.SUBTYPE_UUID && size === 16 ? new UUID(bytes) : new Binary(bytes, subType)
  }

  /** Bytes of their own: those of the message are not kept. Few are copied by hand, which is faster than to call for it. */
  #copy(size: number): Uint8Array {
    const begin = this.#take(size)
    const copy = new Uint8Array(size)
    if (size > 32) copy.set(this.#bytes.subarray(begin, begin + size))
    else for (let at = 0; at < size; at++) copy[at] = this.#bytes[begin + at] ?? 0
    return copy
  }

  #regex(): BSONRegExp {
    try {
      return new BSONRegExp(this.#cstring(), this.#cstring())
    } catch (cause) {
      throw cause instanceof InvalidBson ? cause : new InvalidBson('a regular expression has options that there are not', { cause })
    }
  }

  #codeWithScope(depth: number): Code {
    const end = this.offset + this.#int32()
    const code = this.#string()
    const scope = this.document(depth + 1)
    this.#close(end)
    return new Code(code, scope)
  }
}
