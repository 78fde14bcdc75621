import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type EmbeddedMongo, type EmbeddedMongoOptions, startEmbeddedMongo } from '@ddp-cluster/embedded-mongo'
import { randomId } from '@ddp-cluster/ddp-common'
import { type Cluster, joinCluster } from '@ddp-cluster/instance-status'
import { type Db, MongoClient } from 'mongodb'
import { linked, until } from './fleet.js'

const heartbeatIntervalMs = 100
const expireAfterMs = 600

let mongo: EmbeddedMongo
const clients: MongoClient[] = []
const servers: Server[] = []
const clusters: Cluster[] = []
let told: string[]

/** As processes do, each instance has a client of its own. */
async function join(): Promise<Cluster> {
  const client = await new MongoClient(mongo.uri, { monitorCommands: true }).connect()
  const server = createServer().listen(0, '127.0.0.1')
  clients.push(client)
  servers.push(server)
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const cluster = await joinCluster({ db: client.db('outage'), name: 'test', server, address: { host: 'localhost', port }, heartbeatIntervalMs, expireAfterMs })
  for (const event of ['memberSuspected', 'memberRecovered', 'memberLeft', 'registryLost', 'registryRestored'] as const) cluster.on(event, () => told.push(event))
  clusters.push(cluster)
  return cluster
}

async function start(options: EmbeddedMongoOptions = {}): Promise<void> {
  mongo = await startEmbeddedMongo({ ttlIntervalMs: 50, ...options })
  await Promise.all([join(), join(), join()])
  await linked(clusters)
}

beforeEach(() => {
  told = []
})
afterEach(async () => {
  await Promise.all(clusters.splice(0).map((cluster) => cluster.close()))
  for (const server of servers.splice(0)) {
    server.close()
    server.closeAllConnections()
  }
  await Promise.all(clients.splice(0).map((client) => client.close()))
  await mongo.close()
})

const mongo0 = (): Db => (clients[0] as MongoClient).db('outage')

const created = async (): Promise<[string, number][]> => {
  const records = await Promise.all(clusters.map((cluster) => cluster.records({ maxAgeMs: 0 })))
  return records.flatMap((list) => list.map((record): [string, number] => [record._id, record._createdAt.getTime()]))
}

/** Nothing to wait for: time in which nothing must happen. */
const pass = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

describe('a registry that is away', () => {
  it('for three times the expiry costs nobody a link or its first registration', async () => {
    await start()
    const before = await created()
    const { port, store } = mongo
    await mongo.close()
    await until(() => told.filter((event) => event === 'registryLost').length === 3, 5000, () => told)
    await pass(3 * expireAfterMs)
    await linked(clusters)
    // By now MongoDB would have expired all records: it comes back without them.
    mongo = await startEmbeddedMongo({ port, store, ttlIntervalMs: 50 })
    mongo.expireNow()
    await until(() => told.filter((event) => event === 'registryRestored').length === 3, 15_000, () => told)
    await until(async () => (await created()).length === 9, 5000)
    expect(new Map(await created())).toEqual(new Map(before))
    await pass(2 * expireAfterMs)
    await linked(clusters)
    expect(told.sort()).toEqual(['registryLost', 'registryLost', 'registryLost', 'registryRestored', 'registryRestored', 'registryRestored'])
  }, 40_000)

  it('and hangs instead of closing, for three expiries, changes nothing either', async () => {
    await start()
    const before = await created()
    const admin = clients[0]?.db('admin')
    await admin?.command({
      configureFailPoint: 'failCommand', mode: 'alwaysOn',
      data: { failCommands: ['findAndModify', 'aggregate', 'getMore', 'find'], blockConnection: true, blockTimeMS: 3000 },
    })
    await until(() => told.filter((event) => event === 'registryLost').length === 3, 5000, () => told)
    await pass(3 * expireAfterMs)
    mongo.expireNow()
    await admin?.command({ configureFailPoint: 'failCommand', mode: 'off' })
    await until(() => told.filter((event) => event === 'registryRestored').length === 3, 15_000, () => told)
    await until(async () => (await created()).length === 9, 5000)
    expect(new Map(await created())).toEqual(new Map(before))
    await pass(2 * expireAfterMs)
    await linked(clusters)
    expect(told.sort()).toEqual(['registryLost', 'registryLost', 'registryLost', 'registryRestored', 'registryRestored', 'registryRestored'])
  }, 40_000)

  it('for writes alone, as when its disk is full, is away once, not as often as it can be read', async () => {
    await start()
    const admin = clients[0]?.db('admin')
    await admin?.command({ configureFailPoint: 'failCommand', mode: 'alwaysOn', data: { failCommands: ['findAndModify'], errorCode: 14_031 } })
    await until(() => told.filter((event) => event === 'registryLost').length === 3, 5000, () => told)
    await pass(2 * expireAfterMs)
    expect(told).toEqual(['registryLost', 'registryLost', 'registryLost'])
    await admin?.command({ configureFailPoint: 'failCommand', mode: 'off' })
    await until(() => told.filter((event) => event === 'registryRestored').length === 3, 5000, () => told)
    await linked(clusters)
    expect(told).toHaveLength(6)
  })

  it('when an instance leaves sees it go, and its record is no ghost when MongoDB is back', async () => {
    await start()
    const [first, second, leaving] = clusters as [Cluster, Cluster, Cluster]
    const admin = clients[0]?.db('admin')
    const commands = ['findAndModify', 'aggregate', 'delete', 'update', 'getMore', 'find']
    await admin?.command({ configureFailPoint: 'failCommand', mode: 'alwaysOn', data: { failCommands: commands, errorCode: 10_107 } })
    await until(() => told.filter((event) => event === 'registryLost').length === 3, 5000, () => told)
    await leaving.close()
    await until(() => told.filter((event) => event === 'memberLeft').length === 2, 2000, () => told)
    await admin?.command({ configureFailPoint: 'failCommand', mode: 'off' })
    const instances = mongo0().collection<{ _id: string }>('instances')
    const seen: string[] = []
    await until(async () => {
      for (const one of [first, second]) seen.push(...one.members().map(({ id }) => id))
      return (await instances.countDocuments({ _id: leaving.id })) === 0
    }, 5000)
    expect(seen).not.toContain(leaving.id)
    expect(told.filter((event) => event === 'memberSuspected')).toEqual([])
  })
})

describe('a primary that steps down', () => {
  // NotWritablePrimary, PrimarySteppedDown, InterruptedDueToReplStateChange, and a shutdown that closes the connection.
  it.each([{ errorCode: 10107 }, { errorCode: 189 }, { errorCode: 11602 }, { errorCode: 91, closeConnection: true }])('for three expiries, with %o, costs nobody anything', async (failure) => {
    await start()
    const before = await created()
    // What closes connections reaches whoever shares them: the tester has its own.
    const tester = await new MongoClient(mongo.uri).connect()
    clients.push(tester)
    const admin = tester.db('admin')
    await admin.command({ configureFailPoint: 'failCommand', mode: 'alwaysOn', data: { failCommands: ['findAndModify', 'aggregate', 'getMore', 'find', 'update'], ...failure } })
    await until(() => told.filter((event) => event === 'registryLost').length === 3, 5000, () => told)
    await pass(3 * expireAfterMs)
    mongo.expireNow()
    await admin.command({ configureFailPoint: 'failCommand', mode: 'off' })
    await until(() => told.filter((event) => event === 'registryRestored').length === 3, 5000, () => told)
    await until(async () => (await created()).length === 9, 5000)
    expect(new Map(await created())).toEqual(new Map(before))
    await pass(2 * expireAfterMs)
    await linked(clusters)
    expect(told.sort()).toEqual(['registryLost', 'registryLost', 'registryLost', 'registryRestored', 'registryRestored', 'registryRestored'])
  }, 40_000)

  it('for a moment is not even told: the driver asks again', async () => {
    await start()
    await clients[0]?.db('admin').command({ configureFailPoint: 'failCommand', mode: { times: 1 }, data: { failCommands: ['findAndModify'], errorCode: 10107, errorLabels: ['RetryableWriteError'] } })
    await pass(expireAfterMs)
    expect(told).toEqual([])
  })
})

describe('a change stream', () => {
  it('that is invalidated, with the collection and its index, is opened again; everyone registers anew with the first time', async () => {
    await start()
    const before = await created()
    const instances = mongo0().collection('instances')
    await instances.drop()
    await until(async () => (await instances.countDocuments()) === 3, 5000)
    expect(new Map(await created())).toEqual(new Map(before))
    expect((await instances.indexes()).map(({ key, expireAfterSeconds }) => ({ key, expireAfterSeconds }))).toContainEqual({ key: { _updatedAt: 1 }, expireAfterSeconds: 1 })
    await linked(clusters)
    expect(told).toEqual([])
    await join()
    await linked(clusters)
  })

  it('that cannot be resumed is opened again, and what it missed is read', async () => {
    await start()
    // Everybody's stream is lost, and while there is none an instance comes.
    await mongo0().admin().command({ configureFailPoint: 'failCommand', mode: { times: 3 }, data: { failCommands: ['getMore'], errorCode: 286, errorLabels: [] } })
    const instances = mongo0().collection('instances')
    await until(async () => (await mongo0().admin().command({ serverStatus: 1 }))['ok'] === 1, 1000)
    const record = await instances.findOne()
    const missed = randomId()
    await instances.insertOne({ ...record, _id: missed, _createdAt: new Date(), _updatedAt: new Date(), cluster: { protocol: 1, expireAfterMs: 60_000, url: 'ws://127.0.0.1:9/websocket' } } as never)
    await until(() => clusters.every((cluster) => cluster.members().some(({ id }) => id === missed)), 5000)
    await instances.deleteOne({ _id: missed } as never)
    await until(() => clusters.every((cluster) => !cluster.members().some(({ id }) => id === missed)), 5000)
    await join()
    await linked(clusters)
    expect(told.filter((event) => event !== 'memberSuspected')).toEqual([])
    const [, second, , last] = clusters as [Cluster, Cluster, Cluster, Cluster]
    await last.close()
    await until(() => second.members().length === 2, 1000)
  })
})

describe('a replica set that refuses change streams', () => {
  it('is polled, a read a heartbeat or a second, and said once to be so', async () => {
    await start()
    await mongo0().admin().command({ configureFailPoint: 'failCommand', mode: 'alwaysOn', data: { failCommands: ['getMore'], errorCode: 13 } })
    let reads = 0
    for (const client of clients) client.on('commandStarted', ({ commandName }) => (reads += commandName === 'aggregate' ? 1 : 0))
    await pass(4000)
    // For each of three instances and each second: opening the stream, and a read; beside that the usual one each half expiry.
    const usual = (3 * 4000) / (expireAfterMs / 2)
    expect(reads).toBeLessThanOrEqual(3 * 4 * 2 + usual + 6)
    await join()
    await linked(clusters)
    expect(told).toEqual([])
  })
})

describe('a standalone server', () => {
  it('is polled: instances find each other, and lose each other', async () => {
    await start({ replicaSet: false })
    const [first, second, third] = clusters as [Cluster, Cluster, Cluster]
    await third.close()
    await until(() => first.members().length === 1 && second.members().length === 1, 1000)
    expect(told.filter((event) => event !== 'memberLeft')).toEqual([])
  })
})

describe('a collection with more in it', () => {
  it('is read past what is none of ours', async () => {
    mongo = await startEmbeddedMongo()
    const client = await new MongoClient(mongo.uri).connect()
    clients.push(client)
    const instances = client.db('outage').collection('instances')
    await instances.insertMany([
      { name: 'test' },
      { name: 'test', _createdAt: new Date(), _updatedAt: new Date(Date.UTC(2257, 0)), extraInformation: null, pid: 'x' },
      { name: 'test', _id: 'theirs', _createdAt: new Date(), _updatedAt: new Date(), extraInformation: { host: 'undefined', port: '1' }, pid: 1 } as never,
      { name: 'test', _id: 'odd', _createdAt: new Date(), _updatedAt: new Date(), extraInformation: { host: 'h', port: '1' }, pid: 1, cluster: { protocol: 1, expireAfterMs: 1, url: 'javascript:1' } } as never,
    ])
    await instances.createIndex({ pid: 1 }, { name: '_updatedAt_1' })
    await Promise.all([join(), join()])
    await linked(clusters)
    await instances.insertOne({ name: 'test', cluster: { url: 7 } })
    await linked(clusters)
    expect(told).toEqual([])
  })

  it('a record dated in the year 2257 is one like any other: it has to move', async () => {
    mongo = await startEmbeddedMongo({ ttlIntervalMs: 50 })
    const client = await new MongoClient(mongo.uri).connect()
    clients.push(client)
    const instances = client.db('outage').collection<{ _id: string; _updatedAt: Date }>('instances')
    await Promise.all([join(), join()])
    await linked(clusters)
    const { _id, ...record } = (await instances.findOne()) as { _id: string; _updatedAt: Date }
    const ghost = randomId()
    const url = 'ws://127.0.0.1:9/websocket'
    await instances.insertOne({ ...record, _id: ghost, _updatedAt: new Date(Date.UTC(2257, 0)), cluster: { protocol: 1, expireAfterMs, url } } as never)
    await until(() => clusters.every((cluster) => cluster.members().some(({ id }) => id === ghost)), 2000)
    await until(() => clusters.every((cluster) => !cluster.members().some(({ id }) => id === ghost)), 5000)
    expect(await instances.countDocuments({ _id: ghost })).toBe(0)
    await linked(clusters)
    expect(told.filter((event) => event !== 'memberSuspected')).toEqual([])
    expect(_id).not.toBe(ghost)
  })

  it('has its time to live raised where it is shorter, never lowered', async () => {
    mongo = await startEmbeddedMongo()
    const client = await new MongoClient(mongo.uri).connect()
    clients.push(client)
    const instances = client.db('outage').collection('instances')
    const seconds = async (): Promise<unknown> => ((await instances.indexes()).find((index) => index['key']['_updatedAt'] === 1) as { expireAfterSeconds?: number }).expireAfterSeconds
    await instances.createIndex({ _updatedAt: 1 }, { name: 'other', expireAfterSeconds: 0 })
    await join()
    expect(await seconds()).toBe(1)
    await client.db('outage').command({ collMod: 'instances', index: { name: 'other', expireAfterSeconds: 90 } })
    await join()
    expect(await seconds()).toBe(90)
  })
})

describe('the cost at rest', () => {
  it('is one write a heartbeat an instance, two reads a half expiry, and no word to any peer', async () => {
    await start()
    await pass(2 * heartbeatIntervalMs)
    const sent: Record<string, number> = {}
    for (const client of clients) client.on('commandStarted', ({ commandName }) => (sent[commandName] = (sent[commandName] ?? 0) + 1))
    const periods = 6
    await pass(periods * (expireAfterMs / 2))
    const beats = (periods * (expireAfterMs / 2) * clusters.length) / heartbeatIntervalMs
    process.stdout.write(`${clusters.length} instances, ${beats} heartbeats due: ${JSON.stringify(sent)}\n`)
    const { findAndModify = 0, aggregate = 0, getMore = 0, find = 0, ...others } = sent
    expect(others).toEqual({})
    expect(findAndModify).toBeGreaterThanOrEqual(beats * 0.8)
    expect(findAndModify).toBeLessThanOrEqual(beats * 1.1)
    // The records, and the secret.
    expect(aggregate).toBeLessThanOrEqual(clusters.length * (periods + 1))
    expect(find).toBeLessThanOrEqual(clusters.length * (periods + 1))
    // Each stream waits for a heartbeat's time at most; a heartbeat that reached it would have it ask again each time.
    expect(getMore).toBeLessThanOrEqual(beats * 1.2)
  })
})
