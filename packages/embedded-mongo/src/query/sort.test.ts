import { BSONRegExp, Binary, Decimal128, Double, MaxKey, MinKey, ObjectId, Timestamp } from 'bson'
import { expect, test } from 'vitest'
import { sorted } from './sort.js'
import type { Doc, Value } from '../bson/value.js'

const valuesOf = (docs: readonly Doc[]): Value[] => docs.map((doc) => doc['v'])

test('values of different types stand in the order of BSON', () => {
  const inOrder: Value[] = [
    new MinKey(), null, 1, 'a', { a: 1 }, new Binary(new Uint8Array(2)), new ObjectId('00'.repeat(12)), false, new Date(0),
    new Timestamp({ t: 1, i: 1 }), new BSONRegExp('x'), new MaxKey(),
  ]
  expect(valuesOf(sorted(inOrder.toReversed().map((v) => ({ v })), { v: 1 }, undefined))).toEqual(inOrder)
  expect(valuesOf(sorted(inOrder.map((v) => ({ v })), { v: -1 }, undefined))).toEqual(inOrder.toReversed())
})

test('numbers are compared across their types', () => {
  const inOrder: Value[] = [Number.NaN, -1.5, new Double(0), 1, 2n ** 53n, 2n ** 53n + 1n, Decimal128.fromString('1E+30')]
  expect(valuesOf(sorted(inOrder.toReversed().map((v) => ({ v })), { v: 1 }, undefined))).toEqual(inOrder)
})

test('an array is sorted by its smallest element, or its largest when descending; an empty one before null', () => {
  const docs = [{ _id: 'a', v: [3, 9] }, { _id: 'b', v: 4 }, { _id: 'c', v: [] }, { _id: 'd' }, { _id: 'e', v: null }]
  const ids = (pattern: Doc): Value[] => sorted(docs, pattern, undefined).map((doc) => doc['_id'])
  expect(ids({ v: 1 })).toEqual(['c', 'd', 'e', 'a', 'b'])
  expect(ids({ v: -1 })).toEqual(['a', 'b', 'd', 'e', 'c'])
})

test('documents that compare equal stay in their order', () => {
  const docs = [{ _id: 1, a: 1 }, { _id: 2, a: 1 }, { _id: 3, a: 0 }]
  expect(sorted(docs, { a: -1 }, undefined).map((doc) => doc['_id'])).toEqual([1, 2, 3])
})
