import { once } from 'node:events'
import { PassThrough } from 'node:stream'
import { DDPError } from '@ddp-cluster/ddp-common'
import { ManualClock } from '@ddp-cluster/ddp-common/internal'
import { admitInstance, instanceHeader, openClusterDoor } from '@ddp-cluster/ddp-server/internal'
import type { Connection, ConnectionEnd } from '@ddp-cluster/ddp-server'
import WebSocket from 'ws'
import { describe, expect, it } from 'vitest'
import { WaitingRoom } from '../../packages/ddp-server/src/waiting-room.js'
import { loseSocket, RawClient, startServer } from './server-harness.js'

const limits = { maxMessageBytes: 8_388_608, admitTimeoutMs: 10_000, closeTimeoutMs: 500, onEndpointClosing: () => Promise.resolve() }
const asInstance = { headers: { [instanceHeader]: 'someone' } }

interface Refusal {
  readonly status: number | undefined
  readonly retryAfter: string | undefined
}

/** Resolves with the answer that refused an upgrade. */
function refusal(port: number): Promise<Refusal> {
  return new Promise((resolve, reject) => {
    const webSocket = new WebSocket(`ws://127.0.0.1:${port}/websocket`)
    webSocket.on('error', () => undefined)
    webSocket.on('open', () => reject(new Error('it was accepted')))
    webSocket.on('unexpected-response', (_request, { statusCode, headers }) => resolve({ status: statusCode, retryAfter: headers['retry-after'] }))
  })
}

/** Resolves when the server has this many clients that wait. */
async function upgradesReceived(server: { http: NodeJS.EventEmitter & { getConnections(done: (error: Error | null, count: number) => void): void } }, count: number): Promise<void> {
  for (;;) {
    const open = await new Promise<number>((resolve) => server.http.getConnections((_error, connections) => resolve(connections)))
    if (open >= count) break
    await new Promise((resolve) => setImmediate(resolve))
  }
  // The request itself follows its connection within a few turns.
  for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setTimeout(resolve, 1))
}

describe('an endpoint that a cluster joins on', () => {
  it('holds clients until it is ready, and lets them in with all that was offered meanwhile', async () => {
    await using server = await startServer()
    const door = openClusterDoor(server.ddp, limits)
    const coming = RawClient.connect(server.port)
    await upgradesReceived(server, 1)
    expect(server.ddp.sessions).toBe(0)
    server.ddp.method('late', () => 'offered in time')
    door.ready()
    const client = await coming
    expect(await client.call('late')).toMatchObject({ result: 'offered in time' })
    client.tcp.destroy()
    await door.close()
  })

  it('refuses a client that waited for five seconds with 503 and Retry-After', async () => {
    const clock = new ManualClock()
    await using server = await startServer({ clock })
    const door = openClusterDoor(server.ddp, limits)
    const refused = refusal(server.port)
    await upgradesReceived(server, 1)
    clock.advance(4_999)
    clock.advance(1)
    expect(await refused).toEqual({ status: 503, retryAfter: '5' })
    await door.close()
    expect(clock.pending).toBe(0)
  })

  it.each(['the cluster does not come about', 'the endpoint closes'])('refuses clients that wait with 503 when %s', async (how) => {
    const clock = new ManualClock()
    await using server = await startServer({ clock })
    const door = openClusterDoor(server.ddp, limits)
    const refused = refusal(server.port)
    await upgradesReceived(server, 1)
    await (how === 'the endpoint closes' ? server.ddp.close() : door.close())
    expect(await refused).toEqual({ status: 503, retryAfter: '5' })
    expect(clock.pending).toBe(0)
  })

  it('counts clients that wait as sessions to come', async () => {
    await using server = await startServer({ maxSessions: 1 })
    const door = openClusterDoor(server.ddp, limits)
    const coming = RawClient.connect(server.port)
    await upgradesReceived(server, 1)
    expect((await refusal(server.port)).status).toBe(503)
    door.ready()
    const client = await coming
    client.tcp.destroy()
    await door.close()
  })

  it('lets instances in at once, and keeps them out of the application', async () => {
    await using server = await startServer({ maxSessions: 0, maxMessageBytes: 1000 })
    const seen: Connection[] = []
    server.ddp.onConnection((connection) => seen.push(connection))
    server.ddp.publish(null, function () { this.added('all', '1', {}) })
    server.ddp.method('application', () => 'for clients')
    server.ddp.limitRate({ type: 'method', count: 1, intervalMs: 60_000 })
    const door = openClusterDoor(server.ddp, limits)
    door.instances.method('admit', function () { admitInstance(this.connection, { intervalMs: 0, timeoutMs: 1000 }) })
    door.instances.method('length', (text) => (text as string).length)
    door.instances.method('fail', () => { throw new DDPError('no', 'No.', { at: new Date(5) }) })
    door.instances.publish('events', function () { this.ready() })
    const instance = await RawClient.connect(server.port, 'websocket', asInstance)
    expect(await instance.call('application')).toMatchObject({ error: { error: 404 } })
    await instance.call('admit')
    for (let round = 0; round < 3; round += 1) expect(await instance.call('length', 'x'.repeat(5_000_000))).toMatchObject({ result: 5_000_000 })
    instance.send({ msg: 'sub', id: 's', name: 'events' })
    expect(await instance.next('ready')).toEqual({ msg: 'ready', subs: ['s'] })
    expect(await instance.call('fail')).toMatchObject({ error: { error: 'no', details: { at: { $date: 5 } } } })
    expect(seen).toEqual([])
    expect(server.ddp.sessions).toBe(0)
    await door.close()
    expect((await instance.closed).code).toBe(1001)
  })

  it('refuses instances with 503 while no cluster has joined on it', async () => {
    await using server = await startServer()
    const refused = (): Promise<string> => RawClient.open(server.port, 'websocket', asInstance).then(() => 'let in', String)
    expect(await refused()).toContain('503')
    await openClusterDoor(server.ddp, limits).close()
    expect(await refused()).toContain('503')
  })

  it('ends a session that says it is an instance and is not admitted in time', async () => {
    const clock = new ManualClock()
    await using server = await startServer({ clock })
    const door = openClusterDoor(server.ddp, limits)
    const stranger = await RawClient.connect(server.port, 'websocket', asInstance)
    clock.advance(10_000)
    expect((await stranger.closed).code).toBe(1008)
    await door.close()
    expect(clock.pending).toBe(0)
  })

  it.each([['at once', 200_000], ['never to its end', 7_000_000]])('ends one whose first message is long, and comes %s', async (how, length) => {
    await using server = await startServer()
    const door = openClusterDoor(server.ddp, limits)
    const stranger = await RawClient.connect(server.port, 'websocket', asInstance)
    if (how === 'at once') stranger.webSocket.send('x'.repeat(length))
    else stranger.webSocket.send('x'.repeat(length), { fin: false })
    expect((await stranger.closed).code).toBe(1009)
    await door.close()
  })

  it('takes pings for no part of a message', async () => {
    await using server = await startServer()
    const door = openClusterDoor(server.ddp, limits)
    door.instances.method('echo', (text) => text)
    const instance = await RawClient.connect(server.port, 'websocket', asInstance)
    for (let count = 0; count < 1500; count += 1) {
      const answered = once(instance.webSocket, 'pong')
      instance.webSocket.ping('x'.repeat(100))
      await answered
    }
    expect(await instance.call('echo', 'still here')).toMatchObject({ result: 'still here' })
    instance.tcp.destroy()
    await door.close()
  })

  it('takes an instance that did not say so for one once it is admitted', async () => {
    await using server = await startServer()
    const door = openClusterDoor(server.ddp, limits)
    door.ready()
    door.instances.method('admit', function () { admitInstance(this.connection, { intervalMs: 0, timeoutMs: 1000 }) })
    const instance = await RawClient.connect(server.port)
    expect(server.ddp.sessions).toBe(1)
    await instance.call('admit')
    expect(server.ddp.sessions).toBe(0)
    await door.close()
    expect((await instance.closed).code).toBe(1001)
  })

  it('ends the sessions of clients that are away, too, and waits for their onClose handlers', async () => {
    await using server = await startServer()
    const door = openClusterDoor(server.ddp, limits)
    door.ready()
    const ends: ConnectionEnd[] = []
    let release = (): void => undefined
    const released = new Promise<void>((resolve) => { release = resolve })
    server.ddp.onConnection((connection) => void connection.onClose(async (end) => { ends.push(end); await released }))
    await loseSocket(server, await RawClient.connect(server.port))
    expect(ends).toEqual([])
    let isOver = false
    const ending = door.endClients(60_000)?.then(() => { isOver = true })
    expect(ends).toMatchObject([{ cause: 'local', code: 1001 }])
    await new Promise((resolve) => setImmediate(resolve))
    expect(isOver).toBe(false)
    release()
    await ending
    await door.close()
  })

  it.each([['at the door', asInstance], ['as a client does', {}]])('does not keep the session of an instance that came %s and lost its socket', async (_how, options) => {
    await using server = await startServer()
    const door = openClusterDoor(server.ddp, limits)
    door.ready()
    const ended = new Promise<ConnectionEnd>((resolve) => {
      door.instances.method('admit', function () {
        admitInstance(this.connection, { intervalMs: 0, timeoutMs: 1000 })
        this.connection.onClose(resolve)
      })
    })
    const instance = await RawClient.connect(server.port, 'websocket', options)
    await instance.call('admit')
    const { session, received } = instance
    instance.tcp.resetAndDestroy()
    expect(await ended).toMatchObject({ cause: 'reset' })
    const again = await RawClient.open(server.port, 'websocket', options)
    again.send({ msg: 'connect', version: '1', support: ['1'], session, receivedCount: received })
    expect((await again.next('connected'))['session']).not.toBe(session)
    again.tcp.destroy()
    await door.close()
  })

  it('is the endpoint that it was when the cluster has closed, and takes the next one', async () => {
    await using server = await startServer()
    server.ddp.method('application', () => 'for clients')
    const first = openClusterDoor(server.ddp, limits)
    first.ready()
    first.instances.method('cluster.x', () => 'first')
    first.clients.method('stream', () => 'first')
    expect(() => openClusterDoor(server.ddp, limits)).toThrow(expect.objectContaining({ code: 'path-taken' }))
    expect(() => server.ddp.method('cluster.x', () => undefined)).toThrow(expect.objectContaining({ code: 'method-taken' }))
    expect(() => first.instances.method('application', () => undefined)).toThrow(expect.objectContaining({ code: 'method-taken' }))
    const client = await RawClient.connect(server.port)
    await first.close()
    expect(await client.call('application')).toMatchObject({ result: 'for clients' })
    expect(await client.call('cluster.x')).toMatchObject({ error: { error: 404 } })
    expect(await client.call('stream')).toMatchObject({ result: 'first' })
    const second = openClusterDoor(server.ddp, limits)
    first.ready()
    second.clients.method('stream', () => 'second')
    expect(() => second.clients.method('stream', () => undefined)).toThrow(expect.objectContaining({ code: 'method-taken' }))
    expect(await client.call('stream')).toMatchObject({ result: 'second' })
    client.tcp.destroy()
    await second.close()
    await server.ddp.close()
    expect(() => openClusterDoor(server.ddp, limits)).toThrow(expect.objectContaining({ code: 'closed' }))
    expect(() => openClusterDoor({} as never, limits)).toThrow(expect.objectContaining({ code: 'invalid-option' }))
  })
})

describe('a waiting room', () => {
  const answers = async (tcp: PassThrough): Promise<string> => (tcp.read() as Buffer | null)?.toString() ?? ''

  it('holds 10,000 sockets and a megabyte of what they sent too early', async () => {
    const clock = new ManualClock()
    const room = new WaitingRoom(clock)
    let entered = 0
    const enter = (): void => void (entered += 1)
    const tooMuch = new PassThrough()
    room.hold(new PassThrough(), Buffer.alloc(1_000_000), enter)
    room.hold(tooMuch, Buffer.alloc(100_000), enter)
    expect(await answers(tooMuch)).toMatch(/^HTTP\/1\.1 503 Service Unavailable\r\nRetry-After: 5\r\n/)
    for (let count = 1; count < 10_000; count += 1) room.hold(new PassThrough(), Buffer.alloc(0), enter)
    const tooMany = new PassThrough()
    room.hold(tooMany, Buffer.alloc(0), enter)
    expect(await answers(tooMany)).toMatch(/^HTTP\/1\.1 503 /)
    expect(room.size).toBe(10_000)
    room.open()
    expect([entered, room.size, clock.pending]).toEqual([10_000, 0, 0])
  })

  it('forgets a socket that ends, also by an error', async () => {
    const clock = new ManualClock()
    const room = new WaitingRoom(clock)
    const tcp = new PassThrough()
    room.hold(tcp, Buffer.alloc(10), () => { throw new Error('it had ended') })
    tcp.destroy(new Error('ECONNRESET'))
    await new Promise((resolve) => setImmediate(resolve))
    expect([room.size, clock.pending]).toEqual([0, 0])
    room.open()
  })
})
