import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { EJSON } from '@ddp-cluster/ddp-common'
import { type Cluster, type Gap, joinCluster } from '@ddp-cluster/instance-status'
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

async function three(): Promise<[Cluster, Cluster, Cluster]> {
  const clusters = await Promise.all([fleet.join({ secret }), fleet.join({ secret }), fleet.join({ secret })])
  await linked(clusters)
  return clusters
}

/** An instance, and the address of a proxy before it. */
async function joinBehindProxy(options: object = {}): Promise<{ cluster: Cluster; proxy: CutProxy; url: string }> {
  const { server, port } = await fleet.listen()
  const proxy = await CutProxy.before(port)
  proxies.push(proxy)
  const cluster = fleet.track(await joinCluster({ db: fleet.db, name: 'test', server, secret, ...options }))
  return { cluster, proxy, url: cluster.address.url.replace(String(port), String(proxy.port)) }
}

async function readerOf(cluster: Cluster, url = cluster.address.url, id?: string, attempt = 1, after?: number): Promise<RawPeer> {
  const peer = await RawPeer.prove(cluster, { secret, url, attempt, ...(id !== undefined && { id }) })
  peers.push(peer)
  await peer.subscribe({ streams: true, ...(after !== undefined && { after }) })
  return peer
}

interface Chat {
  message: [text: string, at: Date]
  typing: [who: string]
}

describe('a stream', () => {
  it('has typed events, listeners for one event, for the next and for all, and takes them back', async () => {
    const cluster = await fleet.join()
    const chat = cluster.stream<Chat>('chat')
    const heard: unknown[] = []
    const onMessage = (text: string, at: Date): unknown => heard.push(['message', text.toUpperCase(), at.getTime()])
    chat.on('message', onMessage)
    chat.on('message', onMessage)
    chat.once('typing', (who) => heard.push(['typing', who]))
    const stopAll = chat.onAny(function (event, ...args) {
      heard.push(['any', event, args.length, this.seq])
    })
    expect(chat.emit('message', 'hello', new Date(5))).toBe(true)
    chat.emit('typing', 'ann')
    chat.emit('typing', 'bob')
    stopAll()
    chat.off('message', onMessage)
    chat.emit('message', 'nobody', new Date(6))
    // @ts-expect-error: an event that the map does not name
    chat.emit('other')
    // @ts-expect-error: an argument of another type
    chat.emit('typing', 1)
    expect(heard).toEqual([['message', 'HELLO', 5], ['any', 'message', 2, 1], ['typing', 'ann'], ['any', 'typing', 1, 2], ['any', 'typing', 1, 3]])
  })

  it('waits for no time that makes no sense', async () => {
    const cluster = await fleet.join()
    for (const timeoutMs of [0, -1, Number.NaN, Number.POSITIVE_INFINITY, '5' as unknown as number]) {
      await expect(cluster.stream('room').ready({ timeoutMs })).rejects.toMatchObject({ code: 'invalid-option' })
      await expect(cluster.flush({ timeoutMs })).rejects.toMatchObject({ code: 'invalid-option' })
    }
  })

  it.each(['', 'x'.repeat(501), 7 as unknown as string])('has no name such as %j', async (name) => {
    const cluster = await fleet.join()
    expect(() => cluster.stream(name)).toThrow(expect.objectContaining({ code: 'invalid-option' }))
  })

  it('emits to one instance, in order with what goes to all, and to none else', async () => {
    const [speaker, one, other] = await three()
    const heard = [speaker, one, other].map((cluster) => {
      const list: unknown[] = []
      cluster.stream('room').on('event', function (value) {
        list.push([this.seq, value])
      })
      return list
    })
    await Promise.all([one, other].map((cluster) => cluster.stream('room').ready()))
    const room = speaker.stream('room')
    room.emit('event', 'all')
    room.emitTo(one.id, 'event', 'one')
    room.emitTo(one.id, 'event', 'one again')
    room.emitTo(other.id, 'event', 'other')
    room.emitTo(speaker.id, 'event', 'self')
    room.emit('event', 'all again')
    room.emitTo(one.id, 'event', 'the end')
    expect(await speaker.flush()).toEqual({ reached: expect.arrayContaining([one.id, other.id]) as unknown, missed: [] })
    expect(heard).toEqual([
      [[1, 'all'], [5, 'self'], [6, 'all again']],
      [[1, 'all'], [2, 'one'], [3, 'one again'], [6, 'all again'], [7, 'the end']],
      [[1, 'all'], [4, 'other'], [6, 'all again']],
    ])
    expect(() => room.emitTo('nobody', 'event')).toThrow(expect.objectContaining({ code: 'left' }))
  })

  it('emits here alone, without a number', async () => {
    const [speaker, other] = await three()
    const heard: unknown[] = []
    const room = speaker.stream('room')
    const remote: unknown[] = []
    other.stream('room').on('event', (value) => remote.push(value))
    await other.stream('room').ready()
    room.on('event', function (value) {
      heard.push([this.from === speaker.id, this.seq, typeof value])
      if (this.seq === 1) room.emitLocal('event', {})
    })
    room.emit('event', 'one')
    room.emit('event', 'two')
    await speaker.flush()
    expect(heard).toEqual([[true, 1, 'string'], [true, 0, 'object'], [true, 2, 'string']])
    expect(remote).toEqual(['one', 'two'])
  })
})

describe('flush()', () => {
  it('resolves when every member has called its listeners, and names who has not', async () => {
    const [speaker, other] = await three()
    const peer = await readerOf(speaker)
    let heard = 0
    other.stream('room').on('event', () => (heard += 1))
    await other.stream('room').ready()
    for (let n = 0; n < 5000; n += 1) speaker.stream('room').emit('event', 'x'.repeat(100))
    speaker.stream('nobody listens').emit('event')
    const { reached, missed } = await speaker.flush({ timeoutMs: 3000 })
    expect(heard).toBe(5000)
    expect(reached).toHaveLength(2)
    // It reads, but does not answer: nobody can dial it.
    expect(missed).toEqual([peer.id])
  })

  it('misses nobody because much is flushed at once', async () => {
    const clusters = await Promise.all([fleet.join(), fleet.join()])
    await linked(clusters)
    const [speaker, reader] = clusters
    reader.stream('room').on('event', () => undefined)
    await reader.stream('room').ready()
    const flushes = Array.from({ length: 300 }, () => {
      speaker.stream('room').emit('event')
      return speaker.flush({ timeoutMs: 20_000 })
    })
    for (const report of await Promise.all(flushes)) expect(report).toEqual({ reached: [reader.id], missed: [] })
  })

  it('goes on over the next link when one is cut, and ends with close()', async () => {
    const { server, port } = await fleet.listen()
    const proxy = await CutProxy.before(port)
    proxies.push(proxy)
    const reader = fleet.track(await joinCluster({ db: fleet.db, name: 'test', server, secret, address: { host: '127.0.0.1', port: proxy.port } }))
    const speaker = await fleet.join({ secret })
    await linked([speaker, reader])
    reader.stream('room').on('event', () => undefined)
    await reader.stream('room').ready()
    proxy.hold()
    speaker.stream('room').emit('event')
    const flushed = speaker.flush({ timeoutMs: 5000 })
    proxy.cut()
    expect(await flushed).toEqual({ reached: [reader.id], missed: [] })
    proxy.hold()
    const hanging = speaker.flush({ timeoutMs: 60_000 })
    await Promise.all([expect(hanging).resolves.toMatchObject({ missed: [reader.id] }), speaker.close()])
  })
})

describe('backpressure', () => {
  it('is told by emit, and over when the peer has taken what waited', async () => {
    const { cluster, proxy, url } = await joinBehindProxy()
    const peer = await readerOf(cluster, url)
    const room = cluster.stream('room')
    const text = 'x'.repeat(1000)
    proxy.hold()
    let emitted = 0
    while (room.emit('event', text) && emitted < 50_000) {
      emitted += 1
      if (emitted % 100 === 0) await new Promise((resolve) => setImmediate(resolve))
    }
    expect(emitted).toBeGreaterThan(4000)
    expect(emitted).toBeLessThan(50_000)
    const drained = room.drained()
    proxy.letGo()
    await drained
    expect(room.emit('event', text)).toBe(true)
    await until(() => peer.heard().length === emitted + 2, 5000)
  })

  it('is none by a peer that takes nothing for two seconds, nor where nobody reads', async () => {
    const { cluster, proxy, url } = await joinBehindProxy()
    const room = cluster.stream('room')
    const burst = (): boolean => {
      let last = true
      for (let n = 0; n < 20; n += 1) last = room.emit('event', 'x'.repeat(900_000))
      return last
    }
    expect(burst()).toBe(true)
    await room.drained()
    await readerOf(cluster, url)
    proxy.hold()
    expect(burst()).toBe(false)
    const before = performance.now()
    await room.drained()
    expect(performance.now() - before).toBeGreaterThan(1900)
    expect(performance.now() - before).toBeLessThan(10_000)
    expect(burst()).toBe(true)
    expect(cluster.members()).toHaveLength(1)
  })

  it('ends with close()', async () => {
    const { cluster, proxy, url } = await joinBehindProxy()
    await readerOf(cluster, url)
    proxy.hold()
    const room = cluster.stream('room')
    for (let n = 0; n < 20; n += 1) room.emit('event', 'x'.repeat(900_000))
    const drained = room.drained()
    await Promise.all([expect(drained).rejects.toMatchObject({ code: 'closed' }), cluster.close()])
    await expect(room.drained()).rejects.toMatchObject({ code: 'closed' })
    await expect(cluster.flush()).rejects.toMatchObject({ code: 'closed' })
  })
})

describe('an event that makes trouble', () => {
  it('of five megabytes is refused where it is emitted, and the largest that is not arrives', async () => {
    const clusters = await Promise.all([fleet.join({ maxEventBytes: 4 * 1024 * 1024 }), fleet.join()])
    await linked(clusters)
    const [speaker, reader] = clusters
    const heard: unknown[] = []
    reader.stream('room').on('event', (text) => heard.push((text as string).length))
    await reader.stream('room').ready()
    const room = speaker.stream('room')
    expect(() => room.emit('event', 'x'.repeat(5 * 1024 * 1024))).toThrow(expect.objectContaining({ code: 'event-too-large' }))
    const most = 4 * 1024 * 1024 - '"room","event",[""]'.length
    expect(() => room.emit('event', 'x'.repeat(most + 1))).toThrow(expect.objectContaining({ code: 'event-too-large' }))
    room.emit('event', 'x'.repeat(most))
    room.emit('event', 'short')
    await until(() => heard.length === 2, 5000)
    expect(heard).toEqual([most, 5])
  })

  it('that the receiver does not understand is lost and counted, and the link lives on', async () => {
    const cluster = await fleet.join({ secret })
    const gaps: Gap[] = []
    const reader = await fleet.join({ secret })
    await linked([cluster, reader])
    reader.on('gap', (gap) => gaps.push(gap))
    const downs: unknown[] = []
    reader.on('memberSuspected', (member) => downs.push(member))
    const heard: unknown[] = []
    reader.stream('room').on('event', function (value) {
      heard.push([this.seq, typeof value])
    })
    await reader.stream('room').ready()
    const room = cluster.stream('room')
    EJSON.addType('refused', () => {
      throw new Error('the receiver does not take it')
    })
    const foreign = { typeName: () => 'refused', toJSONValue: () => 1 }
    const deep: unknown[] = []
    let inner = deep
    for (let level = 0; level < 900; level += 1) inner.push((inner = []))
    room.emit('event', 'one')
    room.emit('event', foreign)
    room.emit('event', deep)
    room.emit('event', { $type: 'x', $value: 1 })
    room.emit('event', { ['__proto__']: 1, constructor: 2 })
    room.emit('event', 'last')
    await until(() => heard.length === 5, 10_000, () => heard)
    expect(heard).toEqual([[1, 'string'], [3, 'object'], [4, 'object'], [5, 'object'], [6, 'string']])
    expect(gaps).toEqual([{ from: cluster.id, after: 1, lost: 1, exact: true }])
    expect(downs).toEqual([])
  })
})

describe('a listener that emits the event it hears', () => {
  it('lets everything else go on, and is told of with its stream', async () => {
    const warned: unknown[] = []
    const logger = { debug: () => undefined, info: () => undefined, error: () => undefined, warn: (fields: object, message: string) => void warned.push([fields, message]) }
    const cluster = await fleet.join({ logger })
    const loop = cluster.stream('loop')
    let heard = 0
    const off = loop.on('echo', () => {
      heard += 1
      loop.emit('echo')
    })
    loop.emit('echo')
    const before = heard
    // A timer fires meanwhile, and a peer joins.
    await new Promise((resolve) => setTimeout(resolve, 20))
    const other = await fleet.join()
    await until(() => cluster.members().some(({ id, status }) => id === other.id && status === 'alive'), 10_000)
    expect(heard).toBeGreaterThan(before)
    off()
    expect(warned).toContainEqual([{ stream: 'loop', event: 'echo' }, expect.stringContaining('dispatched without a pause')])
  })
})
