// What the embedded MongoDB bears: four client processes at once, a thousand open change streams, expiry, and memory over time.
import { setTimeout as sleep } from 'node:timers/promises'
import { MongoClient } from 'mongodb'
import { buildEmbeddedMongo, operations, startProcess } from './mongo/process.js'
import type { Timestamp } from 'mongodb'
import type { Load, ServerProcess } from './mongo/process.js'
import type { BenchOptions, BenchReport } from './report.js'

const streams = 1000
const expiring = 100_000

/** The same clients against a server that answers at once and always the same: as fast as the drivers themselves can be here. */
const driverAlone = async (load: Load): Promise<{ perSecond: number, serverMicros: number }> => {
  await using constant = await startProcess('constant.mjs')
  return await operations(constant, load)
}

/** Every stream hears of one write: how long until the last one has. */
const changeStreams = async ({ uri }: ServerProcess): Promise<{ heardMs: number, oneMs: number }> => {
  const client = await new MongoClient(uri, { maxPoolSize: streams + 10 }).connect()
  const items = client.db('bench').collection<{ n: number }>('watched')
  await items.insertOne({ n: 0 })
  const startAtOperationTime = (await client.db('bench').command({ ping: 1 }))['operationTime'] as Timestamp
  const open = Array.from({ length: streams }, () => items.watch([{ $match: { 'fullDocument.n': { $gt: 0 } } }], { startAtOperationTime }))
  let heard = 0
  let first = 0
  let written = 0
  const all = Promise.all(open.map(async (stream) => {
    await stream.next()
    if (heard++ === 0) first = performance.now() - written
  }))
  await sleep(3000)
  written = performance.now()
  await items.insertOne({ n: 1 })
  await all
  const heardMs = performance.now() - written
  await Promise.all(open.map((stream) => stream.close()))
  await client.close()
  return { heardMs, oneMs: first }
}

/** A hundred thousand documents that expire at once, when the server's clock is moved on. */
const expiry = async (server: ServerProcess): Promise<{ removed: number, expireMs: number }> => {
  const client = await new MongoClient(server.uri).connect()
  const items = client.db('bench').collection<{ at: Date }>('expiring')
  await items.createIndex({ at: 1 }, { expireAfterSeconds: 60 })
  for (let done = 0; done < expiring; done += 10_000) await items.insertMany(Array.from({ length: 10_000 }, () => ({ at: new Date() })))
  const { removed = 0, expireMs = 0 } = await server.ask('expire', 3_600_000)
  await client.close()
  return { removed, expireMs }
}

/** Megabytes of the server's heap and of the process, each the lowest of its sixth of the time, while documents are written and deleted. */
const memory = async (server: ServerProcess, ms: number): Promise<{ heapMb: number[], rssMb: number[] }> => {
  const client = await new MongoClient(server.uri).connect()
  const items = client.db('bench').collection<{ _id: number, text: string }>('memory')
  const began = performance.now()
  const parts = Math.max(6, Math.round(ms / 60_000))
  const lowest = Array.from({ length: parts }, () => ({ heap: Infinity, rss: Infinity }))
  for (let round = 0; performance.now() - began < ms; round++) {
    await items.insertMany(Array.from({ length: 1000 }, (_, at) => ({ _id: round * 1000 + at, text: 'x'.repeat(100) })))
    await items.deleteMany({})
    const part = lowest[Math.min(parts - 1, Math.floor((performance.now() - began) / ms * parts))]
    if (!part || round % 10 !== 0) continue
    const { heapMb, rssMb } = await server.ask('usage')
    part.heap = Math.min(part.heap, heapMb)
    part.rss = Math.min(part.rss, rssMb)
  }
  await client.close()
  return { heapMb: lowest.map(({ heap }) => heap), rssMb: lowest.map(({ rss }) => rss) }
}

const list = (values: readonly number[]): string => values.map((value) => value.toFixed(0)).join(' ')

export const run = async ({ quick }: BenchOptions): Promise<BenchReport> => {
  const load: Load = { clients: 4, inFlight: 16, ms: quick ? 3000 : 15_000 }
  const memoryMs = quick ? 5_000 : 120_000
  buildEmbeddedMongo()
  const driver = await driverAlone(load)
  await using server = await startProcess('server.mjs')
  const { startMs = NaN } = await server.ask('started')
  const { perSecond, serverMicros } = await operations(server, load)
  const { heardMs, oneMs } = await changeStreams(server)
  const { removed, expireMs } = await expiry(server)
  const { heapMb, rssMb } = await memory(server, memoryMs)
  // The log keeps the last hundred thousand changes: until it is full it grows, and after that it must not.
  const grownMb = Math.max(...heapMb.slice(-2)) - Math.min(...heapMb.slice(0, 2))
  const share = perSecond / driver.perSecond
  return {
    rows: [
      { what: 'start, ms', value: startMs.toFixed(1) },
      { what: `operations a second: ${load.clients} client processes, ${load.inFlight} at a time each; find, update, insert, findAndModify in turn`, value: Math.round(perSecond) },
      { what: 'the same clients against a server that answers a constant', value: Math.round(driver.perSecond) },
      { what: 'of what the drivers alone reach', value: `${Math.round(share * 100)} %` },
      { what: 'processor time of the server for an operation, µs (the constant one)', value: `${serverMicros.toFixed(0)} (${driver.serverMicros.toFixed(0)})` },
      { what: `first of ${streams} change streams heard of a write after, ms`, value: oneMs.toFixed(1) },
      { what: `all ${streams} change streams heard of a write after, ms`, value: heardMs.toFixed(1) },
      { what: 'expired documents removed at once, and how long it took, ms', value: `${removed} in ${expireMs.toFixed(0)}` },
      { what: `heap through ${memoryMs / 1000} s of writing and deleting, MB`, value: list(heapMb) },
      { what: 'resident memory through the same time, MB', value: list(rssMb) },
    ],
    targets: [
      { name: 'start, ms', target: 'at most 100', value: startMs, met: startMs <= 100 },
      { name: 'operations a second from 4 client processes', target: 'at least 10000', value: perSecond, met: perSecond >= 10_000, why: 'four clients and the server share the cores: see what the same clients reach against a server that answers a constant' },
      { name: 'share of what the drivers reach against a constant', target: 'at least 0.8', value: share, met: share >= 0.8, why: 'a command is parsed, matched and written, a constant is not' },
      { name: 'processor time for an operation, µs', target: 'at most 45', value: serverMicros, met: serverMicros <= 45, why: 'processor time grows when other work has the caches' },
      { name: 'expired documents removed', target: `all ${expiring}`, value: removed, met: removed === expiring },
      { name: 'heap grown, MB', target: 'at most 64', value: grownMb, met: grownMb <= 64 },
    ],
  }
}
