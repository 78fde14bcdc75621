import { expect, it } from 'vitest'
import { DocumentStore } from './document-store.js'

function ordered(ids: readonly string[]): DocumentStore {
  const store = new DocumentStore()
  for (const id of ids) store.apply({ msg: 'addedBefore', collection: 'c', id, fields: {}, before: null })
  return store
}

/** The order that a listener has who does what it is told, one change after the other. */
function followed(before: readonly string[], now: readonly string[]): { order: string[]; moves: number } {
  const order = [...before]
  let moves = 0
  const put = (id: string, next: string | null | undefined): void => {
    if (order.includes(id)) order.splice(order.indexOf(id), 1)
    if (next !== null && !order.includes(next ?? '')) throw new Error(`${id} is to stand before ${next}, which is not there`)
    order.splice(next ? order.indexOf(next) : order.length, 0, id)
  }
  for (const [, change] of ordered(now).changesSince(ordered(before))) {
    if (change.kind === 'removed') order.splice(order.indexOf(change.id), 1)
    if (change.kind === 'added' || change.kind === 'moved') put(change.id, change.before)
    if (change.kind === 'moved') moves += 1
  }
  return { order, moves }
}

it('tells of a new order, with as few moves as there are', () => {
  expect(followed(['a', 'b', 'c'], ['c', 'a', 'b'])).toEqual({ order: ['c', 'a', 'b'], moves: 1 })
  expect(followed(['a', 'b', 'c'], ['a', 'b', 'c'])).toEqual({ order: ['a', 'b', 'c'], moves: 0 })
  expect(followed(['a', 'b', 'c', 'd'], ['d', 'c', 'b', 'a'])).toEqual({ order: ['d', 'c', 'b', 'a'], moves: 3 })
  expect(followed(['a', 'b', 'c'], ['x', 'b', 'y', 'z'])).toEqual({ order: ['x', 'b', 'y', 'z'], moves: 0 })
})

it('tells of any new order so that it can be followed step by step', () => {
  let seed = 7
  const random = (below: number): number => {
    seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648
    return Math.floor((seed / 2_147_483_648) * below)
  }
  const shuffled = (): string[] => {
    const ids = 'abcdefghijkl'.split('').filter(() => random(3) > 0)
    for (let i = ids.length - 1; i > 0; i -= 1) {
      const j = random(i + 1)
      ids.splice(j, 1, ...ids.splice(i, 1, ids[j] ?? ''))
    }
    return ids
  }
  for (let round = 0; round < 500; round += 1) {
    const now = shuffled()
    expect(followed(shuffled(), now).order).toEqual(now)
  }
})
