import { expect, it } from 'vitest'
import { joinCluster } from '@ddp-cluster/instance-status'
import { Fleet, linked, until } from './fleet.js'
import { RoughProxy } from './rough-proxy.js'

it('sends to two of fifteen peers that listen 2/15 of what it sends to all', async () => {
  const fleet = await Fleet.open()
  const { server, port } = await fleet.listen()
  const proxy = await RoughProxy.before(port)
  try {
    const speaker = fleet.track(await joinCluster({ db: fleet.db, name: 'test', server, address: { host: '127.0.0.1', port: proxy.port } }))
    const readers = await Promise.all(Array.from({ length: 15 }, () => fleet.join()))
    await linked([speaker, ...readers], 15_000)
    const events = 2000
    const bytesFor = async (stream: string, listeners: typeof readers): Promise<number> => {
      let heard = 0
      for (const reader of listeners) reader.stream(stream).on('event', () => (heard += 1))
      await Promise.all(listeners.map((reader) => reader.stream(stream).ready()))
      const before = proxy.carriedBytes
      for (let n = 0; n < events; n += 1) speaker.stream(stream).emit('event', n, 'x'.repeat(200))
      await until(() => heard === events * listeners.length, 10_000, () => heard)
      return proxy.carriedBytes - before
    }
    const toTwo = await bytesFor('some', readers.slice(0, 2))
    const toAll = await bytesFor('every', readers)
    expect(toAll).toBeGreaterThan(15 * events * 200)
    expect(toTwo / toAll / (2 / 15)).toBeGreaterThan(0.99)
    expect(toTwo / toAll / (2 / 15)).toBeLessThan(1.01)
  } finally {
    await fleet.close()
    proxy.close()
  }
}, 60_000)
