import { expect, it } from 'vitest'
import type { InstanceRecord, MemberView } from '@ddp-cluster/instance-status'
import { instanceDocuments, withFiguresOf } from './instance-documents.js'
import type { ClusterState } from './options.js'

const record = (id: string, updatedAt = 2000): InstanceRecord => ({
  _id: id, _createdAt: new Date(1000), _updatedAt: new Date(updatedAt), extraInformation: { host: id, port: '3000' }, name: 'app', pid: 7,
  cluster: { protocol: 1, expireAfterMs: 60_000, url: `ws://${id}:3000/websocket` },
})
const member = (id: string, rest: Partial<MemberView>): MemberView => ({ id, status: 'alive', reason: undefined, since: new Date(0), record: record(id), link: undefined, ...rest })

function documents(members: readonly MemberView[], { registry = 'reachable', last = [] }: { registry?: 'reachable' | 'lost'; last?: readonly InstanceRecord[] } = {}): Map<string, Readonly<Record<string, unknown>>> {
  const events = { emitted: 1, received: 2, replayed: 3, lost: 4 }
  const cluster: Pick<ClusterState, 'id' | 'lastRecords' | 'statistics' | 'self' | 'members'> = {
    id: 'self',
    lastRecords: () => [...last],
    statistics: () => ({ heartbeat: { ageMs: 1, durationMs: 1 }, log: { head: 0, entries: 0, bytes: 0 }, events, bytes: { sent: 5, received: 6 }, authorizationFailures: 0, peers: [{ id: 'peer', sent: 1, unsent: 2, received: 3, lost: 4 }] }),
    self: { id: 'self', record: record('self'), registry, unreachableBy: [] },
    members: () => [...members],
  }
  return instanceDocuments(cluster as ClusterState)
}

it('has one of this instance, with what came and went, and what is wrong with MongoDB', () => {
  const place = { name: 'app', pid: 7, address: 'self:3000', registeredAt: new Date(1000) }
  const own = { local: true, ...place, heartbeatAt: new Date(2000), status: 'self', since: new Date(1000), traffic: { emitted: 1, received: 2, replayed: 3, lost: 4, bytesSent: 5, bytesReceived: 6 } }
  expect(documents([])).toEqual(new Map([['self', own]]))
  expect(documents([], { registry: 'lost' }).get('self')).toEqual({ ...own, reason: 'MongoDB does not answer' })
})

it('has one of each member whose record is known, with what there is to tell of it', () => {
  const link = { currentStatus: { status: 'connected', connected: true, retryCount: 0 } as const, authorized: true, lastError: undefined, roundTripMs: 1 }
  const seen = documents([member('peer', { link }), member('odd', { status: 'suspect', reason: 'gone quiet' }), member('unseen', { record: undefined })])
  expect([...seen.keys()]).toEqual(['self', 'peer', 'odd'])
  expect(seen.get('peer')).toMatchObject({ status: 'alive', link: { status: 'connected', authorized: true }, log: { sent: 1, unsent: 2, received: 3, lost: 4 } })
  expect(seen.get('odd')).toMatchObject({ status: 'suspect', reason: 'gone quiet' })
  expect(Object.keys(seen.get('odd') ?? {})).not.toContain('link')
})

it('shows the later of two heartbeats: of the record that a member was last judged by, and of the last read', () => {
  const heartbeatAt = (last: readonly InstanceRecord[]): unknown => documents([member('peer', {})], { last }).get('peer')?.['heartbeatAt']
  expect(heartbeatAt([record('peer', 3000)])).toEqual(new Date(3000))
  expect(heartbeatAt([record('peer', 1000)])).toEqual(new Date(2000))
  expect(heartbeatAt([])).toEqual(new Date(2000))
})

it('keeps the figures of before where only what happened is told', () => {
  expect(withFiguresOf({ status: 'alive', heartbeatAt: 1, log: 1 }, { status: 'suspect', heartbeatAt: 2, log: 2, traffic: 2 })).toEqual({ status: 'suspect', heartbeatAt: 1, log: 1, traffic: 2 })
  expect(withFiguresOf(undefined, { heartbeatAt: 2 })).toEqual({ heartbeatAt: 2 })
})
