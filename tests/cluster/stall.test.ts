import { MongoClient } from 'mongodb'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { until } from './fleet.js'
import type { Told } from './troupe/messages.js'
import { type Actor, Troupe } from './troupe/troupe.js'

let troupe: Troupe
beforeEach(async () => {
  troupe = await Troupe.open({}, { ttlIntervalMs: 100 })
})
afterEach(() => troupe.close())

const now = (): number => performance.timeOrigin + performance.now()

/** Blocks these for so long; resolves with when the last of them woke. */
async function block(actors: readonly Actor[], ms: number): Promise<number> {
  await Promise.all(actors.map((actor) => actor.block(ms)))
  const stalled = (actor: Actor): Told | undefined => troupe.told.find(({ event, by }) => event === 'stalled' && by === actor.id)
  await until(() => actors.every(stalled), ms + 10_000)
  return Math.max(...actors.map((actor) => stalled(actor)?.at ?? Number.NaN))
}

/** Of whom it was told, by whom. */
const pairs = (event: Told['event']): string[] => troupe.told.filter((told) => told.event === event).map(({ by, about }) => `${by} ${about}`)

describe('an event loop that stands still', () => {
  it('for 12 s makes its instance suspect while it does, and closes no link between the others', async () => {
    const actors = await troupe.start(5)
    await troupe.linked(10_000)
    const [blocked] = actors as [Actor]
    const wokeAt = await block([blocked], 12_000)
    await troupe.linked(1000)
    process.stdout.write(`blocked for 12 s: all linked again ${(now() - wokeAt).toFixed()} ms after it woke\n`)
    // The others waited for ten seconds and hung up on it, on no one else; it closed no link itself, and found them closed.
    expect(pairs('memberSuspected').filter((pair) => !pair.includes(blocked.id))).toEqual([])
    expect(pairs('memberSuspected').filter((pair) => pair.endsWith(blocked.id)).length).toBe(4)
    expect(troupe.told.filter(({ event }) => ['memberLeft', 'expelled', 'registryLost'].includes(event))).toEqual([])
  }, 40_000)

  it('for longer than its record lives costs it nothing while its links are up', async () => {
    const options = { heartbeatIntervalMs: 500, expireAfterMs: 1500 }
    const actors = await troupe.start(5, { options })
    await troupe.linked(10_000)
    const [blocked] = actors as [Actor]
    const wokeAt = await block([blocked], 4000)
    await troupe.linked(1000)
    process.stdout.write(`blocked for 4 s, with an expiry of 1.5 s: all well ${(now() - wokeAt).toFixed()} ms after it woke\n`)
    expect(troupe.told.filter(({ event }) => event !== 'stalled' && event !== 'memberJoined')).toEqual([])
  }, 40_000)

  it('while MongoDB is away takes nobody for dead who could not renew its record meanwhile', async () => {
    const options = { heartbeatIntervalMs: 500, expireAfterMs: 1500, linkHeartbeatIntervalMs: 300, linkHeartbeatTimeoutMs: 300 }
    const actors = await troupe.start(5, { options })
    await troupe.linked(10_000)
    const [blocked] = actors as [Actor]
    await using client = await new MongoClient(troupe.mongoUrl).connect()
    const writes = (mode: 'off' | 'alwaysOn') => client.db('admin').command({ configureFailPoint: 'failCommand', mode, data: { failCommands: ['findAndModify', 'update', 'insert'], errorCode: 10_107 } })
    await writes('alwaysOn')
    const woken = block([blocked], 3000)
    // The writes work again when it wakes, and nobody has written yet.
    await new Promise((resolve) => setTimeout(resolve, 2950))
    await writes('off')
    await woken
    await troupe.linked(5000)
    expect(troupe.told.filter(({ event }) => event === 'memberLeft' || event === 'expelled')).toEqual([])
  }, 40_000)

  it('in three of five at once, for longer than links and records last, closes no link between the others', async () => {
    const options = { heartbeatIntervalMs: 500, expireAfterMs: 8000, linkHeartbeatIntervalMs: 1000, linkHeartbeatTimeoutMs: 1000 }
    const actors = await troupe.start(5, { options })
    await troupe.linked(10_000)
    const blocked = actors.slice(0, 3)
    const wokeAt = await block(blocked, 5000)
    await troupe.linked(1000)
    process.stdout.write(`three of five blocked for 5 s: all linked again ${(now() - wokeAt).toFixed()} ms after the last woke\n`)
    expect(troupe.told.filter(({ event }) => ['memberLeft', 'expelled', 'registryLost'].includes(event))).toEqual([])
    const [fourth, fifth] = actors.slice(3) as [Actor, Actor]
    expect(pairs('memberSuspected')).not.toContain(`${fourth.id} ${fifth.id}`)
    expect(pairs('memberSuspected')).not.toContain(`${fifth.id} ${fourth.id}`)
  }, 40_000)
})
