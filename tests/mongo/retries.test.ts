import { startEmbeddedMongo } from '@ddp-cluster/embedded-mongo'
import { Long, MongoClient, ObjectId } from 'mongodb'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { EmbeddedMongo } from '@ddp-cluster/embedded-mongo'
import type { ClientSession, Db, Document } from 'mongodb'

// A retryable write is repeated statement by statement, as MongoDB 4.4's source says; no mongod has been asked for these.
let server: EmbeddedMongo
let client: MongoClient
let db: Db
let session: ClientSession

beforeAll(async () => {
  server = await startEmbeddedMongo()
  client = await new MongoClient(server.uri, { retryWrites: false }).connect()
})

afterAll(async () => {
  await client.close()
  await server.close()
})

beforeEach(() => {
  // Sessions end with the client only: one that ended would be given out again, with what it has done.
  session = client.startSession()
  db = client.db(`retries_${new ObjectId().toHexString()}`)
})

const write = (txnNumber: number, command: Document): Promise<Document> => db.command({ ...command, txnNumber: Long.fromNumber(txnNumber) }, { session })
const insert = (...ids: number[]): Document => ({ insert: 'c', documents: ids.map((_id) => ({ _id })) })
const update = (q: Document, more: Document = {}): Document => ({ update: 'c', updates: [{ q, u: { $inc: { n: 1 } }, ...more }] })
const stored = (): Promise<Document[]> => db.collection('c').find().sort({ _id: 1 }).toArray()

test('a statement that the first try did not have is run, the others are only counted', async () => {
  expect(await write(4, insert(100, 101))).toMatchObject({ n: 2 })
  expect(await write(4, insert(100, 101, 102))).toMatchObject({ n: 3, ok: 1 })
  expect(await stored()).toEqual([{ _id: 100 }, { _id: 101 }, { _id: 102 }])
})

test('a statement is done whichever command did it', async () => {
  await write(4, insert(100))
  expect(await write(4, update({ _id: 100 }))).toMatchObject({ n: 1, nModified: 0, upserted: [{ index: 0, _id: 100 }] })
  expect(await stored()).toEqual([{ _id: 100 }])
  expect(await write(5, update({ _id: 100 }))).toMatchObject({ n: 1, nModified: 1 })
  expect(await write(5, { delete: 'c', deletes: [{ q: { _id: 100 }, limit: 1 }] })).toMatchObject({ n: 1 })
  expect(await stored()).toEqual([{ _id: 100, n: 1 }])
})

test('what failed in a batch runs again when the batch is repeated', async () => {
  await write(1, insert(2))
  expect(await write(2, { ...insert(1, 2, 3), ordered: false })).toMatchObject({ n: 2, writeErrors: [{ index: 1, code: 11000 }] })
  await db.collection<{ _id: number }>('c').deleteMany({ _id: { $in: [1, 2] } })
  expect(await write(2, { ...insert(1, 2, 3), ordered: false })).not.toHaveProperty('writeErrors')
  expect(await stored()).toEqual([{ _id: 2 }, { _id: 3 }])
})

test('an update, an upsert and a delete are told again what they did, and do it once', async () => {
  await write(1, insert(1))
  const upsert = update({ _id: 7 }, { upsert: true })
  const remove = { delete: 'c', deletes: [{ q: { _id: 1 }, limit: 1 }] }
  for (const [txnNumber, command, reply] of [[2, update({ _id: 1 }), { n: 1, nModified: 1 }], [3, upsert, { n: 1, nModified: 0, upserted: [{ index: 0, _id: 7 }] }], [4, remove, { n: 1 }]] as const) {
    expect(await write(txnNumber, command)).toMatchObject(reply)
    expect(await write(txnNumber, command)).toMatchObject(reply)
  }
  expect(await stored()).toEqual([{ _id: 7, n: 1 }])
})

test('a stmtId says which statement of the write a command begins with', async () => {
  await write(1, { ...insert(1, 2), stmtId: 5 })
  expect(await write(1, { ...insert(8, 9), stmtId: 6 })).toMatchObject({ n: 2 })
  expect(await stored()).toEqual([{ _id: 1 }, { _id: 2 }, { _id: 9 }])
})

test('findAndModify answers again what it found, and refuses to be the retry of another write', async () => {
  const modify = (more: Document): Document => ({ findAndModify: 'c', query: { _id: 1 }, ...more })
  await write(1, insert(1, 2))
  for (const [txnNumber, more] of [[2, { update: { $inc: { n: 1 } } }], [3, { update: { $inc: { n: 1 } }, new: true, fields: { n: 1 } }], [4, { remove: true }], [5, { update: { n: 9 }, upsert: true, new: true }]] as const) {
    const first = await write(txnNumber, modify(more))
    const again = await write(txnNumber, modify(more))
    expect([again['lastErrorObject'], again['value']]).toEqual([first['lastErrorObject'], first['value']])
  }
  expect(await stored()).toEqual([{ _id: 1, n: 9 }, { _id: 2 }])

  await write(6, { delete: 'c', deletes: [{ q: { _id: 2 }, limit: 1 }] })
  await expect(write(6, modify({ update: { $inc: { n: 1 } } }))).rejects.toMatchObject({ code: 40606 })
  await expect(write(6, modify({ remove: true }))).rejects.toMatchObject({ code: 40607 })
  await expect(write(6, update({ _id: 1 }))).rejects.toMatchObject({ code: 40638 })
  await write(7, insert(3))
  await expect(write(7, modify({ remove: true }))).rejects.toMatchObject({ code: 40608 })
  await write(8, update({ _id: 3 }))
  await expect(write(8, modify({ update: { n: 0 } }))).rejects.toMatchObject({ code: 40612 })
  await expect(write(8, modify({ update: { n: 0 }, new: true }))).rejects.toMatchObject({ code: 40611 })
  expect(await stored()).toEqual([{ _id: 1, n: 9 }, { _id: 3, n: 1 }])
})

test('a session that ended has done nothing', async () => {
  await write(1, insert(1))
  await db.command({ endSessions: [session.id] })
  expect(await write(1, insert(2))).toMatchObject({ n: 1 })
  expect(await stored()).toEqual([{ _id: 1 }, { _id: 2 }])
})
