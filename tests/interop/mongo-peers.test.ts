import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { startEmbeddedMongo } from '@ddp-cluster/embedded-mongo'
import { MongoClient } from 'mongodb'
import { MongoClient as MongoClient6 } from 'mongodb-6'
import mongoose from 'mongoose'
import { io } from 'socket.io-client'
import { afterEach, expect, test } from 'vitest'
import type { ChildProcess } from 'node:child_process'

// Other projects' own code, unmodified, over the embedded MongoDB.
const open: (() => Promise<unknown>)[] = []

afterEach(async () => {
  for (const close of open.splice(0).toReversed()) await close()
})

const start = async (): Promise<string> => {
  const server = await startEmbeddedMongo()
  open.push(() => server.close())
  return server.uri
}

const script = (name: string, uri: string): ChildProcess => {
  const child = fork(fileURLToPath(new URL(name, import.meta.url)), [uri], { execArgv: [] })
  open.push(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return
    const exit = once(child, 'exit')
    child.kill('SIGKILL')
    await exit
  })
  return child
}

const heard = async (child: ChildProcess): Promise<unknown> => (await once(child, 'message') as [unknown])[0]

interface Item { _id: number, n: number }

test.each([['the newest driver', MongoClient], ['the driver 6', MongoClient6 as unknown as typeof MongoClient]])('%s: CRUD, indexes, cursors and a change stream', async (_name, Client) => {
  const client = await new Client(await start()).connect()
  open.push(() => client.close())
  const items = client.db('t').collection<Item>('items')
  await items.createIndex({ n: 1 }, { unique: true })
  const stream = items.watch([], { startAtOperationTime: (await client.db('t').command({ ping: 1 }))['operationTime'] as never })
  open.push(() => stream.close())
  await items.insertMany(Array.from({ length: 250 }, (_, n) => ({ _id: n, n })))
  await expect(items.insertOne({ _id: 999, n: 5 })).rejects.toMatchObject({ code: 11_000 })
  expect((await items.find({ n: { $gte: 10 } }).batchSize(20).sort({ n: -1 }).toArray()).map(({ n }) => n)).toEqual(Array.from({ length: 240 }, (_, at) => 249 - at))
  expect(await items.findOneAndUpdate({ _id: 1 }, { $inc: { n: 1000 } }, { returnDocument: 'after' })).toMatchObject({ n: 1001 })
  const [total] = await items.aggregate<{ total: number }>([{ $match: { _id: { $lt: 3 } } }, { $group: { _id: null, total: { $sum: '$n' } } }]).toArray()
  expect(total?.total).toBe(1003)
  const result = await items.bulkWrite([{ insertOne: { document: { _id: 500, n: -1 } } }, { deleteMany: { filter: { n: { $lt: 5 } } } }, { replaceOne: { filter: { _id: 6 }, replacement: { n: 2000 } } }])
  expect(result).toMatchObject({ insertedCount: 1, deletedCount: 5, modifiedCount: 1 })
  expect(await stream.next()).toMatchObject({ operationType: 'insert', documentKey: { _id: 0 } })
  expect((await items.indexes()).map(({ name }) => name)).toEqual(['_id_', 'n_1'])
  expect(await items.distinct('n', { _id: { $in: [6, 7] } })).toEqual([2000, 7])
})

test('the newest mongoose: models, indexes, population and a change stream', async () => {
  const connection = await mongoose.createConnection(await start(), { dbName: 'm' }).asPromise()
  open.push(() => connection.close())
  const Author = connection.model('Author', new mongoose.Schema({ name: { type: String, unique: true }, born: Date }, { timestamps: true }))
  const Book = connection.model('Book', new mongoose.Schema({ title: String, tags: [String], author: { type: mongoose.Schema.Types.ObjectId, ref: 'Author' } }))
  await Author.init()
  const stream = Book.watch()
  open.push(() => stream.close())
  const first = once(stream, 'change')
  // The stream is opened in the background: nothing is written before the server knows it.
  await once(stream, 'ready')
  const ada = await Author.create({ name: 'Ada', born: new Date(0) })
  await expect(Author.create({ name: 'Ada' })).rejects.toMatchObject({ code: 11_000 })
  await Book.create({ title: 'Notes', tags: ['a'], author: ada._id })
  expect((await first)[0]).toMatchObject({ operationType: 'insert', fullDocument: { title: 'Notes' } })
  await Book.updateOne({ title: 'Notes' }, { $addToSet: { tags: 'b' }, $set: { title: 'Notes 2' } })
  const book = await Book.findOne({ tags: 'b' }).populate<{ author: { name: string } }>('author')
  expect([book?.title, book?.author.name]).toEqual(['Notes 2', 'Ada'])
  book?.set('tags', ['c'])
  await book?.save()
  expect((await Book.find({ tags: { $size: 1 } }).lean())).toHaveLength(1)
  expect(await Book.countDocuments()).toBe(1)
  await Author.deleteMany({})
  expect(await Author.exists({ name: 'Ada' })).toBeNull()
})

test('@socket.io/mongo-adapter: what one server emits reaches the clients of the other', async () => {
  const uri = await start()
  const servers = [script('mongo-socket-io.mjs', uri), script('mongo-socket-io.mjs', uri)] as const
  const ports = await Promise.all(servers.map(heard)) as { port: number }[]
  const sockets = ports.map(({ port }) => io(`http://127.0.0.1:${port}`, { transports: ['websocket'] }))
  for (const socket of sockets) open.push(async () => socket.disconnect())
  await Promise.all(sockets.map((socket) => new Promise<void>((resolve) => socket.on('connect', () => resolve()))))
  // The two servers find each other by a heartbeat: until then the count is of one.
  for (let count = 0; count < 2;) {
    const answer = heard(servers[0])
    servers[0].send('count')
    count = (await answer as { sockets: number }).sockets
  }
  const news = sockets.map((socket) => new Promise<number>((resolve) => socket.on('news', resolve)))
  servers[0].send('emit')
  expect(await Promise.all(news)).toEqual([servers[0].pid, servers[0].pid])
})

test('connect-mongo: a session is kept, found, touched and destroyed', async () => {
  expect(await heard(script('mongo-sessions.mjs', await start()))).toEqual({ user: 'ada', length: 2, gone: true, left: 1 })
})

test('agenda: two processes run each job once between them', async () => {
  const uri = (await start()).replace('/?', '/agenda?')
  const workers = [script('mongo-agenda.mjs', uri), script('mongo-agenda.mjs', uri)] as const
  await Promise.all(workers.map(heard))
  const ran: number[] = []
  const all = new Promise<void>((resolve) => {
    for (const worker of workers) worker.on('message', ({ ran: n }: { ran: number }) => {
      if (ran.push(n) === 20) resolve()
    })
  })
  workers[0].send({ schedule: 20 })
  await all
  expect(ran.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, n) => n))
})
