import { afterEach, expect, it, vi } from 'vitest'
import { testRecord } from '../registry/record.fixture.js'
import type { Happening } from './happening.js'
import { emptyMembership, reduceAll } from './membership.js'

afterEach(() => {
  vi.restoreAllMocks()
})

/** Counts from now on how often a map of at least `size` entries is walked or copied. */
function countWalks(size: number): { readonly count: number } {
  const walks = { count: 0 }
  for (const method of ['values', 'entries', Symbol.iterator] as const) {
    const walk = Map.prototype[method] as (this: Map<unknown, unknown>) => MapIterator<never>
    vi.spyOn(Map.prototype, method as 'values').mockImplementation(function (this: Map<unknown, unknown>) {
      if (this.size >= size) walks.count += 1
      return walk.call(this)
    })
  }
  return walks
}

const seen = (count: number, from: number): Happening[] => Array.from({ length: count }, (_, n) => ({ type: 'recordSeen', record: testRecord(`i${from + n}`) }))

it('walks over the members three times at most for a batch of records, however many the batch has', () => {
  const { membership } = reduceAll(emptyMembership(testRecord('self'), 10_000), seen(1000, 0), 0)
  const walks = countWalks(1000)
  const { members } = reduceAll(membership, seen(100, 1000), 1).membership
  expect(walks.count).toBeGreaterThan(0)
  expect(walks.count).toBeLessThanOrEqual(3)
  expect(members.size).toBe(1100)
})
