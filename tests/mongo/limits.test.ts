import { once } from 'node:events'
import { connect } from 'node:net'
import { startEmbeddedMongo } from '@ddp-cluster/embedded-mongo'
import { Long, MongoClient } from 'mongodb'
import { afterEach, expect, test } from 'vitest'
import type { EmbeddedMongo, EmbeddedMongoOptions } from '@ddp-cluster/embedded-mongo'
import type { Collection, Document } from 'mongodb'

const maxDocument = 16 * 2 ** 20
const open: AsyncDisposable[] = []

afterEach(async () => {
  for (const one of open.splice(0).toReversed()) await one[Symbol.asyncDispose]()
})

const start = async (options: EmbeddedMongoOptions = {}): Promise<{ server: EmbeddedMongo, items: Collection<{ _id: number }>, command: (command: Document) => Promise<Document> }> => {
  const server = await startEmbeddedMongo(options)
  const client = await new MongoClient(server.uri).connect()
  open.push(server, client)
  const db = client.db('limits')
  return { server, items: db.collection('items'), command: (command) => db.command(command) }
}

/** A document of exactly so many bytes. */
const ofSize = (_id: number, bytes: number): { _id: number, text: string } => ({ _id, text: 'x'.repeat(bytes - 25) })

test('a document has at most 16 MiB, when it is inserted as when it is updated', async () => {
  const { items, command } = await start()
  await items.insertOne(ofSize(1, maxDocument))
  expect(await command({ insert: 'items', documents: [ofSize(2, maxDocument + 1)] }))
    .toMatchObject({ n: 0, writeErrors: [{ code: 2, errmsg: `object to insert too large. size in bytes: ${maxDocument + 1}, max size: ${maxDocument}` }] })
  await items.insertOne(ofSize(3, maxDocument - 10))
  await expect(items.updateOne({ _id: 3 }, { $set: { more: 'xxxxxxxxxx' } })).rejects.toMatchObject({ code: 17419 })
  expect(await items.countDocuments()).toBe(2)
}, 30_000)

test('a batch has at most 16 MiB, however many documents are asked for', async () => {
  const { items, command } = await start()
  for (let _id = 1; _id <= 5; _id++) await items.insertOne(ofSize(_id, 5 * 2 ** 20))
  const { cursor } = await command({ find: 'items', batchSize: 5 }) as { cursor: { firstBatch: unknown[], id: Long } }
  expect(cursor.firstBatch).toHaveLength(3)
  const next = await command({ getMore: Long.fromValue(cursor.id), collection: 'items' }) as { cursor: { nextBatch: unknown[] } }
  expect(next.cursor.nextBatch).toHaveLength(2)
}, 30_000)

test('a message that says it is longer than 48 MB ends its connection, and no other', async () => {
  const { server, items } = await start()
  const socket = connect(server.port, server.host)
  await once(socket, 'connect')
  const head = Buffer.alloc(16)
  head.writeInt32LE(48_000_001, 0)
  head.writeInt32LE(2013, 12)
  const closed = once(socket, 'close')
  socket.on('error', () => socket.destroy())
  socket.write(head)
  socket.resume()
  await closed
  await items.insertOne({ _id: 1 })
})

test('a cursor that nobody asks for ten minutes is closed, one without a timeout is not', async () => {
  let now = Date.now()
  const { server, items, command } = await start({ clock: { now: () => now } })
  await items.insertMany([{ _id: 1 }, { _id: 2 }, { _id: 3 }])
  const cursorOf = async (options: Document): Promise<Long> => Long.fromValue((await command({ find: 'items', batchSize: 1, ...options }) as { cursor: { id: Long } }).cursor.id)
  const [idle, used, eternal] = [await cursorOf({}), await cursorOf({}), await cursorOf({ noCursorTimeout: true })]
  now += 400_000
  await command({ getMore: used, collection: 'items', batchSize: 1 })
  now += 400_000
  server.expireNow()
  await expect(command({ getMore: idle, collection: 'items' })).rejects.toMatchObject({ code: 43 })
  expect(await command({ getMore: used, collection: 'items' })).toMatchObject({ ok: 1 })
  expect(await command({ getMore: eternal, collection: 'items' })).toMatchObject({ ok: 1 })
  expect(await command({ serverStatus: 1 })).toMatchObject({ metrics: { cursor: { timedOut: 1 } } })
})
