import { expect, it } from 'vitest'
import type { SeenDocument } from '../registry/record.js'
import { judgeRegistry } from './judge-registry.js'
import type { RegistryFacts } from './registry-facts.js'

const record = (_id: string, protocol = 1): SeenDocument => ({
  kind: 'record', _id, _createdAt: new Date(0), _updatedAt: new Date(0), name: 'app', pid: 1, host: `${_id}.example`, port: '1',
  cluster: { protocol, expireAfterMs: 30_000, url: `ws://${_id}.example:1` }, heartbeatAgeMs: 0, stale: false,
})
const well: RegistryFacts = { label: 'app.instances', name: undefined, documents: [record('a'), record('b')], more: false, index: { expireAfterMs: 30_000 }, heartbeatIntervalsMs: new Map(), roundTripMs: 1, clockAheadMs: 0, changeStreams: true }

it.each<[what: string, facts: Partial<RegistryFacts>, found: string]>([
  ['a clock behind', { clockAheadMs: -60_000 }, 'clocks-apart'],
  ['an index that keeps records for long', { index: { expireAfterMs: 86_400_000 } }, 'ttl-index-long'],
  ['an index that is too short, of which it is not known how often records are renewed', { index: { expireAfterMs: 1000 } }, 'ttl-index-short'],
  ['an index that does not expire', { index: { expireAfterMs: undefined } }, 'ttl-index-missing'],
  ['no instance of a name, in the database that a URL without one means', { documents: [], name: 'app', label: 'test.instances/app' }, 'no-instances'],
  ['more documents than are looked at', { more: true }, 'foreign-record'],
  ['two versions of the protocol', { documents: [record('a', 1), record('b', 2)] }, 'protocol-versions'],
])('finds %s', (_, facts, found) => {
  expect(judgeRegistry(well)).toEqual([])
  expect(judgeRegistry({ ...well, ...facts }).map(({ code }) => code)).toEqual([found])
})

it('says of no instances what was looked for, and where', () => {
  const [finding] = judgeRegistry({ ...well, documents: [], name: 'app', label: 'test.instances/app' })
  expect(finding?.what).toBe('test.instances/app has no record of an instance named app; "test" is what a URL means that names no database.')
})
