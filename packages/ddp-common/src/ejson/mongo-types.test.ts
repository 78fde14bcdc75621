import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { EJSONError } from './ejson-error.js'
import { Decimal, ObjectId } from './mongo-types.js'

/** As the classes of the `bson` package mark their objects. */
class Marked {
  readonly _bsontype: unknown
  readonly #text: string
  constructor(mark: unknown, text: string) {
    this._bsontype = mark
    this.#text = text
  }
  toString(): string { return this.#text }
}

const hex = '507f1f77bcf86cd799439011'

describe('an ObjectId', () => {
  it('is its digits, in lower case', () => {
    const id = new ObjectId(hex.toUpperCase())
    expect([id.toHexString(), id.toString(), id.toJSONValue(), id.typeName(), id.clone()]).toEqual([hex, hex, hex, 'oid', id])
  })

  it.each([undefined, null, 1, '', hex.slice(1), `${hex}0`, ` ${hex}`, `${hex.slice(1)}g`, 'g'.repeat(24), { toString: () => hex }])('is not %j', (digits) => {
    expect(() => new ObjectId(digits as string)).toThrow(new EJSONError('invalid-value', 'An ObjectId is 24 hexadecimal digits'))
  })

  it('equals another of the same digits, ours or a driver\'s', () => {
    const id = new ObjectId(hex)
    for (const same of [new ObjectId(hex), new Marked('ObjectId', hex)]) expect(id.equals(same)).toBe(true)
    for (const other of [new ObjectId('0'.repeat(24)), new Marked('ObjectId', '0'.repeat(24)), new Decimal('1'), new Marked('Decimal128', '1'), hex, null, undefined, 1, {}, { _bsontype: 'ObjectId', toString: () => hex }]) expect(id.equals(other)).toBe(false)
  })
})

describe('a Decimal', () => {
  it.each(['0', '1.5', '-1.5E+3', '+7', '.5', '-.25', '12.', '1e5', '2E-10', '1'.repeat(40), `0.${'1'.repeat(40)}`, `.${'1'.repeat(40)}`, '1E12345', 'Infinity', '-Infinity', '+infinity', 'NaN'])('is %s', (digits) => {
    const decimal = new Decimal(digits)
    expect([decimal.toString(), decimal.toJSONValue(), decimal.typeName(), decimal.clone()]).toEqual([digits, digits, 'Decimal', decimal])
  })

  it.each([undefined, null, 1, '', '.', '-', 'E5', '1E', '1E123456', '1.2.3', 'x1', '1x', '--1', '1'.repeat(81), `.${'1'.repeat(41)}`, '-NaN', 'Infinity1', 'xInfinity', { toString: () => '1' }])('is not %j', (digits) => {
    expect(() => new Decimal(digits as string)).toThrow(new EJSONError('invalid-value', 'A Decimal is a decimal number in digits'))
  })

  it('equals another of the same digits, ours or a driver\'s', () => {
    const decimal = new Decimal('1.5')
    for (const same of [new Decimal('1.5'), new Marked('Decimal128', '1.5')]) expect(decimal.equals(same)).toBe(true)
    for (const other of [new Decimal('1.50'), new Marked('Decimal128', '2'), new ObjectId(hex), '1.5', null, undefined, 1.5, {}, { _bsontype: 'Decimal128', toString: () => '1.5' }]) expect(decimal.equals(other)).toBe(false)
  })
})

describe.each([['ObjectId', new ObjectId(hex), hex], ['Decimal', new Decimal('1.50'), '1.50']] as const)('a document with an %s', (name, value, text) => {
  it('shows its text in JSON and in the console', () => {
    expect(JSON.stringify({ _id: value })).toBe(`{"_id":"${text}"}`)
    expect(inspect({ _id: value })).toBe(`{ _id: ${name}('${text}') }`)
  })
})
