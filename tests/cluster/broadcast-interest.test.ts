import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Cluster, type Gap, joinCluster, type JoinOptions } from '@ddp-cluster/instance-status'
import { CutProxy } from './cut-proxy.js'
import { Fleet, linked, until } from './fleet.js'
import { RawPeer } from './raw-peer.js'

const secret = 's'.repeat(32)
let fleet: Fleet
const proxies: CutProxy[] = []
const peers: RawPeer[] = []
beforeEach(async () => {
  fleet = await Fleet.open()
})
afterEach(async () => {
  for (const peer of peers.splice(0)) peer.connection.close()
  for (const proxy of proxies.splice(0)) proxy.close()
  await fleet.close()
})

async function joinBehindProxies(count: number, options: Partial<JoinOptions> = {}): Promise<Cluster[]> {
  const clusters: Cluster[] = []
  for (let index = 0; index < count; index += 1) {
    const { server, port } = await fleet.listen()
    const proxy = await CutProxy.before(port)
    proxies.push(proxy)
    clusters.push(fleet.track(await joinCluster({ db: fleet.db, name: 'test', server, address: { host: '127.0.0.1', port: proxy.port }, ...options })))
  }
  await linked(clusters)
  return clusters
}

async function rawPeer(cluster: Cluster, request: object, options: { id?: string; attempt?: number; url?: string } = {}): Promise<RawPeer> {
  const peer = await RawPeer.prove(cluster, { secret, ...options })
  peers.push(peer)
  await peer.subscribe(request)
  return peer
}

function listen(cluster: Cluster, stream: string): { heard: unknown[]; stop: () => void } {
  const heard: unknown[] = []
  return { heard, stop: cluster.stream(stream).on('event', (value) => heard.push(value)) }
}

const numbers = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, index) => from + index)
const linkDown = (cluster: Cluster): Promise<void> => until(() => cluster.members()[0]?.link?.currentStatus.connected === false, 2000)

describe('interest', () => {
  it('brings a peer the streams that it listens to, and its number past the others', async () => {
    const cluster = await fleet.join({ secret })
    const some = await rawPeer(cluster, { streams: ['a', 'b'] })
    const all = await rawPeer(cluster, { streams: true })
    const none = await rawPeer(cluster, { streams: [] })
    for (const name of ['a', 'x', 'b', 'x', 'x', 'a', 'x']) cluster.stream(name).emit('event')
    await until(() => all.heard().length === 7, 10_000)
    await until(() => some.heard().length === 3, 10_000)
    expect(some.heard()).toEqual([[1, 'a'], [3, 'b'], [6, 'a']])
    expect(none.heard()).toEqual([])
    expect(some.told).toBe(7)
  })

  it('tells a peer now and then how far it is, although nothing is for it', async () => {
    const cluster = await fleet.join({ secret })
    const peer = await rawPeer(cluster, { streams: ['other'] })
    for (let n = 0; n < 10_000; n += 1) {
      cluster.stream('room').emit('event', n)
      if (n % 1000 === 0) await new Promise((resolve) => setImmediate(resolve))
    }
    await until(() => peer.told >= 10_000 - 4096, 10_000)
    expect(peer.frames.length).toBeLessThan(6)
  })

  it('answers a change with the number from which it holds, and sends nothing older', async () => {
    const cluster = await fleet.join({ secret })
    const peer = await rawPeer(cluster, { streams: ['a'] })
    cluster.stream('b').emit('event')
    await peer.connection.call('cluster.interest', [{ streams: ['a', 'b'] }])
    cluster.stream('b').emit('event')
    await until(() => peer.heard().length === 1, 10_000)
    expect(peer.frames.map(({ fields }) => fields['from']).filter((from) => from !== undefined)).toEqual([1, 2])
    expect(peer.heard()).toEqual([[2, 'b']])
  })

  it.each([
    [{ streams: ['x'.repeat(501)] }], [{ streams: [''] }], [{ streams: [1] }], [{ streams: 'a' }], [{ streams: false }],
    [{ streams: Array.from({ length: 1001 }, (_, index) => String(index)) }], [{ after: -1 }], [{ after: 0.5 }], [{ after: '1' }], [{ after: null }],
  ])('refuses what is no request, and goes on (%#)', async (request) => {
    const cluster = await fleet.join({ secret })
    const peer = await RawPeer.prove(cluster, { secret })
    peers.push(peer)
    const refused = (error: { error: string }): unknown => error.error
    expect(await peer.connection.call('cluster.interest', [{ streams: [] }]).catch(refused)).toBe('bad-request')
    expect(await peer.subscribe(request).catch(refused)).toBe('bad-request')
    expect(await peer.subscribe({ after: 1, streams: [] }).catch(refused)).toBe('beyond-head')
    await peer.subscribe({ streams: ['__proto__', 'constructor'] })
    cluster.stream('__proto__').emit('event')
    await until(() => peer.heard().length === 1, 10_000)
  })

  it('lets nothing old reach who begins to listen, and loses nothing of what was listened to, whenever the link is cut', async () => {
    const [speaker, reader] = (await joinBehindProxies(2)) as [Cluster, Cluster]
    const a = listen(reader, 'a')
    await reader.stream('a').ready()
    const emit = (value: number): void => {
      for (const name of ['a', 'b', 'c']) speaker.stream(name).emit('event', value)
    }
    emit(1)
    await until(() => a.heard.length === 1, 10_000)
    for (const proxy of proxies) proxy.cut()
    await linkDown(reader)
    emit(2)
    // While the link is down: nobody has heard of it yet when 3 is emitted.
    const b = listen(reader, 'b')
    emit(3)
    await reader.stream('b').ready()
    emit(4)
    const c = listen(reader, 'c')
    for (const proxy of proxies) proxy.cut()
    emit(5)
    await reader.stream('c').ready()
    emit(6)
    await until(() => c.heard.includes(6) && a.heard.includes(6) && b.heard.includes(6), 5000)
    expect(a.heard).toEqual([1, 2, 3, 4, 5, 6])
    expect(b.heard).toEqual([4, 5, 6])
    expect(c.heard.slice(-1)).toEqual([6])
    expect(c.heard.every((value) => (value as number) > 4)).toBe(true)
  })

  it('misses nothing when a listener takes the place of another in one go', async () => {
    const clusters = await Promise.all([fleet.join(), fleet.join()])
    await linked(clusters)
    const [speaker, reader] = clusters
    let current = listen(reader, 'room')
    const heard: unknown[][] = [current.heard]
    await reader.stream('room').ready()
    for (const n of numbers(1, 2000)) {
      speaker.stream('room').emit('event', n)
      if (n % 20 === 0) await new Promise((resolve) => setImmediate(resolve))
      if (n % 50 !== 0) continue
      current.stop()
      current = listen(reader, 'room')
      heard.push(current.heard)
    }
    await until(() => heard.flat().length === 2000, 10_000, () => heard.flat().length)
    expect(heard.flat()).toEqual(numbers(1, 2000))
  })

  it('is all when more than a thousand streams are listened to', async () => {
    const clusters = await Promise.all([fleet.join(), fleet.join()])
    await linked(clusters)
    const [speaker, reader] = clusters
    const heard: unknown[] = []
    for (const n of numbers(1, 1100)) reader.stream(`stream ${n}`).on('event', (value) => heard.push(value))
    await reader.stream('stream 1100').ready()
    speaker.stream('nobody listens').emit('event', 0)
    for (const n of numbers(1, 1100)) speaker.stream(`stream ${n}`).emit('event', n)
    await until(() => heard.length === 1100, 10_000, () => heard.length)
    expect(heard).toEqual(numbers(1, 1100))
  })

  it('reports no loss of what nobody listened to, and an upper bound where it cannot tell', async () => {
    const [speaker, reader] = (await joinBehindProxies(2, { maxLogEntries: 10 })) as [Cluster, Cluster]
    const gaps: Gap[] = []
    reader.on('gap', (gap) => gaps.push(gap))
    const { heard } = listen(reader, 'a')
    await reader.stream('a').ready()
    const emit = (name: string, count: number): void => {
      for (let n = 0; n < count; n += 1) speaker.stream(name).emit('event', name)
    }
    const cutAnd = async (work: () => void): Promise<void> => {
      const before = heard.length
      for (const proxy of proxies) proxy.cut()
      await linkDown(reader)
      work()
      await until(() => reader.members()[0]?.link?.currentStatus.connected === true, 10_000)
      emit('a', 1)
      await until(() => heard.length > before, 10_000)
    }
    emit('a', 1)
    await until(() => heard.length === 1, 10_000)
    await cutAnd(() => emit('b', 100))
    expect(gaps).toEqual([])
    await cutAnd(() => {
      emit('a', 5)
      emit('b', 100)
    })
    expect(gaps.splice(0)).toMatchObject([{ from: speaker.id, after: 102, exact: false }])
    const before = heard.length
    await cutAnd(() => emit('a', 100))
    expect(gaps).toMatchObject([{ lost: 90, exact: true }])
    await until(() => heard.length === before + 11, 10_000, () => heard.length - before)
  })
})

describe('ready()', () => {
  it('names who does not know, and is over at once when nobody listens or nobody is there', async () => {
    const clusters = await Promise.all([fleet.join({ secret }), fleet.join({ secret })])
    await linked(clusters)
    const [first] = clusters
    await first.stream('room').ready()
    // This one never dials, nor can it be dialled: it is a member that is not told.
    const peer = await rawPeer(first, { streams: [] })
    first.stream('room').on('event', () => undefined)
    await expect(first.stream('room').ready({ timeoutMs: 100 })).rejects.toMatchObject({ code: 'timeout', message: expect.stringContaining(peer.id) as string })
    const ready = first.stream('room').ready()
    // The answer is not waited for by who is hung up on.
    await peer.connection.call('cluster.goodbye', []).catch(() => undefined)
    await ready
  })

  it('ends with close()', async () => {
    const cluster = await fleet.join({ secret })
    await rawPeer(cluster, { streams: [] })
    cluster.stream('room').on('event', () => undefined)
    const ready = cluster.stream('room').ready()
    await Promise.all([expect(ready).rejects.toMatchObject({ code: 'closed' }), cluster.close()])
    expect(() => cluster.stream('room').on('event', () => undefined)).toThrow(expect.objectContaining({ code: 'closed' }))
  })
})

describe('one cursor a peer', () => {
  it('is the highest attempt\'s, whatever order the handshakes arrive in', async () => {
    const cluster = await fleet.join({ secret })
    const first = await rawPeer(cluster, { streams: true })
    cluster.stream('room').emit('event')
    await until(() => first.heard().length === 1, 10_000)
    const second = await rawPeer(cluster, { after: 1, streams: true }, { id: first.id, attempt: 3 })
    expect(await first.connection.closed).toMatchObject({ closeCode: 1000 })
    const late = new RawPeer(cluster, { secret, id: first.id, attempt: 2 })
    peers.push(late)
    await late.prove().catch(() => undefined)
    expect(await late.connection.closed).toMatchObject({ closeCode: 1000 })
    cluster.stream('room').emit('event')
    await until(() => second.heard().length === 1, 10_000)
    expect([first.heard(), second.heard(), late.heard()]).toEqual([[[1, 'room']], [[2, 'room']], []])
  })

  it('goes on in the successor of a socket that is half open, without loss or duplicate', async () => {
    const { server, port } = await fleet.listen()
    const proxy = await CutProxy.before(port)
    proxies.push(proxy)
    const cluster = fleet.track(await joinCluster({ db: fleet.db, name: 'test', server, secret }))
    const url = cluster.address.url.replace(String(port), String(proxy.port))
    const first = await rawPeer(cluster, { streams: true }, { url })
    const room = cluster.stream('room')
    room.emit('event')
    await until(() => first.heard().length === 1, 10_000)
    proxy.hold()
    for (let n = 0; n < 10; n += 1) room.emit('event', 'x'.repeat(100_000))
    await new Promise((resolve) => setImmediate(resolve))
    const second = await rawPeer(cluster, { after: 1, streams: true }, { id: first.id, attempt: 2 })
    proxy.letGo()
    room.emit('event')
    await until(() => second.heard().length === 11, 10_000, () => second.heard().length)
    expect(second.heard()).toEqual(numbers(2, 12).map((seq) => [seq, 'room']))
  })
})
