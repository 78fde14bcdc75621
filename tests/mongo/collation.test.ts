import { afterAll, beforeAll, expect, test } from 'vitest'
import { startAsking } from './ask.js'
import type { Document } from 'mongodb'
import type { Asked } from './ask.js'

let server: Asked

beforeAll(async () => {
  server = await startAsking()
  await server.ask({ insert: 'w', documents: ['cote', 'Cote', 'coté', 'apple', 'Zebra', '10', '9', ' x'].map((word) => ({ _id: word, word })) })
})

afterAll(() => server[Symbol.asyncDispose]())

const words = async (command: Document): Promise<unknown[]> => (await server.batch({ find: 'w', ...command })).map(({ _id }) => _id as unknown)

test('without a collation strings are compared by their bytes', async () => {
  expect(await words({ sort: { word: 1 } })).toEqual([' x', '10', '9', 'Cote', 'Zebra', 'apple', 'cote', 'coté'])
  expect(await words({ sort: { word: 1 }, collation: { locale: 'simple' } })).toEqual([' x', '10', '9', 'Cote', 'Zebra', 'apple', 'cote', 'coté'])
})

test('a collation orders letters first, then accents, then case', async () => {
  expect(await words({ sort: { word: 1 }, collation: { locale: 'en' } })).toEqual([' x', '10', '9', 'apple', 'cote', 'Cote', 'coté', 'Zebra'])
  expect(await words({ filter: { word: /^\d/ }, sort: { word: 1 }, collation: { locale: 'en', numericOrdering: true } })).toEqual(['9', '10'])
})

test('its strength says what is equal', async () => {
  expect(await words({ filter: { word: 'COTE' }, collation: { locale: 'en' } })).toEqual([])
  expect(await words({ filter: { word: 'COTE' }, collation: { locale: 'en', strength: 2 } })).toEqual(['cote', 'Cote'])
  expect(await words({ filter: { word: { $in: ['COTE'] } }, collation: { locale: 'en', strength: 1 } })).toEqual(['cote', 'Cote', 'coté'])
  expect(await words({ filter: { _id: 'APPLE' }, collation: { locale: 'en', strength: 2 } })).toEqual(['apple'])
})

test('it holds for every command that takes one, and for each statement of a batch', async () => {
  const collation = { locale: 'en', strength: 2 }
  expect(await server.ask({ count: 'w', query: { word: 'COTE' }, collation })).toMatchObject({ n: 2 })
  expect((await server.ask({ distinct: 'w', key: 'word', query: { word: 'cote' }, collation }))['values']).toEqual(['cote'])
  expect(await server.batch({ aggregate: 'w', pipeline: [{ $match: { word: 'COTE' } }, { $group: { _id: '$word', n: { $sum: 1 } } }], cursor: {}, collation })).toEqual([{ _id: 'cote', n: 2 }])
  expect(await server.ask({ update: 'w', updates: [{ q: { word: 'ZEBRA' }, u: { $set: { z: 1 } }, collation }, { q: { word: 'ZEBRA' }, u: { $set: { z: 2 } } }] })).toMatchObject({ n: 1 })
  expect(await server.ask({ findAndModify: 'w', query: { word: 'zebra' }, update: { $set: { z: 3 } }, new: true, collation })).toMatchObject({ value: { z: 3 } })
  expect(await server.ask({ delete: 'w', deletes: [{ q: { word: 'APPLE' }, limit: 0, collation }] })).toMatchObject({ n: 1 })
})

test('$jsonSchema validates what is stored, and finds what is as it says', async () => {
  const schema = {
    bsonType: 'object', required: ['name', 'tags'],
    properties: {
      name: { bsonType: 'string', minLength: 2, pattern: '^[a-z]+$' }, age: { bsonType: ['int', 'long'], minimum: 0, maximum: 150, exclusiveMaximum: true },
      tags: { type: 'array', items: { enum: ['a', 'b'] }, uniqueItems: true, maxItems: 2 }, at: { anyOf: [{ bsonType: 'date' }, { bsonType: 'null' }] },
    },
    patternProperties: { '^_': {} }, additionalProperties: false,
  }
  await server.ask({ create: 'v', validator: { $jsonSchema: schema } })
  const insert = (document: Document): Document => ({ insert: 'v', documents: [document] })
  expect(await server.ask(insert({ _id: 1, name: 'ada', age: 149, tags: ['a', 'b'], at: null }))).toMatchObject({ n: 1 })
  for (const wrong of [{ name: 'ada' }, { name: 'a', tags: [] }, { name: 'Ada', tags: [] }, { name: 'ada', tags: [], age: 150 }, { name: 'ada', tags: ['c'] },
    { name: 'ada', tags: ['a', 'a'] }, { name: 'ada', tags: [], at: 1 }, { name: 'ada', tags: [], more: 1 }, { name: 'ada', tags: [], age: 1.5 }]) {
    expect(await server.refusal(insert({ _id: 2, ...wrong })), JSON.stringify(wrong)).toEqual([121, 'Document failed validation'])
  }
  expect(await server.batch({ find: 'w', filter: { $jsonSchema: { properties: { word: { maxLength: 1 } } } } })).toEqual([{ _id: '9', word: '9' }])
})

test('let is known to the queries and the pipelines of writes', async () => {
  await server.ask({ insert: 'l', documents: [{ _id: 1, n: 1 }, { _id: 2, n: 5 }] })
  const expr = { $expr: { $gt: ['$n', '$$least'] } }
  expect(await server.ask({ update: 'l', updates: [{ q: expr, u: [{ $set: { n: { $add: ['$n', '$$least'] } } }], multi: true }], let: { least: 2 } })).toMatchObject({ n: 1 })
  expect(await server.batch({ find: 'l', filter: expr, let: { least: 6 } })).toEqual([{ _id: 2, n: 7 }])
  expect(await server.ask({ delete: 'l', deletes: [{ q: expr, limit: 0 }], let: { least: 6 } })).toMatchObject({ n: 1 })
})
