import { once } from 'node:events'
import { connect } from 'node:net'
import { startEmbeddedMongo } from '@ddp-cluster/embedded-mongo'
import { BSON, MongoClient, MongoServerError } from 'mongodb'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { EmbeddedMongo } from '@ddp-cluster/embedded-mongo'
import type { Collection, Db, Document } from 'mongodb'

// What MongoDB 4.4 documents or its source says, beyond the commands of the reference file.
let server: EmbeddedMongo
let client: MongoClient
let db: Db

beforeAll(async () => {
  server = await startEmbeddedMongo()
  client = await new MongoClient(server.uri, { retryWrites: false }).connect()
  db = client.db('beyond')
  await collection('n').insertMany([1, 2, 3, 4, 5, 6].map((n) => ({ _id: n, n, k: n % 2 === 0 ? 'even' : 'odd' })))
})

afterAll(async () => {
  await client.close()
  await server.close()
})

/** With ids of any type. */
interface Any extends Document { _id: string | number }

const collection = (name: string): Collection<Any> => db.collection<Any>(name)

const aggregate = (pipeline: Document[], from = 'n'): Promise<Document[]> => db.collection(from).aggregate(pipeline).toArray()

/** The code and the message of a refused command. */
const refused = async (command: Document, of = db): Promise<[number, string, string]> => {
  const error: unknown = await of.command(command).then((reply) => reply, (cause: unknown) => cause)
  if (!(error instanceof MongoServerError)) throw new Error(`not refused: ${JSON.stringify(error)}`)
  return [Number(error.code), String(error['codeName']), error.message]
}

describe('stages', () => {
  test('$bucket counts between boundaries, and needs a default for the rest', async () => {
    expect(await aggregate([{ $bucket: { groupBy: '$n', boundaries: [0, 3, 6], default: 'more' } }])).toEqual([
      { _id: 0, count: 2 }, { _id: 3, count: 3 }, { _id: 'more', count: 1 },
    ])
    expect(await aggregate([{ $bucket: { groupBy: '$n', boundaries: [0, 10], output: { all: { $push: '$n' } } } }])).toEqual([{ _id: 0, all: [1, 2, 3, 4, 5, 6] }])
    const bucket = (spec: unknown): Promise<unknown> => refused({ aggregate: 'n', pipeline: [{ $bucket: spec }], cursor: {} })
    expect(await bucket({ groupBy: '$n', boundaries: [0, 3] })).toMatchObject([40066, 'Location40066', expect.any(String)])
    expect(await bucket({ groupBy: '$n', boundaries: [3, 0] })).toEqual([40194, 'Location40194',
      'The \'boundaries\' option to $bucket must be sorted, but elements 0 and 1 are not in sorted order (3 is not less than 0).'])
    expect(await bucket({ groupBy: '$n', boundaries: [3] })).toMatchObject([40192, expect.any(String), expect.any(String)])
    expect(await bucket({ groupBy: '$n' })).toEqual([40198, 'Location40198', '$bucket requires \'groupBy\' and \'boundaries\' to be specified.'])
  })

  test('$bucketAuto spreads documents evenly, and never parts equal ones', async () => {
    expect(await aggregate([{ $bucketAuto: { groupBy: '$n', buckets: 3 } }])).toEqual([
      { _id: { min: 1, max: 3 }, count: 2 }, { _id: { min: 3, max: 5 }, count: 2 }, { _id: { min: 5, max: 6 }, count: 2 },
    ])
    expect(await aggregate([{ $bucketAuto: { groupBy: '$k', buckets: 4 } }])).toEqual([
      { _id: { min: 'even', max: 'odd' }, count: 3 }, { _id: { min: 'odd', max: 'odd' }, count: 3 },
    ])
    expect(await refused({ aggregate: 'n', pipeline: [{ $bucketAuto: { groupBy: '$n', buckets: 0 } }], cursor: {} })).toEqual([40243, 'Location40243',
      'The $bucketAuto \'buckets\' field must be greater than 0, but found: 0'])
  })

  test('$graphLookup follows links, each document once, to the depth that it is given', async () => {
    await collection('g').insertMany([{ _id: 'a', to: ['b'] }, { _id: 'b', to: ['c', 'a'] }, { _id: 'c', to: [] }])
    const spec = { from: 'g', startWith: '$to', connectFromField: 'to', connectToField: '_id', as: 'all', depthField: 'depth' }
    const [reached] = await aggregate([{ $match: { _id: 'a' } }, { $graphLookup: spec }], 'g')
    expect(reached?.['all']).toEqual([{ _id: 'b', to: ['c', 'a'], depth: 0 }, { _id: 'c', to: [], depth: 1 }, { _id: 'a', to: ['b'], depth: 1 }])
    const [near] = await aggregate([{ $match: { _id: 'a' } }, { $graphLookup: { ...spec, maxDepth: 0, restrictSearchWithMatch: { _id: { $ne: 'x' } } } }], 'g')
    expect(near?.['all']).toEqual([{ _id: 'b', to: ['c', 'a'], depth: 0 }])
    expect(await refused({ aggregate: 'g', pipeline: [{ $graphLookup: { from: 'g' } }], cursor: {} })).toMatchObject([40105, expect.any(String), expect.any(String)])
  })

  test('$redact prunes and keeps level by level', async () => {
    await collection('r').insertOne({ _id: 1, level: 1, a: { level: 5, x: 1 }, b: [{ level: 1, y: { level: 1 } }, { level: 9 }] })
    const pipeline = [{ $redact: { $cond: [{ $lte: ['$level', 2] }, '$$DESCEND', '$$PRUNE'] } }]
    expect(await aggregate(pipeline, 'r')).toEqual([{ _id: 1, level: 1, b: [{ level: 1, y: { level: 1 } }] }])
    expect(await refused({ aggregate: 'r', pipeline: [{ $redact: 1 }], cursor: {} })).toMatchObject([17053, expect.any(String), expect.any(String)])
  })

  test('$merge joins on a unique index, by any of its modes or a pipeline', async () => {
    const target = collection('target')
    const merge = (options: Document): Promise<unknown> => refused({ aggregate: 'n', pipeline: [{ $merge: { into: 'target', ...options } }], cursor: {} })
    expect(await merge({ on: 'n' })).toEqual([51183, 'Location51183', 'Cannot find index to verify that join fields will be unique'])
    await target.createIndex({ n: 1 }, { unique: true })
    await target.insertOne({ _id: 'kept', n: 1, was: true })
    await aggregate([{ $match: { n: { $lte: 2 } } }, { $project: { _id: 0, n: 1, k: 1 } }, { $merge: { into: 'target', on: 'n' } }])
    expect(await target.findOne({ n: 1 })).toEqual({ _id: 'kept', n: 1, was: true, k: 'odd' })
    expect(await target.countDocuments()).toBe(2)
    await aggregate([{ $project: { _id: 0, n: 1 } }, { $merge: { into: 'target', on: ['n'], whenMatched: [{ $set: { twice: { $add: ['$n', '$$new.n'] } } }], whenNotMatched: 'discard' } }])
    expect(await target.findOne({ n: 1 })).toEqual({ _id: 'kept', n: 1, was: true, k: 'odd', twice: 2 })
    expect(await target.countDocuments()).toBe(2)
    expect(await merge({ on: 'n', whenMatched: 'keepExisting', whenNotMatched: 'fail' })).toMatchObject([51189, expect.any(String), expect.any(String)])
    const strict = { aggregate: 'n', pipeline: [{ $project: { _id: 0, n: 1 } }, { $merge: { into: 'target', on: 'n', whenNotMatched: 'fail' } }], cursor: {} }
    expect(await refused(strict)).toMatchObject([13113, 'MergeStageNoMatchingDocument', expect.any(String)])
    expect(await merge({ nonsense: 1 })).toEqual([40415, 'Location40415', 'BSON field \'$merge.nonsense\' is an unknown field.'])
  })

  test('$convert', async () => {
    const convert = async (spec: Document): Promise<unknown> => (await aggregate([{ $limit: 1 }, { $project: { _id: 0, v: { $convert: spec } } }]))[0]?.['v']
    expect(await convert({ input: '12', to: 'int' })).toBe(12)
    expect(await convert({ input: '12', to: 1 })).toBe(12)
    expect(await convert({ input: 'x', to: 'int', onError: 'none' })).toBe('none')
    expect(await convert({ input: null, to: 'int', onNull: 7 })).toBe(7)
    expect(await convert({ input: 3, to: null })).toBeNull()
    expect(await convert({ input: true, to: 'string' })).toBe('true')
    const wrong = (spec: unknown): Promise<unknown> => refused({ aggregate: 'n', pipeline: [{ $project: { v: { $convert: spec } } }], cursor: {} })
    expect(await wrong({ input: 1 })).toEqual([9, 'FailedToParse', 'Invalid $project :: caused by :: Missing \'to\' parameter to $convert'])
    expect(await wrong({ input: 1, to: 'int', more: 1 })).toEqual([9, 'FailedToParse', 'Invalid $project :: caused by :: $convert found an unknown argument: more'])
    expect(await wrong({ input: 1, to: 'nonsense' })).toEqual([2, 'BadValue', 'Unknown type name: nonsense'])
    expect(await wrong({ input: { $literal: {} }, to: 'int' })).toMatchObject([241, 'ConversionFailure', expect.any(String)])
  })

  test('what a stage does not take is refused', async () => {
    const refusal = (stage: Document): Promise<unknown> => refused({ aggregate: 'n', pipeline: [stage], cursor: {} })
    expect(await refusal({ $unwind: { path: '$n', nonsense: 1 } })).toMatchObject([28811, expect.any(String), expect.any(String)])
    expect(await refusal({ $unwind: 1 })).toMatchObject([15981, expect.any(String), expect.any(String)])
    expect(await refusal({ $sample: { size: -1 } })).toEqual([28747, 'Location28747', 'size argument to $sample must not be negative'])
    expect(await refusal({ $lookup: { from: 'n', as: 'x', localField: 'a', foreignField: 'b', nonsense: 'x' } })).toEqual([9, 'FailedToParse', 'unknown argument to $lookup: nonsense'])
    expect(await refusal({ $sortByCount: 1 })).toMatchObject([40149, expect.any(String), expect.any(String)])
    expect(await refusal({ $facet: { a: [{ $out: 'x' }] } })).toMatchObject([40600, expect.any(String), expect.any(String)])
    expect(await refusal({ $nonsense: 1 })).toEqual([40324, 'Location40324', 'Unrecognized pipeline stage name: \'$nonsense\''])
  })
})

describe('fields of commands', () => {
  test('of another type than theirs are refused', async () => {
    expect(await refused({ insert: 'n', documents: [{}], ordered: 'yes' })).toEqual([14, 'TypeMismatch', 'BSON field \'insert.ordered\' is the wrong type \'string\', expected type \'bool\''])
    expect(await refused({ update: 'n', updates: [{ q: {}, u: {}, multi: 'yes' }] })).toEqual([14, 'TypeMismatch', 'BSON field \'update.updates.multi\' is the wrong type \'string\', expected type \'bool\''])
    expect(await refused({ delete: 'n', deletes: [{ q: 'x', limit: 1 }] })).toEqual([14, 'TypeMismatch', 'BSON field \'delete.deletes.q\' is the wrong type \'string\', expected type \'object\''])
    expect(await refused({ distinct: 'n', key: 1 })).toEqual([14, 'TypeMismatch', 'BSON field \'distinct.key\' is the wrong type \'int\', expected type \'string\''])
    expect(await refused({ find: 'n', sort: 'name' })).toEqual([9, 'FailedToParse', 'Failed to parse: sort: "name". \'sort\' field must be of BSON type object.'])
    expect(await refused({ find: 'n', limit: 'x' })).toMatchObject([9, 'FailedToParse', expect.stringContaining('\'limit\' field must be numeric.')])
    expect(await refused({ aggregate: 'n', pipeline: [], cursor: {}, allowDiskUse: 1 })).toEqual([14, 'TypeMismatch', 'allowDiskUse must be a boolean, not a int'])
    expect(await refused({ count: 'n', skip: -1 })).toEqual([51024, 'Location51024', 'BSON field \'skip\' value must be >= 0, actual value \'-1\''])
    expect(await refused({ find: 'n', maxTimeMS: 'x' })).toEqual([2, 'BadValue', 'maxTimeMS must be a number'])
    expect(await refused({ find: 'n', awaitData: true })).toEqual([9, 'FailedToParse', 'Cannot set \'awaitData\' without also setting \'tailable\''])
  })

  test('a hint names an index that is there', async () => {
    for (const command of [{ find: 'n', hint: 'nope' }, { count: 'n', hint: { nope: 1 } }, { aggregate: 'n', pipeline: [], cursor: {}, hint: 'nope' }]) {
      expect(await refused(command)).toMatchObject([2, 'BadValue', expect.stringContaining('hint provided does not correspond to an existing index')])
    }
    expect(await refused({ find: 'n', hint: 1 })).toMatchObject([9, 'FailedToParse', expect.any(String)])
    expect(await db.collection('n').find({}, { hint: { _id: 1 } }).toArray()).toHaveLength(6)
  })

  test('maxTimeMS ends a read that takes longer, and is not for the getMore of a cursor that does not wait', async () => {
    const { cursor } = await db.command({ find: 'n', batchSize: 1 })
    const { id } = cursor as { id: BSON.Long }
    expect(await refused({ getMore: BSON.Long.fromValue(id), collection: 'n', maxTimeMS: 5 })).toEqual([2, 'BadValue', 'cannot set maxTimeMS on getMore command for a non-awaitData cursor'])
    await db.collection('slow').insertMany(Array.from({ length: 300 }, (_, n) => ({ n })))
    const slow = { aggregate: 'slow', pipeline: [{ $lookup: { from: 'slow', pipeline: [{ $match: { n: { $gte: 0 } } }], as: 'all' } }, { $count: 'n' }], cursor: {}, maxTimeMS: 1 }
    expect(await refused(slow)).toEqual([50, 'MaxTimeMSExpired', 'operation exceeded time limit'])
  })
})

test('$elemMatch looks into an array of arrays', async () => {
  await collection('nested').insertMany([{ _id: 1, a: [[1, 2], [3]] }, { _id: 2, a: [1, 2, 3] }, { _id: 3, a: [[1, 2], 3] }])
  const found = async (condition: Document): Promise<unknown[]> => (await collection('nested').find({ a: condition }).toArray()).map(({ _id }) => _id)
  expect(await found({ $elemMatch: { $elemMatch: { $eq: 3 } } })).toEqual([1])
  expect(await found({ $elemMatch: { $size: 2 } })).toEqual([1, 3])
  expect(await found({ $elemMatch: { $gt: 2 } })).toEqual([2, 3])
})

test('a collection refuses what its validator does not match', async () => {
  await db.createCollection('v', { validator: { n: { $gt: 0 } } })
  const valid = collection('v')
  await valid.insertOne({ _id: 1, n: 1 })
  const error = { code: 121, errmsg: 'Document failed validation' }
  const reply = await db.command({ insert: 'v', documents: [{ _id: 2, n: 0 }] })
  expect(reply).toMatchObject({ n: 0, writeErrors: [{ index: 0, ...error }] })
  await expect(valid.updateOne({ _id: 1 }, { $set: { n: -1 } })).rejects.toMatchObject({ code: 121 })
  await expect(valid.findOneAndUpdate({ _id: 1 }, { $set: { n: -1 } })).rejects.toMatchObject({ code: 121, codeName: 'DocumentValidationFailure' })
  await valid.insertOne({ _id: 2, n: 0 }, { bypassDocumentValidation: true })
  expect((await db.listCollections({ name: 'v' }).toArray())[0]).toMatchObject({ options: { validator: { n: { $gt: 0 } } } })
  await db.command({ collMod: 'v', validationLevel: 'moderate' })
  await valid.updateOne({ _id: 2 }, { $set: { n: -5 } })
  await db.command({ collMod: 'v', validator: {} })
  await valid.insertOne({ _id: 3, n: -3 })
})

test('a tailable cursor on a capped collection waits for what comes', async () => {
  expect(await refused({ find: 'n', tailable: true })).toMatchObject([2, 'BadValue', expect.stringContaining(' tailable cursor requested on non capped collection')])
  await db.createCollection('log', { capped: true, size: 4096, max: 3 })
  const log = collection('log')
  await log.insertMany([{ _id: 1 }, { _id: 2 }])
  const cursor = log.find({}, { tailable: true, awaitData: true, maxAwaitTimeMS: 5000 })
  expect(await cursor.next()).toEqual({ _id: 1 })
  expect(await cursor.next()).toEqual({ _id: 2 })
  const third = cursor.next()
  await log.insertOne({ _id: 3 })
  expect(await third).toEqual({ _id: 3 })
  await expect(log.updateOne({ _id: 3 }, { $set: { longer: 'x' } })).rejects.toMatchObject({ code: 10003 })
  await cursor.close()
})

test('dates that JavaScript cannot hold are kept, ordered and given back', async () => {
  const far = (milliseconds: bigint): Buffer => {
    const bytes = Buffer.from(BSON.serialize({ _id: String(milliseconds), at: new Date(0) }))
    bytes.writeBigInt64LE(milliseconds, bytes.length - 9)
    return bytes
  }
  // Only raw documents can carry them: the driver's own dates end where JavaScript's do.
  const dates = [2n ** 62n, -(2n ** 62n), 5n]
  for (const date of dates) {
    const reply = await rawCommand(server, BSON.serialize({ insert: 'far', $db: 'beyond' }), 'documents', [far(date)])
    expect(BSON.deserialize(reply)).toMatchObject({ n: 1, ok: 1 })
  }
  const reply = await rawCommand(server, BSON.serialize({ find: 'far', sort: { at: 1 }, $db: 'beyond' }))
  const found = dates.toSorted((a, b) => (a < b ? -1 : 1)).map(far)
  let last = -1
  for (const document of found) {
    const at = Buffer.from(reply).indexOf(document)
    expect(at).toBeGreaterThan(last)
    last = at
  }
})

/** The body of the reply to a raw OP_MSG, without what a driver would make of it. */
const rawCommand = async ({ port, host }: EmbeddedMongo, body: Uint8Array, sequence = '', documents: readonly Buffer[] = []): Promise<Buffer> => {
  const name = Buffer.from(`${sequence}\0`)
  const size = 4 + name.length + documents.reduce((sum, document) => sum + document.length, 0)
  const section = documents.length === 0 ? [] : [Buffer.from([1]), Buffer.from(Int32Array.of(size).buffer), name, ...documents]
  const message = Buffer.concat([Buffer.alloc(21), body, ...section])
  message.writeInt32LE(message.length, 0)
  message.writeInt32LE(2013, 12)
  const socket = connect(port, host)
  socket.write(message)
  const [reply] = await once(socket, 'data') as [Buffer]
  socket.destroy()
  return reply.subarray(21)
}
