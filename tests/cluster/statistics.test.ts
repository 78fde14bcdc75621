import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Cluster, joinCluster, type JoinOptions } from '@ddp-cluster/instance-status'
import { CutProxy } from './cut-proxy.js'
import { Fleet, linked, until } from './fleet.js'
import { RawPeer } from './raw-peer.js'

let fleet: Fleet
const proxies: CutProxy[] = []
beforeEach(async () => {
  fleet = await Fleet.open()
})
afterEach(async () => {
  for (const proxy of proxies.splice(0)) proxy.close()
  await fleet.close()
})

/** A speaker behind a proxy, and who hears it. */
async function pair(options: Partial<JoinOptions> = {}): Promise<{ speaker: Cluster; listener: Cluster; proxy: CutProxy; heard: number[] }> {
  const { server, port } = await fleet.listen()
  const proxy = await CutProxy.before(port)
  proxies.push(proxy)
  const speaker = fleet.track(await joinCluster({ db: fleet.db, name: 'test', server, address: { host: '127.0.0.1', port: proxy.port }, ...options }))
  const listener = await fleet.join(options)
  await linked([speaker, listener])
  const heard: number[] = []
  listener.stream('numbers').on('next', (n) => heard.push(n as number))
  await listener.stream('numbers').ready()
  return { speaker, listener, proxy, heard }
}

const emit = (cluster: Cluster, count: number): void => {
  for (let n = 1; n <= count; n += 1) cluster.stream('numbers').emit('next', n)
}

/** What `look` sees at the moment at which the cluster suspects a member. */
const atSuspicion = <T>(cluster: Cluster, look: () => T): Promise<T> => new Promise((resolve) => cluster.on('memberSuspected', () => resolve(look())))

describe('statistics()', () => {
  it('counts what is emitted and what comes, on both sides alike', async () => {
    const { speaker, listener, heard } = await pair()
    emit(speaker, 50)
    await until(() => heard.length === 50, 5000)
    const said = speaker.statistics()
    expect(said.log).toEqual({ head: 50, entries: 50, bytes: said.log.bytes })
    expect(said.log.bytes).toBeGreaterThan(50 * 10)
    expect(said.events).toEqual({ emitted: 50, received: 0, replayed: 0, lost: 0 })
    expect(said.peers).toEqual([{ id: listener.id, sent: 50, unsent: 0, received: 0, lost: 0 }])
    expect(said.bytes.sent).toBeGreaterThan(said.log.bytes)
    const got = listener.statistics()
    expect(got.events).toEqual({ emitted: 0, received: 50, replayed: 0, lost: 0 })
    expect(got.peers).toEqual([{ id: speaker.id, sent: 0, unsent: 0, received: 50, lost: 0 }])
    await until(() => listener.statistics().bytes.received === speaker.statistics().bytes.sent, 5000, () => [speaker, listener].map((cluster) => cluster.statistics().bytes))
  })

  it('tells what was replayed after a cut from what came at once, and counts what was lost', async () => {
    const { speaker, listener, proxy, heard } = await pair({ maxLogEntries: 100 })
    emit(speaker, 3)
    await until(() => heard.length === 3, 5000)
    proxy.cut()
    emit(speaker, 10)
    await until(() => heard.length === 13, 5000)
    expect(listener.statistics().events).toEqual({ emitted: 0, received: 13, replayed: 10, lost: 0 })
    await linked([speaker, listener])
    const meanwhile = atSuspicion(speaker, () => {
      emit(speaker, 300)
      return speaker.statistics().peers
    })
    proxy.cut()
    expect(await meanwhile).toEqual([{ id: listener.id, sent: 13, unsent: 300, received: 0, lost: 0 }])
    await until(() => heard.length === 113, 5000)
    const { events, peers } = listener.statistics()
    expect(events).toEqual({ emitted: 0, received: 113, replayed: 110, lost: 200 })
    expect(peers).toEqual([{ id: speaker.id, sent: 0, unsent: 0, received: 313, lost: 200 }])
    expect(speaker.statistics().bytes.sent).toBeGreaterThan(speaker.statistics().log.bytes)
  })

  it('knows how old the last heartbeat is, and how long it took', async () => {
    const cluster = await fleet.join({ heartbeatIntervalMs: 200 })
    const { ageMs } = cluster.statistics().heartbeat
    expect(ageMs).toBeGreaterThanOrEqual(0)
    await until(() => cluster.statistics().heartbeat.ageMs > ageMs, 5000)
    await until(() => cluster.statistics().heartbeat.ageMs < ageMs + 100 && cluster.self.record._updatedAt > cluster.self.record._createdAt, 5000)
    const { durationMs } = cluster.statistics().heartbeat
    expect(durationMs !== undefined && durationMs > 0 && durationMs < 5000).toBe(true)
  })

  it('counts who could not prove that it belongs here', async () => {
    const cluster = await fleet.join()
    expect(cluster.statistics().authorizationFailures).toBe(0)
    const peer = new RawPeer(cluster, { secret: 'wrong'.repeat(10) })
    await expect(peer.subscribe({})).rejects.toThrow('not proven')
    await expect(peer.prove()).rejects.toThrow('proof is wrong')
    expect(cluster.statistics().authorizationFailures).toBe(2)
  })
})

describe('a member', () => {
  it('has its round trip measured, also while it is never silent, and again after a cut', async () => {
    const { speaker, listener, proxy } = await pair({ linkHeartbeatIntervalMs: 100 })
    const measured = (): number | undefined => listener.members()[0]?.link?.roundTripMs
    const chatter = setInterval(() => emit(speaker, 1), 10)
    try {
      await until(() => measured() !== undefined, 5000)
      const first = measured()
      expect(first !== undefined && first > 0 && first < 5000).toBe(true)
      await until(() => measured() !== first, 5000)
      const meanwhile = atSuspicion(listener, measured)
      proxy.cut()
      expect(await meanwhile).toBeUndefined()
      await until(() => measured() !== undefined, 10_000)
    } finally {
      clearInterval(chatter)
    }
  })

  it('has its status since a moment that stays the same until the status changes', async () => {
    const before = Date.now()
    const { speaker, listener, proxy } = await pair()
    const since = listener.members()[0]?.since ?? new Date(0)
    expect(Math.abs(since.getTime() - before)).toBeLessThan(10_000)
    await until(() => Date.now() > since.getTime() + 20, 1000)
    expect(listener.members()[0]?.since).toEqual(since)
    const meanwhile = atSuspicion(listener, () => listener.members()[0]?.since)
    proxy.cut()
    const suspectSince = (await meanwhile) ?? new Date(0)
    expect(suspectSince.getTime()).toBeGreaterThan(since.getTime())
    await linked([speaker, listener])
    expect(listener.members()[0]?.since.getTime()).toBeGreaterThanOrEqual(suspectSince.getTime())
  })
})
