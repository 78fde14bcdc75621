import { expect, it } from 'vitest'
import { Tally } from './tally.js'

const heard = (...numbers: number[]): Tally => {
  const tally = new Tally()
  for (const n of numbers) tally.hear('a', n)
  return tally
}

it.each([
  ['in order', [1, 2, 3], 0],
  ['twice', [1, 2, 2, 3], 1],
  ['swapped', [1, 3, 2, 4], 3],
  ['with a gap', [1, 5], 3],
  ['not from the first on', [2, 3], 1],
])('what was heard %s', (_, numbers, lost) => {
  expect(heard(...numbers)).toMatchObject({ heard: numbers.length, lost })
  expect(heard(...numbers).wrong.length > 0).toBe(lost > 0)
})

it('senders are counted each by itself, and the words are few', () => {
  const tally = new Tally()
  for (let n = 1; n < 100; n += 1) tally.hear('a', n)
  for (let n = 1; n < 100; n += 1) tally.hear('b', 2 * n)
  expect(tally.last).toEqual([['a', 99], ['b', 198]])
  expect(tally).toMatchObject({ heard: 198, lost: 99 })
  expect(tally.wrong).toHaveLength(20)
})
