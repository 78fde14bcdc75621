import { BSONRegExp, BSONSymbol, Binary, Code, Decimal128, Double, MinKey, ObjectId, Timestamp } from 'bson'
import { millisecondsOf } from './date.js'
import { isDoc, isInt32 } from './value.js'
import type { Doc, Value } from './value.js'

/**
 * The bytes of a document after `head` bytes that are left for the caller.
 *
 * bson's own `serialize` takes a document with a field `_bsontype` for one of its classes; a server must store that as any other.
 */
export const encodeDocument = (doc: Doc, head: number): Buffer => writer.encode(doc, head)

/** How many bytes a document has. */
export const sizeOf = (doc: Doc): number => writer.measure(doc)

/** Bytes allocated at once for many small documents; a larger document gets bytes of its own. */
const slabBytes = 64 * 1024

/** Where less is left than this, the next document begins a new slab. */
const leastBytes = 1024

class Writer {
  #bytes = Buffer.allocUnsafeSlow(slabBytes)
  /** The bytes before are handed out. */
  #free = 0
  #at = 0

  encode(doc: Doc, head: number): Buffer {
    this.#write(doc, head)
    const encoded = this.#bytes.subarray(this.#free, this.#at)
    this.#free = this.#at
    return encoded
  }

  measure(doc: Doc): number {
    this.#write(doc, 0)
    return this.#at - this.#free
  }

  #write(doc: Doc, head: number): void {
    if (this.#bytes.length - this.#free < leastBytes || this.#bytes.length > slabBytes) {
      this.#bytes = Buffer.allocUnsafeSlow(slabBytes)
      this.#free = 0
    }
    this.#at = this.#free + head
    this.document(doc)
  }

  document(doc: Doc): void {
    const begin = this.#skip(4)
    for (const name of Object.keys(doc)) this.#element(name, doc[name])
    this.#close(begin)
  }

  #array(values: readonly Value[]): void {
    const begin = this.#skip(4)
    for (let at = 0; at < values.length; at++) this.#element(String(at), values[at] ?? null)
    this.#close(begin)
  }

  #close(begin: number): void {
    this.#byte(0)
    this.#bytes.writeInt32LE(this.#at - begin, begin)
  }

  #element(name: string, value: Value): void {
    if (value === undefined) return
    const type = this.#skip(1)
    this.#cstring(name)
    // The value first: writing it may move everything to a larger buffer.
    const number = this.#value(value)
    this.#bytes[type] = number
  }

  /** Writes a value, and returns its type's number. */
  #value(value: Value): number {
    switch (typeof value) {
      case 'string': return this.#string(value, 0x02)
      case 'boolean': return this.#byte(value ? 1 : 0, 0x08)
      case 'number': return isInt32(value) ? this.#int32(value, 0x10) : this.#double(value)
      case 'bigint': {
        const at = this.#skip(8)
        this.#bytes.writeBigInt64LE(BigInt.asIntN(64, value), at)
        return 0x12
      }
      default:
    }
    if (value === null || value === undefined) return 0x0a
    if (Array.isArray(value)) {
      this.#array(value)
      return 0x04
    }
    if (isDoc(value)) {
      this.document(value)
      return 0x03
    }
    return this.#object(value)
  }

  #object(value: Exclude<Value, null | undefined | string | number | bigint | boolean | Value[] | Doc>): number {
    if (value instanceof ObjectId) return this.#raw(value.id, 0x07)
    if (value instanceof Date) {
      const at = this.#skip(8)
      this.#bytes.writeBigInt64LE(BigInt(millisecondsOf(value)), at)
      return 0x09
    }
    if (value instanceof Double) return this.#double(value.value)
    if (value instanceof Binary) return this.#binary(value)
    if (value instanceof Timestamp) {
      this.#int32(value.getLowBits(), 0)
      return this.#int32(value.getHighBits(), 0x11)
    }
    if (value instanceof Decimal128) return this.#raw(value.bytes, 0x13)
    if (value instanceof BSONRegExp) {
      this.#cstring(value.pattern)
      this.#cstring(value.options)
      return 0x0b
    }
    if (value instanceof Code) return this.#code(value)
    if (value instanceof BSONSymbol) return this.#string(value.value, 0x0e)
    return value instanceof MinKey ? 0xff : 0x7f
  }

  #binary(value: Binary): number {
    this.#int32(value.position, 0)
    this.#byte(value.sub_type)
    return this.#raw(value.buffer.subarray(0, value.position), 0x05)
  }

  #code(value: Code): number {
    if (value.scope === null || value.scope === undefined) return this.#string(value.code, 0x0d)
    const begin = this.#skip(4)
    this.#string(value.code, 0)
    this.document(value.scope)
    this.#bytes.writeInt32LE(this.#at - begin, begin)
    return 0x0f
  }

  #byte(value: number, type = 0): number {
    const at = this.#skip(1)
    this.#bytes[at] = value
    return type
  }

  #int32(value: number, type: number): number {
    const at = this.#skip(4)
    this.#bytes.writeInt32LE(value, at)
    return type
  }

  #double(value: number): number {
    const at = this.#skip(8)
    this.#bytes.writeDoubleLE(value, at)
    return 0x01
  }

  #raw(bytes: Uint8Array, type: number): number {
    const at = this.#skip(bytes.length)
    this.#bytes.set(bytes, at)
    return type
  }

  #string(text: string, type: number): number {
    const size = this.#skip(4)
    const length = this.#text(text)
    this.#byte(0)
    this.#bytes.writeInt32LE(length + 1, size)
    return type
  }

  #cstring(text: string): void {
    this.#text(text)
    this.#byte(0)
  }

  /** Short plain text is copied here: calling out of JavaScript for it costs more than that. */
  #text(text: string): number {
    const begin = this.#at
    const { length } = text
    this.#reserve(length * 3)
    if (length < 24) {
      const bytes = this.#bytes
      let copied = 0
      for (let code = 0; copied < length && (code = text.charCodeAt(copied)) <= 0x7f; copied++) bytes[begin + copied] = code
      if (copied === length) {
        this.#at += length
        return length
      }
    }
    this.#at += this.#bytes.write(text, begin, 'utf8')
    return this.#at - begin
  }

  /** Moves on by `count` bytes and returns where they begin. */
  #skip(count: number): number {
    this.#reserve(count)
    const begin = this.#at
    this.#at += count
    return begin
  }

  #reserve(count: number): void {
    if (this.#at + count <= this.#bytes.length) return
    // Everything stays where it is: those who write a length at the end know where it goes.
    const grown = Buffer.allocUnsafeSlow(Math.max(this.#bytes.length * 2, this.#at + count))
    this.#bytes.copy(grown, this.#free, this.#free, this.#at)
    this.#bytes = grown
  }
}

const writer = new Writer()
