import { monitorEventLoopDelay } from 'node:perf_hooks'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { randomId } from '@ddp-cluster/ddp-common'
import { type Cluster, joinCluster } from '@ddp-cluster/instance-status'
import { MongoClient } from 'mongodb'
import { type MongoProcess, startMongoProcess } from '../pool/mongo-process.js'
import { linked, until } from './fleet.js'

const options = { name: 'test', listen: { host: '127.0.0.1' }, heartbeatIntervalMs: 1000, expireAfterMs: 10_000 }

let mongo: MongoProcess
let client: MongoClient
let warned: { readonly message: string; readonly fields: object }[]
const clusters: Cluster[] = []

beforeEach(async () => {
  warned = []
  mongo = await startMongoProcess()
  client = await new MongoClient(mongo.uri).connect()
})
afterEach(async () => {
  await Promise.all(clusters.splice(0).map((cluster) => cluster.close()))
  await client.close()
  await mongo[Symbol.asyncDispose]()
})

const instances = (): ReturnType<typeof collection> => collection(client)
const collection = (of: MongoClient) => of.db('flood').collection<{ _id: string }>('instances')
const warn = (fields: object, message: string): void => void warned.push({ message, fields })

async function join(more: object = {}): Promise<Cluster> {
  const logger = { debug: () => undefined, info: () => undefined, warn, error: () => undefined }
  const cluster = await joinCluster({ db: client.db('flood'), ...options, logger, ...more })
  clusters.push(cluster)
  return cluster
}

/** Inserts copies of a record that is there; nobody listens at their address. */
async function insert(count: number, updatedAt: () => Date): Promise<void> {
  const pattern = (await instances().findOne()) ?? { _id: '' }
  for (let left = count; left > 0; left -= 1000) {
    const cluster = { protocol: 1, expireAfterMs: 10_000, url: 'ws://127.0.0.1:9/websocket' }
    await instances().insertMany(Array.from({ length: Math.min(1000, left) }, () => ({ ...pattern, _id: randomId(), _createdAt: updatedAt(), _updatedAt: updatedAt(), cluster })))
  }
}

const beyond = 'the registry has more records than maxMembers; those that were renewed longest ago are ignored'

describe('a flood of records', () => {
  it('of stale ones neither blocks the event loop nor has anybody dial them', async () => {
    const [first, second] = [await join(), await join()]
    await linked([first, second])
    const told: string[] = []
    for (const event of ['memberSuspected', 'memberLeft'] as const) first.on(event, ({ id }) => told.push(`${event} ${id}`))
    const delay = monitorEventLoopDelay({ resolution: 10 })
    delay.enable()
    await insert(20_000, () => new Date(0))
    const third = await join()
    await linked([first, second, third], 15_000)
    // The living remove what is left of the dead, a thousand at a time.
    await until(async () => (await instances().countDocuments()) < 20_000, 30_000)
    delay.disable()
    process.stdout.write(`20,000 stale records: the event loop stood still for at most ${Math.round(delay.max / 1e6)} ms\n`)
    expect(delay.max / 1e6).toBeLessThan(3000)
    expect(told).toEqual([])
  }, 120_000)

  it('of fresh ones is taken up to maxMembers, with one warning', async () => {
    const first = await join({ maxMembers: 50 })
    const second = await join()
    await linked([first, second])
    await insert(500, () => new Date())
    await until(() => warned.length > 0, 10_000)
    await first.records({ maxAgeMs: 0 })
    // With these the registry stays below the 1,000 that the second instance takes, which would warn as well.
    await insert(300, () => new Date())
    await first.records({ maxAgeMs: 0 })
    expect(first.members().length).toBeLessThanOrEqual(50)
    expect(first.members().find(({ id }) => id === second.id)?.status).toBe('alive')
    expect(warned.filter(({ message }) => message === beyond)).toEqual([{ message: beyond, fields: { maxMembers: 50 } }])
  }, 60_000)
})
