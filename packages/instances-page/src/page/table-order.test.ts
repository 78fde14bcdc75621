import { describe, expect, it } from 'vitest'
import { columns } from './columns.js'
import { toInstance } from './instance.js'
import { arranged } from './table-order.js'

const now = Date.parse('2026-11-23T12:00:00Z')
const connected = { status: 'connected', connected: true, authorized: true, retryCount: 0 }
const instances = [
  toInstance({ _id: 'a', local: true, status: 'self', address: 'one:3000', pid: 30, since: new Date(now - 50_000) }),
  toInstance({ _id: 'b', status: 'alive', address: 'two:3000', pid: 4, since: new Date(now - 90_000), link: { ...connected, roundTripMs: 12 } }),
  toInstance({ _id: 'c', status: 'suspect', address: 'ten:3000', pid: 100, since: new Date(now - 1000), reason: 'has been silent', link: { status: 'waiting', connected: false, retryCount: 3 } }),
  toInstance({ _id: 'd', status: 'joining', address: 'ten:200', pid: 7 }),
  toInstance({ _id: 'e', status: 'alive', address: 'two:3001', pid: 5, since: new Date(now - 80_000), link: { ...connected, roundTripMs: 3 } }),
]
const all = { words: '', status: '' }
const ids = (filter = all, key = 'status', descending = false): string => arranged(instances, filter, { key, descending }, now).map(({ id }) => id).join('')

describe('the order of the table', () => {
  it('has what needs a look first', () => expect(ids()).toBe('cdabe'))
  it.each([
    ['id', 'abcde', 'edcba'],
    ['address', 'adcbe', 'ebcda'],
    ['pid', 'bedac', 'cadeb'],
    ['roundTrip', 'ebacd', 'beacd'],
    ['since', 'caebd', 'beacd'],
  ])('by %s, numbers by their size and the unknown last, both ways', (key, up, down) => {
    expect([ids(all, key), ids(all, key, true)]).toEqual([up, down])
  })
})

describe('the filter of the table', () => {
  it.each([['TWO', 'be'], ['ten silent', 'c'], ['connected 3001', 'e'], ['nothing of the kind', ''], ['  ', 'cdabe']])('by words: %s', (words, found) => expect(ids({ words, status: '' })).toBe(found))
  it.each([['alive', 'abe'], ['suspect', 'c'], ['joining', 'd']])('by status: %s', (status, found) => expect(ids({ words: '', status })).toBe(found))
})

it('shows nothing that a server made up', () => {
  const odd = toInstance({ _id: 'x', status: 'conquered', pid: '5', since: 'yesterday', link: 'yes', log: [1], name: { toString: 1 } })
  expect(odd).toMatchObject({ status: 'joining', pid: 0, name: '', address: '', since: undefined, link: undefined })
  for (const { textOf } of columns) expect(typeof textOf(odd, now)).toBe('string')
})
