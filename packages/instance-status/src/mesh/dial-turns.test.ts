import { expect, it } from 'vitest'
import { DialTurns } from './dial-turns.js'

it('lets so many dial at once, the others in order, and skips those who left the queue', () => {
  const turns = new DialTurns(2)
  const dialled: string[] = []
  const take = (name: string): (() => void) => turns.take(() => dialled.push(name), name === 'g' ? 'urgent' : 'usual')
  const [a, b, c, d] = ['a', 'b', 'c', 'd'].map(take)
  expect(dialled).toEqual(['a', 'b'])
  c?.()
  a?.()
  a?.()
  expect(dialled).toEqual(['a', 'b', 'd'])
  b?.()
  d?.()
  const e = take('e')
  take('f')
  e()
  take('g')
  expect(dialled).toEqual(['a', 'b', 'd', 'e', 'f', 'g'])
})
