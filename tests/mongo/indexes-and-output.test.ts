import { Long } from 'mongodb'
import { afterAll, beforeEach, beforeAll, describe, expect, test } from 'vitest'
import { startAsking } from './ask.js'
import type { Document } from 'mongodb'
import type { Asked } from './ask.js'

// Indexes, where pipelines write, and what is told of collections, as MongoDB 4.4 documents or its source says; no mongod has been asked for these.
let server: Asked

beforeAll(async () => {
  server = await startAsking()
})
afterAll(() => server[Symbol.asyncDispose]())
beforeEach(async () => {
  await server.ask({ dropDatabase: 1 })
  await server.ask({ insert: 'c', documents: [{ _id: 1, n: 1 }, { _id: 2, n: 2 }] })
  await server.ask({ insert: 'target', documents: [{ _id: 2, old: true }] })
  await server.ask({ createIndexes: 'c', indexes: [{ key: { k: 1 }, name: 'k_1' }, { key: { t: 1 }, name: 't_1', expireAfterSeconds: 60 }] })
})

const pipeline = (...stages: Document[]): Document => ({ aggregate: 'c', pipeline: stages, cursor: {} })
const index = (spec: unknown): Document => ({ createIndexes: 'c', indexes: [spec] })
const all = (coll: string): Promise<Document[]> => server.batch({ find: coll, filter: {}, sort: { _id: 1 } })

describe('what a pipeline makes is written', () => {
  test.each<[stage: Document, target: Document[]]>([
    [{ $out: 'target' }, [{ _id: 1, n: 1 }, { _id: 2, n: 2 }]],
    [{ $out: { db: 'asked', coll: 'target' } }, [{ _id: 1, n: 1 }, { _id: 2, n: 2 }]],
    [{ $merge: 'target' }, [{ _id: 1, n: 1 }, { _id: 2, old: true, n: 2 }]],
    [{ $merge: { into: { coll: 'target' } } }, [{ _id: 1, n: 1 }, { _id: 2, old: true, n: 2 }]],
    [{ $merge: { into: { db: 'asked', coll: 'target' }, whenMatched: 'replace' } }, [{ _id: 1, n: 1 }, { _id: 2, n: 2 }]],
    [{ $merge: { into: 'target', whenMatched: 'keepExisting' } }, [{ _id: 1, n: 1 }, { _id: 2, old: true }]],
    [{ $merge: { into: 'target', whenNotMatched: 'discard' } }, [{ _id: 2, old: true, n: 2 }]],
    [{ $merge: { into: 'target', on: ['_id'], whenMatched: [{ $set: { sum: { $add: ['$$new.n', 1] } } }] } }, [{ _id: 1, n: 1 }, { _id: 2, old: true, sum: 3 }]],
    [{ $merge: { into: 'target', let: { m: '$n' }, whenMatched: [{ $set: { m: '$$m' } }], whenNotMatched: 'discard' } }, [{ _id: 2, old: true, m: 2 }]],
  ])('by %j', async (stage, target) => {
    expect(await server.batch(pipeline(stage))).toEqual([])
    expect(await all('target')).toEqual(target)
  })

  test('by fields that are unique together', async () => {
    await server.ask({ createIndexes: 'target', indexes: [{ key: { n: 1 }, name: 'n_1', unique: true }] })
    await server.ask({ update: 'target', updates: [{ q: { _id: 2 }, u: { $set: { n: 1 } } }] })
    await server.ask(pipeline({ $project: { _id: 0, n: 1, seen: { $literal: true } } }, { $merge: { into: 'target', on: 'n' } }))
    const written = await server.batch({ find: 'target', projection: { _id: 0 }, sort: { n: 1 } })
    expect(written).toEqual([{ old: true, n: 1, seen: true }, { n: 2, seen: true }])
  })

  test.each<[stage: Document, code: number]>([
    [{ $out: 5 }, 16990], [{ $out: { db: 'asked' } }, 16994], [{ $out: { db: 'asked', coll: 'x', s: 1 } }, 16994],
    [{ $merge: 5 }, 51182], [{ $merge: { nonsense: 1, into: 'x' } }, 40415], [{ $merge: {} }, 40414], [{ $merge: '' }, 73], [{ $merge: { into: 5 } }, 51178],
    [{ $merge: { into: { coll: 'x', nonsense: 1 } } }, 40415], [{ $merge: { into: { coll: '' } } }, 51178], [{ $merge: { into: 'x', whenMatched: 'nonsense' } }, 2],
    [{ $merge: { into: 'x', whenNotMatched: 5 } }, 2], [{ $merge: { into: 'x', whenMatched: 'fail', whenNotMatched: 'discard' } }, 51189],
    [{ $merge: { into: 'x', let: {} } }, 51199], [{ $merge: { into: 'x', let: 5, whenMatched: [] } }, 14], [{ $merge: { into: 'x', on: 5 } }, 51186],
    [{ $merge: { into: 'x', on: [] } }, 51187], [{ $merge: { into: 'x', on: [5] } }, 51134], [{ $merge: { into: 'target', on: 'n' } }, 51183],
    [{ $merge: { into: 'target', whenMatched: 'fail' } }, 11000], [{ $merge: { into: 'target', whenNotMatched: 'fail' } }, 13113],
    [{ $merge: { into: 'target', whenMatched: [{ $set: { _id: 9 } }] } }, 66],
  ])('by %j: refused with %i', async (stage, code) => expect(await server.refusal(pipeline(stage))).toEqual([code, expect.any(String)]))
})

describe('an index', () => {
  test.each<[command: Document, code: number, message: RegExp]>([
    [index(5), 14, /The elements of the 'indexes' array must be objects, but got int$/],
    [{ createIndexes: 'c', indexes: 5 }, 14, /^The field 'indexes' must be an array, but got int$/],
    [index({ name: 'x' }), 9, /The 'key' field is a required property of an index specification$/],
    [index({ key: { a: 1 } }), 9, /The 'name' field is a required property of an index specification$/],
    [index({ key: 5, name: 'x' }), 14, /The field 'key' must be an object, but got int$/],
    [index({ key: { a: 1 }, name: 5 }), 14, /The field 'name' must be a string, but got int$/],
    [index({ key: { a: 1 }, name: '' }), 67, /index name cannot be empty$/],
    [index({ key: { a: 1 }, name: '*' }), 2, /^The index name '\*' is not valid\.$/],
    [index({ key: { a: 1 }, name: '_id_' }), 2, /^The index name '_id_' is reserved for the _id index/],
    [index({ key: { _id: 1 }, name: 'x', expireAfterSeconds: 5 }), 67, /^The field 'expireAfterSeconds' is not valid for an _id index specification/],
    [index({ key: { _id: 1 }, name: 'x', sparse: true }), 197, /^The field 'sparse' is not valid for an _id index specification/],
    [index({ key: { _id: -1 }, name: 'x' }), 2, /^The field 'key' for an _id index must be \{_id: 1\}/],
    [index({ key: { a: 1 }, name: 'x', nonsense: 1 }), 197, /The field 'nonsense' is not valid for an index specification/],
    [index({ key: { a: 1 }, name: 'x', v: 'x' }), 14, /The field 'v' must be a number, but got string$/],
    [index({ key: { a: 1 }, name: 'x', v: 7 }), 67, /cannot create an index with v=7$/],
    [index({ key: { a: 1 }, name: 'x', unique: 'yes' }), 14, /which is not convertible to bool$/],
    [index({ key: { a: 1 }, name: 'x', hidden: 1 }), 14, /The field 'hidden' must be a bool, but got int$/],
    [index({ key: {}, name: 'x' }), 67, /./],
    [index({ key: { a: '' }, name: 'x' }), 67, /Values in the index key pattern cannot be empty strings/],
    [index({ key: { a: true }, name: 'x' }), 67, /cannot be of type bool/],
    [index({ key: { a: 0 }, name: 'x' }), 67, /Values in the index key pattern cannot be 0\.$/],
    [index({ key: { '': 1 }, name: 'x' }), 67, /Index keys cannot be an empty field\.$/],
    [index({ key: { 'a..b': 1 }, name: 'x' }), 67, /Index keys cannot contain an empty field\.$/],
    [index({ key: { 'a.$b': 1 }, name: 'x' }), 67, /field name starts with '\$'\.$/],
    [index({ key: { a: 1 }, name: 'x', sparse: true, partialFilterExpression: { a: 1 } }), 67, /cannot mix "partialFilterExpression" and "sparse" options$/],
    [index({ key: { a: 'hashed' }, name: 'x', unique: true }), 16764, /^Currently hashed indexes cannot guarantee uniqueness/],
    [{ ...index({ key: { a: 1 }, name: 'x' }), commitQuorum: {} }, 9, /./],
    [{ ...index({ key: { a: 1 }, name: 'x' }), commitQuorum: 'nonsense' }, 79, /^No write concern mode named 'nonsense' found/],
    [{ dropIndexes: 'c', index: '_id_' }, 72, /^cannot drop _id index$/],
    [{ dropIndexes: 'c', index: 'nonsense' }, 27, /^index not found with name \[nonsense\]$/],
    [{ dropIndexes: 'c', index: { x: 1 } }, 27, /^can't find index with key: \{ x: 1 \}$/],
    [{ dropIndexes: 'c', index: { _id: 1 } }, 72, /^cannot drop _id index$/],
    [{ dropIndexes: 'c', index: ['k_1', 5] }, 14, /./],
    [{ collMod: 'c', index: 5 }, 10065, /^invalid parameter: expected an object \(index\)$/],
    [{ collMod: 'c', index: { name: 't_1', keyPattern: { t: 1 }, expireAfterSeconds: 5 } }, 72, /^Cannot specify both key pattern and name\.$/],
    [{ collMod: 'c', index: { expireAfterSeconds: 5 } }, 72, /^Must specify either index name or key pattern\.$/],
    [{ collMod: 'c', index: { name: 5, expireAfterSeconds: 5 } }, 72, /^Index name must be a string\.$/],
    [{ collMod: 'c', index: { keyPattern: 5, expireAfterSeconds: 5 } }, 72, /^Key pattern must be an object\.$/],
    [{ collMod: 'c', index: { name: 't_1', expireAfterSeconds: 'x' } }, 72, /^expireAfterSeconds field must be a number$/],
    [{ collMod: 'c', index: { name: 't_1', hidden: 5 } }, 72, /^hidden field must be a boolean$/],
    [{ collMod: 'c', index: { keyPattern: { x: 1 }, expireAfterSeconds: 5 } }, 27, /^cannot find index \{ x: 1 \} for ns asked\.c$/],
    [{ collMod: 'c', index: { name: '_id_', hidden: true } }, 2, /^can't hide _id index$/],
  ])('%j is refused with %i', async (command, code, message) => {
    const [gotCode, gotMessage] = await server.refusal(command)
    expect(gotCode).toBe(code)
    expect(gotMessage).toMatch(message)
  })

  test('is changed by name and by key, hidden, and dropped by key, by names, and with all others', async () => {
    const names = async (): Promise<unknown[]> => (await server.batch({ listIndexes: 'c' })).map(({ name }) => name as unknown)
    await server.ask({ collMod: 'c', index: { keyPattern: { t: 1 }, expireAfterSeconds: Long.fromNumber(90) } })
    await server.ask({ collMod: 'c', index: { name: 'k_1', hidden: true } })
    expect(await server.batch({ listIndexes: 'c' })).toMatchObject([{ name: '_id_' }, { name: 'k_1', hidden: true }, { name: 't_1', expireAfterSeconds: 90 }])
    expect(await server.ask({ dropIndexes: 'c', index: { k: 1 } })).toMatchObject({ nIndexesWas: 3 })
    await server.ask(index({ key: { a: 1 }, name: 'a_1', partialFilterExpression: { $and: [{ a: { $gt: 1 } }, { b: 'x' }] } }))
    await server.ask({ dropIndexes: 'c', index: ['a_1'] })
    expect(await names()).toEqual(['_id_', 't_1'])
    expect(await server.ask({ dropIndexes: 'c', index: '*' })).toMatchObject({ nIndexesWas: 2, msg: 'non-_id indexes dropped for collection' })
    expect(await names()).toEqual(['_id_'])
  })
})

describe('what is told of collections', () => {
  test('counts them, their documents and their indexes', async () => {
    expect(await server.ask({ collStats: 'c' })).toMatchObject({ ns: 'asked.c', count: 2, capped: false, nindexes: 3 })
    expect(await server.ask({ collStats: 'nowhere' })).toMatchObject({ ns: 'asked.nowhere', count: 0, size: 0, nindexes: 0 })
    expect(await server.ask({ dbStats: 1 })).toMatchObject({ db: 'asked', collections: 2, objects: 3 })
  })

  test.each<[command: Document, code: number]>([
    [{ renameCollection: 5, to: 'asked.x' }, 14], [{ renameCollection: 'asked', to: 'asked.x' }, 73], [{ renameCollection: 'asked.c', to: 'asked.' }, 73],
    [{ renameCollection: 'asked.c', to: 'asked.c' }, 20], [{ renameCollection: 'asked.nowhere', to: 'asked.x' }, 26],
  ])('%j is refused with %i', async (command, code) => expect(await server.refusal(command, 'admin')).toEqual([code, expect.any(String)]))

  test.each<[command: Document, stages: string[]]>([
    [{ find: 'c', filter: { k: { $gt: 1, $lte: 5 } }, skip: 1, limit: 1 }, ['LIMIT', 'SKIP', 'FETCH', 'IXSCAN']],
    [{ find: 'c', filter: { k: { $in: [1, 2] } }, sort: { k: -1 } }, ['FETCH', 'IXSCAN']],
    [{ find: 'c', filter: { $or: [{ n: 1 }, { n: 2 }], $comment: 'why' } }, ['COLLSCAN']],
    [{ count: 'c' }, ['RECORD_STORE_FAST_COUNT']],
    [{ distinct: 'c', key: 'n', query: { k: 1 } }, ['FETCH', 'IXSCAN']],
    [{ findAndModify: 'c', query: { k: 1 }, remove: true }, ['DELETE', 'FETCH', 'IXSCAN']],
    [{ findAndModify: 'c', query: { k: 1 }, update: { $set: { n: 1 } } }, ['UPDATE', 'FETCH', 'IXSCAN']],
  ])('%j is explained by its stages', async (command, stages) => {
    const { queryPlanner } = (await server.ask({ explain: command, verbosity: 'queryPlanner' })) as { queryPlanner: { winningPlan: Document } }
    const found: unknown[] = []
    for (let stage: Document | undefined = queryPlanner.winningPlan; stage; stage = stage['inputStage'] as Document | undefined) found.push(stage['stage'])
    expect(found).toEqual(stages)
  })
})
