import { inspect } from 'node:util'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Cluster, joinCluster } from '@ddp-cluster/instance-status'
import { Fleet, linked, until } from './fleet.js'

const options = { heartbeatIntervalMs: 200, expireAfterMs: 1000 }

let fleet: Fleet
let old: Cluster[]
beforeEach(async () => {
  fleet = await Fleet.open()
  old = await Promise.all([fleet.join(options), fleet.join(options)])
  await linked(old)
})
afterEach(() => fleet.close())

interface Setting {
  _id: string
  secret: string
}

const settings = (): ReturnType<typeof fleet.db.collection<Setting>> => fleet.db.collection<Setting>('instances_settings')
const stored = async (): Promise<string | undefined> => (await settings().findOne({ _id: 'secret:test' }))?.secret

describe('the secret of a cluster', () => {
  it('is written back by those who live when its document is deleted, and a newcomer is linked', async () => {
    const before = await stored()
    await settings().deleteMany({})
    await until(async () => (await stored()) !== undefined, 5000)
    expect(await stored()).toBe(before)
    await linked([...old, await fleet.join(options)])
  })

  it('is written back when the whole database is dropped, and a newcomer is linked', async () => {
    const before = await stored()
    await fleet.db.dropDatabase()
    await until(async () => (await stored()) !== undefined, 5000)
    expect(await stored()).toBe(before)
    await linked([...old, await fleet.join(options)], 10_000)
  })

  it('is accepted beside the old one when a newcomer made another, and all are linked', async () => {
    const before = await stored()
    // A newcomer is faster than those who live: it makes a secret of its own.
    await settings().deleteMany({})
    const newcomer = await fleet.join(options)
    await linked([...old, newcomer], 15_000)
    // The first writer wins; nobody writes over it.
    const after = await stored()
    await settings().updateOne({ _id: 'secret:test' }, { $set: { secret: `${before?.slice(4)}abcd` } })
    const second = await fleet.join(options)
    await linked([...old, newcomer, second], 15_000)
    expect(await stored()).not.toBe(after)
  }, 60_000)

  it('heals within seconds of a newcomer with another one, however long the check for it takes', async () => {
    const slow = { heartbeatIntervalMs: 20_000, expireAfterMs: 120_000, name: 'slow' }
    const patient = [await fleet.join(slow), await fleet.join(slow)]
    await linked(patient)
    await settings().updateOne({ _id: 'secret:slow' }, { $set: { secret: 'of a newcomer that was faster than all' } })
    await linked([...patient, await fleet.join(slow)], 15_000)
  })

  it('is not written by those who were given one', async () => {
    await fleet.join({ ...options, name: 'given', secret: 's'.repeat(32) })
    expect(await settings().countDocuments({ _id: 'secret:given' })).toBe(0)
  })
})

/** Shape of a secret, or of a signature. */
const base64 = /[A-Za-z0-9+/]{20,}=/

describe('joinCluster() without a secret', () => {
  const refusal = async (): Promise<unknown> => joinCluster({ db: fleet.db, name: 'refused', listen: { host: '127.0.0.1' } }).then((cluster) => fleet.track(cluster), (error: unknown) => error)
  const fail = (data?: object): Promise<unknown> => fleet.db.admin().command({ configureFailPoint: 'failCommand', mode: data ? 'alwaysOn' : 'off', ...(data && { data }) })

  it('says that the secret could not be written when MongoDB refuses that, and never repeats it', async () => {
    await fleet.db.command({ collMod: 'instances_settings', validator: { $jsonSchema: { properties: { secret: { bsonType: 'string', maxLength: 3 } } } } })
    const error = await refusal()
    await fleet.db.command({ collMod: 'instances_settings', validator: {} })
    expect(error).toMatchObject({ code: 'registry-unreachable', message: expect.stringContaining('The secret of the cluster could not be written to instances_settings') as string })
    expect(inspect(error, { depth: 20, maxStringLength: null })).not.toMatch(base64)
  })

  it.skipIf(process.env['MONGO_URL'])('never repeats a secret that was written and not replicated in time', async () => {
    await fail({ failCommands: ['findAndModify'], writeConcernError: { code: 64, errmsg: 'waiting for replication timed out' } })
    const error = await refusal()
    await fail()
    expect(error).toMatchObject({ code: 'registry-unreachable' })
    expect(inspect(error, { depth: 20, maxStringLength: null })).not.toMatch(base64)
  })

  it.skipIf(process.env['MONGO_URL'])('says that the secret could not be read when MongoDB refuses that', async () => {
    await fail({ failCommands: ['find'], errorCode: 13 })
    const error = await refusal()
    await fail()
    expect(error).toMatchObject({ code: 'registry-unreachable', message: expect.stringContaining('The secret of the cluster could not be read from instances_settings') as string, cause: { code: 13 } })
  })

  it('reads a secret that is there without the right to write one', async () => {
    await fleet.join({ ...options, name: 'refused' })
    await fail({ failCommands: ['findAndModify'], errorCode: 13 })
    const error = await refusal()
    await fail()
    // The record is refused, which comes after the secret.
    expect(error).toMatchObject({ code: 'registry-unreachable', message: expect.not.stringContaining('secret') as string })
    expect(inspect(error, { depth: 20, maxStringLength: null })).not.toMatch(base64)
  })
})
