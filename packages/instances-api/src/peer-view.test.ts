import { expect, it } from 'vitest'
import { toInstanceView } from './peer-view.js'

const log = { head: 1, entries: 1, bytes: 1 }
const events = { emitted: 1, received: 1, replayed: 1, lost: 1 }
const self = { registry: 'reachable', unreachableBy: [], heartbeatAgeMs: 1, log, events, bytes: { sent: 1, received: 1 } }
const link = { status: 'connected', connected: true, authorized: true, retryCount: 0 }
const member = { id: 'x', address: 'x:1', status: 'alive', since: new Date(0), link }
const good = { name: 'test', pid: 1, address: 'x:1', self, members: [member] }

it('takes what is documented as it is', () => {
  expect(toInstanceView(good)).toEqual(good)
})

it('leaves out what is not documented, also a key that would be a prototype', () => {
  const odd = JSON.parse('{ "__proto__": { "polluted": true }, "odd": 1 }') as object
  const said = { ...odd, ...good, self: { ...odd, ...self }, members: [Object.assign(Object.create(null), { ...odd, ...member, link: { ...odd, ...link } })] }
  Object.defineProperty(said, '__proto__', { value: { polluted: true }, enumerable: true })
  expect(toInstanceView(said)).toStrictEqual(good)
})

it.each([
  ['nothing', undefined],
  ['a text', 'text'],
  ['an array', []],
  ['too little', { self: {}, members: [] }],
  ['a number that is none', { ...good, pid: Number.NaN }],
  ['an operator for a text', { ...good, name: { $gt: '' } }],
  ['an unknown state of the registry', { ...good, self: { ...self, registry: '<b>' } }],
  ['a member that is none', { ...good, members: [null] }],
  ['a text for a date', { ...good, members: [{ ...member, since: 'yesterday' }] }],
  ['a date of nothing', { ...good, members: [{ ...member, since: new Date(Number.NaN) }] }],
  ['a text for a link', { ...good, members: [{ ...member, link: 'up' }] }],
  ['an unknown status', { ...good, members: [{ ...member, status: 'well' }] }],
  ['too many members', { ...good, members: Array.from({ length: 1001 }, () => member) }],
])('makes no sense of %s', (_what, value) => {
  expect(toInstanceView(value)).toBeUndefined()
})

it('cuts a text that is too long', () => {
  expect(toInstanceView({ ...good, name: 'n'.repeat(3_000_000) })?.name).toBe('n'.repeat(500))
})
