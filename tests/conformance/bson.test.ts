import { describe, expect, it } from 'vitest'
import { Decimal, EJSON, EJSONError, ObjectId } from '@ddp-cluster/ddp-common'
import { asReceived, lossIn } from '@ddp-cluster/ddp-common/internal'
import * as driver6 from 'mongodb-6'
import * as driver7 from 'mongodb'

const hex = '507f1f77bcf86cd799439011'

describe.each([['driver 6', driver6], ['driver 7', driver7]] as const)('values of MongoDB, by %s', (_, { Binary, BSONRegExp, BSONSymbol, Code, DBRef, Decimal128, Double, Int32, Long, MaxKey, MinKey, ObjectId: BsonObjectId, Timestamp, UUID }) => {
  const carry = (value: unknown): unknown => EJSON.parse(EJSON.stringify([{ value }]))

  it.each<[string, unknown, unknown]>([
    ['an ObjectId', new BsonObjectId(hex), new ObjectId(hex)],
    ['a Decimal128', Decimal128.fromString('1.50'), new Decimal('1.50')],
    ['a Binary', new Binary(Buffer.from([1, 2, 3])), new Uint8Array([1, 2, 3])],
    ['an empty Binary', new Binary(), new Uint8Array()],
    ['a Long', Long.fromNumber(-5), -5],
    ['the largest Long that is a number', Long.fromString('9007199254740991'), 9_007_199_254_740_991],
    ['an unsigned Long', Long.fromNumber(7, true), 7],
    ['an Int32', new Int32(12), 12],
    ['a Double', new Double(1.5), 1.5],
    ['a Double that is not finite', new Double(Number.NEGATIVE_INFINITY), Number.NEGATIVE_INFINITY],
  ])('carries %s', (_name, value, expected) => {
    expect(lossIn([{ value }], 'args')).toBeUndefined()
    expect(carry(value)).toEqual([{ value: expected }])
    expect(asReceived([{ value }])).toEqual([{ value: expected }])
  })

  it('carries what a Binary was filled with, not the buffer behind it', () => {
    const binary = new Binary(Buffer.alloc(0))
    binary.write(Buffer.from([1, 2, 3]), 0)
    expect(carry(binary)).toEqual([{ value: new Uint8Array([1, 2, 3]) }])
  })

  it.each<[string, unknown]>([
    ['UUID', new UUID()],
    ['UUID', new Binary(Buffer.alloc(16), Binary.SUBTYPE_UUID_OLD)],
    ['Binary of subtype 5', new Binary(Buffer.alloc(16), Binary.SUBTYPE_MD5)],
    ['Long beyond 2^53', Long.fromString('9007199254740993')],
    ['Timestamp', new Timestamp({ t: 1, i: 2 })],
    ['Code', new Code('function () {}')],
    ['DBRef', new DBRef('rooms', new BsonObjectId(hex) as never)],
    ['MinKey', new MinKey()],
    ['MaxKey', new MaxKey()],
    ['BSONRegExp', new BSONRegExp('a', 'i')],
    ['BSONSymbol', new BSONSymbol('a')],
  ])('refuses a %s by name, rather than change it', (name, value) => {
    expect(lossIn([{ value }], 'args')).toBe(`args[0].value is a ${name} of the bson package`)
    expect(() => EJSON.stringify({ value })).toThrow(new EJSONError('invalid-value', `EJSON has no type for a ${name} of the bson package; convert it, for example with toString()`))
  })
})

it('takes a plain object for no value of MongoDB, whatever marks it: anybody can send one', () => {
  for (const mark of ['ObjectId', 'Binary', 'Long', 'Timestamp']) {
    const value = { _bsontype: mark, toString: 'x' }
    expect(EJSON.parse(EJSON.stringify(value))).toEqual(value)
    expect(lossIn(value, 'value')).toBeUndefined()
  }
})
