import { once } from 'node:events'
import net, { type Socket } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ManualClock } from '@ddp-cluster/ddp-common/internal'
import { instancesApi, instancesPath } from '@ddp-cluster/instances-api'
import { Fleet, until } from '../cluster/fleet.js'
import { RawClient, startServer } from '../conformance/server-harness.js'
import { allKinds, Strangers } from './strangers.js'

/** What strangers cost that come so far and no further: little each, and not for ever. `strangers-memory.ts` measures it with more of them. */

const many = 100
/** Several times what was measured: this is to find what is kept by mistake, not to measure. */
const mostBytesEach = 64 * 1024
/** Half of what a session takes that is kept by mistake. The process itself takes some more in the 15 s that a session waits for its client. */
const mostBytesLeft = 4 * 1024

describe(`${many} strangers that come no further than`, () => {
  let strangers: Strangers
  beforeAll(async () => {
    strangers = await Strangers.before()
    for (const kind of allKinds) await strangers.come(kind, 20)
    await strangers.go()
  })
  afterAll(() => strangers.close())

  it.each(allKinds)('%s cost little, and nothing once they have gone', { timeout: 40_000 }, async (kind) => {
    const before = await strangers.held()
    await strangers.come(kind, many)
    expect(((await strangers.held()).bytes - before.bytes) / many).toBeLessThan(mostBytesEach)
    await strangers.go()
    let left = Number.POSITIVE_INFINITY
    await until(async () => {
      left = (await strangers.held()).bytes - before.bytes
      return left / many < mostBytesLeft
    }, 25_000, () => left)
  })
})

describe('who opens a WebSocket and never says connect', () => {
  it('takes a place of maxSessions, and has to give it back in time', async () => {
    const clock = new ManualClock()
    await using server = await startServer({ maxSessions: 20, clock })
    const silent = await Promise.all(Array.from({ length: 20 }, () => RawClient.open(server.port)))
    await expect(RawClient.open(server.port)).rejects.toThrow('503')
    clock.advance(5_000)
    // Nor does it help to say something now and then.
    for (const client of silent) {
      client.sendText('{"msg":"ping"}')
      await client.next('error')
    }
    clock.advance(5_000)
    for (const client of silent) expect((await client.closed).code).toBe(1002)
    const client = await RawClient.connect(server.port)
    expect(clock.pending).toBeGreaterThan(0)
    client.tcp.destroy()
  })

  it('nor comes to the end of its first message, is ended too, though it goes on sending', async () => {
    const clock = new ManualClock()
    await using server = await startServer({ clock })
    const client = await RawClient.open(server.port)
    client.tcp.write(Buffer.from([0x81, 0xff, 0, 0, 0, 0, 0, 0x0f, 0, 0, 0, 0, 0, 0]))
    const drip = setInterval(() => client.tcp.write('x'), 5)
    clock.advance(10_000)
    // What it has not finished cannot be closed politely: its socket is destroyed.
    await client.closed
    clearInterval(drip)
  })
})

describe('who connects and then sends half a message', () => {
  it('is silent as far as DDP goes, and given up after two heartbeats', async () => {
    const clock = new ManualClock()
    await using server = await startServer({ clock })
    const client = await RawClient.connect(server.port)
    client.tcp.write(Buffer.from([0x81, 0xff, 0, 0, 0, 0, 0, 0x0f, 0, 0, 0, 0, 0, 0]))
    const drip = setInterval(() => client.tcp.write('x'), 5)
    clock.advance(15_000)
    await client.next('ping')
    clock.advance(15_000)
    await client.closed
    clearInterval(drip)
    clock.advance(15_000)
    expect(server.ddp.sessions).toBe(0)
  })
})

describe('who asks for the HTTP API and does not read, or sends a body that does not end', () => {
  it('is answered at once, and holds up nobody', async () => {
    const fleet = await Fleet.open()
    try {
      const { server, port } = await fleet.listen()
      const api = instancesApi({ cluster: await fleet.join({ server, address: { host: 'localhost', port } }) })
      server.on('request', (request, response) => void api(request, response))
      const dial = (text: string): Socket => {
        const socket = net.connect(port, '127.0.0.1')
        socket.on('error', () => undefined)
        socket.write(text)
        return socket
      }
      const slow = dial(`POST ${instancesPath} HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\nx`)
      const [answer] = (await once(slow, 'data')) as [Buffer]
      expect(answer.toString()).toMatch(/^HTTP\/1\.1 405/)
      const deaf = dial(`GET ${instancesPath} HTTP/1.1\r\nHost: x\r\n\r\n`.repeat(500)).pause()
      expect((await fetch(`http://127.0.0.1:${port}/health`)).status).toBe(200)
      for (const socket of [slow, deaf]) socket.destroy()
    } finally {
      await fleet.close()
    }
  })
})
