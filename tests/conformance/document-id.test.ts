import { describe, expect, it } from 'vitest'
import fc from 'fast-check'
import { EJSONError, ObjectId, type DocumentId } from '@ddp-cluster/ddp-common'
import { parseId, stringifyId } from '@ddp-cluster/ddp-common/internal'
import { ObjectId as BsonObjectId } from 'mongodb'

const hex = '507f1f77bcf86cd799439011'

describe('stringifyId and parseId', () => {
  it.each<[DocumentId, string]>([
    ['room', 'room'],
    ['', ''],
    [hex, `-${hex}`],
    [hex.toUpperCase(), hex.toUpperCase()],
    ['-x', '--x'],
    ['~1', '-~1'],
    ['{"a":1}', '-{"a":1}'],
    [new ObjectId(hex), hex],
    [5, '~5'],
    [-0.5, '~-0.5'],
    [true, '~true'],
    [null, '~null'],
  ])('write %j as %j, and read it back', (id, text) => {
    expect(stringifyId(id)).toBe(text)
    expect(parseId(text)).toEqual(id)
  })

  it('write an ObjectId of the bson package as its digits', () => {
    expect(stringifyId(new BsonObjectId(hex))).toBe(hex)
  })

  it.each([undefined, {}, [], new Date(), Number.NaN, Number.POSITIVE_INFINITY, 5n, () => 5])('write no text for %o', (id) => {
    expect(() => stringifyId(id)).toThrow(EJSONError)
  })

  it.each(['~', '~{}', '~[1]', '~x', '~undefined'])('do not read %j', (text) => {
    expect(() => parseId(text)).toThrow(EJSONError)
  })

  it('give back every string, however it looks', () => {
    fc.assert(fc.property(fc.oneof(fc.string(), fc.string({ unit: fc.constantFrom('0', '1', '9', 'a', 'f'), minLength: 24, maxLength: 24 })), (id) => {
      expect(parseId(stringifyId(id))).toBe(id)
    }))
  })
})
