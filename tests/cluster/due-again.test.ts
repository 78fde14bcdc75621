import { afterEach, beforeEach, expect, it } from 'vitest'
import { randomId } from '@ddp-cluster/ddp-common'
import { type EmbeddedMongo, startEmbeddedMongo } from '@ddp-cluster/embedded-mongo'
import { joinCluster } from '@ddp-cluster/instance-status'
import { MongoClient } from 'mongodb'
import { until } from './fleet.js'

let mongo: EmbeddedMongo
beforeEach(async () => {
  mongo = await startEmbeddedMongo()
})
afterEach(() => mongo.close())

const pass = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

it('does not read the registry again and again after an outage in which a record with a shorter expiry went', async () => {
  await using client = await new MongoClient(mongo.uri, { appName: 'application', monitorCommands: true }).connect()
  await using tester = await new MongoClient(mongo.uri, { appName: 'tester' }).connect()
  await using cluster = await joinCluster({ db: client.db('due'), name: 'test', listen: { host: '127.0.0.1' }, heartbeatIntervalMs: 200, expireAfterMs: 20_000 })
  const told: string[] = []
  for (const event of ['registryLost', 'registryRestored'] as const) cluster.on(event, () => told.push(event))
  const instances = tester.db('due').collection<{ _id: string }>('instances')
  const ghost = { ...(await instances.findOne()), _id: randomId(), _createdAt: new Date(), _updatedAt: new Date(), cluster: { protocol: 1, expireAfterMs: 1500, url: 'ws://127.0.0.1:9/websocket' } }
  await instances.insertOne(ghost)
  await until(() => cluster.members().length === 1, 2000)
  await tester.db('admin').command({ configureFailPoint: 'failCommand', mode: 'alwaysOn', data: { appName: 'application', failCommands: ['findAndModify', 'aggregate', 'getMore'], errorCode: 10_107 } })
  await until(() => told.includes('registryLost'), 5000)
  await instances.deleteOne({ _id: ghost._id })
  await tester.db('admin').command({ configureFailPoint: 'failCommand', mode: 'off' })
  await until(() => told.includes('registryRestored'), 10_000)
  await pass(2000)
  let reads = 0
  client.on('commandStarted', ({ commandName }) => (reads += commandName === 'aggregate' ? 1 : 0))
  await pass(2000)
  expect(reads).toBeLessThanOrEqual(20)
})
