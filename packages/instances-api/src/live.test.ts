import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import type { InstanceRecord } from '@ddp-cluster/instance-status'
import { difference } from './difference.js'
import { offerOverDDP } from './ddp.js'
import { Gate } from './gate.js'
import { Live } from './live.js'
import { type ClusterState, resolveOptions } from './options.js'

const record: InstanceRecord = {
  _id: 'self', _createdAt: new Date(1000), _updatedAt: new Date(2000), extraInformation: { host: 'localhost', port: '3000' }, name: 'rocket.chat', pid: 1,
  cluster: { protocol: 1, expireAfterMs: 60_000, url: 'ws://localhost:3000/websocket' },
}

let emitted: number
let listeners: Map<string, (payload: never) => unknown>
let cluster: ClusterState
const server = (): ClusterState['ddpServer'] & { handler: (this: object, credentials: unknown) => Promise<void> } => {
  const endpoint = { method: () => undefined, publish: (_: string, handler: never) => (endpoint.handler = handler), handler: undefined as never }
  return endpoint as never
}
beforeEach(() => {
  vi.useFakeTimers()
  emitted = 0
  listeners = new Map()
  cluster = {
    id: 'self',
    db: { collection: () => undefined } as unknown as ClusterState['db'],
    ddpServer: server(),
    self: { id: 'self', record, registry: 'reachable', unreachableBy: [] },
    members: () => [],
    statistics: () => ({ heartbeat: { ageMs: 1, durationMs: 1 }, log: { head: 0, entries: 0, bytes: 0 }, events: { emitted: (emitted += 1), received: 0, replayed: 0, lost: 0 }, bytes: { sent: 0, received: 0 }, authorizationFailures: 0, peers: [] }),
    records: () => Promise.resolve([record]),
    lastRecords: () => [record],
    method: () => () => undefined,
    callAll: () => Promise.resolve([]),
    on: (event, listener) => {
      listeners.set(event, listener)
      return () => void listeners.delete(event)
    },
    closed: new Promise(() => undefined),
  }
})
afterEach(() => {
  vi.useRealTimers()
})

const watcher = (): { told: string[]; added(collection: string, id: string): void; changed(collection: string, id: string, fields: object): void; removed(collection: string, id: string): void; error(error: unknown): void; stop(): void } => {
  const told: string[] = []
  return {
    told,
    added: (collection, id) => told.push(`added ${collection} ${id}`),
    changed: (_, id, fields) => told.push(`changed ${id} ${Object.keys(fields).join()}`),
    removed: (_, id) => told.push(`removed ${id}`),
    error: () => told.push('failed'),
    stop: () => told.push('stopped'),
  }
}
const happen = (delayMs: number): unknown => listeners.get('stalled')?.({ delayMs } as never)

it('looks at figures once a second while somebody watches, and at nothing afterwards', () => {
  const live = new Live(cluster)
  const one = watcher()
  const end = live.watch(one)
  expect(one.told).toEqual(['added instances self'])
  vi.advanceTimersByTime(2500)
  expect(one.told.slice(1)).toEqual(['changed self traffic', 'changed self traffic'])
  end()
  end()
  expect(vi.getTimerCount()).toBe(0)
  const looked = emitted
  happen(1)
  vi.advanceTimersByTime(10_000)
  expect(emitted).toBe(looked)
  live.close()
  expect(listeners.size).toBe(0)
})

it('tells what happened at once, without the figures, and gives a newcomer what there is', () => {
  const live = new Live(cluster)
  happen(1)
  const one = watcher()
  live.watch(one)
  expect(one.told).toEqual(['added instances self', 'added instances.timeline 1'])
  happen(2)
  happen(3)
  vi.advanceTimersByTime(100)
  expect(one.told.slice(2)).toEqual(['added instances.timeline 2', 'added instances.timeline 3'])
  const other = watcher()
  live.watch(other)
  expect(other.told.length).toBe(4)
  live.close()
  expect([one.told.at(-1), other.told.at(-1), vi.getTimerCount(), listeners.size]).toEqual(['stopped', 'stopped', 0, 0])
  const late = watcher()
  live.watch(late)
  expect(late.told).toEqual(['stopped'])
})

it('stays closed, although who watches ends what it has when it is stopped', () => {
  const live = new Live(cluster)
  const one = watcher()
  const end = live.watch({ ...one, stop: () => end() })
  live.close()
  const late = watcher()
  live.watch(late)
  expect([late.told, vi.getTimerCount()]).toEqual([['stopped'], 0])
})

const refuse = (): never => {
  throw new Error('this document cannot be written')
}

it('leaves nothing behind where the first document cannot be told', () => {
  const live = new Live(cluster)
  expect(() => live.watch({ ...watcher(), added: refuse })).toThrow('cannot be written')
  expect(vi.getTimerCount()).toBe(0)
})

it('tells the others what one cannot be told, who is told no more', () => {
  const live = new Live(cluster)
  const [odd, other] = [watcher(), watcher()]
  live.watch({ ...odd, changed: refuse })
  live.watch(other)
  vi.advanceTimersByTime(2500)
  expect(odd.told).toEqual(['added instances self', 'failed'])
  expect(other.told.slice(1)).toEqual(['changed self traffic', 'changed self traffic'])
})

it('asks every minute whether who watches still may', async () => {
  let rights = true
  const options = { cluster, authenticate: () => Promise.resolve('me'), authorize: () => Promise.resolve(rights) }
  const endpoint = server()
  offerOverDDP(endpoint, { gate: new Gate(cluster.db, options, resolveOptions(options)), live: new Live(cluster), connections: () => Promise.resolve([]), closed: cluster.closed })
  const stops: (() => void)[] = []
  const errors: unknown[] = []
  const publication = {
    ...watcher(), userId: null, connection: { clientAddress: '10.0.0.1', httpHeaders: {} }, unblock: () => undefined, ready: () => undefined,
    onStop: (stop: () => void) => stops.push(stop),
    error: (error: unknown) => {
      errors.push(error)
      for (const stop of stops) stop()
    },
  }
  await endpoint.handler.call(publication, { userId: 'me', authToken: 'mine' })
  await vi.advanceTimersByTimeAsync(150_000)
  expect(errors).toEqual([])
  rights = false
  await vi.advanceTimersByTimeAsync(60_000)
  expect(errors).toMatchObject([{ error: 403 }])
  // The rate limiter counts for a minute.
  await vi.advanceTimersByTimeAsync(60_000)
  expect(vi.getTimerCount()).toBe(0)
})

it('tells fields that are gone, and nothing of what is alike', () => {
  const before = new Map([['a', { x: 1, gone: new Date(1) }], ['b', { x: 1 }], ['c', { x: [1] }]])
  const after = new Map<string, Record<string, unknown>>([['a', { x: 2 }], ['c', { x: [1] }], ['d', { x: 1 }]])
  expect(difference(before, after)).toEqual([{ type: 'removed', id: 'b' }, { type: 'changed', id: 'a', fields: { gone: undefined, x: 2 } }, { type: 'added', id: 'd', fields: { x: 1 } }])
})
