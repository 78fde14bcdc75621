import { request } from 'node:http'
import net from 'node:net'
import type { Duplex } from 'node:stream'
import { EJSON } from '@ddp-cluster/ddp-common'
import { ManualClock } from '@ddp-cluster/ddp-common/internal'
import { createDDPServer, type Connection, type ConnectionEnd } from '@ddp-cluster/ddp-server'
import { bufferedBytes, sendFrame } from '@ddp-cluster/ddp-server/internal'
import WebSocket, { WebSocketServer } from 'ws'
import { describe, expect, it } from 'vitest'
import { RawClient, startServer, type TestServer } from './server-harness.js'

/** What happens below DDP: upgrades, limits, slow and silent clients, and how a connection ends. */

function nextEnd(server: TestServer): Promise<ConnectionEnd> {
  return new Promise((resolve) => {
    server.ddp.onConnection((connection) => void connection.onClose(resolve))
  })
}

function nextConnection(server: TestServer): Promise<Connection> {
  return new Promise((resolve) => {
    server.ddp.onConnection(resolve)
  })
}

/** The HTTP status that refused an upgrade, or 101. */
function upgradeStatus(port: number, path: string, headers: Record<string, string> = {}): Promise<number> {
  return new Promise((resolve) => {
    const webSocket = new WebSocket(`ws://127.0.0.1:${port}${path}`, { headers })
    webSocket.on('error', () => undefined)
    webSocket.on('unexpected-response', (_request, response) => { resolve(response.statusCode ?? 0); webSocket.terminate() })
    webSocket.on('open', () => { resolve(101); webSocket.terminate() })
  })
}

async function eventually(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 2))
}

describe('how a connection ended', () => {
  it.each<[string, (client: RawClient, connection: Connection) => void, Partial<ConnectionEnd>]>([
    ['closed by the client', (client) => client.webSocket.close(4001, 'bye'), { cause: 'peer-closed', code: 4001, reason: 'bye' }],
    ['closed here', (_client, connection) => connection.close(), { cause: 'local', code: 1000 }],
    ['ended by the kernel (FIN)', (client) => client.tcp.end(), { cause: 'ended' }],
    ['reset by the kernel (RST)', (client) => client.tcp.resetAndDestroy(), { cause: 'reset' }],
    ['broken by a frame that is none', (client) => client.tcp.write(Buffer.from([0xff, 0xff, 0xff])), { cause: 'protocol' }],
    ['broken by a binary frame', (client) => client.webSocket.send(Buffer.from('{}')), { cause: 'protocol' }],
    ['broken by one that is not UTF-8', (client) => client.tcp.write(Buffer.from([0x81, 0x81, 0, 0, 0, 0, 0xff])), { cause: 'protocol' }],
  ])('%s', async (_name, act, expected) => {
    await using server = await startServer({ resumeWithinMs: 0 })
    const end = nextEnd(server)
    const connection = nextConnection(server)
    const client = await RawClient.connect(server.port)
    act(client, await connection)
    expect(await end).toMatchObject(expected)
    expect(server.ddp.sessions).toBe(0)
    client.tcp.destroy()
  })

  it('is told to a handler that comes late, and to none that went', async () => {
    await using server = await startServer()
    const connection = nextConnection(server)
    const client = await RawClient.connect(server.port)
    const { onClose, close } = { onClose: (await connection).onClose.bind(await connection), close: (await connection).close.bind(await connection) }
    const calls: string[] = []
    onClose(() => { throw new Error('one that throws') })
    onClose(() => calls.push('early'))
    onClose(() => calls.push('gone'))()
    close(4000, 'enough')
    close(4000, 'enough')
    await new Promise<void>((resolve) => onClose(() => { calls.push('late'); resolve() }))
    expect(calls).toEqual(['early', 'late'])
    expect(await client.closed).toEqual({ code: 4000, reason: 'enough' })
  })
})

describe('a silent client', () => {
  it('is asked, and given up after that', async () => {
    const clock = new ManualClock()
    await using server = await startServer({ clock })
    const end = nextEnd(server)
    const client = await RawClient.connect(server.port)
    clock.advance(15_000)
    expect(await client.next()).toEqual({ msg: 'ping' })
    clock.advance(15_000)
    await client.closed
    clock.advance(15_000)
    expect(await end).toMatchObject({ cause: 'heartbeat-timeout' })
    expect(clock.pending).toBe(0)
  })

  it('is not given up because we were stalled while its answer lay in the socket', async () => {
    const clock = new ManualClock()
    await using server = await startServer({ clock })
    const client = await RawClient.connect(server.port)
    clock.advance(15_000)
    await client.next('ping')
    await new Promise<void>((resolve) => {
      // A timer of Node.js, since that is what runs the server's own: before the sockets are polled.
      setTimeout(() => {
        client.send({ msg: 'pong' })
        // The answer is with the kernel; this process has not read it when its timers fire, twelve seconds late.
        clock.advance(27_000)
        resolve()
      })
    })
    expect(await client.settled()).toEqual([])
    expect(server.ddp.sessions).toBe(1)
    client.tcp.destroy()
  })

  it('that does not connect in time is closed', async () => {
    const clock = new ManualClock()
    await using server = await startServer({ clock })
    const client = await RawClient.open(server.port)
    client.send({ msg: 'nonsense' })
    await client.next('error')
    clock.advance(10_000)
    expect((await client.closed).code).toBe(1002)
    expect(clock.pending).toBe(0)
  })
})

it('does nothing for sessions that do nothing', async () => {
  await using server = await startServer()
  server.ddp.method('echo', (value) => value)
  const clients = await Promise.all([RawClient.connect(server.port), RawClient.connect(server.port, 'sockjs')])
  for (const client of clients) {
    await client.call('echo', 1)
    await client.next('updated')
  }
  await eventually(() => !process.getActiveResourcesInfo().includes('Immediate'))
  for (const client of clients) client.tcp.destroy()
})

describe('limits', () => {
  it('of a message: its size ends the session, its depth does not', async () => {
    await using server = await startServer({ maxMessageBytes: 1000, maxMessageDepth: 10 })
    server.ddp.method('echo', (value) => value)
    const end = nextEnd(server)
    const client = await RawClient.connect(server.port)
    client.sendText(`{"msg":"method","id":"1","method":"echo","params":[${'['.repeat(50)}${']'.repeat(50)}]}`)
    expect(await client.next()).toMatchObject({ msg: 'error' })
    expect(await client.call('echo', 'x'.repeat(500))).toHaveProperty('result')
    client.send({ msg: 'ping', id: 'x'.repeat(1000) })
    expect((await client.closed).code).toBe(1009)
    expect(await end).toMatchObject({ cause: 'protocol' })
  })

  it('of sessions: further upgrades are refused', async () => {
    await using server = await startServer({ maxSessions: 1, resumeWithinMs: 0 })
    const client = await RawClient.connect(server.port)
    expect(await upgradeStatus(server.port, '/websocket')).toBe(503)
    await client.close()
    await eventually(() => server.ddp.sessions === 0)
    const next = await RawClient.connect(server.port)
    next.tcp.destroy()
  })

  it('of subscriptions', async () => {
    await using server = await startServer({ maxSubscriptions: 1 })
    server.ddp.publish('p', function () { this.ready() })
    const client = await RawClient.connect(server.port)
    client.send({ msg: 'sub', id: '1', name: 'p' }, { msg: 'sub', id: '2', name: 'p' }, { msg: 'unsub', id: '1' }, { msg: 'sub', id: '3', name: 'p' })
    const messages = await client.settled()
    expect(messages.map(({ msg, id, subs }) => [msg, id ?? subs])).toEqual([['ready', ['1']], ['nosub', '2'], ['nosub', '1'], ['ready', ['3']]])
    client.tcp.destroy()
  })

  it('of what waits: the socket is not read, nothing is lost, and silence meanwhile is not held against the client', async () => {
    const clock = new ManualClock()
    await using server = await startServer({ maxQueuedMessages: 10, clock })
    let release = (): void => undefined
    const released = new Promise<void>((resolve) => { release = resolve })
    server.ddp.method('wait', () => released)
    server.ddp.method('echo', (value) => value)
    const client = await RawClient.connect(server.port)
    client.send({ msg: 'method', method: 'wait', id: 'w' })
    const many = 20_000
    const padding = 'x'.repeat(500)
    for (let count = 0; count < many; count += 1) client.send({ msg: 'method', method: 'echo', id: String(count), params: [count], padding })
    // Most of it cannot leave the client: it waits in its own process.
    await new Promise((resolve) => setTimeout(resolve, 100))
    expect(client.webSocket.bufferedAmount).toBeGreaterThan(1_000_000)
    clock.advance(60_000)
    release()
    for (let count = 0; count < many; count += 1) {
      const { result } = await client.next('result')
      if (count > 0) expect(result).toBe(count - 1)
    }
    client.tcp.destroy()
  })

  it('of what a slow client leaves unread: it is closed with 1013', async () => {
    await using server = await startServer({ maxBufferedBytes: 1_000_000 })
    server.ddp.method('much', () => 'x'.repeat(100_000))
    const end = nextEnd(server)
    const client = await RawClient.connect(server.port)
    client.webSocket.pause()
    for (let count = 0; count < 200; count += 1) client.send({ msg: 'method', method: 'much', id: String(count) })
    expect(await end).toMatchObject({ cause: 'slow', code: 1013 })
    client.webSocket.resume()
    expect((await client.closed).code).toBe(1013)
    expect(server.logged).toMatchObject([{ level: 'warn', fields: { clientAddress: '127.0.0.1', maxBufferedBytes: 1_000_000 } }])
  })
})

describe('a flood', () => {
  it.each([
    ['calls', { msg: 'method', method: 'echo', id: '1', params: [1] }], ['pings', { msg: 'ping' }], ['nonsense', { msg: 'nonsense' }],
    ['subscriptions', { msg: 'sub', id: '1', name: 'nothing' }],
  ])('of %s slows its sender only', async (_name, message) => {
    await using server = await startServer()
    server.ddp.method('echo', (value) => value)
    const quiet = await RawClient.connect(server.port)
    const flooder = await RawClient.connect(server.port)
    const frame = JSON.stringify(message)
    for (let count = 0; count < 30_000; count += 1) flooder.sendText(frame)
    // In time that this process worked, server and clients: what else the machine does is nobody's fault here.
    const worked = (): number => process.cpuUsage().user + process.cpuUsage().system
    const began = worked()
    let longest = 0
    for (let count = 0; count < 20; count += 1) {
      const before = worked()
      expect(await quiet.call('echo', count)).toMatchObject({ result: count })
      longest = Math.max(longest, worked() - before)
    }
    await flooder.settled()
    expect(longest).toBeLessThan((worked() - began) / 3)
    expect(quiet.inbox.filter(({ msg }) => msg !== 'updated')).toEqual([])
    flooder.tcp.destroy()
    quiet.tcp.destroy()
  })
})

describe('frames made elsewhere', () => {
  it('go out as they are, in order, to raw and to SockJS clients', async () => {
    await using server = await startServer({ resumeWithinMs: 0 })
    const connections: Connection[] = []
    server.ddp.onConnection((connection) => void connections.push(connection))
    const clients = [await RawClient.connect(server.port), await RawClient.connect(server.port, 'sockjs')]
    const frame = Buffer.from('{"msg":"changed","collection":"c","id":"ü","fields":{"n":1}}')
    for (const connection of connections) {
      expect(sendFrame(connection, frame)).toBe('sent')
      expect(sendFrame(connection, '{"msg":"removed","collection":"c","id":"1"}')).toBe('sent')
    }
    for (const client of clients) {
      expect(await client.next()).toEqual({ msg: 'changed', collection: 'c', id: 'ü', fields: { n: 1 } })
      expect(await client.next()).toEqual({ msg: 'removed', collection: 'c', id: '1' })
      client.tcp.destroy()
    }
    await eventually(() => server.ddp.sessions === 0)
    for (const connection of connections) {
      expect(sendFrame(connection, frame)).toBe('closed')
      expect(bufferedBytes(connection)).toBe(0)
    }
  })

  it('are paced by what the client has not taken', async () => {
    await using server = await startServer({ maxBufferedBytes: 1000 })
    const connection = nextConnection(server)
    const client = await RawClient.connect(server.port)
    client.webSocket.pause()
    const frame = Buffer.from(JSON.stringify({ msg: 'changed', text: 'x'.repeat(100_000) }))
    for (let count = 0; count < 100; count += 1) sendFrame(await connection, frame)
    expect(bufferedBytes(await connection)).toBeGreaterThan(1_000_000)
    expect(server.ddp.sessions).toBe(1)
    client.webSocket.resume()
    for (let count = 0; count < 100; count += 1) await client.next('changed')
    await eventually(() => server.ddp.sessions === 1)
    client.tcp.destroy()
  })
})

describe('on a server with others', () => {
  it('leaves other upgrades and requests alone, and takes its listeners away', async () => {
    await using server = await startServer({ path: '/one' })
    const listeners = (): number[] => ['upgrade', 'request', 'newListener'].map((event) => server.http.listenerCount(event))
    await using second = createDDPServer({ server: server.http, path: '/two' })
    const other = new WebSocketServer({ noServer: true })
    const upgraded: Duplex[] = []
    server.http.on('upgrade', (upgrade, tcp, head) => {
      upgraded.push(tcp)
      if (upgrade.url === '/other') other.handleUpgrade(upgrade, tcp, head, (webSocket) => webSocket.close())
    })
    for (const path of ['/one/websocket', '/two/websocket', '/two/websocket/?x=1', '/one/sockjs/websocket', '/one/sockjs/1/2/websocket', '/other']) {
      expect(await upgradeStatus(server.port, path)).toBe(101)
    }
    // Nobody is there for this one, and we do not answer for those who may be.
    const tcp = net.connect(server.port, '127.0.0.1')
    tcp.write('GET /one/websocket/else HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n')
    let answered = false
    tcp.on('data', () => { answered = true })
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(answered).toBe(false)
    expect(tcp.closed).toBe(false)
    tcp.destroy()
    for (const socket of upgraded) socket.destroy()

    expect(await (await fetch(`http://127.0.0.1:${server.port}/one/sockjs/info`)).json()).toMatchObject({ websocket: true })
    expect((await fetch(`http://127.0.0.1:${server.port}/one/sockjs/infos`)).status).toBe(404)
    expect(await (await fetch(`http://127.0.0.1:${server.port}/`)).text()).toBe('the application')
    await second.close()
    expect((await fetch(`http://127.0.0.1:${server.port}/two/sockjs/info`)).status).toBe(404)
    expect(await (await fetch(`http://127.0.0.1:${server.port}/one/sockjs/info`)).json()).toMatchObject({ websocket: true })
    await server.ddp.close()
    expect(listeners()).toEqual([1, 1, 0])
  })

  it('answers before listeners that come later, and gives them back', async () => {
    await using server = await startServer()
    let calls = 0
    server.http.on('request', () => { calls += 1 })
    await fetch(`http://127.0.0.1:${server.port}/sockjs/info`)
    expect(calls).toBe(0)
    await fetch(`http://127.0.0.1:${server.port}/`)
    expect(calls).toBe(1)
    await server.ddp.close()
    expect(server.http.listenerCount('request')).toBe(2)
  })

  it('refuses a path that is taken, until it is free', async () => {
    await using server = await startServer()
    expect(() => createDDPServer({ server: server.http })).toThrow(expect.objectContaining({ code: 'path-taken' }) as Error)
    await server.ddp.close()
    await createDDPServer({ server: server.http }).close()
  })

  it('admits the origins that are allowed, and whoever has none', async () => {
    await using server = await startServer({ allowedOrigins: ['https://good.example'] })
    expect(await upgradeStatus(server.port, '/websocket', { origin: 'https://evil.example' })).toBe(403)
    expect(await upgradeStatus(server.port, '/websocket', { origin: 'https://good.example' })).toBe(101)
    expect(await upgradeStatus(server.port, '/websocket')).toBe(101)
    const info = `http://127.0.0.1:${server.port}/sockjs/info`
    expect((await fetch(info, { headers: { origin: 'https://evil.example' } })).status).toBe(403)
    expect((await fetch(info, { headers: { origin: 'https://good.example' } })).headers.get('access-control-allow-origin')).toBe('https://good.example')
  })

  it('knows the client behind counted proxies, and believes no other header', async () => {
    const headers = { 'X-Forwarded-For': '6.6.6.6, 10.0.0.1,10.0.0.2', Origin: 'http://page.example' }
    for (const [httpForwardedCount, address] of [[0, '127.0.0.1'], [1, '10.0.0.2'], [2, '10.0.0.1'], [4, '127.0.0.1']] as const) {
      await using server = await startServer({ httpForwardedCount })
      const connection = nextConnection(server)
      const client = await RawClient.connect(server.port, 'websocket', { headers })
      expect((await connection).clientAddress).toBe(address)
      expect((await connection).httpHeaders['origin']).toBe('http://page.example')
      expect((await connection).httpHeaders['constructor']).toBeUndefined()
      client.tcp.destroy()
    }
  })
})

describe('mistakes of the application', () => {
  it('in closing a connection are told to it, and the session goes on', async () => {
    await using server = await startServer()
    const connection = nextConnection(server)
    const client = await RawClient.connect(server.port)
    for (const [code, reason] of [[999], [1006], [5000], [Number.NaN], [4000, 'ü'.repeat(62)]] as const) {
      await expect(connection.then((it) => it.close(code, reason))).rejects.toMatchObject({ code: 'invalid-close' })
    }
    expect(await client.settled()).toEqual([])
    client.tcp.destroy()
  })

  it('in judging an origin or a rate refuse one client, and harm nobody', async () => {
    await using server = await startServer({ allowedOrigins: (origin) => new URL(origin).hostname === 'good.example' })
    server.ddp.method('limited', () => 1)
    server.ddp.limitRate({ name: (name) => { if (name === 'limited') throw new Error('a mistake'); return false }, count: 1, intervalMs: 1 })
    expect(await upgradeStatus(server.port, '/websocket', { origin: 'no url' })).toBe(403)
    const client = await RawClient.connect(server.port, 'websocket', { headers: { origin: 'https://good.example' } })
    expect(await client.call('limited')).toMatchObject({ error: { error: 500 } })
    client.tcp.destroy()
  })

  it('in a type of its own are answered, and harm nobody', async () => {
    await using server = await startServer()
    EJSON.addType('sockets.Fragile', (value) => ({ typeName: () => 'sockets.Fragile', toJSONValue: () => (value as { x: { y: number } }).x.y }))
    server.ddp.method('echo', (value) => value)
    const client = await RawClient.connect(server.port)
    client.send({ msg: 'method', method: 'echo', id: '1', params: [{ $type: 'sockets.Fragile', $value: null }] })
    expect(await client.next()).toMatchObject({ msg: 'result', error: { error: 500 } })
    EJSON.addType('sockets.Broken', () => { throw new TypeError('a mistake') })
    client.send({ msg: 'method', method: 'echo', id: '2', params: [{ $type: 'sockets.Broken', $value: null }] })
    expect(await client.next('error')).not.toMatchObject({ reason: expect.stringContaining('a mistake') as string })
    expect(await client.call('echo', 1)).toMatchObject({ result: 1 })
    client.tcp.destroy()
  })

  it('in a publication that starts over cost the document that cannot be written, not the others', async () => {
    await using server = await startServer()
    server.ddp.method('become', async function (userId) { await this.setUserId(userId as string) })
    server.ddp.publish('p', function () {
      if (this.userId !== null) this.added('c', 'odd', { big: 10n })
      this.added('c', 'fine', { user: this.userId })
      this.ready()
    })
    const client = await RawClient.connect(server.port)
    client.send({ msg: 'sub', id: 's', name: 'p' })
    await client.next('ready')
    expect(await client.call('become', 'anna')).not.toHaveProperty('error')
    expect(client.inbox).toContainEqual({ msg: 'changed', collection: 'c', id: 'fine', fields: { user: 'anna' } })
    client.tcp.destroy()
  })
})

it('takes a megabyte of brackets, and a flood before the first connect', async () => {
  await using server = await startServer()
  const client = await RawClient.open(server.port)
  client.sendText('['.repeat(1_000_000))
  client.sendText('['.repeat(500_000) + ']'.repeat(500_000))
  for (let count = 0; count < 2; count += 1) expect(await client.next()).toMatchObject({ msg: 'error' })
  for (let count = 0; count < 1000; count += 1) client.send({ msg: 'ping' })
  client.send({ msg: 'connect', version: '1', support: ['1'] })
  await client.next('connected')
  client.tcp.destroy()
})

describe('close()', () => {
  it('ends sessions and sockets, tells everybody once, and leaves the HTTP server open', async () => {
    const clock = new ManualClock()
    await using server = await startServer({ clock })
    const ends: ConnectionEnd[] = []
    server.ddp.onConnection((connection) => void connection.onClose((end) => ends.push(end)))
    const clients = await Promise.all([RawClient.connect(server.port), RawClient.connect(server.port, 'sockjs'), RawClient.open(server.port)])
    const closing = [server.ddp.close(), server.ddp.close(), server.ddp.closed, server.ddp[Symbol.asyncDispose]()]
    for (const client of clients) expect((await client.closed).code).toBe(1001)
    await Promise.all(closing)
    expect(ends).toEqual([{ cause: 'local', code: 1001, reason: 'the server closes' }, { cause: 'local', code: 1001, reason: 'the server closes' }])
    expect(clock.pending).toBe(0)
    expect(server.ddp.sessions).toBe(0)
    expect(server.http.listening).toBe(true)
  })

  it('does not wait for a client that does not answer', async () => {
    await using server = await startServer({ closeTimeoutMs: 50 })
    const client = await RawClient.connect(server.port)
    client.tcp.pause()
    await server.ddp.close()
    client.tcp.destroy()
  })

  it('lets a method that runs come to its end, which nobody hears of', async () => {
    await using server = await startServer()
    let release = (): void => undefined
    const released = new Promise<void>((resolve) => { release = resolve })
    const begun = new Promise<void>((resolve) => server.ddp.method('wait', async () => { resolve(); await released }))
    const client = await RawClient.connect(server.port)
    client.send({ msg: 'method', method: 'wait', id: '1' })
    await begun
    await server.ddp.close()
    release()
    await released
    expect(server.logged).toEqual([])
  })
})

it('refuses options that make no sense, and names taken twice', async () => {
  await using server = await startServer()
  const wrong = [
    { path: 'chat' }, { path: '/chat/' }, { path: '/a?b' }, { heartbeatIntervalMs: -1 }, { heartbeatTimeoutMs: 0 }, { maxMessageBytes: 1.5 }, { resumeWithinMs: -1 }, { maxResumeMessages: Infinity },
    { maxSessions: Number.NaN }, { allowedOrigins: ['example.com'] }, { allowedOrigins: 'https://example.com' as unknown as string[] }, { httpForwardedCount: Infinity },
  ]
  for (const options of wrong) {
    expect(() => createDDPServer({ ...options, server: server.http }), JSON.stringify(options)).toThrow(expect.objectContaining({ code: 'invalid-option' }) as Error)
  }
  expect(() => createDDPServer({ server: {} as never })).toThrow('node:http')
  expect(() => server.ddp.limitRate({ count: -1, intervalMs: 1 })).toThrow(expect.objectContaining({ code: 'invalid-option' }) as Error)
  server.ddp.method('m', () => 1)
  server.ddp.publish('p', () => undefined)
  expect(() => server.ddp.method('m', () => 1)).toThrow(expect.objectContaining({ code: 'method-taken' }) as Error)
  expect(() => server.ddp.publish('p', () => 1)).toThrow(expect.objectContaining({ code: 'publication-taken' }) as Error)
})

it('survives an upgrade request that is broken', async () => {
  await using server = await startServer()
  const status = await new Promise<number | undefined>((resolve) => {
    request({ port: server.port, path: '/websocket', headers: { Connection: 'Upgrade', Upgrade: 'websocket', 'Sec-WebSocket-Key': 'short' } }, (response) => {
      response.resume()
      resolve(response.statusCode)
    }).end()
  })
  expect(status).toBe(400)
})
