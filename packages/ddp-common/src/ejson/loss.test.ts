import { describe, expect, it } from 'vitest'
import { EJSON } from './ejson.js'
import { lossIn } from './loss.js'
import { ObjectId } from './mongo-types.js'

/** Marked as the classes of the bson package are. */
class BsonObjectId {
  readonly _bsontype = 'ObjectId'
}
class Decimal128 {
  readonly _bsontype = 'Decimal128'
}
class Timestamp {
  readonly _bsontype = 'Timestamp'
}

class Point {
  x = 1
  toJSON(): unknown {
    return { x: this.x }
  }
}

const cyclic: unknown[] = []
cyclic.push(cyclic, cyclic)

describe('lossIn', () => {
  it.each<[string, unknown]>([
    ['text, numbers, booleans and null', ['a', 1, Number.NaN, Number.POSITIVE_INFINITY, true, null]],
    ['dates, also invalid ones', [new Date(), new Date(Number.NaN)]],
    ['regular expressions and bytes', [/x/gi, new Uint8Array([1]), Buffer.from('x')]],
    ['ObjectIds and Decimal128s', [new ObjectId('0123456789abcdef01234567'), new BsonObjectId(), new Decimal128()]],
    ['objects, also without a prototype, and with keys like __proto__', [{ a: { b: 1 } }, Object.create(null), JSON.parse('{"__proto__":{"a":1}}')]],
    ['fields that are undefined: reading a missing one gives the same', { a: undefined, b: [{ c: undefined }] }],
    ['what looks like a wrapper of EJSON', { $date: 5 }],
  ])('finds none in %s', (_, value) => {
    expect(lossIn(value, 'value')).toBeUndefined()
  })

  it.each<[unknown, string]>([
    [new Map(), 'value is a Map'],
    [[{ users: [0, 1, 2, { tags: new Set() }] }], 'value[0].users[3].tags is a Set'],
    [{ 'a b': { '': new Error('x') } }, 'value["a b"][""] is an Error'],
    [[() => undefined], 'value[0] is a function'],
    [{ on: () => undefined }, 'value.on is a function'],
    [{ a: Object.defineProperty({}, 'toJSON', { value: () => 5 }) }, 'value.a has a toJSON method'],
    [new (class Tags extends Array {})(), 'value is an instance of Tags'],
    [new (class Moment extends Date {})(), 'value is an instance of Moment'],
    [new URL('http://localhost/'), 'value is a URL'],
    [[1, undefined], 'value[1] is undefined'],
    [Object.assign([1], { 2: 3 }), 'value[1] is undefined'],
    [10n, 'value is a bigint'],
    [{ key: Symbol('x') }, 'value.key is a symbol'],
    [{ at: new Point() }, 'value.at is an instance of Point'],
    [new (class {})(), 'value is an instance of a class without a name'],
    [new Float32Array(1), 'value is an instance of Float32Array'],
    [new ArrayBuffer(1), 'value is an instance of ArrayBuffer'],
    [Object(5), 'value is an instance of Number'],
    [Promise.resolve(), 'value is a Promise'],
    [{ at: new Timestamp() }, 'value.at is a Timestamp of the bson package'],
    [Object.create({ inherited: 1 }), 'value is an object that inherits from another'],
  ])('names %o by its path', (value, what) => {
    expect(lossIn(value, 'value')).toBe(what)
  })

  it('names what is nested too deep, in a cycle too, without walking it for ever', () => {
    expect(lossIn(cyclic, 'value')).toMatch(/^value(\[0\]){10}.* is nested deeper than \d+ levels$/)
  })

  it('agrees with EJSON: what has no loss comes back equal', () => {
    const value = { at: new Date(5), list: [1, { bytes: new Uint8Array([1, 2]) }], pattern: /a/u, id: new ObjectId('0123456789abcdef01234567') }
    expect(lossIn(value, 'value')).toBeUndefined()
    expect(EJSON.equals(EJSON.parse(EJSON.stringify(value)), value)).toBe(true)
  })
})
