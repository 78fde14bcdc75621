import { Int32 } from 'mongodb'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startAsking } from './ask.js'
import type { Document } from 'mongodb'
import type { Asked } from './ask.js'

// What find of MongoDB 4.4 shows of documents, as it documents or its source says; no mongod has been asked for these.
let server: Asked

beforeAll(async () => {
  server = await startAsking()
  await server.ask({ insert: 'c', documents: [{ _id: 1, n: 5, l: [1, 2, 3, 4], o: { a: 1, b: [{ c: 1, d: 2 }, 3, { c: 4 }] }, k: [{ v: 1, w: 1 }, { v: 2, w: 2 }] }] })
})
afterAll(() => server[Symbol.asyncDispose]())

test.each<[filter: Document, projection: Document, shown: Document]>([
  [{}, { n: 1 }, { _id: 1, n: 5 }],
  [{}, { n: true, _id: false }, { n: 5 }],
  [{}, { l: 0, o: 0, k: 0 }, { _id: 1, n: 5 }],
  [{}, { _id: 0, 'o.a': 1 }, { o: { a: 1 } }],
  [{}, { _id: 0, o: { b: { c: 1 } } }, { o: { b: [{ c: 1 }, { c: 4 }] } }],
  [{}, { _id: 0, 'o.b.c': 0, n: 0, l: 0, k: 0 }, { o: { a: 1, b: [{ d: 2 }, 3, {}] } }],
  [{}, { _id: 0, l: { $slice: 2 } }, { n: 5, l: [1, 2], o: { a: 1, b: [{ c: 1, d: 2 }, 3, { c: 4 }] }, k: [{ v: 1, w: 1 }, { v: 2, w: 2 }] }],
  [{}, { _id: 0, n: 1, l: { $slice: -2 } }, { n: 5, l: [3, 4] }],
  [{}, { _id: 0, n: 1, l: { $slice: [1, 2] } }, { n: 5, l: [2, 3] }],
  [{}, { _id: 0, n: 1, l: { $slice: [-3, 2] } }, { n: 5, l: [2, 3] }],
  [{}, { _id: 0, l: 1, n: { $slice: 1 } }, { l: [1, 2, 3, 4], n: 5 }],
  [{}, { _id: 0, l: 1, n: { $slice: [0, 1] } }, { l: [1, 2, 3, 4], n: 5 }],
  [{}, { _id: 0, l: { $slice: ['$l', 1, 1] } }, { l: [2] }],
  [{}, { _id: 0, l: { $slice: ['$l', 1] } }, { l: [1] }],
  [{}, { _id: 0, k: { $elemMatch: { v: 2 } } }, { k: [{ v: 2, w: 2 }] }],
  [{}, { _id: 0, k: { $elemMatch: { v: 9 } } }, {}],
  [{}, { _id: 0, n: { $elemMatch: { v: 2 } } }, {}],
  [{ l: 3 }, { _id: 0, 'l.$': 1 }, { l: [3] }],
  [{ 'k.v': 2 }, { _id: 0, 'k.$': 1 }, { k: [{ v: 2, w: 2 }] }],
  [{ $and: [{ l: { $elemMatch: { $gt: 2 } } }] }, { _id: 0, 'l.$': 1 }, { l: [3] }],
  [{ 'o.b.c': 4 }, { _id: 0, 'o.b.$': 1 }, { o: { b: [{ c: 4 }] } }],
  [{}, { _id: 0, sum: { $add: ['$n', 1] } }, { sum: 6 }],
  [{}, { _id: 0, word: 'text', n: 1 }, { n: 5, word: 'text' }],
])('of %j by %j', async (filter, projection, shown) => expect(await server.batch({ find: 'c', filter, projection })).toEqual([shown]))

test.each<[filter: Document, projection: Document, code: number]>([
  [{ l: 1 }, { 'l.$': 'x' }, 31308],
  [{ l: 1 }, { 'l.$.': 1 }, 31270],
  [{ l: 1 }, { 'l.$.$': 1 }, 31287],
  [{ l: 1 }, { k: { $elemMatch: { v: 1 } }, 'l.$': 1 }, 31256],
  [{}, { k: { $elemMatch: 5 } }, 31274],
  [{}, { 'o.b': { $elemMatch: { c: 1 } } }, 31275],
  [{}, { l: { $slice: 'x' } }, 28667],
  [{}, { l: { $slice: [1] } }, 28667],
  [{}, { l: { $slice: [1, 'x'] } }, 28724],
  [{}, { l: { $slice: [1, new Int32(0)] } }, 28724],
])('of %j by %j is refused with %i', async (filter, projection, code) => expect(await server.refusal({ find: 'c', filter, projection })).toEqual([code, expect.any(String)]))
