import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Cluster, joinCluster } from '@ddp-cluster/instance-status'
import type { MongoClient } from 'mongodb'
import { type Driver, drivers } from '../pool/drivers.js'
import { type MongoProcess, startMongoProcess } from '../pool/mongo-process.js'
import { PoolWatch } from '../pool/pool-watch.js'
import { linked, until } from './fleet.js'

let mongo: MongoProcess
const clients: MongoClient[] = []
const clusters: Cluster[] = []

beforeEach(async () => {
  mongo = await startMongoProcess()
})
afterEach(async () => {
  await Promise.all(clusters.splice(0).map((cluster) => cluster.close()))
  await Promise.all(clients.splice(0).map((client) => client.close(true)))
  await mongo[Symbol.asyncDispose]()
})

function open(driver: Driver, options: object = {}): MongoClient {
  const client = new drivers[driver](mongo.uri, { monitorCommands: true, ...options })
  clients.push(client)
  return client
}

async function join(client: MongoClient, options: object = {}): Promise<Cluster> {
  const cluster = await joinCluster({ db: client.db('unanswering'), name: 'test', listen: { host: '127.0.0.1' }, ...options })
  clusters.push(cluster)
  return cluster
}

describe.each(Object.keys(drivers) as Driver[])('joinCluster() with %s', (driver) => {
  it('rejects within a heartbeat or five seconds when MongoDB is stopped and there is no secret', async () => {
    const client = open(driver)
    await client.connect()
    mongo.stop()
    const from = performance.now()
    await expect(join(client, { heartbeatIntervalMs: 500, expireAfterMs: 5000 })).rejects.toMatchObject({ code: 'registry-unreachable' })
    expect(performance.now() - from).toBeLessThan(15_000)
    mongo.continue()
  })

  it('polls on a pool of one connection, which stays free for the application', async () => {
    const client = open(driver, { maxPoolSize: 1 })
    const told: string[] = []
    const warned: unknown[] = []
    const logger = { debug: () => undefined, info: () => undefined, warn: (fields: object, message: string) => warned.push([message, fields]), error: () => undefined }
    const options = { heartbeatIntervalMs: 1000, expireAfterMs: 3000, logger }
    const first = await join(client, options)
    first.on('registryLost', () => told.push('registryLost'))
    const things = client.db('unanswering').collection('things')
    const durations: number[] = []
    for (let count = 0; count < 100; count += 1) {
      const from = performance.now()
      await things.findOne()
      durations.push(performance.now() - from)
    }
    // A change stream would hold the connection for a heartbeat each time.
    expect(durations.sort((a, b) => a - b)[50]).toBeLessThan(500)
    await linked([first, await join(open(driver), options)], 10_000)
    expect(told).toEqual([])
    expect(warned).toEqual([['the connection pool is too small for a change stream; the registry is polled', { maxPoolSize: 1, leastPoolSize: 4, pollMs: 1000 }]])
  })
})

it.each(Object.keys(drivers) as Driver[])('close() gives every connection back while MongoDB is stopped, with %s', async (driver) => {
  const client = open(driver)
  const pool = new PoolWatch(client)
  const cluster = await join(client, { closeTimeoutMs: 1000 })
  await until(() => pool.ours === 1, 5000, () => pool.ours)
  mongo.stop()
  await cluster.close()
  await until(() => pool.ours === 0, 2000, () => pool.ours)
  mongo.continue()
})

it.each(Object.keys(drivers) as Driver[])('close() gives every connection back while MongoDB does not answer the reopening of the change stream, with %s', async (driver) => {
  const client = open(driver)
  const pool = new PoolWatch(client)
  const cluster = await join(client, { heartbeatIntervalMs: 30_000, closeTimeoutMs: 1000 })
  await until(() => pool.ours === 1, 5000, () => pool.ours)
  const reopening = new Promise<void>((resolve) => client.on('commandStarted', ({ command }) => JSON.stringify(command).includes('$changeStream') && resolve()))
  const admin = open('driver 7')
  await admin.db('admin').command({ configureFailPoint: 'failCommand', mode: 'alwaysOn', data: { failCommands: ['aggregate'], blockConnection: true, blockTimeMS: 600_000 } })
  await admin.db('unanswering').dropCollection('instances')
  await reopening
  await cluster.close()
  await until(() => pool.ours === 0, 2000, () => pool.ours)
})

it('hears of a newcomer by a change stream on a pool of four connections', async () => {
  const client = open('driver 7', { maxPoolSize: 4 })
  const watched = new Promise<void>((resolve) => client.on('commandStarted', ({ command }) => JSON.stringify(command).includes('$changeStream') && resolve()))
  const first = await join(client)
  await watched
  const second = await join(open('driver 7'))
  await until(() => first.members().some(({ id, status }) => id === second.id && status === 'alive'), 5000)
})
