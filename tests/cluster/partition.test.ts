import { afterEach, describe, expect, it } from 'vitest'
import { until } from './fleet.js'
import { Network } from './troupe/network.js'
import type { Told } from './troupe/messages.js'
import { type Actor, Troupe } from './troupe/troupe.js'

const why = Network.unavailable() ?? (process.env['MONGO_URL'] ? 'MONGO_URL is outside the network that the test makes' : undefined)
const heartbeatIntervalMs = 300
const expireAfterMs = 2000

let network: Network | undefined
let troupe: Troupe | undefined
afterEach(async () => {
  await troupe?.close()
  network?.close()
})

const now = (): number => performance.timeOrigin + performance.now()

/** Two instances on one side and three on the other, all linked. */
async function start(): Promise<{ troupe: Troupe; network: Network; two: Actor[]; three: Actor[] }> {
  const net = (network = new Network([0, 0, 1, 1, 1]))
  const cast = (troupe = await Troupe.open(
    { options: { heartbeatIntervalMs, expireAfterMs, linkHeartbeatIntervalMs: 1000, linkHeartbeatTimeoutMs: 1000, authTimeoutMs: 2000 } },
    { host: net.mongoAddress, ttlIntervalMs: 100 },
  ))
  const mongoUrl = cast.mongoUrl
  const actors = (await Promise.all(net.hosts.map(({ namespace, address }) => cast.start(1, { host: address, namespace: { name: namespace, mongoUrl } })))).flat()
  await cast.linked(10_000)
  return { troupe: cast, network: net, two: actors.slice(0, 2), three: actors.slice(2) }
}

/** `by about` of those told of, each pair once unless it was told twice. */
const pairs = (told: readonly Told[], event: Told['event']): string[] => told.filter((one) => one.event === event).map(({ by, about }) => `${by} ${about}`).sort()
const across = (from: readonly Actor[], to: readonly Actor[]): string[] => from.flatMap((a) => to.map((b) => `${a.id} ${b.id}`)).sort()

if (why !== undefined) process.stdout.write(`partitions are not tested: ${why}\n`)

describe.skipIf(why !== undefined)(`a network that is cut in two${why === undefined ? '' : ` (skipped: ${why})`}`, () => {
  it('while both sides reach MongoDB makes each side suspect the other, and nobody leaves', async () => {
    const { troupe: cast, network: net, two, three } = await start()
    cast.takeTold()
    net.trunk('down')
    const both = [...across(two, three), ...across(three, two)].sort()
    await until(() => pairs(cast.told, 'memberSuspected').length === both.length, 10_000, () => cast.told)
    await Promise.all([cast.linkedAmong(two, 1000), cast.linkedAmong(three, 1000)])
    await cast.pass(2 * expireAfterMs)
    // The row of the table: record fresh, link lost.
    for (const [side, other] of [[two, three], [three, two]] as const) {
      for (const { members } of (await Promise.all(side.map((actor) => actor.views()))).flat()) {
        const strangers = members.filter(({ id }) => other.some((actor) => actor.id === id))
        expect(strangers.map(({ status }) => status)).toEqual(other.map(() => 'suspect'))
        for (const { reason } of strangers) expect(reason).toMatch(/silent|did not open a session|unreachable|EHOSTUNREACH/)
      }
    }
    net.trunk('up')
    const healedAt = now()
    await cast.linked(5000)
    process.stdout.write(`partition, MongoDB reached: all linked again ${(now() - healedAt).toFixed()} ms after the healing\n`)
    expect(pairs(cast.told, 'memberSuspected')).toEqual(both)
    expect(pairs(cast.told, 'memberRecovered')).toEqual(both)
    expect(new Set(cast.told.map(({ event }) => event))).toEqual(new Set(['memberSuspected', 'memberRecovered']))
  }, 60_000)

  it('so that one side does not reach MongoDB: the other side sees it leave, it freezes, and is taken back', async () => {
    const { troupe: cast, network: net, two, three } = await start()
    cast.takeTold()
    net.trunk('down')
    net.mongo(0, 'down')
    await until(() => pairs(cast.told, 'memberLeft').length === 6, 15_000, () => cast.told)
    await cast.linkedAmong(two, 1000)
    await cast.linkedAmong(three, 1000)
    await cast.pass(expireAfterMs)
    // Frozen on the one side, gone on the other.
    for (const view of (await Promise.all(two.map((actor) => actor.views()))).flat()) {
      expect(view.registry).toBe('lost')
      expect(view.members.filter(({ status }) => status === 'suspect').map(({ id }) => id).sort()).toEqual(three.map(({ id }) => id).sort())
    }
    for (const view of (await Promise.all(three.map((actor) => actor.views()))).flat()) expect(view.members).toHaveLength(2)
    net.trunk('up')
    net.mongo(0, 'up')
    const healedAt = now()
    await cast.linked(5000)
    process.stdout.write(`partition, MongoDB reached by one side: all linked again ${(now() - healedAt).toFixed()} ms after the healing\n`)
    // The three concluded by record and link; the two, who could not read the records, concluded nothing.
    expect(pairs(cast.told, 'memberLeft')).toEqual(across(three, two))
    expect(cast.told.filter(({ event, reason }) => event === 'memberLeft' && reason !== 'expired')).toEqual([])
    expect(pairs(cast.told, 'memberJoined')).toEqual(across(three, two))
    expect(pairs(cast.told, 'memberRecovered')).toEqual(across(two, three))
    await until(() => pairs(cast.told, 'expelled').length === 6, 2000, () => cast.told)
    expect(pairs(cast.told, 'expelled')).toEqual(across(two, three))
    for (const event of ['registryLost', 'registryRestored'] as const) expect(cast.told.filter((told) => told.event === event).map(({ by }) => by).sort()).toEqual(two.map(({ id }) => id).sort())
  }, 60_000)
})
