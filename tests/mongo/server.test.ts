import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { startEmbeddedMongo } from '@ddp-cluster/embedded-mongo'
import { BSON, MongoClient, MongoServerError, UUID } from 'mongodb'
import { afterEach, describe, expect, test } from 'vitest'
import type { EmbeddedMongo, EmbeddedMongoOptions } from '@ddp-cluster/embedded-mongo'
import type { Socket } from 'node:net'
import type { ChangeStreamDocument, MongoClientOptions, Timestamp } from 'mongodb'

const open: (() => Promise<unknown>)[] = []

afterEach(async () => {
  for (const close of open.splice(0).toReversed()) await close()
})

const start = async (options: EmbeddedMongoOptions = {}): Promise<EmbeddedMongo> => {
  const server = await startEmbeddedMongo(options)
  open.push(() => server.close())
  return server
}

const dial = async (uri: string, options: MongoClientOptions = {}): Promise<MongoClient> => {
  const client = await new MongoClient(uri, options).connect()
  open.push(() => client.close())
  return client
}

/** The server's time, from which a stream sees what is written after it. */
const timeOf = async (client: MongoClient): Promise<Timestamp> => (await client.db('t').command({ ping: 1 }))['operationTime'] as Timestamp

interface Item { _id: number, n?: number, at?: Date, k?: string }

const refusal = async (promise: Promise<unknown>): Promise<MongoServerError> => {
  const error: unknown = await promise.then(() => undefined, (cause: unknown) => cause)
  if (!(error instanceof MongoServerError)) throw new Error('the server did not refuse', { cause: error })
  return error
}

describe('the server', () => {
  test('listens on a free port, is found as a replica set, and frees the port when it is closed', async () => {
    const server = await startEmbeddedMongo()
    const client = await dial(server.uri)
    expect(server.uri).toBe(`mongodb://127.0.0.1:${server.port}/?replicaSet=rs0`)
    expect(await client.db('admin').command({ hello: 1 })).toMatchObject({ setName: 'rs0', isWritablePrimary: true, ok: 1 })
    await server.close()
    await server.close()
    await server.closed
    await using again = await startEmbeddedMongo({ port: server.port })
    expect(again.port).toBe(server.port)
  })

  test('goes on with the data of a server that was stopped, on the same port', async () => {
    const first = await startEmbeddedMongo()
    const client = await dial(first.uri, { serverSelectionTimeoutMS: 5000 })
    const items = client.db('t').collection<Item>('items')
    await items.insertOne({ _id: 1 })
    await first.close()
    await start({ port: first.port, store: first.store })
    expect(await items.find().toArray()).toEqual([{ _id: 1 }])
    await items.insertOne({ _id: 2 })
    expect(await items.countDocuments()).toBe(2)
  })

  test('a taken port and bad options are refused', async () => {
    const server = await start()
    await expect(startEmbeddedMongo({ port: server.port })).rejects.toMatchObject({ code: 'EADDRINUSE' })
    await expect(startEmbeddedMongo({ port: 70_000 })).rejects.toThrow(RangeError)
    for (const ttlIntervalMs of [0, Number.NaN, Infinity, 2 ** 31, '90']) await expect(startEmbeddedMongo({ ttlIntervalMs: ttlIntervalMs as number })).rejects.toThrow(/^ttlIntervalMs must be/)
  })

  test('its clock is the one that it was given: $$NOW and TTL follow', async () => {
    let now = Date.UTC(2026, 0, 1)
    const server = await start({ clock: { now: () => now } })
    const items = (await dial(server.uri)).db('t').collection<Item>('items')
    await items.createIndex({ at: 1 }, { expireAfterSeconds: 60 })
    await items.updateOne({ _id: 1 }, [{ $set: { at: '$$NOW' } }], { upsert: true })
    expect((await items.findOne({ _id: 1 }))?.at).toEqual(new Date(now))
    now += 59_999
    expect(server.expireNow()).toBe(0)
    now += 1
    expect(server.expireNow()).toBe(1)
    expect(await items.countDocuments()).toBe(0)
  })

  test('a hundred thousand documents expire in injected time', async () => {
    let now = Date.UTC(2026, 0, 1)
    const server = await start({ clock: { now: () => now } })
    const items = (await dial(server.uri)).db('t').collection<Item>('items')
    await items.createIndex({ at: 1 }, { expireAfterSeconds: 10 })
    const docs = Array.from({ length: 100_000 }, (_, at): Item => ({ _id: at, at: new Date(now + (at % 2) * 60_000) }))
    await items.insertMany(docs)
    now += 10_000
    expect(server.expireNow()).toBe(50_000)
    now += 60_000
    expect(server.expireNow()).toBe(50_000)
    expect(await items.estimatedDocumentCount()).toBe(0)
  })

  test('a standalone has no change streams and no transaction numbers', async () => {
    const server = await start({ replicaSet: false })
    const db = (await dial(server.uri)).db('t')
    const hello = await db.admin().command({ hello: 1 })
    expect(hello['setName']).toBeUndefined()
    expect(await refusal(db.command({ aggregate: 'c', pipeline: [{ $changeStream: {} }], cursor: {} }))).toMatchObject({ code: 40573, codeName: 'Location40573' })
    expect(await refusal(db.command({ insert: 'c', documents: [{ a: 1 }], lsid: { id: new UUID() }, txnNumber: BSON.Long.fromNumber(1) }))).toMatchObject({ code: 20 })
    expect(await refusal(db.admin().command({ replSetGetStatus: 1 }))).toMatchObject({ code: 76 })
    await db.collection('c').insertOne({ a: 1 })
    expect(await db.collection('c').countDocuments()).toBe(1)
  })

  test('a transaction is refused', async () => {
    const client = await dial((await start()).uri)
    await client.withSession(async (session) => {
      session.startTransaction()
      expect(await refusal(client.db('t').collection('c').insertOne({ a: 1 }, { session }))).toMatchObject({ code: 263 })
    })
  })

  test('counts what it ran', async () => {
    const client = await dial((await start()).uri)
    const before = (await client.db('admin').command({ serverStatus: 1 }))['opcounters'] as Record<string, number>
    await client.db('t').collection('c').insertMany([{ a: 1 }, { a: 2 }])
    await client.db('t').collection('c').find().toArray()
    const after = (await client.db('admin').command({ serverStatus: 1 }))['opcounters'] as Record<string, number>
    expect(Number(after['insert']) - Number(before['insert'])).toBe(2)
    expect(Number(after['query']) - Number(before['query'])).toBe(1)
  })

  test('a document over 16 MiB is refused, and the connection stays', async () => {
    const items = (await dial((await start()).uri)).db('t').collection<{ _id: number, text?: string }>('items')
    await items.insertOne({ _id: 1, text: 'x'.repeat(9 * 1024 * 1024) })
    const grown = items.updateOne({ _id: 1 }, [{ $set: { text: { $concat: ['$text', '$text'] } } }])
    expect(await refusal(grown)).toMatchObject({ code: 10_334 })
    expect(await items.countDocuments()).toBe(1)
  })
})

describe('change streams', () => {
  const events = async (server: EmbeddedMongo, count: number, write: (client: MongoClient) => Promise<unknown>, pipeline: object[] = []): Promise<ChangeStreamDocument<Item>[]> => {
    const client = await dial(server.uri)
    const stream = client.db('t').collection<Item>('items').watch<Item, ChangeStreamDocument<Item>>(pipeline, { startAtOperationTime: await timeOf(client) })
    open.push(() => stream.close())
    const seen: ChangeStreamDocument<Item>[] = []
    const done = new Promise<void>((resolve) => stream.on('change', (event) => {
      seen.push(event)
      if (seen.length === count) resolve()
    }))
    await write(client)
    await done
    return seen
  }

  test('tell what happened, in order', async () => {
    const seen = await events(await start(), 4, async (client) => {
      const items = client.db('t').collection<Item>('items')
      await items.insertOne({ _id: 1, n: 1 })
      await items.updateOne({ _id: 1 }, { $inc: { n: 1 } })
      await items.replaceOne({ _id: 1 }, { k: 'v' })
      await items.deleteOne({ _id: 1 })
    })
    expect(seen.map((event) => event.operationType)).toEqual(['insert', 'update', 'replace', 'delete'])
    expect(seen[1]).toMatchObject({ documentKey: { _id: 1 }, updateDescription: { updatedFields: { n: 2 }, removedFields: [] } })
  })

  test('go on after the server was stopped and started with its data, without losing an event', async () => {
    const first = await startEmbeddedMongo()
    const client = await dial(first.uri)
    const items = client.db('t').collection<Item>('items')
    const stream = items.watch([], { startAtOperationTime: await timeOf(client) })
    open.push(() => stream.close())
    const seen: unknown[] = []
    let heard = (): void => undefined
    stream.on('change', (event) => {
      if (event.operationType === 'insert') seen.push(event.documentKey._id)
      heard()
    })
    const event = (): Promise<void> => new Promise((resolve) => (heard = resolve))
    const one = event()
    await items.insertOne({ _id: 1 })
    await one
    await first.close()
    const two = event()
    const second = await start({ port: first.port, store: first.store })
    const other = await dial(second.uri)
    await other.db('t').collection<Item>('items').insertOne({ _id: 2 })
    await two
    expect(seen).toEqual([1, 2])
  })

  test('begin at an operation time, and tell when the history is lost', async () => {
    const server = await start()
    const client = await dial(server.uri)
    const items = client.db('t').collection<Item>('items')
    const before = await timeOf(client)
    await items.insertOne({ _id: 1 })
    const stream = items.watch([], { startAtOperationTime: before })
    open.push(() => stream.close())
    expect(await stream.next()).toMatchObject({ operationType: 'insert', documentKey: { _id: 1 } })
  })

  test('of everything see every database', async () => {
    const client = await dial((await start()).uri)
    const stream = client.watch([], { startAtOperationTime: await timeOf(client) })
    open.push(() => stream.close())
    await client.db('a').collection<Item>('x').insertOne({ _id: 1 })
    expect(await stream.next()).toMatchObject({ ns: { db: 'a', coll: 'x' } })
  })
})

describe('fail points', () => {
  test('block, close and label as the tests of the drivers expect', async () => {
    const client = await dial((await start()).uri, { retryWrites: true, appName: 'me' })
    const admin = client.db('admin')
    const items = client.db('t').collection<Item>('items')
    await admin.command({ configureFailPoint: 'failCommand', mode: { times: 1 }, data: { failCommands: ['insert'], closeConnection: true } })
    await items.insertOne({ _id: 1 })
    await admin.command({ configureFailPoint: 'failCommand', mode: { times: 1 }, data: { failCommands: ['insert'], errorCode: 91, errorLabels: ['RetryableWriteError'] } })
    await items.insertOne({ _id: 2 })
    expect(await items.countDocuments()).toBe(2)
    await admin.command({ configureFailPoint: 'failCommand', mode: { times: 1 }, data: { failCommands: ['find'], blockConnection: true, blockTimeMS: 60 } })
    const began = performance.now()
    await items.findOne({ _id: 1 })
    expect(performance.now() - began).toBeGreaterThan(55)
    await admin.command({ configureFailPoint: 'failCommand', mode: 'alwaysOn', data: { failCommands: ['find'], errorCode: 2, appName: 'other' } })
    expect(await items.findOne({ _id: 1 })).toEqual({ _id: 1 })
    await admin.command({ configureFailPoint: 'failCommand', mode: 'off' })
  })
})

describe('several processes', () => {
  test('work on one server at once', async () => {
    const server = await start()
    const script = `import { MongoClient } from 'mongodb'
      const client = await new MongoClient(process.argv[1]).connect()
      for (let i = 0; i < 50; i++) await client.db('t').collection('c').updateOne({ _id: 'n' }, { $inc: { n: 1 } }, { upsert: true })
      await client.close()`
    const run = (): Promise<unknown> => promisify(execFile)(process.execPath, ['--input-type=module', '-e', script, server.uri], { cwd: fileURLToPath(new URL('..', import.meta.url)) })
    await Promise.all([run(), run(), run()])
    expect(await (await dial(server.uri)).db('t').collection('c').findOne()).toEqual({ _id: 'n', n: 150 })
  })
})

const int32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32LE(value)
  return bytes
}

/** Sends the sections of an OP_MSG and returns the bytes of the answer. */
const ask = async (socket: Socket, sections: Buffer): Promise<Buffer> => {
  socket.write(Buffer.concat([int32(20 + sections.length), int32(1), int32(0), int32(2013), int32(0), sections]))
  return (await once(socket, 'data') as [Buffer])[0]
}

describe('hostile documents', () => {
  test('field names that mean something to JavaScript are only names', async () => {
    const server = await start()
    const socket = connect(server.port, '127.0.0.1')
    open.push(async () => socket.destroy())
    // The driver itself cannot write a field called _bsontype, so the bytes are made by hand.
    const document = BSON.serialize({ _id: 1, xxproto__: { polluted: 1 }, constructor: 2, xbsontype: 'ObjectId' })
    const hostile = Buffer.from(Buffer.from(document).toString('latin1').replace('xxproto__', '__proto__').replace('xbsontype', '_bsontype'), 'latin1')
    const sequence = Buffer.concat([Buffer.from([1]), int32(4 + 10 + hostile.length), Buffer.from('documents\0'), hostile])
    const reply = await ask(socket, Buffer.concat([Buffer.from([0]), BSON.serialize({ insert: 'c', $db: 't' }), sequence]))
    expect(reply.toString('latin1')).not.toContain('errmsg')
    const found = await ask(socket, Buffer.concat([Buffer.from([0]), BSON.serialize({ find: 'c', $db: 't' })]))
    expect(found.includes(hostile)).toBe(true)
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
  })

  test('bytes that are no message close that connection only', async () => {
    const server = await start()
    const client = await dial(server.uri)
    const socket = connect(server.port, '127.0.0.1')
    socket.on('error', () => undefined)
    socket.write(Buffer.from('GET / HTTP/1.1\r\nhost: x\r\n\r\n'))
    await once(socket, 'close')
    expect(await client.db('t').command({ ping: 1 })).toMatchObject({ ok: 1 })
  })
})
