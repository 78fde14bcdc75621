import { expect, it } from 'vitest'
import { mongoIds } from './document-ids.js'
import { DocumentStore, type DocumentChange } from './document-store.js'

const ignore = (): void => undefined

function ordered(ids: readonly string[]): DocumentStore {
  const store = new DocumentStore(mongoIds)
  for (const id of ids) store.apply({ msg: 'addedBefore', collection: 'c', id, fields: {}, before: null }, ignore)
  return store
}

/** The order that a listener has who does what it is told, one change after the other. */
function followed(before: readonly string[], now: readonly string[]): { order: unknown[]; moves: number } {
  const order: unknown[] = [...before]
  let moves = 0
  const put = (id: unknown, next: unknown): void => {
    if (order.includes(id)) order.splice(order.indexOf(id), 1)
    if (next !== null && !order.includes(next)) throw new Error(`${JSON.stringify(id)} is to stand before ${JSON.stringify(next)}, which is not there`)
    order.splice(next === null ? order.length : order.indexOf(next), 0, id)
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
    for (let i = 0; i < count; i += 1) store.apply({ msg: 'addedBefore', collection: 'c', id: String(i), fields: {}, before: 'end' }, ignore)
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
  const ids = (): unknown[] => [...store.documents('c').values()].map(({ _id }) => _id)
  store.apply({ msg: 'movedBefore', collection: 'c', id: 'a', before: 'a' }, ignore)
  expect(ids()).toEqual(['b', 'c', 'a'])
  store.apply({ msg: 'movedBefore', collection: 'c', id: 'b', before: 'none' }, ignore)
  expect(ids()).toEqual(['c', 'a', 'b'])
  const slow = store.documents('c').values()
  slow.next()
  for (const id of ['c', 'a']) store.apply({ msg: 'removed', collection: 'c', id }, ignore)
  expect([...slow]).toEqual([{ _id: 'b' }])
})

it('tells of a place at the end for what is to stand before itself, or before what is not there', () => {
  const store = ordered(['a', 'b'])
  const places: unknown[] = []
  const note = (_name: string, change: DocumentChange): void => void places.push([change.kind, change.id, 'before' in change ? change.before : undefined])
  for (const message of [
    { msg: 'addedBefore', collection: 'c', id: 'c', before: 'none' }, { msg: 'addedBefore', collection: 'c', id: 'd', before: 'd' }, { msg: 'addedBefore', collection: 'new', id: 'e', before: 'none' },
    { msg: 'movedBefore', collection: 'c', id: 'a', before: 'a' }, { msg: 'movedBefore', collection: 'c', id: 'b', before: 'none' },
    { msg: 'addedBefore', collection: 'c', id: 'c', before: 'none' }, { msg: 'addedBefore', collection: 'c', id: 'c', before: 'c' }, { msg: 'movedBefore', collection: 'c', id: 'c', before: 'd' },
  ] as const) store.apply(message, note)
  expect(places).toEqual([
    ['added', 'c', null], ['added', 'd', null], ['added', 'e', null], ['moved', 'a', null], ['moved', 'b', null],
    // The document stands at the end after the first of these.
    ['moved', 'c', null], ['moved', 'c', 'd'],
  ])
  expect([...store.documents('c').values()].map(({ _id }) => _id)).toEqual(['c', 'd', 'a', 'b'])
})

type Data = Parameters<DocumentStore['apply']>[0]

/** What the store says to each message: what was told of it, and whether it fitted what came before. */
function said(store: DocumentStore, ...messages: Data[]): unknown[] {
  return messages.map((message) => {
    const told: unknown[] = []
    const fits = store.apply(message, (_name, change: DocumentChange) => void told.push([change.kind, change.id, ...('document' in change ? [change.document] : []), ...('before' in change ? [change.before] : [])]))
    return fits ? told : ['odd', ...told]
  })
}

const documentsOf = (store: DocumentStore): unknown[] => [...store.documents('c').values()]

it('merges the fields of an added document that is there, and tells of what is new', () => {
  const store = new DocumentStore(mongoIds)
  expect(said(
    store,
    { msg: 'added', collection: 'c', id: '1', fields: { a: 1, list: [1] } },
    { msg: 'added', collection: 'c', id: '1', fields: { b: 2 } },
    { msg: 'added', collection: 'c', id: '1' },
    { msg: 'added', collection: 'c', id: '1', fields: {} },
    { msg: 'added', collection: 'c', id: '1', fields: { list: [1], b: 2, _id: 'forged' } },
    { msg: 'changed', collection: 'c', id: '1' },
    { msg: 'changed', collection: 'c', id: '1', fields: {}, cleared: [] },
  )).toEqual([
    [['added', '1', { _id: '1', a: 1, list: [1] }, undefined]],
    ['odd', ['changed', '1', { _id: '1', a: 1, list: [1], b: 2 }]],
    ['odd'], ['odd'], ['odd'], [], [],
  ])
  expect(documentsOf(store)).toEqual([{ _id: '1', a: 1, list: [1], b: 2 }])
})

it('adds a document that is changed and not there, and leaves alone what is removed or moved and not there', () => {
  const store = new DocumentStore(mongoIds)
  expect(said(
    store,
    { msg: 'removed', collection: 'c', id: '1' },
    { msg: 'movedBefore', collection: 'c', id: '1', before: null },
    { msg: 'changed', collection: 'c', id: '1', fields: { a: 1, b: 2 }, cleared: ['b', '_id', 'none'] },
    { msg: 'changed', collection: 'c', id: '2', cleared: ['a'] },
  )).toEqual([['odd'], ['odd'], ['odd', ['added', '1', { _id: '1', a: 1 }, undefined]], ['odd', ['added', '2', { _id: '2' }, undefined]]])
  expect(documentsOf(store)).toEqual([{ _id: '1', a: 1 }, { _id: '2' }])
  expect(new DocumentStore(mongoIds).apply({ msg: 'removed', collection: 'never seen', id: '1' }, ignore)).toBe(false)
})

it('keeps an order when documents come again, or unannounced', () => {
  const store = ordered(['a', 'b', 'c'])
  expect(said(
    store,
    { msg: 'addedBefore', collection: 'c', id: 'a', fields: { x: 1 }, before: 'b' },
    { msg: 'addedBefore', collection: 'c', id: 'a', fields: { x: 1, y: 2 }, before: null },
    { msg: 'addedBefore', collection: 'c', id: 'b', before: null },
    { msg: 'added', collection: 'c', id: 'c', fields: { z: 3 } },
    { msg: 'changed', collection: 'c', id: 'd', fields: { new: true } },
  )).toEqual([
    ['odd', ['changed', 'a', { _id: 'a', x: 1 }]],
    ['odd', ['changed', 'a', { _id: 'a', x: 1, y: 2 }], ['moved', 'a', { _id: 'a', x: 1, y: 2 }, null]],
    ['odd', ['moved', 'b', { _id: 'b' }, null]],
    ['odd', ['changed', 'c', { _id: 'c', z: 3 }]],
    ['odd', ['added', 'd', { _id: 'd', new: true }, null]],
  ])
  expect(documentsOf(store)).toEqual([{ _id: 'c', z: 3 }, { _id: 'a', x: 1, y: 2 }, { _id: 'b' }, { _id: 'd', new: true }])
})

it('merges under names that objects have of their own', () => {
  const store = new DocumentStore(mongoIds)
  const fields = JSON.parse('{"__proto__":{"a":1},"constructor":1}') as Record<string, unknown>
  store.apply({ msg: 'added', collection: 'c', id: '1' }, ignore)
  store.apply({ msg: 'added', collection: 'c', id: '1', fields }, ignore)
  const document = store.documents('c').get('1')
  expect([Object.keys(document ?? {}), document?.['a'], Object.getPrototypeOf(document)]).toEqual([['_id', '__proto__', 'constructor'], undefined, Object.prototype])
})
