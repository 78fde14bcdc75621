import { describe, expect, it } from 'vitest'
import type { Happening, HappeningType } from './happening.js'
import { toInstance } from './instance.js'
import { lanesOf, lanesReachMs, reachOf } from './lanes.js'

const now = 100_000_000
let told = 0
const happening = (type: HappeningType, instance: string, ago: number): Happening =>
  ({ number: (told += 1), at: new Date(now - ago), type, instance, address: `${instance}:1`, reason: undefined, lost: undefined, delayMs: undefined })
const instance = (id: string, status: string, registeredAgo: number): ReturnType<typeof toInstance> =>
  toInstance({ _id: id, status, address: `${id}:1`, local: status === 'self', registeredAt: new Date(now - registeredAgo), since: new Date(now - 1) })
/** The stretches of each lane, in milliseconds ago. */
const drawn = (instances: ReturnType<typeof toInstance>[], latestFirst: Happening[]): string[] =>
  lanesOf({ instances, happenings: latestFirst }, now).map(({ id, stretches, leftAt }) => `${id}: ${stretches.map(({ from, to, status }) => `${status} ${now - from}-${now - to}`).join(', ')}${leftAt === undefined ? '' : `, left ${now - leftAt}`}`)

describe('the lanes', () => {
  it('show who came, was suspect, was well again and left', () => {
    const happenings = [happening('left', 'b', 1000), happening('recovered', 'a', 2000), happening('suspected', 'a', 5000), happening('joined', 'a', 8000)]
    expect(drawn([instance('s', 'self', 20_000), instance('a', 'alive', 9000)], happenings)).toEqual([
      's: alive 20000-0',
      'a: joining 9000-8000, alive 8000-5000, suspect 5000-2000, alive 2000-0',
      `b: alive ${lanesReachMs}-1000, left 1000`,
    ])
  })

  it('reach back ten minutes, and do not invent what was before', () => {
    expect(drawn([instance('a', 'suspect', 9 * lanesReachMs)], [happening('suspected', 'a', 3000)])).toEqual([`a: alive ${lanesReachMs}-3000, suspect 3000-0`])
    expect(drawn([], [happening('left', 'a', 2 * lanesReachMs)])).toEqual([])
  })

  it.each([[5000, 1], [61_000, 2], [200_000, 5], [301_000, 10], [9_000_000, 10]])('of a cluster that is %i ms old are drawn over %i minutes', (age, minutes) => {
    expect(reachOf(lanesOf({ instances: [instance('s', 'self', age)], happenings: [] }, now), now)).toBe(minutes * 60_000)
  })

  it('of many instances show those to which something happened', () => {
    const many = Array.from({ length: 100 }, (_, n) => instance(`i${n}`, n === 70 ? 'suspect' : 'alive', 50_000))
    const lanes = lanesOf({ instances: many, happenings: [happening('left', 'gone', 500), happening('suspected', 'i70', 900)] }, now)
    expect(lanes.length).toBe(20)
    expect(lanes.map(({ id }) => id)).toEqual(expect.arrayContaining(['i70', 'gone']))
  })
})
