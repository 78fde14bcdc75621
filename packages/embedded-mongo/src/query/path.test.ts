import { expect, test } from 'vitest'
import { queryContext } from '../pipeline/context.js'
import { Filter } from './filter.js'
import type { Doc } from '../bson/value.js'

const context = queryContext({ now: new Date(0), clusterTime: undefined, collation: undefined, variables: {} })
const matches = (query: Doc, doc: Doc): boolean => new Filter(query, context).matches(doc)

test('a path goes through arrays of documents, and by index', () => {
  const doc = { a: [{ b: 1 }, { b: [2, 3] }, 4], 'c': [[1, 2], 3] }
  expect(matches({ 'a.b': 1 }, doc)).toBe(true)
  expect(matches({ 'a.b': 3 }, doc)).toBe(true)
  expect(matches({ 'a.b': [2, 3] }, doc)).toBe(true)
  expect(matches({ 'a.1.b': 2 }, doc)).toBe(true)
  expect(matches({ 'a.0.b': 2 }, doc)).toBe(false)
  expect(matches({ 'a.2': 4 }, doc)).toBe(true)
  expect(matches({ c: 1 }, doc)).toBe(false)
  expect(matches({ c: [1, 2] }, doc)).toBe(true)
})

test('null is also what is missing, but not where a path ends at something that has no fields', () => {
  expect(matches({ a: null }, {})).toBe(true)
  expect(matches({ 'a.b': null }, { a: 1 })).toBe(true)
  expect(matches({ 'a.b': null }, { a: [] })).toBe(false)
  expect(matches({ 'a.b': null }, { a: [{ c: 1 }] })).toBe(true)
  expect(matches({ 'a.b': { $exists: false } }, { a: [{ b: 1 }, {}] })).toBe(false)
})

test('several conditions may be met by several elements, $elemMatch by one', () => {
  const doc = { a: [1, 9] }
  expect(matches({ a: { $gt: 5, $lt: 3 } }, doc)).toBe(true)
  expect(matches({ a: { $elemMatch: { $gt: 5, $lt: 3 } } }, doc)).toBe(false)
  expect(matches({ a: { $not: { $gt: 5 } } }, doc)).toBe(false)
  expect(matches({ a: { $ne: 9 } }, doc)).toBe(false)
})

test('a match tells the index of the element through which it came', () => {
  expect(new Filter({ 'a.b': 2 }, context).trace({ a: [{ b: 1 }, { b: 2 }] })).toBe(1)
  expect(new Filter({ a: 1 }, context).trace({ a: 1 })).toBe('none')
  expect(new Filter({ a: 1 }, context).trace({ a: 2 })).toBeUndefined()
})
