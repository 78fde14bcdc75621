import { createServer, type AddressInfo, type Socket } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { WebSocketServer, type WebSocket } from 'ws'
import { openConnection, type Connection, type ConnectionOptions } from './internal.js'

const closers: (() => void)[] = []
afterEach(() => {
  for (const close of closers.splice(0)) close()
})

type Message = Record<string, unknown>

/** A server that answers the handshake, and leaves everything else to `answer`. */
async function serve(
  answer: (message: Message, socket: WebSocket, raw: Socket) => void,
  greeting = '{"msg":"connected","session":"the session"}',
): Promise<string> {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' })
  closers.push(() => {
    for (const client of server.clients) client.terminate()
    server.close()
  })
  server.on('connection', (socket, request) => {
    socket.on('message', (data) => {
      const message = JSON.parse((data as Buffer).toString()) as Message
      if (message.msg === 'connect') socket.send(greeting)
      else answer(message, socket, request.socket)
    })
  })
  await new Promise((resolve) => server.once('listening', resolve))
  return `ws://127.0.0.1:${(server.address() as AddressInfo).port}/websocket`
}

/** A TCP server without any protocol. */
async function serveRaw(onSocket: (socket: Socket) => void): Promise<string> {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined)
    onSocket(socket)
  })
  closers.push(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return `ws://127.0.0.1:${(server.address() as AddressInfo).port}/websocket`
}

function open(options: ConnectionOptions): Connection {
  const connection = openConnection(options)
  closers.push(() => connection.close())
  return connection
}

const echo = (message: Message, socket: WebSocket): void => {
  if (message.msg === 'method') socket.send(JSON.stringify({ msg: 'result', id: message.id, result: message.params }))
  if (message.msg === 'ping') socket.send(JSON.stringify({ msg: 'pong', id: message.id }))
}

describe('a connection', () => {
  it('opens, calls, pings and closes', async () => {
    const connection = open({ url: await serve(echo) })
    const early = connection.call('echo', ['early'])
    expect(await connection.opened).toBe('the session')
    expect(await early).toEqual(['early'])
    expect(await connection.call('echo', [new Date(5), { $date: 1 }])).toEqual([new Date(5), { $date: 1 }])
    expect(await connection.ping()).toBeGreaterThan(0)
    expect(connection.roundTripMs).toBeGreaterThan(0)
    connection.close()
    connection.close()
    expect(await connection.closed).toMatchObject({ cause: 'local' })
    await expect(connection.call('echo', [])).rejects.toMatchObject({ code: 'closed' })
  })

  it('tells the peer\'s errors from its own', async () => {
    const url = await serve((message, socket) => {
      if (message.method === 'fail') socket.send(JSON.stringify({ msg: 'result', id: message.id, error: { error: 'no', reason: 'Never', details: [1], errorType: 'Meteor.Error' } }))
      if (message.method === 'odd') socket.send(JSON.stringify({ msg: 'result', id: message.id, result: { $type: 'unheard of', $value: 1 } }))
    })
    const connection = open({ url })
    await expect(connection.call('fail', [])).rejects.toMatchObject({ name: 'DDPError', error: 'no', reason: 'Never', details: [1] })
    await expect(connection.call('odd', [])).rejects.toMatchObject({ code: 'bad-answer' })
    await expect(connection.call('silence', [], { timeoutMs: 20 })).rejects.toMatchObject({ code: 'timeout' })
    const left = connection.call('silence', [])
    connection.close()
    await expect(left).rejects.toMatchObject({ code: 'closed' })
  })

  it('hands data messages on in order, and subscriptions know their fate', async () => {
    const url = await serve((message, socket) => {
      if (message.msg !== 'sub') return
      if (message.name === 'refused') socket.send(JSON.stringify({ msg: 'nosub', id: message.id, error: { error: 404, reason: 'none' } }))
      if (message.name !== 'numbers') return
      for (let i = 0; i < 100; i += 1) socket.send(JSON.stringify({ msg: 'changed', collection: 'c', id: String(i), fields: { at: { $date: i } } }))
      socket.send(JSON.stringify({ msg: 'ready', subs: [message.id] }))
    })
    const got: string[] = []
    const connection = open({ url, onMessage: (message) => got.push(message.id) })
    const numbers = connection.subscribe('numbers', [])
    await numbers.ready
    expect(got).toEqual(Array.from({ length: 100 }, (_, i) => String(i)))
    const refused = connection.subscribe('refused', [])
    await expect(refused.ready).rejects.toMatchObject({ error: 404 })
    expect(await refused.ended).toMatchObject({ error: 404 })
    numbers.stop()
    expect(await numbers.ended).toBeUndefined()
  })
})

describe('how a connection ended', () => {
  it('local, before it was open', async () => {
    const connection = open({ url: await serveRaw(() => undefined) })
    connection.close()
    expect(await connection.closed).toMatchObject({ cause: 'local' })
    await expect(connection.opened).rejects.toMatchObject({ code: 'closed', end: { cause: 'local' } })
  })

  it('local, with a silent peer: soon all the same', async () => {
    const connection = open({ url: await serve((_message, _socket, raw) => raw.pause()) })
    await connection.opened
    await connection.call('pause', [], { timeoutMs: 20 }).catch(() => undefined)
    const before = performance.now()
    connection.close()
    expect(await connection.closed).toMatchObject({ cause: 'local' })
    expect(performance.now() - before).toBeLessThan(1_500)
  })

  it('refused', async () => {
    const url = await serveRaw(() => undefined)
    closers.pop()?.()
    await new Promise(setImmediate)
    const { reason, cause } = await open({ url }).closed
    expect(cause).toBe('refused')
    expect(reason).toMatch(/^127\.0\.0\.1:\d+ refused the connection$/)
  })

  it('unreachable: a name that does not exist, an address that is none', async () => {
    expect(await open({ url: 'ws://no-such-host.invalid/' }).closed).toMatchObject({ cause: 'unreachable' })
    const nonsense = await open({ url: 'no address' }).closed
    expect(nonsense).toMatchObject({ cause: 'unreachable' })
    expect(nonsense.reason).not.toContain('no address')
  })

  it('rejected', async () => {
    const url = await serveRaw((socket) => socket.end('HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n'))
    expect(await open({ url }).closed).toMatchObject({ cause: 'rejected', reason: expect.stringContaining('503') as unknown })
  })

  it('tls', async () => {
    const url = await serveRaw((socket) => socket.on('data', () => socket.end('this is no TLS\r\n')))
    expect(await open({ url: url.replace('ws:', 'wss:') }).closed).toMatchObject({ cause: 'tls' })
  })

  it('connect-timeout', async () => {
    expect(await open({ url: await serveRaw(() => undefined), connectTimeoutMs: 50 }).closed).toMatchObject({ cause: 'connect-timeout' })
  })

  it('ended or reset while the handshake was under way', async () => {
    expect(await open({ url: await serveRaw((socket) => socket.end()) }).closed).toMatchObject({ cause: 'ended' })
    expect(await open({ url: await serveRaw((socket) => socket.once('data', () => socket.resetAndDestroy())) }).closed).toMatchObject({ cause: 'reset' })
  })

  it.each([
    ['peer-closed', (socket: WebSocket) => socket.close(4001, 'enough')],
    ['ended', (_socket: WebSocket, raw: Socket) => raw.end()],
    ['reset', (_socket: WebSocket, raw: Socket) => raw.resetAndDestroy()],
    ['protocol', (_socket: WebSocket, raw: Socket) => raw.write(Buffer.from([0xff, 0xff, 0xff]))],
    ['protocol', (socket: WebSocket) => socket.send('no JSON')],
    ['protocol', (socket: WebSocket) => socket.send(Buffer.from('{}'))],
    ['too-long', (socket: WebSocket) => socket.send(JSON.stringify({ msg: 'added', collection: 'x'.repeat(2_000), id: '1' }))],
  ] as const)('%s, once it was open', async (cause, end) => {
    const connection = open({ url: await serve((_message, socket, raw) => end(socket, raw)), maxMessageBytes: 1_000 })
    await connection.opened
    await expect(connection.call('end', [])).rejects.toMatchObject({ code: 'closed', end: { cause } })
    expect(await connection.closed).toMatchObject({ cause, ...(cause === 'peer-closed' && { closeCode: 4001 }) })
  })

  it('failed-version', async () => {
    const url = await serve(() => undefined, '{"msg":"failed","version":"pre1"}')
    expect(await open({ url }).closed).toMatchObject({ cause: 'failed-version' })
  })

  it('heartbeat-timeout', async () => {
    const connection = open({ url: await serve(() => undefined), heartbeatIntervalMs: 20, heartbeatTimeoutMs: 20 })
    expect(await connection.closed).toMatchObject({ cause: 'heartbeat-timeout' })
  })

  it('not at all, when only this process was stalled', async () => {
    const connection = open({ url: await serve(echo), heartbeatIntervalMs: 30, heartbeatTimeoutMs: 200 })
    await connection.opened
    for (let i = 0; i < 3; i += 1) {
      await connection.ping(10_000)
      const until = performance.now() + 300
      while (performance.now() < until) { /* stalled */ }
    }
    expect(await connection.call('echo', [1])).toEqual([1])
  })

  it('leaves no unhandled rejection when nobody looks', async () => {
    const unhandled: unknown[] = []
    const onUnhandled = (error: unknown): number => unhandled.push(error)
    process.on('unhandledRejection', onUnhandled)
    const connection = open({ url: await serve((_message, _socket, raw) => raw.end()) })
    connection.subscribe('x', [])
    await connection.closed
    connection.subscribe('x', [])
    await open({ url: 'ws://127.0.0.1:1' }).closed
    await new Promise((resolve) => setTimeout(resolve, 10))
    process.off('unhandledRejection', onUnhandled)
    expect(unhandled).toEqual([])
  })

  it('refuses options that make no sense', () => {
    expect(() => openConnection({ url: 'ws://127.0.0.1', heartbeatTimeoutMs: Number.NaN })).toThrow(/heartbeatTimeoutMs must be a number/)
  })
})
