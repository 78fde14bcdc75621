import { expect, it } from 'vitest'
import { Slices } from './slices.js'

it('hands on the first item of a turn at once, and the rest of the turn together', async () => {
  const taken: (readonly number[])[] = []
  const slices = new Slices<number>((items) => taken.push(items))
  const pushed = Array.from({ length: 150 }, (_, n) => slices.push([n]))
  expect(taken).toEqual([[0]])
  await Promise.all(pushed)
  expect(taken.map(({ length }) => length)).toEqual([1, 100, 49])
  expect(taken.flat()).toEqual(Array.from({ length: 150 }, (_, n) => n))
})
