import { ManualClock } from '@ddp-cluster/ddp-common/internal'
import { createDDPServer, type Connection, type ConnectionEnd, type DDPServerOptions, type Publication } from '@ddp-cluster/ddp-server'
import { bufferedBytes, sendFrame } from '@ddp-cluster/ddp-server/internal'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { loseSocket, RawClient, startServer, type Message, type TestServer, type Transport } from './server-harness.js'

/** Session resumption as in Meteor 3.5, and at its limits. */

const connect = { msg: 'connect', version: '1', support: ['1'] }
const method = (name: string, id: string, ...params: unknown[]): Message => ({ msg: 'method', method: name, id, params })

async function eventually(isSo: () => boolean): Promise<void> {
  for (let round = 0; round < 2_000 && !isSo(); round += 1) await new Promise((resolve) => setTimeout(resolve, 2))
  expect(isSo()).toBe(true)
}

/** A client that comes back on another socket, as Meteor's does. */
class Returning {
  readonly #port: number
  readonly #transport: Transport
  readonly session: string
  client: RawClient
  /** Messages that came on the sockets before this one. */
  #before = 0

  private constructor(port: number, transport: Transport, client: RawClient) {
    this.#port = port
    this.#transport = transport
    this.client = client
    this.session = client.session ?? ''
  }

  static async connect(port: number, transport: Transport = 'websocket', options: { headers?: Record<string, string> } = {}): Promise<Returning> {
    return new Returning(port, transport, await RawClient.connect(port, transport, options))
  }

  async lose(how?: (client: RawClient) => void): Promise<void> {
    await loseSocket(server, this.client, how)
  }

  /** Comes back; the answer to its connect. */
  async comeBack(fields: Message = {}): Promise<Message> {
    this.#before += this.client.received
    this.client = await RawClient.open(this.#port, this.#transport)
    this.client.send({ ...connect, session: this.session, receivedCount: this.#before, ...fields })
    return this.client.next('connected')
  }
}

let clock: ManualClock
let server: TestServer
let connections: Connection[]
let ends: ConnectionEnd[]

async function start(options: Omit<DDPServerOptions, 'server' | 'clock'> = {}): Promise<void> {
  clock = new ManualClock()
  server = await startServer({ clock, heartbeatIntervalMs: 0, ...options })
  connections = []
  ends = []
  server.ddp.onConnection((connection) => {
    connections.push(connection)
    connection.onClose((end) => ends.push(end))
  })
  server.ddp.method('echo', (value) => value)
}

beforeEach(() => start())
afterEach(async () => {
  await server[Symbol.asyncDispose]()
  expect(server.ddp.sessions).toBe(0)
  expect(clock.pending).toBe(0)
})

/** A publication that tests drive, and what they drive it by. */
function publishNews(): { readonly publications: Publication[]; add: (...ids: string[]) => void } {
  const publications: Publication[] = []
  server.ddp.publish('news', function () {
    publications.push(this)
    this.added('news', 'first', {})
    this.ready()
  })
  return { publications, add: (...ids) => { for (const id of ids) for (const publication of publications) publication.added('news', id, {}) } }
}

describe.each(['websocket', 'sockjs'] as const)('a session over %s whose socket was lost', (transport) => {
  it('goes on, and its client is sent what it missed, in order', async () => {
    const news = publishNews()
    const returning = await Returning.connect(server.port, transport)
    returning.client.send({ msg: 'sub', id: 's', name: 'news' })
    await returning.lose()
    news.add('a', 'b')
    expect([server.ddp.sessions, ends]).toEqual([1, []])
    expect(await returning.comeBack()).toEqual({ msg: 'connected', session: returning.session })
    news.add('c')
    // Meteor's client sends this without waiting for the answer to its connect.
    returning.client.send({ msg: 'sub', id: 's', name: 'news' }, method('echo', '1', 7))
    expect(await returning.client.settled()).toEqual([
      { msg: 'added', collection: 'news', id: 'a' }, { msg: 'added', collection: 'news', id: 'b' }, { msg: 'added', collection: 'news', id: 'c' },
      { msg: 'result', id: '1', result: 7 }, { msg: 'updated', methods: ['1'] },
    ])
    expect([news.publications.length, connections.length, connections[0]?.id, ends]).toEqual([1, 1, returning.session, []])
    // Once more: the count goes on.
    await returning.lose()
    news.add('d')
    expect(await returning.comeBack()).toEqual({ msg: 'connected', session: returning.session })
    expect(await returning.client.settled()).toEqual([{ msg: 'added', collection: 'news', id: 'd' }])
    returning.client.tcp.destroy()
  })

  it('keeps its user, its methods at work and its queue, and runs nothing twice', async () => {
    let release = (): void => undefined
    const released = new Promise<void>((resolve) => { release = resolve })
    const ran: string[] = []
    server.ddp.method('become', async function (userId) { await this.setUserId(userId as string) })
    server.ddp.method('wait', async function () { ran.push('wait'); await released; return this.userId })
    server.ddp.method('unblocked', async function () { ran.push('unblocked'); this.unblock(); await released; return 'late' })
    server.ddp.method('queued', (value) => { ran.push('queued'); return value })
    server.ddp.publish('brief', function () { ran.push('brief'); this.ready(); this.stop() })
    const returning = await Returning.connect(server.port, transport)
    await returning.client.call('become', 'anna')
    const asked = [method('unblocked', '1'), method('wait', '2'), method('queued', '3', 'x'), { msg: 'sub', id: 's', name: 'brief' }]
    returning.client.send(...asked)
    await eventually(() => ran.length === 2)
    await returning.lose()
    release()
    await eventually(() => ran.length === 4)
    expect(await returning.comeBack()).toMatchObject({ session: returning.session })
    returning.client.send(...asked, method('queued', '4', 'y'))
    const messages = await returning.client.settled()
    expect(messages.filter(({ msg }) => msg === 'result').map(({ id, result }) => `${id as string} ${result as string}`).sort()).toEqual(['1 late', '2 anna', '3 x', '4 y'])
    expect(messages.flatMap(({ methods }) => (methods ?? []) as string[]).sort()).toEqual(['1', '2', '3', '4'])
    expect(messages.filter(({ msg }) => msg === 'ready' || msg === 'nosub')).toEqual([{ msg: 'ready', subs: ['s'] }, { msg: 'nosub', id: 's' }])
    expect(ran).toEqual(['unblocked', 'wait', 'queued', 'brief', 'queued'])
    returning.client.tcp.destroy()
  })

  it('is sent all that was held for it, up to the bound, and what comes behind it', async () => {
    await server[Symbol.asyncDispose]()
    await start({ maxBufferedBytes: 1_000_000 })
    const news = publishNews()
    const waiting: number[] = []
    server.ddp.method('weigh', function () { if (this.connection !== null) waiting.push(bufferedBytes(this.connection)) })
    server.ddp.method('much', () => 'x'.repeat(100_000))
    const returning = await Returning.connect(server.port, transport)
    returning.client.send({ msg: 'sub', id: 's', name: 'news' })
    await returning.lose()
    // SockJS escapes each quotation mark once more: on the wire this is more than maxBufferedBytes.
    const text = '"'.repeat(4_900)
    for (let id = 0; id < 99; id += 1) news.publications[0]?.added('news', String(id), { text })
    expect([server.ddp.sessions, bufferedBytes(connections[0] as Connection) > 970_000]).toEqual([1, true])
    const before = returning.client.received
    returning.client = await RawClient.open(server.port, transport)
    // In one segment: the answer to the method is said in the turn in which the client is sent what was held.
    returning.client.tcp.cork()
    returning.client.send({ ...connect, session: returning.session, receivedCount: before }, method('weigh', 'w'))
    returning.client.tcp.uncork()
    await returning.client.next('connected')
    const messages = await returning.client.settled()
    expect(messages.map(({ msg }) => msg)).toEqual([...Array.from({ length: 99 }, () => 'added'), 'result', 'updated'])
    expect([ends, server.logged, waiting.length, (waiting[0] ?? 0) < 10_000]).toEqual([[], [], 1, true])
    // From there on it is as bounded as any other.
    returning.client.webSocket.pause()
    for (let count = 0; count < 200; count += 1) returning.client.send(method('much', String(count)))
    await eventually(() => ends.length === 1)
    expect([ends[0]?.cause, server.ddp.sessions]).toEqual(['slow', 0])
    returning.client.tcp.destroy()
  })

  it('ends with its socket when its client said disconnect behind more than is read at once', async () => {
    await server[Symbol.asyncDispose]()
    await start({ maxQueuedMessages: 5 })
    server.ddp.method('never', () => new Promise(() => undefined))
    for (const [behind, isResumable] of [[[{ msg: 'disconnect' }], false], [[method('never', 'x', 'disconnect'), method('disconnect', 'y')], true]] as const) {
      const { client } = await Returning.connect(server.port, transport)
      const before = ends.length
      client.tcp.cork()
      for (let id = 0; id < 8; id += 1) client.send(method('never', String(id)))
      client.sendText('"disconnect')
      client.send(...behind)
      client.webSocket.close(1000)
      client.tcp.uncork()
      await client.closed
      await eventually(() => isResumable || ends.length > before)
      expect([server.ddp.sessions, ends.length - before]).toEqual(isResumable ? [1, 0] : [0, 1])
    }
  })

  it('passes a method over once: an id may be used again', async () => {
    const ran: unknown[] = []
    let release = (): void => undefined
    server.ddp.method('note', async (value) => { ran.push(value); await new Promise<void>((resolve) => { release = resolve }) })
    const returning = await Returning.connect(server.port, transport)
    returning.client.send(method('note', '1', 'first'))
    await eventually(() => ran.length === 1)
    await returning.lose()
    await returning.comeBack()
    returning.client.send(method('note', '1', 'repeated'))
    await returning.client.settled()
    release()
    await returning.client.next('result')
    returning.client.send(method('note', '1', 'again'))
    await eventually(() => ran.length === 2)
    release()
    await returning.client.next('result')
    expect(ran).toEqual(['first', 'again'])
    returning.client.tcp.destroy()
  })

  it('is found in whichever way the socket ends, unless its client said that it goes', async () => {
    const ways: [string, (client: RawClient) => void, boolean][] = [
      ['FIN', (client) => client.tcp.end(), true],
      ['RST', (client) => client.tcp.resetAndDestroy(), true],
      ['closed with 1000', (client) => client.webSocket.close(1000), true],
      ['closed without a code', (client) => client.webSocket.close(), true],
      ['closed with 1001: the page is left', (client) => client.webSocket.close(1001), false],
      ['disconnect', (client) => { client.send({ msg: 'disconnect' }); client.webSocket.close() }, false],
      ['disconnect out of turn', (client) => { client.send(method('never', 'n'), { msg: 'disconnect' }); client.webSocket.close() }, false],
      ['a binary frame', (client) => client.webSocket.send(Buffer.from('{}')), false],
      ['closed from here', () => connections.at(-1)?.close(4000, 'enough'), false],
    ]
    server.ddp.method('never', () => new Promise(() => undefined))
    for (const [name, how, isResumable] of ways) {
      const returning = await Returning.connect(server.port, transport)
      const before = ends.length
      await returning.lose(how)
      expect([name, server.ddp.sessions, ends.length - before]).toEqual([name, isResumable ? 1 : 0, isResumable ? 0 : 1])
      const { session } = await returning.comeBack()
      expect([name, session === returning.session]).toEqual([name, isResumable])
      connections.at(-1)?.close()
      await returning.client.closed
    }
  })
})

describe('a session that waits for its client', () => {
  it('ends when the time is over, by the loss of its socket', async () => {
    const news = publishNews()
    const stopped: string[] = []
    const returning = await Returning.connect(server.port)
    returning.client.send({ msg: 'sub', id: 's', name: 'news' })
    await returning.client.next('ready')
    news.publications[0]?.onStop(() => stopped.push('stopped'))
    await returning.lose((client) => client.tcp.resetAndDestroy())
    clock.advance(14_999)
    expect([ends.length, stopped.length]).toEqual([0, 0])
    clock.advance(1)
    expect([ends[0]?.cause, stopped, server.ddp.sessions, clock.pending]).toEqual(['reset', ['stopped'], 0, 0])
    expect((await returning.comeBack())['session']).not.toBe(returning.session)
    returning.client.tcp.destroy()
  })

  it('ends at once when its client has not had all that was sent, or says nothing of it', async () => {
    for (const wrong of [{ receivedCount: 0 }, { receivedCount: 4 }, { receivedCount: undefined }, { receivedCount: '2' }, { receivedCount: 2.5 }, { receivedCount: null }, { version: 'pre2', support: ['pre2'] }]) {
      const returning = await Returning.connect(server.port)
      await returning.client.call('echo', 1)
      await returning.lose()
      const before = ends.length
      const { session } = await returning.comeBack(wrong)
      expect([wrong, session === returning.session, ends.length - before, server.ddp.sessions]).toEqual([wrong, false, 1, 1])
      connections.at(-1)?.close()
      await returning.client.closed
    }
  })

  it('ends when more is to be said than is kept', async () => {
    await server[Symbol.asyncDispose]()
    await start({ maxResumeMessages: 3, maxBufferedBytes: 10_000 })
    const news = publishNews()
    for (const [ids, isKept] of [[['1', '2', '3'], true], [['4', '5', '6', '7'], false], [['x'.repeat(9_000)], true], [['y'.repeat(6_000), 'z'.repeat(6_000)], false]] as const) {
      const returning = await Returning.connect(server.port)
      returning.client.send({ msg: 'sub', id: 's', name: 'news' })
      await returning.lose()
      news.add(...ids)
      expect([ids.length, server.ddp.sessions]).toEqual([ids.length, isKept ? 1 : 0])
      const { session } = await returning.comeBack()
      expect(session === returning.session).toBe(isKept)
      expect((await returning.client.settled()).length).toBe(isKept ? ids.length : 0)
      connections.at(-1)?.close()
      await returning.client.closed
    }
  })

  it('is none whose client has asked for something by an id of more than 100 characters', async () => {
    const news = publishNews()
    server.ddp.method('never', () => new Promise(() => undefined))
    for (const [length, isResumable] of [[100, true], [101, false]] as const) {
      for (const message of [method('never', 'x'.repeat(length)), { msg: 'sub', id: 'x'.repeat(length), name: 'news' }]) {
        const returning = await Returning.connect(server.port)
        returning.client.send(message)
        await returning.lose()
        expect([length, server.ddp.sessions]).toEqual([length, isResumable ? 1 : 0])
        connections.at(-1)?.close()
      }
    }
    expect(news.publications.length).toBe(2)
  })

  it('is closed from here for good', async () => {
    const returning = await Returning.connect(server.port)
    await returning.lose()
    connections[0]?.close(4000, 'banned')
    connections[0]?.close(4000, 'banned')
    expect([ends, server.ddp.sessions, clock.pending]).toEqual([[{ cause: 'local', code: 4000, reason: 'banned' }], 0, 0])
    expect((await returning.comeBack())['session']).not.toBe(returning.session)
    returning.client.tcp.destroy()
  })

  it('ends with the server, and what is said later harms nothing', async () => {
    const news = publishNews()
    let release = (): void => undefined
    const released = new Promise<void>((resolve) => { release = resolve })
    server.ddp.method('wait', () => released)
    const returning = await Returning.connect(server.port)
    returning.client.send({ msg: 'sub', id: 's', name: 'news' }, method('wait', 'w'))
    await returning.lose()
    await server.ddp.close()
    expect(ends).toEqual([{ cause: 'local', code: 1001, reason: 'the server closes' }])
    news.add(...Array.from({ length: 300 }, (_, id) => String(id)))
    release()
    await released
    expect(server.logged).toEqual([])
  })

  it('ends with the HTTP server, whose process it would keep running, and none waits from then on', async () => {
    const returning = await Returning.connect(server.port)
    const other = await Returning.connect(server.port)
    await returning.lose()
    expect([ends, clock.pending]).toEqual([[], 1])
    server.http.close()
    expect([ends, clock.pending]).toEqual([[{ cause: 'local', code: 1001, reason: 'the server closes' }], 0])
    expect(await other.client.call('echo', 'alive')).toMatchObject({ result: 'alive' })
    await other.lose()
    expect([ends.length, server.ddp.sessions, clock.pending]).toEqual([2, 0, 0])
  })

  it('leaves close() of the HTTP server as it was, in whichever order endpoints close', async () => {
    const other = createDDPServer({ server: server.http, path: '/other' })
    expect(Object.hasOwn(server.http, 'close')).toBe(true)
    await server.ddp.close()
    expect(Object.hasOwn(server.http, 'close')).toBe(true)
    await other.close()
    expect(Object.hasOwn(server.http, 'close')).toBe(false)
  })

  it('has its universal publications and replaced handlers as any other', async () => {
    const returning = await Returning.connect(server.port)
    await returning.lose()
    server.ddp.publish(null, function () { this.added('all', '1', {}) })
    await returning.comeBack()
    expect(await returning.client.settled()).toEqual([{ msg: 'added', collection: 'all', id: '1' }])
    returning.client.tcp.destroy()
  })

  it('keeps frames that were made elsewhere with its own messages, and says what they weigh', async () => {
    const returning = await Returning.connect(server.port)
    const [connection] = connections
    if (connection === undefined) throw new Error('no connection')
    sendFrame(connection, Buffer.from('{"msg":"changed","collection":"c","id":"0"}'))
    await returning.lose()
    const frame = Buffer.from('{"msg":"changed","collection":"c","id":"ü"}')
    let written = 0
    expect(sendFrame(connection, frame, () => { written += 1 })).toBe('sent')
    expect([written, bufferedBytes(connection)]).toEqual([0, frame.length])
    await eventually(() => written === 1)
    frame.fill(0)
    await returning.comeBack()
    expect(await returning.client.settled()).toEqual([{ msg: 'changed', collection: 'c', id: 'ü' }])
    returning.client.tcp.destroy()
  })

  it('shares a ready-made frame with the others that wait: memory holds it once', async () => {
    await server[Symbol.asyncDispose]()
    await start({ maxBufferedBytes: 1_000_000 })
    const away: Returning[] = []
    for (let count = 0; count < 60; count += 1) away.push(await Returning.connect(server.port))
    for (const returning of away) await returning.lose()
    const frame = Buffer.from(JSON.stringify({ msg: 'changed', collection: 'c', id: 'i', fields: { text: 'x'.repeat(900_000) } }))
    const before = process.memoryUsage()
    for (const connection of connections) sendFrame(connection, frame)
    const after = process.memoryUsage()
    expect(after.heapUsed + after.external - before.heapUsed - before.external).toBeLessThan(20_000_000)
    expect([server.ddp.sessions, ends]).toEqual([60, []])
    for (const returning of away.slice(0, 2)) {
      expect((await returning.comeBack())['session']).toBe(returning.session)
      expect(await returning.client.settled()).toMatchObject([{ msg: 'changed', id: 'i' }])
      returning.client.tcp.destroy()
    }
  })

  it('ends before others do when all of them together hold too much and its client has been away for longest', async () => {
    await server[Symbol.asyncDispose]()
    await start({ maxBufferedBytes: 10_000 })
    const away: Returning[] = []
    for (let count = 0; count < 7; count += 1) away.push(await Returning.connect(server.port))
    for (const returning of away) await returning.lose()
    const own = (length: number): Buffer => Buffer.from(JSON.stringify({ msg: 'changed', collection: 'c', id: 'x'.repeat(length) }))
    // Four times maxBufferedBytes may be held; the first absence holds nothing, and its end would free nothing.
    for (const connection of connections.slice(1, 5)) sendFrame(connection, own(9_000))
    expect([server.ddp.sessions, ends.length]).toEqual([7, 0])
    for (const connection of connections.slice(5, 7)) sendFrame(connection, own(9_000))
    expect([server.ddp.sessions, ends.length]).toEqual([5, 2])
    // Messages of an absence do not count after its end, nor after its client is back.
    for (const returning of away.slice(3)) {
      expect((await returning.comeBack())['session']).toBe(returning.session)
      expect((await returning.client.settled()).length).toBe(1)
      await returning.lose()
    }
    for (const connection of [connections[0], ...connections.slice(3, 6)]) if (connection !== undefined) sendFrame(connection, own(9_000))
    expect([server.ddp.sessions, ends.length]).toEqual([5, 2])
    for (const [index, returning] of away.entries()) {
      expect([index, (await returning.comeBack())['session'] === returning.session]).toEqual([index, index !== 1 && index !== 2])
      returning.client.tcp.destroy()
    }
  })

  it('goes on with a long queue a turn at a time', async () => {
    await server[Symbol.asyncDispose]()
    await start({ maxResumeMessages: 10_000 })
    let release = (): void => undefined
    const released = new Promise<void>((resolve) => { release = resolve })
    server.ddp.method('wait', () => released)
    const returning = await Returning.connect(server.port)
    returning.client.send(method('wait', 'w'))
    for (let id = 0; id < 500; id += 1) returning.client.send(method('echo', String(id), id))
    await returning.lose()
    release()
    await returning.comeBack()
    for (let id = 0; id < 500; id += 1) expect(await returning.client.next('result')).toMatchObject(id === 0 ? { id: 'w' } : { result: id - 1 })
    returning.client.tcp.destroy()
  })

  it('goes on by itself behind a turn of messages that no handler has part in', async () => {
    await server[Symbol.asyncDispose]()
    await start({ maxResumeMessages: 10_000 })
    let release = (): void => undefined
    const released = new Promise<void>((resolve) => { release = resolve })
    const ran: unknown[] = []
    server.ddp.method('wait', () => released)
    server.ddp.method('note', (value) => void ran.push(value))
    const returning = await Returning.connect(server.port)
    returning.client.send(method('wait', 'w'))
    for (let id = 0; id < 200; id += 1) returning.client.send({ msg: 'unsub', id: String(id) })
    returning.client.send(method('note', 'n', 'at last'))
    await returning.lose()
    release()
    await eventually(() => ran.length === 1)
    await returning.comeBack()
    expect((await returning.client.settled()).map(({ id }) => id)).toEqual(expect.arrayContaining(['w', '0', '199', 'n']))
    returning.client.tcp.destroy()
  })

  it('has the address and headers that it began with', async () => {
    const returning = await Returning.connect(server.port, 'websocket', { headers: { 'x-first': 'yes' } })
    await returning.lose()
    await returning.comeBack()
    expect([connections.length, connections[0]?.httpHeaders['x-first'], connections[0]?.clientAddress]).toEqual([1, 'yes', '127.0.0.1'])
    returning.client.tcp.destroy()
  })

  it('is one of a client that fell silent, too, and has a heartbeat again when it is resumed', async () => {
    await server[Symbol.asyncDispose]()
    await start({ heartbeatIntervalMs: 15_000 })
    const returning = await Returning.connect(server.port)
    await returning.client.settled()
    clock.advance(15_000)
    await returning.client.next('ping')
    clock.advance(15_000)
    await returning.client.closed
    expect([server.ddp.sessions, ends]).toEqual([1, []])
    expect((await returning.comeBack())['session']).toBe(returning.session)
    clock.advance(15_000)
    await returning.client.next('ping')
    clock.advance(15_000)
    await returning.client.closed
    clock.advance(15_000)
    expect(ends).toMatchObject([{ cause: 'heartbeat-timeout' }])
  })

  it('is none of a client that reads too slowly', async () => {
    await server[Symbol.asyncDispose]()
    await start({ maxBufferedBytes: 1_000_000 })
    server.ddp.method('much', () => 'x'.repeat(100_000))
    const returning = await Returning.connect(server.port)
    returning.client.webSocket.pause()
    for (let count = 0; count < 200; count += 1) returning.client.send(method('much', String(count)))
    await eventually(() => ends.length === 1)
    expect([ends[0]?.cause, server.ddp.sessions]).toEqual(['slow', 0])
    returning.client.tcp.destroy()
  })
})

describe('a session that still has a socket', () => {
  it('is left alone by whoever names it: a new one begins', async () => {
    const returning = await Returning.connect(server.port)
    const other = await RawClient.open(server.port)
    for (const receivedCount of [1, 2]) {
      other.send({ ...connect, session: returning.session, receivedCount })
      if (receivedCount === 1) expect((await other.next('connected'))['session']).not.toBe(returning.session)
      else expect(await other.next()).toMatchObject({ msg: 'error', reason: 'Already connected' })
    }
    expect(await returning.client.call('echo', 'alive')).toMatchObject({ result: 'alive' })
    expect([server.ddp.sessions, ends]).toEqual([2, []])
    other.tcp.destroy()
    returning.client.tcp.destroy()
  })
})

describe('at maxSessions', () => {
  it('those that have been without a socket for longest make room', async () => {
    await server[Symbol.asyncDispose]()
    await start({ maxSessions: 3 })
    const away = [await Returning.connect(server.port), await Returning.connect(server.port), await Returning.connect(server.port)]
    for (const returning of [away[1], away[0], away[2]]) await returning?.lose()
    const newcomer = await RawClient.connect(server.port)
    expect([server.ddp.sessions, ends.length]).toEqual([3, 1])
    expect((await away[0]?.comeBack())?.['session']).toBe(away[0]?.session)
    expect((await away[1]?.comeBack())?.['session']).not.toBe(away[1]?.session)
    expect([server.ddp.sessions, ends.length]).toEqual([3, 2])
    await expect(RawClient.open(server.port)).rejects.toThrow('503')
    for (const client of [newcomer, away[0]?.client, away[1]?.client]) client?.tcp.destroy()
  })

  it('sockets without a session make nobody go', async () => {
    await server[Symbol.asyncDispose]()
    await start({ maxSessions: 5 })
    const away = await Promise.all([1, 2, 3].map(() => Returning.connect(server.port)))
    for (const returning of away) await returning.lose()
    const silent = await Promise.all([1, 2, 3].map(() => RawClient.open(server.port)))
    const clients = [await RawClient.connect(server.port), await RawClient.connect(server.port)]
    expect([server.ddp.sessions, ends]).toEqual([5, []])
    silent[0]?.send(connect)
    await silent[0]?.next('connected')
    expect([server.ddp.sessions, ends.length]).toEqual([5, 1])
    for (const client of [...silent, ...clients]) client.tcp.destroy()
  })
})

it('a server with resumeWithinMs 0 ends sessions with their sockets', async () => {
  await server[Symbol.asyncDispose]()
  await start({ resumeWithinMs: 0 })
  const returning = await Returning.connect(server.port)
  await returning.lose()
  expect([ends.length, server.ddp.sessions]).toEqual([1, 0])
  expect((await returning.comeBack())['session']).not.toBe(returning.session)
  returning.client.tcp.destroy()
})

it('names that are none of a session find nothing', async () => {
  const returning = await Returning.connect(server.port)
  await returning.lose()
  for (const session of ['__proto__', 'constructor', '', returning.session.slice(0, 16), `${returning.session}x`, [returning.session], { toString: 1 }, 7, null]) {
    const client = await RawClient.open(server.port)
    client.send({ ...connect, session, receivedCount: 1 })
    expect((await client.next('connected'))['session']).not.toBe(returning.session)
    client.send({ msg: 'disconnect' })
    await client.close()
  }
  expect((await returning.comeBack())['session']).toBe(returning.session)
  returning.client.tcp.destroy()
})

it('the logger is told of a session by the first characters of its id alone', async () => {
  const returning = await Returning.connect(server.port)
  connections[0]?.onClose(() => { throw new Error('onClose') })
  server.ddp.method('crash', () => { throw new Error('crash') })
  await returning.client.call('crash')
  connections[0]?.close()
  await eventually(() => server.logged.length === 2)
  for (const { fields } of server.logged) expect((fields as { session: string }).session).toBe(returning.session.slice(0, 6))
})
