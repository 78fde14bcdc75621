import { afterAll, beforeAll, expect, test } from 'vitest'
import { startAsking } from './ask.js'
import type { Document } from 'mongodb'
import type { Asked } from './ask.js'

// What the stages of MongoDB 4.4 make of documents, and what they refuse.
let server: Asked

beforeAll(async () => {
  server = await startAsking()
  await server.ask({ insert: 'c', documents: [{ _id: 1, k: 'x', o: { a: 1 } }, { _id: 2, k: 'y', o: { a: 2 } }, { _id: 3, k: 'y', o: { a: 3 } }] })
})

afterAll(() => server[Symbol.asyncDispose]())

const pipeline = (stages: Document[]): Document => ({ aggregate: 'c', pipeline: stages, cursor: {} })

test.each<[stages: Document[], documents: Document[]]>([
  [[{ $replaceRoot: { newRoot: '$o' } }], [{ a: 1 }, { a: 2 }, { a: 3 }]],
  [[{ $replaceWith: { id: '$_id' } }], [{ id: 1 }, { id: 2 }, { id: 3 }]],
  [[{ $sort: { _id: 1 } }, { $skip: 2 }, { $project: { _id: 1 } }], [{ _id: 3 }]],
  [[{ $sortByCount: '$k' }], [{ _id: 'y', count: 2 }, { _id: 'x', count: 1 }]],
  [[{ $match: { _id: 9 } }, { $count: 'n' }], []],
  [[{ $sample: { size: 5 } }, { $count: 'n' }], [{ n: 3 }]],
  [[{ $redact: '$$KEEP' }, { $project: { _id: 1 } }], [{ _id: 1 }, { _id: 2 }, { _id: 3 }]],
  [[{ $match: { _id: 1 } }, { $unionWith: 'c' }, { $count: 'n' }], [{ n: 4 }]],
  [[{ $match: { _id: 1 } }, { $facet: { n: [{ $count: 'n' }], ids: [{ $project: { _id: 1 } }] } }], [{ n: [{ n: 1 }], ids: [{ _id: 1 }] }]],
  [[{ $match: { _id: 1 } }, { $project: { 'o.a': 0 } }], [{ _id: 1, k: 'x', o: {} }]],
  [[{ $group: { _id: null, dev: { $stdDevPop: '$o.a' }, first: { $first: '$k' }, last: { $last: '$k' }, all: { $mergeObjects: '$o' } } }, { $project: { dev: { $round: ['$dev', 2] }, first: 1, last: 1, all: 1 } }],
    [{ _id: null, dev: 0.82, first: 'x', last: 'y', all: { a: 3 } }]],
])('%j', async (stages, documents) => expect(await server.batch(pipeline(stages))).toEqual(documents))

test.each<[stage: Document, code: number]>([
  [{ $match: 1 }, 15959], [{ $project: 1 }, 15969], [{ $project: {} }, 51272], [{ $project: { a: {} } }, 51270], [{ $project: { a: 1, 'b.': 1 } }, 40353], [{ $project: { 'a..b': 1 } }, 15998], [{ $project: { 'a.$b': 1 } }, 16410],
  [{ $project: { 'a.b': 1, a: 1 } }, 31250], [{ $project: { a: 0, b: 1 } }, 31253], [{ $project: { a: 1, b: 0 } }, 31254],
  [{ $replaceRoot: 1 }, 40229], [{ $replaceRoot: {} }, 40231], [{ $replaceRoot: { newRoot: '$k' } }, 40228], [{ $replaceWith: '$missing' }, 40228],
  [{ $count: 1 }, 40156], [{ $count: '' }, 40157], [{ $count: '$a' }, 40158], [{ $count: 'a.b' }, 40160],
  [{ $sample: 1 }, 28745], [{ $sample: { size: 'x' } }, 28746], [{ $sample: { size: -1 } }, 28747], [{ $sample: { x: 1 } }, 28748], [{ $sample: {} }, 28749],
  [{ $addFields: 1 }, 40272], [{ $addFields: {} }, 40177], [{ $unset: [] }, 31119], [{ $unset: [1] }, 31120], [{ $unset: 1 }, 31002],
  [{ $sort: 1 }, 15973], [{ $sort: {} }, 15976], [{ $limit: 'x' }, 15957], [{ $limit: 0 }, 15958], [{ $limit: -1 }, 15958], [{ $skip: 'x' }, 15972], [{ $skip: -1 }, 15956],
  [{ $group: 1 }, 15947], [{ $group: { _id: 1, 'a.b': { $sum: 1 } } }, 40235], [{ $group: { _id: 1, $a: { $sum: 1 } } }, 40236], [{ $group: { _id: 1, a: 1 } }, 40234], [{ $group: { _id: 1, a: { $sum: 1, $max: 1 } } }, 40238],
  [{ $bucket: 1 }, 40201], [{ $bucket: { groupBy: '$k', boundaries: 1 } }, 40200], [{ $bucket: { groupBy: '$_id', boundaries: [0, 9], default: 3 } }, 40199], [{ $bucket: { groupBy: '$_id', boundaries: ['$k', 9] } }, 40191],
  [{ $bucket: { groupBy: '$_id', boundaries: [0, 9], output: 1 } }, 40196], [{ $bucketAuto: 1 }, 40240], [{ $bucketAuto: { groupBy: '$k', buckets: 'x' } }, 40241], [{ $bucketAuto: { groupBy: '$k', buckets: 1.5 } }, 40242], [{ $bucketAuto: {} }, 40246],
  [{ $bucketAuto: { groupBy: '$k', buckets: 1, output: 1 } }, 40244],
  [{ $graphLookup: 1 }, 40327], [{ $graphLookup: { maxDepth: 'x' } }, 40100], [{ $graphLookup: { maxDepth: -1 } }, 40101], [{ $graphLookup: { maxDepth: 1.5 } }, 40102], [{ $graphLookup: { as: 1 } }, 40103], [{ $graphLookup: { restrictSearchWithMatch: 1 } }, 40185],
  [{ $lookup: 1 }, 9], [{ $lookup: { from: 'c', pipeline: 1, as: 'j' } }, 14], [{ $lookup: { from: 'c', let: 1, pipeline: [], as: 'j' } }, 9], [{ $lookup: { from: 'c', as: 1 } }, 9], [{ $lookup: { as: 'j' } }, 9], [{ $lookup: { from: 'c' } }, 9],
  [{ $lookup: { from: 'c', as: 'j' } }, 9], [{ $lookup: { from: 'c', localField: 'a', foreignField: 'a', pipeline: [], as: 'j' } }, 9],
  [{ $facet: {} }, 40169], [{ $facet: { a: 1 } }, 40170], [{ $facet: { $a: [] } }, 16410], [{ $facet: { a: [{ $out: 'x' }] } }, 40600],
  [{ $unionWith: 1 }, 9], [{ $unionWith: {} }, 40414], [{ $unionWith: { coll: 1 } }, 14], [{ $unionWith: { coll: 'c', pipeline: 1 } }, 10065],
  [{ $unwind: {} }, 28812], [{ $unwind: { path: 1 } }, 28808], [{ $unwind: { path: '$k', preserveNullAndEmptyArrays: 1 } }, 28809], [{ $unwind: { path: '$k', includeArrayIndex: '' } }, 28810],
  [{}, 40323], [{ $match: {}, $limit: 1 }, 40323],
])('%j is refused with %i', async (stage, code) => {
  const [got] = await server.refusal(pipeline([stage]))
  expect(got).toBe(code)
})
