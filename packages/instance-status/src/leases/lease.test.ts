import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { silentLogger } from '@ddp-cluster/ddp-common'
import { ManualClock } from '@ddp-cluster/ddp-common/internal'
import { type EmbeddedMongo, startEmbeddedMongo } from '@ddp-cluster/embedded-mongo'
import { type Db, MongoClient } from 'mongodb'
import { openHandles } from '../registry/handles.js'
import type { Lease } from './lease.js'
import { Leases } from './leases.js'

const ttlMs = 3000

/** One instance: a clock of its own, which a test can set, and what its leases said. */
interface Contender {
  readonly clock: ManualClock
  readonly leases: Leases
  readonly told: string[]
  lease: Lease
}

let mongo: EmbeddedMongo
let client: MongoClient
let db: Db
/** The database's clock, and how far a test set it off. */
let databaseOffsetMs: number
let time: ManualClock
let contenders: Contender[]
let asked: string[]
let inFlight: number

beforeEach(async () => {
  databaseOffsetMs = 0
  time = new ManualClock()
  contenders = []
  asked = []
  inFlight = 0
  mongo = await startEmbeddedMongo({ clock: { now: () => time.wallNow() + databaseOffsetMs } })
  client = await new MongoClient(mongo.uri, { monitorCommands: true }).connect()
  db = client.db('leases')
  client.on('commandStarted', ({ commandName }) => {
    asked.push(commandName)
    inFlight += 1
  })
  client.on('commandSucceeded', () => (inFlight -= 1))
  client.on('commandFailed', () => (inFlight -= 1))
})
afterEach(async () => {
  await Promise.all(contenders.map(({ leases }) => leases.close(1000)))
  await client.close()
  await mongo.close()
})

function contender(name = 'job', clusterName = 'test'): Contender {
  const clock = new ManualClock()
  const leases = new Leases({ handles: openHandles(db, 'instances'), clusterName, selfId: `instance${contenders.length}`, clock, random: () => 0.5, logger: silentLogger })
  const made: Contender = { clock, leases, told: [], lease: open(leases, name) }
  follow(made)
  contenders.push(made)
  return made
}

const open = (leases: Leases, name: string): Lease => leases.open(name, ttlMs)

function follow(made: Contender): void {
  made.lease.on('acquired', ({ token }) => made.told.push(`acquired ${token}`))
  made.lease.on('lost', ({ token, reason }) => made.told.push(`lost ${token} ${reason}`))
}

/** Whatever was asked of MongoDB is answered, and what follows from that is done. */
async function quiet(): Promise<void> {
  for (let turns = 0; turns < 5; turns += 1) {
    await new Promise((resolve) => setImmediate(resolve))
    if (inFlight > 0) turns = 0
  }
}

/** Time goes on for everyone but the `stopped`. No two hold the lease at one moment, unless one of them is stopped. */
async function pass(ms: number, stopped: readonly Contender[] = []): Promise<void> {
  for (let passed = 0; passed < ms; passed += 50) {
    time.advance(50)
    for (const one of contenders) if (!stopped.includes(one)) one.clock.advance(50)
    await quiet()
    expect(contenders.filter((one) => !stopped.includes(one) && one.lease.held).length).toBeLessThan(2)
  }
}

describe('a lease', () => {
  it('has one holder, who renews it each third of its life; who waits looks once in it', async () => {
    const first = contender()
    await pass(50)
    const second = contender()
    await pass(50)
    expect([first.lease.held, first.lease.token, second.lease.held, second.lease.token]).toEqual([true, 1, false, undefined])
    asked = []
    await pass(10 * ttlMs)
    expect(first.told).toEqual(['acquired 1'])
    expect(second.told).toEqual([])
    const writes = asked.filter((name) => name === 'update').length
    const reads = asked.filter((name) => name === 'aggregate').length
    process.stdout.write(`in ten lives of a lease: ${writes} writes of the holder, ${reads} reads of who waits\n`)
    expect(writes + reads).toBe(asked.length)
    expect(writes).toBeGreaterThanOrEqual(27)
    expect(writes).toBeLessThanOrEqual(30)
    expect(reads).toBeLessThanOrEqual(16)
  })

  it('goes to another when its holder dies, within its life', async () => {
    const first = contender()
    await pass(50)
    const second = contender()
    await pass(1700)
    await pass(ttlMs + 100, [first])
    expect(second.told).toEqual(['acquired 2'])
    // The first wakes up: it says at once that it is not held, before anything was asked.
    first.clock.advance(ttlMs)
    expect(first.lease.held).toBe(false)
    await pass(500)
    expect(first.told).toEqual(['acquired 1', 'lost 1 expired'])
    expect(second.lease.token).toBe(2)
  })

  it('is not taken from a holder that cannot renew it, by one who came right after the database\'s clock jumped', async () => {
    const first = contender()
    await pass(50)
    const admin = client.db('admin')
    await admin.command({ configureFailPoint: 'failCommand', mode: 'alwaysOn', data: { failCommands: ['update'], errorCode: 11600 } })
    databaseOffsetMs += 10 * ttlMs
    const second = contender()
    // Two that hold it at one moment would be found here.
    await pass(ttlMs + 200)
    expect(first.told.slice(0, 2)).toEqual(['acquired 1', 'lost 1 expired'])
    await admin.command({ configureFailPoint: 'failCommand', mode: 'off' })
    await pass(ttlMs)
    expect([first, second].filter(({ lease }) => lease.held)).toHaveLength(1)
  })

  it('is given back by release(), which another finds at its next look', async () => {
    const first = contender()
    await pass(50)
    const second = contender()
    await pass(100)
    await Promise.all([first.lease.release(), first.lease.release()])
    expect(first.lease.held).toBe(false)
    expect(first.told).toEqual(['acquired 1', 'lost 1 released'])
    await pass(ttlMs + 100)
    expect(second.told).toEqual(['acquired 2'])
    expect(first.clock.pending).toBe(0)
    await second.leases.close(1000)
    expect(second.told).toEqual(['acquired 2', 'lost 2 released'])
    expect(second.clock.pending).toBe(0)
    expect(() => second.leases.open('job')).toThrow(expect.objectContaining({ code: 'closed' }))
  })

  it('is lost when MongoDB does not answer in its time, and had again with another token', async () => {
    const first = contender()
    await pass(50)
    const admin = client.db('admin')
    await admin.command({ configureFailPoint: 'failCommand', mode: 'alwaysOn', data: { failCommands: ['update', 'aggregate', 'findAndModify'], errorCode: 11600 } })
    asked = []
    await pass(2 * ttlMs)
    expect(first.told).toEqual(['acquired 1', 'lost 1 expired'])
    // The driver sends each of them twice.
    expect(asked.length).toBeLessThan(2 * 24)
    await admin.command({ configureFailPoint: 'failCommand', mode: 'off' })
    await pass(ttlMs)
    expect(first.told).toEqual(['acquired 1', 'lost 1 expired', 'acquired 2'])
  })

  it('is not held for longer because the wall clock is set back, and ends early when it is set forward', async () => {
    const first = contender()
    await pass(50)
    first.clock.wallOffsetMs -= 10 * 365 * 86_400_000
    await pass(2 * ttlMs)
    expect(first.told).toEqual(['acquired 1'])
    first.clock.wallOffsetMs += 3_600_000
    expect(first.lease.held).toBe(false)
    await pass(ttlMs)
    expect(first.told).toEqual(['acquired 1', 'lost 1 expired', 'acquired 2'])
  })

  it('stays where it is when the database\'s clock jumps, either way', async () => {
    const first = contender()
    const second = contender()
    await pass(100)
    const [holder, waiter] = first.lease.held ? [first, second] : [second, first]
    for (const jumpMs of [120_000, -120_000, 7_200_000, -86_400_000]) {
      databaseOffsetMs += jumpMs
      await pass(3 * ttlMs)
    }
    expect(holder.told).toEqual(['acquired 1'])
    expect(waiter.told).toEqual([])
    databaseOffsetMs -= 120_000
    await pass(2 * ttlMs, [holder])
    expect(waiter.told).toEqual(['acquired 2'])
  })

  it('has a token that grows also when its answer was lost', async () => {
    await client.db('admin').command({
      configureFailPoint: 'failCommand', mode: { times: 1 },
      data: { failCommands: ['findAndModify'], writeConcernError: { code: 64, errmsg: 'waiting for replication timed out' } },
    })
    const first = contender()
    await pass(ttlMs)
    expect(first.told).toEqual(['acquired 2'])
  })

  it('is one for each name in each cluster, whatever the names are', async () => {
    const all = [contender('job'), contender('other'), contender('job', 'other'), contender('b/c', 'a'), contender('c', 'a/b'), contender('__proto__')]
    for (let turn = 0; turn < 3; turn += 1) {
      time.advance(50)
      for (const one of all) one.clock.advance(50)
      await quiet()
    }
    expect(all.map(({ lease }) => lease.token)).toEqual(all.map(() => 1))
    const ids = (await db.collection('instances_leases').find().toArray()).map(({ _id }) => String(_id))
    expect(ids.sort()).toEqual(['a%2Fb/c', 'a/b/c', 'other/job', 'test/__proto__', 'test/job', 'test/other'])
    contenders = []
    await Promise.all(all.map(({ leases }) => leases.close(1000)))
  })

  it('is refused a name or a time that makes no sense', () => {
    const { leases } = contender()
    for (const args of [[''], ['cluster.departures'], ['x'.repeat(201)], ['\ud800'], ['job\udc01'], [undefined], ['job', 0], ['job', Number.NaN], ['job', 1e12], ['job', '1000']] as [string, number?][]) {
      expect(() => leases.open(...args)).toThrow(expect.objectContaining({ code: 'invalid-option' }))
    }
  })

  it('asks nobody\'s document in vain: one that was changed by hand is left alone, and said', async () => {
    await db.collection<{ _id: string }>('instances_leases').insertOne({ _id: 'test/job', token: 'seven' } as never)
    const first = contender()
    await pass(ttlMs)
    expect(first.told).toEqual([])
    await db.collection<{ _id: string }>('instances_leases').deleteMany({})
    await pass(ttlMs)
    expect(first.told).toEqual(['acquired 1'])
  })
})
