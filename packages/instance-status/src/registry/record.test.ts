import { randomId } from '@ddp-cluster/ddp-common'
import { expect, it } from 'vitest'
import { testRecord } from './record.fixture.js'
import { toRecord } from './record.js'

const good = testRecord(randomId())
const { extraInformation, cluster } = good

it('takes a record as the instances write it', () => expect(toRecord({ ...good, other: 1 })).toEqual(good))

it.each([
  ['null', null], ['text', 'record'], ['nothing', {}],
  ['an id of its own kind', { ...good, _id: 'x' }], ['a date that is none', { ...good, _updatedAt: new Date(Number.NaN) }],
  ['a pid that is none', { ...good, pid: Number.NaN }],
  ['a host of 14 MB', { ...good, extraInformation: { ...extraInformation, host: 'x'.repeat(14_000_000) } }],
  ['a port that TCP does not know', { ...good, extraInformation: { ...extraInformation, port: '1234567' } }],
  ['more extraInformation than anybody may give', { ...good, extraInformation: { ...extraInformation, note: 'x'.repeat(65_536) } }],
  ['extraInformation that JSON cannot hold', { ...good, extraInformation: { ...extraInformation, note: 1n } }],
  ['an endless address', { ...good, cluster: { ...cluster, url: `ws://a/${'x'.repeat(2048)}` } }],
  ['an address of another kind', { ...good, cluster: { ...cluster, url: 'http://a/' } }],
  ['an expiry of a year', { ...good, cluster: { ...cluster, expireAfterMs: 365 * 24 * 3_600_000 } }],
])('is not disturbed by %s', (_what, document) => expect(toRecord(document)).toBeUndefined())
