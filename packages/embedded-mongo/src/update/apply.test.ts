import { Timestamp } from 'bson'
import { describe, expect, test } from 'vitest'
import { queryContext } from '../pipeline/context.js'
import { applyOperators } from './apply.js'
import { parseArrayFilters } from './array-filters.js'
import { parseOperators } from './tree.js'
import { fieldsOfQuery } from './upsert.js'
import type { Doc } from '../bson/value.js'

const query = queryContext({ now: new Date(5), clusterTime: undefined, collation: undefined, variables: {} })
const context = { now: new Date(5), nextTimestamp: () => new Timestamp({ t: 1, i: 1 }), collation: undefined, query }

const update = (doc: Doc, operators: Doc, position?: number, filters: Doc[] = []): { doc: Doc, updated: Doc, removed: readonly string[] } => {
  const arrayFilters = parseArrayFilters(filters, query)
  const tree = parseOperators(operators, context, false, new Set(arrayFilters.keys()), new Set())
  const { doc: after, changes } = applyOperators(doc, tree, { position, arrayFilters, inserting: false })
  return { doc: after, updated: changes.updatedFields, removed: changes.removedFields }
}

describe('an update by operators', () => {
  test('makes the documents on its way, fills arrays with nulls, and leaves the given document alone', () => {
    const before = { _id: 1, a: [1] }
    expect(update(before, { $set: { 'b.c.d': 1, 'a.3': 4 } }).doc).toEqual({ _id: 1, a: [1, null, null, 4], b: { c: { d: 1 } } })
    expect(before).toEqual({ _id: 1, a: [1] })
  })

  test('applies the positional operator where the query matched, and refuses it where there was no array', () => {
    expect(update({ _id: 1, a: [{ v: 1 }, { v: 2 }] }, { $set: { 'a.$.v': 9 } }, 1)).toMatchObject({
      doc: { a: [{ v: 1 }, { v: 9 }] }, updated: { 'a.1.v': 9 },
    })
    expect(() => update({ _id: 1, a: [1] }, { $set: { 'a.$': 9 } })).toThrow('The positional operator did not find the match needed from the query.')
    expect(() => update({ _id: 1, a: [1] }, { $set: { 'a.$': 9, 'a.0': 1 } }, 0)).toThrow('would create a conflict')
  })

  test('reaches all elements, or those of an array filter', () => {
    expect(update({ _id: 1, a: [1, 2, 3] }, { $inc: { 'a.$[]': 10 } }).doc).toEqual({ _id: 1, a: [11, 12, 13] })
    expect(update({ _id: 1, a: [{ k: 1 }, { k: 2 }] }, { $set: { 'a.$[e].hit': true } }, undefined, [{ 'e.k': { $gt: 1 } }]).doc).toEqual({ _id: 1, a: [{ k: 1 }, { k: 2, hit: true }] })
    expect(() => update({ _id: 1, a: 5 }, { $set: { 'a.$[]': 1 } })).toThrow('Cannot apply array updates to non-array element a: 5')
  })

  test('tells what it removed, and puts null in the place of an element', () => {
    expect(update({ _id: 1, a: [1, 2], b: 1 }, { $unset: { 'a.0': '', b: '' } })).toEqual({ doc: { _id: 1, a: [null, 2] }, updated: {}, removed: ['a.0', 'b'] })
  })

  test('does not change an _id, and keeps to the types of numbers', () => {
    expect(() => update({ _id: 1 }, { $set: { _id: 2 } })).toThrow('immutable field \'_id\'')
    expect(update({ _id: 1, n: 2_147_483_647 }, { $inc: { n: 1 } }).doc).toEqual({ _id: 1, n: 2_147_483_648n })
  })
})

describe('what an upsert takes from its query', () => {
  test('is what must be equal, also inside of $and, $in and $all of one', () => {
    expect(fieldsOfQuery({ a: 1, b: { $eq: 2 }, c: { $gt: 3 }, $and: [{ 'd.e': 4 }], f: { $in: [5] }, g: { $all: [6] }, $or: [{ h: 7 }] }))
      .toEqual({ a: 1, b: 2, d: { e: 4 }, f: 5, g: 6, h: 7 })
    expect(fieldsOfQuery({ $or: [{ a: 1 }, { b: 2 }], c: { $in: [1, 2] }, d: { $ne: 1 } })).toEqual({})
  })

  test('must be of one mind', () => {
    expect(() => fieldsOfQuery({ a: 1, $and: [{ a: 2 }] })).toThrow('cannot infer query fields to set, path \'a\' is matched twice')
    expect(() => fieldsOfQuery({ a: { x: 1 }, 'a.b': 2 })).toThrow('cannot infer query fields to set, both paths \'a\' and \'a.b\' are matched')
  })
})
