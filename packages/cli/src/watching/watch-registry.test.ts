import { expect, it } from 'vitest'
import type { SeenDocument } from '../registry/record.js'
import { differences } from './watch-registry.js'

const record = (_id: string, stale = false): SeenDocument => ({
  kind: 'record', _id, _createdAt: new Date(0), _updatedAt: new Date(0), name: 'app', pid: 1, host: 'h', port: '1',
  cluster: { protocol: 1, expireAfterMs: 1000, url: 'ws://h:1' }, heartbeatAgeMs: stale ? 5000 : 0, stale,
})
const foreign = (id: string): SeenDocument => ({ kind: 'foreign', id, why: 'because' })

it.each<[what: string, before: SeenDocument[], now: SeenDocument[], happened: string[]]>([
  ['nothing', [record('a'), foreign('x')], [record('a'), foreign('x')], []],
  ['one registers', [], [record('a')], ['registered a h:1 ']],
  ['one registers, and is stale already', [], [record('a', true)], ['registered a h:1 ', 'stale a h:1 not renewed for 5 s']],
  ['one falls silent', [record('a')], [record('a', true)], ['stale a h:1 not renewed for 5 s']],
  ['one is renewed', [record('a', true)], [record('a')], ['renewed a h:1 ']],
  ['one is removed, and a foreign document too', [record('a'), foreign('x')], [], ['removed a h:1 ', 'removed x  ']],
  ['a document becomes one of an instance', [foreign('a')], [record('a')], ['registered a h:1 ']],
  ['a record becomes nonsense', [record('a')], [foreign('a')], ['foreign a  because']],
])('%s', (_, before, documents, happened) => {
  const read = (some: SeenDocument[], databaseNow: number) => ({ documents: some, databaseNow, more: false })
  const found = differences(read(before, 1000), read(documents, 2000))
  expect(found.map(({ type, instance, address, reason }) => `${type} ${instance ?? ''} ${address ?? ''} ${reason ?? ''}`)).toEqual(happened)
  for (const { at } of found) expect(at).toEqual(new Date(2000))
})
