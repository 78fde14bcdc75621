import { readFileSync } from 'node:fs'
import { createServer as createHttpServer, type Server } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import net, { type AddressInfo, type Socket } from 'node:net'
import { connect } from '@ddp-cluster/ddp-client'
import { ManualClock } from '@ddp-cluster/ddp-common/internal'
import { createDDPServer } from '@ddp-cluster/ddp-server'
import { describe, expect, it } from 'vitest'
import { seeded } from '../fuzz/seeded.js'

/** The server at the end of a network that cuts, delays and moves the boundaries of segments; and behind TLS. */

const masked = (text: string): Buffer => {
  const payload = Buffer.from(text)
  const head = payload.length < 126 ? [0x81, 0x80 | payload.length] : [0x81, 0xfe, payload.length >> 8, payload.length & 255]
  return Buffer.concat([Buffer.from([...head, 0, 0, 0, 0]), payload])
}

const upgrade = (path: string): Buffer =>
  Buffer.from(`GET ${path} HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n`)

const messages = ['{"msg":"connect","version":"1","support":["1"]}', '{"msg":"sub","id":"s","name":"ticks"}', '{"msg":"method","id":"m","method":"echo","params":[7]}']

const conversations: readonly (readonly [string, Buffer])[] = [
  ['websocket', Buffer.concat([upgrade('/websocket'), ...messages.map(masked)])],
  ['sockjs', Buffer.concat([upgrade('/sockjs/1/abc/websocket'), ...messages.map((text) => masked(JSON.stringify([text])))])],
]

async function listening(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}

const openSockets = (server: Server): Promise<number> =>
  new Promise((resolve, reject) => server.getConnections((error, count) => (error ? reject(error) : resolve(count))))

/** Says `bytes` in segments of random sizes, some of them late, and cuts. Resolves with what the server said, once the socket is closed. */
function say(port: number, bytes: Buffer, cut: 'end' | 'reset' | 'wait', random: () => number): Promise<string> {
  return new Promise((resolve) => {
    const tcp: Socket = net.connect({ port, host: '127.0.0.1', noDelay: true })
    let heard = ''
    tcp.on('data', (chunk) => {
      heard += chunk.toString('latin1')
      if (cut === 'wait' && heard.includes('updated')) tcp.destroy()
    })
    tcp.on('error', () => undefined)
    tcp.on('close', () => resolve(heard))
    tcp.on('connect', () => {
      let at = 0
      const next = (): void => {
        if (at >= bytes.length) {
          if (cut === 'reset') tcp.resetAndDestroy()
          else if (cut === 'end') tcp.end()
          return
        }
        const size = 1 + Math.floor(random() * 80)
        tcp.write(bytes.subarray(at, at + size))
        at += size
        if (random() < 0.3) setImmediate(next)
        else next()
      }
      next()
    })
  })
}

describe.each(conversations)('a thousand connects and calls over %s', (_name, bytes) => {
  it('that are cut at every byte leave no session, timer, socket or subscription', async () => {
    const clock = new ManualClock()
    const http = createHttpServer()
    const ddp = createDDPServer({ server: http, clock })
    let subscribed = 0
    let ends = 0
    let sessions = 0
    ddp.onConnection((connection) => {
      sessions += 1
      connection.onClose(() => { ends += 1 })
    })
    ddp.method('echo', (value) => value)
    ddp.publish('ticks', function () {
      subscribed += 1
      this.onStop(() => { subscribed -= 1 })
      this.ready()
    })
    const port = await listening(http)
    const random = seeded(7)
    const work = function* (): Generator<() => Promise<unknown>> {
      for (let length = 0; length <= bytes.length; length += 1) {
        yield () => say(port, bytes.subarray(0, length), 'end', random)
        yield () => say(port, bytes.subarray(0, length), 'reset', random)
      }
      for (let whole = 0; whole < 300; whole += 1) yield async () => expect(await say(port, bytes, 'wait', random)).toMatch(/result/)
    }
    const left = work()
    let conversed = 0
    await Promise.all(Array.from({ length: 20 }, async () => {
      for (const converse of left) {
        await converse()
        conversed += 1
      }
    }))
    expect(conversed).toBeGreaterThan(900)
    while ((await openSockets(http)) > 0) await new Promise((resolve) => setTimeout(resolve, 2))
    // No client comes back to its session.
    clock.advance(15_000)
    expect({ open: ddp.sessions, subscribed, ended: ends, timers: clock.pending }).toEqual({ open: 0, subscribed: 0, ended: sessions, timers: 0 })
    expect(sessions).toBeGreaterThan(300)
    await ddp.close()
    expect([http.listenerCount('upgrade'), http.listenerCount('request')]).toEqual([0, 0])
    await new Promise((resolve) => http.close(resolve))
  })
})

it('serves over TLS, and leaves nothing there either', async () => {
  const fixture = (name: string): string => readFileSync(new URL(`client-fixtures/${name}`, import.meta.url), 'utf8')
  const https = createHttpsServer({ cert: fixture('localhost.cert.pem'), key: fixture('localhost.key.pem') })
  const ddp = createDDPServer({ server: https })
  ddp.method('echo', (value) => value)
  const port = await listening(https)
  for (const path of ['/websocket', '/sockjs/websocket']) {
    const client = connect({ url: `wss://localhost:${port}${path}`, tls: { ca: fixture('localhost.cert.pem') } })
    const long = 'é'.repeat(100_000)
    expect(await Promise.all([client.call('echo', new Date(7)), client.call('echo', long)])).toEqual([new Date(7), long])
    await client.close()
  }
  const stays = connect({ url: `wss://localhost:${port}/websocket`, tls: { ca: fixture('localhost.cert.pem') } })
  await stays.call('echo', 1)
  await ddp.close()
  await stays.close()
  await new Promise((resolve) => https.close(resolve))
})
