import { expect, it } from 'vitest'
import { testRecord } from '../registry/record.fixture.js'
import type { Happening } from './happening.js'
import { emptyMembership, reduceAll } from './membership.js'
import type { Member } from './state.js'

/** A map that counts the entries that are walked over. */
class WalkedMap<K, V> extends Map<K, V> {
  walked = 0;

  override *entries(): MapIterator<[K, V]> {
    for (const entry of super.entries()) {
      this.walked += 1
      yield entry
    }
  }

  override *values(): MapIterator<V> {
    for (const value of super.values()) {
      this.walked += 1
      yield value
    }
  }

  override [Symbol.iterator](): MapIterator<[K, V]> {
    return this.entries()
  }
}

const seen = (count: number, from = 0): Happening[] => Array.from({ length: count }, (_, n) => ({ type: 'recordSeen', record: testRecord(`i${from + n}`) }))

it('walks over the members a few times for a batch of records, however many the batch has', () => {
  const { membership } = reduceAll(emptyMembership(testRecord('self'), 10_000), seen(1000), 0)
  const members = new WalkedMap<string, Member>(membership.members)
  members.walked = 0
  expect(reduceAll({ ...membership, members }, seen(100, 1000), 1).membership.members.size).toBe(1100)
  expect(members.walked).toBeLessThanOrEqual(3 * 1000)
})
