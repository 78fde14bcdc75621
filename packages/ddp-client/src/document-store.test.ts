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

it('keeps an order at the same cost however many documents there are', () => {
  const fill = (count: number): number => {
    const store = ordered(['end'])
    const before = process.cpuUsage()
    for (let i = 0; i < count; i += 1) store.apply({ msg: 'addedBefore', collection: 'c', id: String(i), fields: {}, before: 'end' })
    const { user, system } = process.cpuUsage(before)
    const ids = [...store.documents('c').values()].map(({ _id }) => _id)
    expect([ids.length, ids[0], ids.at(-2), ids.at(-1)]).toEqual([count + 1, '0', String(count - 1), 'end'])
    return (user + system) / 1_000
  }
  fill(1_000)
  // It was twelve seconds for so many.
  expect(fill(20_000)).toBeLessThan(2_000)
})

it('puts what is to stand before itself, or before what is not there, at the end', () => {
  const store = ordered(['a', 'b', 'c'])
  const ids = (): string[] => [...store.documents('c').values()].map(({ _id }) => _id)
  store.apply({ msg: 'movedBefore', collection: 'c', id: 'a', before: 'a' })
  expect(ids()).toEqual(['b', 'c', 'a'])
  store.apply({ msg: 'movedBefore', collection: 'c', id: 'b', before: 'none' })
  expect(ids()).toEqual(['c', 'a', 'b'])
  const slow = store.documents('c').values()
  slow.next()
  for (const id of ['c', 'a']) store.apply({ msg: 'removed', collection: 'c', id })
  expect([...slow]).toEqual([{ _id: 'b' }])
})
