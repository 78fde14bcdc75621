// What the embedded MongoDB bears: four client processes at once, a thousand open change streams, and memory over time.
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { setTimeout as sleep } from 'node:timers/promises'
import { startEmbeddedMongo } from '@ddp-cluster/embedded-mongo'
import { MongoClient } from 'mongodb'
import { startConstantServer } from './mongo-constant.js'
import type { EmbeddedMongo } from '@ddp-cluster/embedded-mongo'
import type { Timestamp } from 'mongodb'
import type { BenchOptions, BenchReport } from './report.js'

const clientProcesses = 4
const inFlight = 16
const documents = 100
const streams = 1000

/** As a client process: the same four operations in turn until told to stop; resolves to how many were done. */
const runClient = async (uri: string, id: number, ms: number): Promise<number> => {
  const client = await new MongoClient(uri, { maxPoolSize: inFlight }).connect()
  const items = client.db('bench').collection<{ _id: string, n?: number }>('items')
  for (let at = 0; at < documents; at++) await items.insertOne({ _id: `${id}-${at}`, n: 0 })
  process.send?.('ready')
  await once(process, 'message')
  const until = performance.now() + ms
  let done = 0
  const work = async (worker: number): Promise<void> => {
    for (let turn = 0; performance.now() < until; turn++) {
      const _id = `${id}-${(worker * 7 + turn) % documents}`
      if (turn % 4 === 0) await items.updateOne({ _id }, { $inc: { n: 1 } })
      else if (turn % 4 === 1) await items.findOneAndUpdate({ _id }, [{ $set: { at: '$$NOW' } }])
      else await items.findOne({ _id })
      done++
    }
  }
  await Promise.all(Array.from({ length: inFlight }, (_, worker) => work(worker)))
  await client.close()
  return done
}

const operations = async (uri: string, ms: number): Promise<{ perSecond: number, serverMicros: number }> => {
  const children = Array.from({ length: clientProcesses }, (_, id) => fork(fileURLToPath(import.meta.url), [uri, String(id), String(ms)]))
  await Promise.all(children.map((child) => once(child, 'message')))
  const results = children.map((child) => once(child, 'message') as Promise<[number]>)
  const before = process.cpuUsage()
  for (const child of children) child.send('go')
  const counts = await Promise.all(results)
  const { user, system } = process.cpuUsage(before)
  const done = counts.reduce((sum, [count]) => sum + count, 0)
  return { perSecond: done / (ms / 1000), serverMicros: (user + system) / done }
}

/** The same clients against a server that answers at once and always the same: as fast as the drivers themselves can be here. */
const driverAlone = async (ms: number): Promise<{ perSecond: number, serverMicros: number }> => {
  await using constant = await startConstantServer()
  return await operations(constant.uri, ms)
}

/** Every stream hears of one write: how long until the last one has. */
const changeStreams = async (server: EmbeddedMongo): Promise<{ heardMs: number, oneMs: number }> => {
  const client = await new MongoClient(server.uri, { maxPoolSize: streams + 10 }).connect()
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

/** Megabytes of the heap after each of several rounds of writing and deleting: what grows there is a leak. */
const memory = async (server: EmbeddedMongo, ms: number): Promise<number> => {
  const client = await new MongoClient(server.uri).connect()
  const items = client.db('bench').collection<{ _id: number, text: string }>('memory')
  const until = performance.now() + ms
  const samples: number[] = []
  for (let round = 0; performance.now() < until; round++) {
    await items.insertMany(Array.from({ length: 1000 }, (_, at) => ({ _id: round * 1000 + at, text: 'x'.repeat(100) })))
    await items.deleteMany({})
    if (round % 10 === 0) samples.push(process.memoryUsage().heapUsed / 2 ** 20)
  }
  await client.close()
  const half = Math.floor(samples.length / 2)
  const lowest = (values: readonly number[]): number => Math.min(...values)
  return lowest(samples.slice(half)) - lowest(samples.slice(0, half))
}

export const run = async ({ quick }: BenchOptions): Promise<BenchReport> => {
  const ms = quick ? 3000 : 15_000
  const driver = await driverAlone(ms)
  const began = performance.now()
  await using server = await startEmbeddedMongo()
  const startMs = performance.now() - began
  const { perSecond, serverMicros } = await operations(server.uri, ms)
  const { heardMs, oneMs } = await changeStreams(server)
  const grownMb = await memory(server, quick ? 10_000 : 600_000)
  return {
    rows: [
      { what: 'start, ms', value: startMs.toFixed(1) },
      { what: `operations a second, ${clientProcesses} client processes (half finds, half updates)`, value: Math.round(perSecond) },
      { what: 'the same clients against a server that answers a constant', value: Math.round(driver.perSecond) },
      { what: 'of what the drivers alone reach', value: `${Math.round(perSecond / driver.perSecond * 100)} %` },
      { what: 'processor time of the server for an operation, µs (the constant one)', value: `${serverMicros.toFixed(0)} (${driver.serverMicros.toFixed(0)})` },
      { what: `first of ${streams} change streams heard of a write after, ms`, value: oneMs.toFixed(1) },
      { what: `all ${streams} change streams heard of a write after, ms`, value: heardMs.toFixed(1) },
      { what: `heap grown over ${quick ? '10 s' : '10 min'} of writing and deleting, MB`, value: grownMb.toFixed(1) },
    ],
    targets: [
      { name: 'start', target: 'at most 100 ms', value: startMs, met: startMs <= 100 },
      { name: 'operations a second from 4 client processes', target: 'at least 10000', value: perSecond, met: perSecond >= 10_000 },
      // The log keeps the last hundred thousand changes: until it is full it grows, and after that it must not.
      { name: 'heap grown, MB', target: 'at most 64', value: grownMb, met: grownMb <= 64 },
    ],
  }
}

const [uri, id, ms] = process.argv.slice(2)
if (process.send && uri?.startsWith('mongodb:')) {
  process.send(await runClient(uri, Number(id), Number(ms)))
  process.disconnect()
}
