import { Long, UUID } from 'mongodb'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startAsking } from './ask.js'
import type { Document } from 'mongodb'
import type { Asked } from './ask.js'

// What MongoDB 4.4 refuses, as its source says; no mongod has been asked for these.
let server: Asked

beforeAll(async () => {
  server = await startAsking()
  await server.ask({ insert: 'c', documents: [{ _id: 1, a: [1, 2], s: 'x' }] })
  await server.ask({ createIndexes: 'c', indexes: [{ key: { k: 1 }, name: 'k_1' }] })
})

afterAll(() => server[Symbol.asyncDispose]())

const index = (spec: Document): Document => ({ createIndexes: 'c', indexes: [spec] })
const pipeline = (...stages: Document[]): Document => ({ aggregate: 'c', pipeline: stages, cursor: {} })

test.each<[command: Document, code: number, message: string | RegExp]>([
  // find
  [{ find: 'c', nonsense: 1 }, 9, /Unrecognized field 'nonsense'\.$/],
  [{ find: 'c', sort: { a: 2 } }, 15975, '$sort key ordering must be 1 (for ascending) or -1 (for descending)'],
  [{ find: 'c', sort: { a: 'x' } }, 15974, 'Illegal key in $sort specification: a: "x"'],
  [{ find: 'c', sort: { a: 1, $natural: 1 } }, 2, 'Cannot include \'$natural\' in compoound sort: { a: 1, $natural: 1 }'],
  [{ find: 'c', sort: { $natural: 1 }, hint: 'k_1' }, 2, 'index hint not allowed with $natural sort order'],
  [{ find: 'c', writeConcern: { w: 1 } }, 72, 'Command does not support writeConcern'],
  [{ find: 'c', readConcern: { level: 'nonsense' } }, 9, /^readConcern\.level must be either/],
  [{ find: 'c', readConcern: { afterClusterTime: 1 } }, 14, '"afterClusterTime" had the wrong type. Expected timestamp, found int'],
  [{ find: 'c', filter: { s: { $regex: '(' } } }, 51091, 'Regular expression is invalid: missing )'],
  [{ find: 'c', filter: { $jsonSchema: { nonsense: 1 } } }, 9, 'Unknown $jsonSchema keyword: nonsense'],
  // projections
  [{ find: 'c', projection: { 'a.$': 1 } }, 31277, 'Positional projection \'a.$\' does not match the query document.'],
  [{ find: 'c', filter: { a: 1 }, projection: { 'a.$': 1, 'b.$': 1 } }, 31276, 'Cannot specify more than one positional projection per query.'],
  [{ find: 'c', filter: { a: 1 }, projection: { 'a.$': { $slice: 1 } } }, 31271, 'positional projection cannot be used with an expression or sub object'],
  [{ find: 'c', filter: { a: 1 }, projection: { 'a.$': 1, b: { $elemMatch: { c: 1 } } } }, 31255, 'Cannot specify positional operator and $elemMatch.'],
  [{ find: 'c', filter: { a: 2 }, projection: { 'a.$': 0 } }, 31395, 'positional projection cannot be used with exclusion'],
  [{ find: 'c', projection: { a: { $nonsense: 1 } } }, 31325, 'Unknown expression $nonsense'],
  [{ find: 'c', projection: { a: 0, b: { $add: [1, 2] } } }, 31252, 'Cannot use expression other than $meta in exclusion projection'],
  [{ find: 'c', projection: { a: 1, 'a.b.c': 1 } }, 31249, 'Path collision at a.b.c remaining portion b.c'],
  [{ find: 'c', projection: { o: { k: 1, z: 0 } } }, 31254, 'Cannot do exclusion on field z in inclusion projection'],
  [pipeline({ $project: { 'a.$': 1 } }), 31324, 'Invalid $project :: caused by :: Cannot use positional projection in aggregation projection'],
  [pipeline({ $project: { a: { $elemMatch: { b: 1 } } } }), 168, 'Invalid $project :: caused by :: Cannot use $elemMatch in this context'],
  // pipelines
  [{ aggregate: 'c', pipeline: [], cursor: {}, nonsense: 1 }, 9, 'unrecognized field \'nonsense\''],
  [{ aggregate: 'c', cursor: {} }, 14, '\'pipeline\' option must be specified as an array'],
  [{ aggregate: 1, pipeline: [{ $match: {} }], cursor: {} }, 73, '{aggregate: 1} is not valid for \'$match\'; a collection is required.'],
  [{ aggregate: 2, pipeline: [], cursor: {} }, 9, 'Invalid command format: the \'aggregate\' field must specify a collection name or 1'],
  [pipeline({ $out: 'x' }, { $match: {} }), 40601, '$out can only be the final stage in the pipeline'],
  [pipeline({ $lookup: { from: 'c', pipeline: [{ $out: 'x' }], as: 'j' } }), 51047, '$out is not allowed within a $lookup\'s sub-pipeline'],
  [pipeline({ $unionWith: { coll: 'c', pipeline: [{ $merge: 'x' }] } }), 31441, '$merge is not allowed within a $unionWith\'s sub-pipeline'],
  [pipeline({ $unionWith: { nonsense: 1 } }), 40415, 'BSON field \'$unionWith.nonsense\' is an unknown field.'],
  [pipeline({ $unwind: { path: '$a', includeArrayIndex: '$i' } }), 28822, 'includeArrayIndex option to $unwind stage should not be prefixed with a \'$\': $i'],
  [pipeline({ $lookup: { from: 'c', let: { A: 1 }, pipeline: [], as: 'j' } }), 9, '\'A\' starts with an invalid character for a user variable name'],
  [{ aggregate: 'c', pipeline: [], explain: 'x' }, 14, 'explain must be a boolean, not a string'],
  [pipeline({ $project: { v: { $log: [{ $literal: 0 }, 2] } } }), 28758, '$log\'s argument must be a positive number, but is 0'],
  [pipeline({ $project: { v: { $log: [2, 1] } } }), 28759, '$log\'s base must be a positive number not equal to 1, but is 1'],
  [pipeline({ $project: { v: { $log: ['x', 2] } } }), 28756, '$log\'s argument must be numeric, not string'],
  [pipeline({ $project: { v: { $ln: 0 } } }), 28766, '$ln\'s argument must be a positive number, but is 0'],
  [pipeline({ $project: { v: { $round: [5, 'x'] } } }), 51082, 'precision argument to  $round must be a integral value'],
  [pipeline({ $project: { v: { $round: [5, 1.5] } } }), 51082, 'precision argument to  $round must be a integral value'],
  [pipeline({ $project: { v: { $substrCP: ['$s', -1, 1] } } }), 34454, '$substrCP: the starting index must be a non-negative integer.'],
  // change streams
  [pipeline({ $changeStream: { fullDocument: 1 } }), 14, 'BSON field \'$changeStream.fullDocument\' is the wrong type \'int\', expected type \'string\''],
  [pipeline({ $changeStream: { startAtOperationTime: 1 } }), 14, 'BSON field \'$changeStream.startAtOperationTime\' is the wrong type \'int\', expected type \'timestamp\''],
  [pipeline({ $changeStream: { resumeAfter: 1 } }), 14, 'BSON field \'$changeStream.resumeAfter\' is the wrong type \'int\', expected type \'object\''],
  [pipeline({ $changeStream: {} }, { $nonsense: 1 }), 40324, 'Unrecognized pipeline stage name: \'$nonsense\''],
  [pipeline({ $changeStream: {} }, { $sort: { _id: 1 } }), 20, '$sort is not permitted in a $changeStream pipeline'],
  [{ ...pipeline({ $changeStream: {} }), aggregate: 'system.x' }, 73, '$changeStream may not be opened on the internal asked.system.x collection'],
  // writes
  [{ insert: 'c', documents: [{ $a: 1 }] }, 2, 'Document can\'t have $ prefixed field names: $a'],
  [{ insert: 'c', documents: [{ _id: [1] }] }, 2, 'can\'t use an array for _id'],
  [{ insert: 'c', documents: [{ _id: { $a: 1 } }] }, 52, '$a is not valid for storage.'],
  [{ insert: 1, documents: [{}] }, 2, 'collection name has invalid type int'],
  [{ insert: 'system.x', documents: [{}] }, 2, 'cannot write to \'asked.system.x\''],
  [{ insert: 'c', documents: [{}], writeConcern: { j: 'x' } }, 9, 'j must be numeric or a boolean value'],
  [{ insert: 'c', documents: [{}], writeConcern: { j: true, fsync: true } }, 9, 'fsync and j options cannot be used together'],
  [{ insert: 'c', documents: [{}], readConcern: { level: 'majority' } }, 72, /^Command insert does not support .* read concern not supported$/],
  [{ findAndModify: 'c', query: {}, update: {}, nonsense: 1 }, 51177, 'BSON field \'nonsense\' is an unknown field.'],
  [{ findAndModify: 'c', query: {}, remove: true, arrayFilters: [{ e: 1 }] }, 9, 'Cannot specify arrayFilters and remove=true'],
  [{ findAndModify: 'c', query: {}, update: [], arrayFilters: [{ e: 1 }] }, 9, 'Cannot specify arrayFilters and a pipeline update'],
  [{ findAndModify: 'c', query: {}, update: {}, arrayFilters: [1] }, 14, 'Each array filter must be an object, found int'],
  [{ update: 'c', updates: [{ q: {}, u: 'x' }] }, 9, 'Update argument must be either an object or an array'],
  [{ update: 'c', updates: [{ q: {}, u: { $set: { b: 1 } } }, { q: {}, u: 5 }] }, 9, 'Update argument must be either an object or an array'],
  [{ update: 'c', updates: [{ q: {}, u: [1] }] }, 14, 'Each element of the \'pipeline\' array must be an object'],
  [{ update: 'c', updates: [{ q: {}, u: { $set: { 'a.$[': 7 } } }] }, 28, 'Cannot create field \'$[\' in element {a: [ 1, 2 ]}'],
  [{ update: 'c', updates: [{ q: {}, u: { $set: { 'a.$[]x': 7 } } }] }, 28, 'Cannot create field \'$[]x\' in element {a: [ 1, 2 ]}'],
  // sessions
  [{ update: 'c', updates: [{ q: {}, u: { $currentDate: { z: { $type: 'date', q: 1 } } } }] }, 2, 'Unrecognized $currentDate option: q'],
  [{ endSessions: 5 }, 14, 'BSON field \'endSessions.endSessions\' is the wrong type \'int\', expected type \'array\''],
  [{ endSessions: [5] }, 14, 'BSON field \'endSessions.endSessions.0\' is the wrong type \'int\', expected type \'object\''],
  [{ endSessions: [{ id: 5 }] }, 14, 'BSON field \'endSessions.endSessions.id\' is the wrong type \'int\', expected type \'binData\''],
  [{ refreshSessions: 5 }, 14, 'BSON field \'refreshSessions.refreshSessions\' is the wrong type \'int\', expected type \'array\''],
  [{ insert: 'c', documents: [{}], lsid: { id: new UUID() }, txnNumber: 1 }, 14, 'BSON field \'OperationSessionInfo.txnNumber\' is the wrong type \'int\', expected type \'long\''],
  [{ insert: 'c', documents: [{}], lsid: { id: new UUID() }, txnNumber: Long.fromNumber(-1) }, 72, 'Transaction number cannot be negative'],
  [{ insert: 'c', documents: [{}], autocommit: false }, 72, '\'autocommit\' field requires a transaction number to also be specified'],
  [{ insert: 'c', documents: [{}], lsid: { id: new UUID() }, txnNumber: Long.fromNumber(1), autocommit: false, startTransaction: true }, 263, 'Transactions are not supported by the embedded server'],
  [{ find: 'c', lsid: { id: new UUID() }, txnNumber: Long.fromNumber(1) }, 50768, /and find is not a retryable write command\.$/],
  // cursors
  [{ getMore: Long.fromNumber(0), collection: 'c' }, 2, 'Cursor id for getMore must be non-zero'],
  [{ getMore: Long.fromNumber(5), collection: 'c', batchSize: 0 }, 2, 'Batch size for getMore must be positive, but received: 0'],
  [{ getMore: Long.fromNumber(5) }, 9, /^Field 'collection' missing in: /],
  [{ killCursors: 'c', cursors: [] }, 2, /^Must specify at least one cursor id in: /],
  [{ killCursors: 'c', cursors: ['x'] }, 9, 'Field \'cursors\' contains an element that is not of type long: 0: "x"'],
  // collections
  [{ create: 'x', capped: true, size: -1 }, 2, 'size has to be >= 0'],
  [{ create: 'x', capped: true, size: 4096, max: 2 ** 31 }, 2, 'max in a capped collection has to be < 2^31 or not set'],
  [{ create: 'system.x' }, 2, 'cannot write to \'asked.system.x\''],
  [{ validate: 'nope' }, 26, 'Collection \'asked.nope\' does not exist to validate.'],
  [{ listIndexes: 'c', cursor: { batchSize: 'x' } }, 14, 'cursor.batchSize field must be a number'],
  [{ create: 'x', autoIndexId: false }, 50001, 'autoIndexId:false is not allowed for collection asked.x because it can be replicated'],
  [{ create: 'x', pipeline: [{ $match: {} }] }, 72, '\'pipeline\' requires \'viewOn\' to also be specified'],
  [{ create: 'x', idIndex: { key: { a: 1 }, name: 'a' } }, 2, 'The field \'key\' for an _id index must be {_id: 1}, but got { a: 1 }'],
  [{ create: 'x'.repeat(250) }, 73, /is too long/],
  [{ insert: 'x'.repeat(250), documents: [{}] }, 73, /is too long/],
  [{ dropDatabase: 2 }, 20, 'have to pass 1 as db parameter'],
  // indexes
  [index({ key: { x: 1 }, name: '_id_' }), 2, 'The index name \'_id_\' is reserved for the _id index, which must have key pattern {_id: 1}, found key: { x: 1 }'],
  [index({ key: { x: 1 }, name: '*' }), 2, 'The index name \'*\' is not valid.'],
  [index({ key: { _id: -1 }, name: '_id_m' }), 2, 'The field \'key\' for an _id index must be {_id: 1}, but got { _id: -1 }'],
  [index({ key: { _id: 1 }, name: '_id_', unique: true }), 197, /^The field 'unique' is not valid for an _id index specification/],
  [index({ key: { x: 1 }, name: 'x', unique: 'yes' }), 14, /The field 'unique' has value unique: "yes", which is not convertible to bool$/],
  [index({ key: { x: 1 }, name: 'x', v: 3 }), 67, /cannot create an index with v=3$/],
  [index({ key: { x: 'hashed' }, name: 'x', unique: true }), 16764, 'Currently hashed indexes cannot guarantee uniqueness. Use a regular index.'],
  [index({ key: { x: 1 }, name: 'x', partialFilterExpression: { a: { $ne: 1 } } }), 67, /unsupported expression in partial index/],
  [index({ key: { x: 1 }, name: 'x', partialFilterExpression: { $or: [{ a: 1 }] } }), 67, /unsupported expression in partial index/],
  [index({ key: { x: 1 }, name: 'x', expireAfterSeconds: 2 ** 40 }), 67, /must be within an acceptable range/],
  [index({ key: { x: 1 }, name: 'k_1' }), 86, /^Index must have unique name\./],
  [{ createIndexes: 'c', indexes: [{ key: { m: 1 }, name: 'm' }, { key: { m: 1 }, name: 'm' }] }, 68, 'Identical index already exists: m'],
  [{ createIndexes: 'c', indexes: [{ key: { m: 1 }, name: 'm' }], commitQuorum: 5 }, 328, 'Commit quorum cannot be satisfied with the current replica set configuration'],
  [{ dropIndexes: 'c', index: ['k_1', 'nope'] }, 27, 'index not found with name [nope]'],
  [{ dropIndexes: 'c', index: 1 }, 14, 'BSON field \'dropIndexes.index\' is the wrong type \'int\', expected types \'[string, object, array\']'],
  [{ collMod: 'c', nonsense: 1 }, 72, 'unknown option to collMod: nonsense'],
  [{ collMod: 'c', index: { name: 'k_1' } }, 72, 'no expireAfterSeconds or hidden field'],
  [{ collMod: 'c', index: { name: '_id_', hidden: true } }, 2, 'can\'t hide _id index'],
  // collations
  [{ find: 'c', collation: { strength: 1 } }, 4, 'Missing expected field "locale"'],
  [{ find: 'c', collation: { locale: 'nonsense!' } }, 2, /^Field 'locale' is invalid in: /],
  [{ find: 'c', collation: { locale: 'en', strength: 9 } }, 9, 'Field \'strength\' must be an integer 1 through 5. Got: 9'],
  [{ find: 'c', collation: { locale: 'sv' } }, 115, /is not supported by the embedded server$/],
  [index({ key: { x: 1 }, name: 'x', collation: { locale: 'en' } }), 115, 'a collation of an index is not supported by the embedded server'],
])('%j', async (command, code, message) => {
  const [gotCode, gotMessage] = await server.refusal(command)
  if (typeof message === 'string') expect([gotCode, gotMessage]).toEqual([code, message])
  else expect([gotCode, message.test(gotMessage) ? 'as said' : gotMessage]).toEqual([code, 'as said'])
})

test.each<[more: Document, code: number, message: string]>([
  [{}, 20, 'When setting a failpoint, you must supply a \'mode\''],
  [{ mode: { times: -1 } }, 2, '\'times\' option to \'mode\' must be positive'],
  [{ mode: { skip: -1 } }, 2, '\'skip\' option to \'mode\' must be positive'],
  [{ mode: {} }, 2, '\'mode\' must be one of \'off\', \'alwaysOn\', \'{times:n}\', \'{skip:n}\' or \'{activationProbability:p}\''],
  [{ mode: { nope: 1 } }, 2, '\'mode\' must be one of \'off\', \'alwaysOn\', \'{times:n}\', \'{skip:n}\' or \'{activationProbability:p}\''],
  [{ mode: { times: 'x' } }, 14, '"times" had the wrong type. Expected number, found string'],
  [{ mode: { activationProbability: 2 } }, 2, 'activationProbability must be between 0.0 and 1.0; found 2'],
  [{ mode: 5 }, 14, '\'mode\' must be a string or JSON object'],
  [{ mode: 'alwaysOn', data: 5 }, 14, 'the \'data\' option must be a JSON object'],
])('a fail point refuses %j', async (more, code, message) => {
  expect(await server.refusal({ configureFailPoint: 'failCommand', ...more }, 'admin')).toEqual([code, message])
})

test.each<[mode: Document | string, failed: number]>([
  [{ activationProbability: 0 }, 0], [{ activationProbability: 1 }, 4], [{ times: 0 }, 0], [{ times: 2 }, 2], [{ skip: 0 }, 4], [{ skip: 3 }, 1], ['off', 0], ['alwaysOn', 4],
])('a fail point of mode %j fails %i of four commands', async (mode, failed) => {
  await server.ask({ configureFailPoint: 'failCommand', mode, data: { failCommands: ['whatsmyuri'], errorCode: 2 } }, 'admin')
  let count = 0
  for (let at = 0; at < 4; at++) await server.ask({ whatsmyuri: 1 }).catch(() => count++)
  await server.ask({ configureFailPoint: 'failCommand', mode: 'off' }, 'admin')
  expect(count).toBe(failed)
})

test('every command that writes says that it does not know the mode of its write concern', async () => {
  const unknown = { code: 79, codeName: 'UnknownReplWriteConcern', errmsg: 'No write concern mode named \'x\' found in replica set configuration' }
  const db = 'concerned'
  const commands: Document[] = [
    { create: 'k' }, { createIndexes: 'k', indexes: [{ key: { a: 1 }, name: 'a' }] }, { collMod: 'k' }, { dropIndexes: 'k', index: 'a' }, { drop: 'k' }, { dropDatabase: 1 },
  ]
  for (const command of commands) {
    expect(await server.ask({ ...command, writeConcern: { w: 'x' } }, db).catch((cause: { result: Document }) => cause.result)).toMatchObject({ ok: 1, writeConcernError: unknown })
  }
  const indexes = { createIndexes: 'k', indexes: [{ key: { a: 1 }, name: 'a' }], writeConcern: { w: 7, wtimeout: 1 } }
  expect(await server.ask(indexes, db).catch((cause: { result: Document }) => cause.result)).toMatchObject({ ok: 1, writeConcernError: { code: 100 } })
  expect(await server.ask({ listCollections: 1 }, db)).toMatchObject({ cursor: { firstBatch: [{ name: 'k' }] } })
})

test('a session that is started has an id and a time to live', async () => {
  expect(await server.ask({ startSession: 1 })).toMatchObject({ id: { id: expect.any(UUID) as UUID }, timeoutMinutes: 30, ok: 1 })
})

test('an index of two arrays takes no document, and no other index either', async () => {
  await server.ask({ createIndexes: 'p', indexes: [{ key: { z: 1 }, name: 'z', unique: true }, { key: { x: 1, y: 1 }, name: 'xy' }] })
  expect(await server.refusal({ insert: 'p', documents: [{ _id: 1, z: 1, x: [1], y: [1] }] })).toEqual([171, 'cannot index parallel arrays [y] [x]'])
  expect(await server.ask({ insert: 'p', documents: [{ _id: 2, z: 1, x: [1], y: 1 }] })).toMatchObject({ n: 1 })
})

test('a read that was too slow leaves no cursor behind', async () => {
  await server.ask({ insert: 'slow', documents: Array.from({ length: 300 }, (_, n) => ({ n })) })
  const { metrics: before } = await server.ask({ serverStatus: 1 }, 'admin') as { metrics: { cursor: { open: { total: number } } } }
  const slow = pipeline({ $lookup: { from: 'slow', pipeline: [{ $match: { n: { $gte: 0 } } }], as: 'all' } })
  expect(await server.refusal({ ...slow, aggregate: 'slow', cursor: { batchSize: 1 }, maxTimeMS: 1 })).toEqual([50, 'operation exceeded time limit'])
  expect(await server.ask({ serverStatus: 1 }, 'admin')).toMatchObject({ metrics: { cursor: { open: { total: before.cursor.open.total } } } })
})
