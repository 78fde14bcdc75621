import fc from 'fast-check'
import { expect, it } from 'vitest'
import { seen } from '../../../packages/cli/src/registry/record.js'
import { toRecord } from '../../../packages/instance-status/src/registry/record.js'

const record = {
  _id: 'Ahq7mLDkqK2JDtcNp', _createdAt: new Date(1000), _updatedAt: new Date(2000), name: 'chat', pid: 7,
  extraInformation: { host: '10.0.0.5', port: '3000' }, cluster: { protocol: 1, expireAfterMs: 60_000, url: 'ws://10.0.0.5:3000/websocket' },
}

const anything = fc.oneof(fc.anything({ withDate: true, withNullPrototype: true }), fc.constantFrom(null, undefined, [], {}, '', 0, -1, 1e12, Number.NaN, new Date(Number.NaN), 'ws://h', 'http://h', 'wss://h:1/x', 'x'.repeat(256), 'x'.repeat(6), `ws://h/${'x'.repeat(2048)}`))

const paths = [[], ['_id'], ['_createdAt'], ['_updatedAt'], ['name'], ['pid'], ['extraInformation'], ['extraInformation', 'host'], ['extraInformation', 'port'], ['cluster'], ['cluster', 'protocol'], ['cluster', 'expireAfterMs'], ['cluster', 'url']]

function replaced(value: unknown, [key, ...rest]: readonly string[], by: unknown): unknown {
  if (key === undefined) return by
  const object = value as Record<string, unknown>
  return { ...object, [key]: replaced(object[key], rest, by) }
}

it('the command line takes for a record what instances take for one, and nothing else', () => {
  expect(seen(record, 3000)).toMatchObject({ kind: 'record', heartbeatAgeMs: 1000, stale: false })
  fc.assert(
    fc.property(fc.constantFrom(...paths), anything, (path, value) => {
      const document = replaced(record, path, value)
      expect(seen(document, 3000).kind).toBe(toRecord(document) ? 'record' : 'foreign')
    }),
    { numRuns: 2000 },
  )
})
