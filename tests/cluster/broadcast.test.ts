import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Cluster, type Gap, joinCluster, type JoinOptions } from '@ddp-cluster/instance-status'
import { seeded } from '../fuzz/seeded.js'
import { CutProxy } from './cut-proxy.js'
import { Fleet, linked, until } from './fleet.js'

let fleet: Fleet
const proxies: CutProxy[] = []
beforeEach(async () => {
  fleet = await Fleet.open()
})
afterEach(async () => {
  for (const proxy of proxies.splice(0)) proxy.close()
  await fleet.close()
})

/** Instances that dial each other through proxies. */
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

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

describe('broadcast', () => {
  it.each([1, 2])('brings every event of everyone to everyone once and in order, however often links are cut (seed %i)', async (seed) => {
    const random = seeded(seed)
    const clusters = await joinBehindProxies(3)
    const perInstance = 3000
    const gaps: Gap[] = []
    const heard = clusters.map(() => new Map<string, number>())
    const wrong: string[] = []
    clusters.forEach((cluster, index) => {
      cluster.on('gap', (gap) => gaps.push(gap))
      cluster.stream('numbers').on('next', function (n, at) {
        const before = heard[index]?.get(this.from) ?? 0
        if (n !== before + 1 || !(at instanceof Date)) wrong.push(`${index} heard ${String(n)} of ${this.from} after ${before}`)
        heard[index]?.set(this.from, n as number)
      })
    })
    await Promise.all(clusters.map((cluster) => cluster.stream('numbers').ready()))
    let cuts = 0
    for (let n = 1; n <= perInstance; n += 1) {
      for (const cluster of clusters) cluster.stream('numbers').emit('next', n, new Date(n))
      if (n % 20 === 0) await turn()
      if (random() < 0.01) {
        cuts += 1
        proxies[Math.floor(random() * proxies.length)]?.cut()
        await turn()
      }
    }
    const complete = (): boolean => heard.every((of) => of.size === clusters.length && [...of.values()].every((n) => n === perInstance))
    await until(complete, 15_000, () => heard.map((of) => [...of.entries()]))
    expect(cuts).toBeGreaterThan(5)
    expect(wrong).toEqual([])
    expect(gaps).toEqual([])
  })

  it('reports exactly what a log that is too small no longer has', async () => {
    const clusters = await joinBehindProxies(2, { maxLogEntries: 100 })
    const [speaker, listener] = clusters as [Cluster, Cluster]
    const numbers: number[] = []
    const gaps: Gap[] = []
    listener.on('gap', (gap) => gaps.push(gap))
    listener.stream('numbers').on('next', (n) => numbers.push(n as number))
    await listener.stream('numbers').ready()
    const emit = (from: number, to: number): void => {
      for (let n = from; n <= to; n += 1) speaker.stream('numbers').emit('next', n)
    }
    emit(1, 10)
    await until(() => numbers.length === 10, 10_000)
    for (const proxy of proxies) proxy.cut()
    await until(() => listener.members()[0]?.link?.currentStatus.connected === false, 10_000)
    emit(11, 500)
    await until(() => numbers.at(-1) === 500, 5000, () => numbers.length)
    expect(gaps).toEqual([{ from: speaker.id, after: 10, lost: 390, exact: true }])
    expect(numbers).toEqual([...Array.from({ length: 10 }, (_, index) => index + 1), ...Array.from({ length: 100 }, (_, index) => index + 401)])
  })

  it.each(['here', 'there'])('has everybody hear a question from %s before the answer that a listener emits', async (asked) => {
    const [here, there] = await Promise.all([fleet.join(), fleet.join()])
    await linked([here, there])
    const heard: unknown[] = []
    const room = here.stream('room')
    room.on('question', () => {
      room.emit('answer')
      heard.push('question')
    })
    room.on('question', () => heard.push('question again'))
    room.on('answer', () => heard.push('answer'))
    await room.ready()
    const asker = asked === 'here' ? room : there.stream('room')
    asker.emit('question')
    await until(() => heard.length === 3, 10_000, () => heard)
    expect(heard).toEqual(['question', 'question again', 'answer'])
  })

  it('refuses what cannot be sent, and numbers only what can', async () => {
    const clusters = await Promise.all([fleet.join({ maxEventBytes: 1000 }), fleet.join()])
    await linked(clusters)
    const [speaker, listener] = clusters
    const heard: unknown[] = []
    listener.stream('room').on('message', function (text) {
      heard.push([this.seq, text])
    })
    await listener.stream('room').ready()
    const room = speaker.stream('room')
    const circular: Record<string, unknown> = {}
    circular['self'] = circular
    expect(() => room.emit('message', 'x'.repeat(1000))).toThrow(expect.objectContaining({ code: 'event-too-large' }))
    expect(() => room.emit('message', circular)).toThrow(expect.objectContaining({ code: 'event-not-encodable' }))
    room.emit('message', 'fits')
    await until(() => heard.length === 1, 10_000)
    expect(heard).toEqual([[1, 'fits']])
  })

  it('calls the other listeners when one throws, and goes on', async () => {
    const errors: unknown[] = []
    const logger = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: (fields: object) => errors.push(fields) }
    const cluster = await fleet.join({ logger })
    const heard: unknown[] = []
    const room = cluster.stream('room')
    room.on('message', () => {
      throw new Error('a bug of the application')
    })
    const stop = room.on('message', (text) => heard.push(text))
    room.emit('message', 'one')
    stop()
    room.emit('message', 'two')
    expect(heard).toEqual(['one'])
    expect(errors).toHaveLength(2)
  })
})
