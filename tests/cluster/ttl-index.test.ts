import { afterEach, beforeEach, expect, it } from 'vitest'
import type { Logger } from '@ddp-cluster/ddp-common'
import { Fleet, linked, until } from './fleet.js'

let fleet: Fleet
beforeEach(async () => {
  fleet = await Fleet.open()
})
afterEach(() => fleet.close())

const index = async (): Promise<{ name?: string; expireAfterSeconds?: number } | undefined> =>
  (await fleet.db.collection('instances').indexes()).find(({ key, expireAfterSeconds }) => key['_updatedAt'] === 1 && expireAfterSeconds !== undefined)

it('many that raise the index at once, each to its own expiry, leave it at the longest', async () => {
  for (let round = 0; round < 5; round += 1) {
    await fleet.db.collection('instances').drop()
    await fleet.db.collection('instances').createIndex({ _updatedAt: 1 }, { expireAfterSeconds: 30 })
    const clusters = await Promise.all([60_000, 90_000, 75_000, 45_000].map((expireAfterMs) => fleet.join({ expireAfterMs })))
    expect((await index())?.expireAfterSeconds).toBe(90)
    await Promise.all(clusters.map((cluster) => cluster.close()))
  }
})

it('another index that has its name does not take its place', async () => {
  await fleet.db.collection('instances').createIndex({ pid: 1 }, { name: '_updatedAt_1' })
  await fleet.join()
  expect(await index()).toMatchObject({ name: 'ddp_cluster_expiry', expireAfterSeconds: 60 })
  await fleet.join({ expireAfterMs: 90_000 })
  expect(await index()).toMatchObject({ name: 'ddp_cluster_expiry', expireAfterSeconds: 90 })
})

it.skipIf(process.env['MONGO_URL'])('who may not make or raise it joins all the same, and the records of the dead are removed by the living', async () => {
  const admin = fleet.db.admin()
  await admin.command({ configureFailPoint: 'failCommand', mode: 'alwaysOn', data: { failCommands: ['createIndexes', 'collMod'], errorCode: 13 } })
  const warned: unknown[] = []
  const logger = { debug: () => undefined, info: () => undefined, warn: (_: object, message: string) => warned.push(message), error: () => undefined }
  const options = { heartbeatIntervalMs: 200, expireAfterMs: 600, logger }
  await linked(await Promise.all([fleet.join(options), fleet.join(options)]))
  expect(warned.filter((message) => String(message).startsWith('MongoDB refuses to make or to raise'))).toHaveLength(2)
  const instances = fleet.db.collection<{ _id: string }>('instances')
  const ghost = { ...(await instances.findOne()), _id: 'g'.repeat(17), _createdAt: new Date(0), _updatedAt: new Date(0) }
  await instances.insertOne(ghost)
  await until(async () => (await instances.countDocuments({ _id: ghost._id })) === 0, 5000)
  await admin.command({ configureFailPoint: 'failCommand', mode: 'off' })
})

const warnings = (): { readonly warned: unknown[]; readonly logger: Logger } => {
  const warned: unknown[] = []
  return { warned, logger: { debug: () => undefined, info: () => undefined, warn: (fields: object, message: string) => warned.push([message, fields]), error: () => undefined } }
}

it('an index that expires only some records is not taken for one that expires all: one warning says so', async () => {
  const instances = fleet.db.collection<{ _id: string }>('instances')
  await instances.createIndex({ _updatedAt: 1 }, { expireAfterSeconds: 3600, partialFilterExpression: { old: true } })
  const { warned, logger } = warnings()
  const cluster = await fleet.join({ logger, heartbeatIntervalMs: 200, expireAfterMs: 1000 })
  // Where MongoDB allows an index beside it, there is nothing to warn of.
  const complete = (await instances.indexes()).some((index) => index['key']['_updatedAt'] === 1 && index['partialFilterExpression'] === undefined)
  const expected = complete ? [] : [['the index on _updatedAt is partial and does not expire every record; peers remove those of the dead', { index: '_updatedAt_1' }]]
  expect(warned).toEqual(expected)
  await instances.deleteMany({})
  await until(async () => (await instances.countDocuments({ _id: cluster.id })) === 1, 5000)
  expect(warned).toEqual(expected)
})

it('a capped collection, from which nothing can be removed, is told of in one warning', async () => {
  for (const name of ['instances', 'instances_departures']) await fleet.db.createCollection(name, { capped: true, size: 1_000_000 })
  const { warned, logger } = warnings()
  await fleet.join({ logger })
  expect(warned).toEqual([['these collections are capped and lose documents that are needed; drop them, and they are made anew', { collections: ['instances', 'instances_departures'] }]])
})
