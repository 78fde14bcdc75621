import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { until } from './fleet.js'
import type { Told } from './troupe/messages.js'
import { type Actor, Troupe } from './troupe/troupe.js'

const size = 8
const rounds = Number(process.env['DEATHS'] ?? 50)

let troupe: Troupe
beforeEach(async () => {
  troupe = await Troupe.open()
})
afterEach(() => troupe.close())

const now = (): number => performance.timeOrigin + performance.now()
const about = (actor: Actor, event: Told['event']): Told[] => troupe.told.filter((told) => told.event === event && told.about === actor.id)
const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN

describe('one of eight processes', () => {
  it(`that is killed has left for all seven within 1.5 s, ${rounds} times`, async () => {
    await troupe.start(size)
    await troupe.linked(10_000)
    const delays: number[] = []
    for (let round = 0; round < rounds; round += 1) {
      const victim = troupe.actors[round % size] as Actor
      const killedAt = now()
      victim.kill('SIGKILL')
      const seven = new Set(troupe.actors.filter((actor) => actor !== victim).map(({ id }) => id))
      const left = (): Told[] => about(victim, 'memberLeft').filter(({ by }) => seven.has(by))
      await until(() => left().length === size - 1, 5000, () => about(victim, 'memberSuspected'))
      expect(new Set(left().map(({ reason }) => reason))).toEqual(new Set(['refused']))
      delays.push(Math.max(...left().map(({ at }) => at)) - killedAt)
      await troupe.start(1)
      await troupe.linked(10_000)
    }
    process.stdout.write(`killed ${rounds} times: the last of seven says left after ${median(delays).toFixed()} ms (median), ${Math.max(...delays).toFixed()} ms (longest)\n`)
    expect(Math.max(...delays)).toBeLessThan(1500)
    expect(median(delays)).toBeLessThan(500)
    const killed = new Set(troupe.told.filter(({ event }) => event === 'memberLeft').map((told) => told.about))
    expect(killed.size).toBe(rounds)
    expect(troupe.actors.some(({ id }) => killed.has(id))).toBe(false)
  }, 20_000 + rounds * 3000)

  it('that is asked to end leaves as closed, at once', async () => {
    await troupe.start(size)
    await troupe.linked(10_000)
    const [first] = troupe.actors as [Actor]
    const askedAt = now()
    first.kill('SIGTERM')
    await until(() => about(first, 'memberLeft').length === size - 1, 5000)
    const left = about(first, 'memberLeft')
    expect(left.map(({ reason }) => reason)).toEqual(Array.from({ length: size - 1 }, () => 'closed'))
    expect(about(first, 'memberSuspected')).toEqual([])
    process.stdout.write(`SIGTERM: all seven say left (closed) after ${(Math.max(...left.map(({ at }) => at)) - askedAt).toFixed()} ms\n`)
  })
})

describe('a process that is stopped for longer than its links\' heartbeat', () => {
  it('is suspect, and recovers when it goes on; it never left', async () => {
    const options = { linkHeartbeatIntervalMs: 200, linkHeartbeatTimeoutMs: 200 }
    await troupe.start(3, { options })
    await troupe.linked(10_000)
    const [stopped, ...others] = troupe.actors as [Actor, Actor, Actor]
    stopped.kill('SIGSTOP')
    await until(() => about(stopped, 'memberSuspected').length === 2, 5000, () => troupe.told)
    const wokenAt = now()
    stopped.kill('SIGCONT')
    await until(() => about(stopped, 'memberRecovered').length === 2, 5000, () => troupe.told)
    const recovered = Math.max(...about(stopped, 'memberRecovered').map(({ at }) => at)) - wokenAt
    process.stdout.write(`SIGCONT: recovered for both after ${recovered.toFixed()} ms\n`)
    await troupe.linked(2000)
    expect(troupe.told.filter(({ event }) => event === 'memberLeft' || event === 'expelled')).toEqual([])
    // The two that were never stopped had nothing to say of each other.
    const ids = new Set(others.map(({ id }) => id))
    expect(troupe.told.filter(({ event, by, about: whom }) => event === 'memberSuspected' && ids.has(by) && ids.has(whom ?? ''))).toEqual([])
  })
})
