import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { MongoClient } from 'mongodb'
import { until } from './fleet.js'
import { Troupe } from './troupe/troupe.js'

const hour = 3_600_000
const year = 365 * 24 * hour
const heartbeatIntervalMs = 500
const expireAfterMs = 2000

let troupe: Troupe
let client: MongoClient
/** By how much the database's clock is off. */
let databaseOffsetMs = 0
beforeEach(async () => {
  databaseOffsetMs = 0
  const clock = { now: () => Date.now() + databaseOffsetMs }
  troupe = await Troupe.open({ options: { heartbeatIntervalMs, expireAfterMs } }, { clock, ttlIntervalMs: 100 })
  client = await new MongoClient(troupe.mongoUrl).connect()
})
afterEach(async () => {
  await client.close()
  await troupe.close()
})

const quiet = (): void => expect(troupe.told.filter(({ event }) => event !== 'memberJoined' && event !== 'stalled')).toEqual([])
/** Every instance has heartbeaten so many times more. */
async function beats(count: number): Promise<void> {
  const instances = client.db(troupe.database).collection('instances')
  for (let beat = 0; beat < count; beat += 1) {
    const before = new Map((await instances.find().toArray()).map((record) => [String(record._id), Number(record['_updatedAt'])]))
    const moved = async (): Promise<number> => (await instances.find().toArray()).filter((record) => Number(record['_updatedAt']) !== before.get(String(record._id))).length
    await until(async () => (await moved()) === troupe.actors.length, 5000)
  }
}

describe('local clocks', () => {
  it('that are off by hours and years, or are set while running, change nothing', async () => {
    await Promise.all([0, 5 * hour, -5 * hour, 3 * year, -20 * year].map((dateOffsetMs) => troupe.start(1, { dateOffsetMs })))
    await troupe.linked(10_000)
    await beats(3)
    const offsets = [-30 * year, 30 * year, 1, hour, -hour]
    await Promise.all(troupe.actors.map((actor, index) => actor.setDate(offsets[index] ?? 0)))
    await beats(5)
    await troupe.linked(1000)
    quiet()
    // And one that comes now, with a clock of its own.
    await troupe.start(1, { dateOffsetMs: -10 * year })
    await troupe.linked(2000)
    quiet()
  }, 40_000)
})

describe.skipIf(process.env['MONGO_URL'])(`the database's clock${process.env['MONGO_URL'] ? ' (skipped: that of MONGO_URL cannot be moved)' : ''}`, () => {
  it.each([120_000, -120_000])('that jumps by %d ms, as with a new primary, changes nothing, and those who join then are linked', async (jumpMs) => {
    await troupe.start(3)
    await troupe.linked(10_000)
    const instances = client.db(troupe.database).collection('instances')
    const created = async (): Promise<[string, number][]> => (await instances.find().sort({ _id: 1 }).toArray()).map((record) => [String(record._id), Number(record['_createdAt'])])
    const before = await created()
    databaseOffsetMs += jumpMs
    await until(async () => (await created()).length === 3, 3000)
    await beats(5)
    expect(await created()).toEqual(before)
    await troupe.start(1)
    await troupe.linked(2000)
    databaseOffsetMs -= jumpMs
    await until(async () => (await created()).length === 4, 3000)
    await beats(5)
    await troupe.linked(1000)
    quiet()
  }, 40_000)
})
