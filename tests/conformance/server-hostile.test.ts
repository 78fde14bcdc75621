import { ManualClock } from '@ddp-cluster/ddp-common/internal'
import { DDPError } from '@ddp-cluster/ddp-common'
import { describe, expect, it } from 'vitest'
import { RawClient, startServer } from './server-harness.js'

/** What a stranger may do within the limits, and what applications get wrong: neither may cost anybody else anything. */

const regExp = (i: number, times: number, $flags: string): object => ({ $regexp: `${'[\\p{L}]'.repeat(times)}${i}`, $flags })
const method = (...params: object[]): string => JSON.stringify({ msg: 'method', id: '1', method: 'nosuch', params })
/** As long to compile as a message is allowed to take. */
const costly = (i: number): string => method(regExp(i, 15, 'iu'))
const manyCostly = method(...Array.from({ length: 300 }, (_, i) => regExp(i, 20, 'iv')))

describe('very many messages in one go', () => {
  it.each<[string, (client: RawClient) => void]>([
    ['in one frame of SockJS', (client) => client.webSocket.send(`[${Array.from({ length: 300_000 }, () => '""').join(',')}]`)],
    ['in frames that are empty', (client) => client.tcp.write(Buffer.alloc(6 * 200_000, Buffer.from([0x81, 0x80, 1, 2, 3, 4])))],
    ['whose regular expressions take long to compile', (client) => client.webSocket.send(JSON.stringify(Array.from({ length: 3_000 }, (_, i) => costly(i))))],
    ['that hold all such expressions at once', (client) => client.webSocket.send(JSON.stringify([manyCostly]))],
  ])('%s make nobody else wait', async (_name, flood) => {
    await using server = await startServer()
    server.ddp.method('echo', (value) => value)
    const witness = await RawClient.connect(server.port)
    const flooder = await RawClient.open(server.port, 'sockjs')
    // The flooder reads nothing: what it would do with the answers is not what is measured.
    flooder.webSocket.pause()
    flood(flooder)
    // In time that this process worked: what else the machine does is nobody's fault here.
    let longestMs = 0
    for (let count = 0; count < 50; count += 1) {
      const before = process.cpuUsage()
      expect(await witness.call('echo', count)).toMatchObject({ result: count })
      const { user, system } = process.cpuUsage(before)
      longestMs = Math.max(longestMs, (user + system) / 1_000)
    }
    // Some 100 ms on a quiet machine; it took seconds when one burst was taken in as a whole.
    expect(longestMs).toBeLessThan(500)
    flooder.tcp.destroy()
    witness.tcp.destroy()
  })

  it('are all answered, in order, and none beyond the queue is looked at', async () => {
    await using server = await startServer({ maxQueuedMessages: 10 })
    let release = (): void => undefined
    const released = new Promise<void>((resolve) => { release = resolve })
    server.ddp.method('wait', () => released)
    server.ddp.method('echo', (value) => value)
    const client = await RawClient.connect(server.port, 'sockjs')
    const calls = Array.from({ length: 5_000 }, (_, count) => ({ msg: 'method', method: count === 0 ? 'wait' : 'echo', id: String(count), params: [count] }))
    client.webSocket.send(JSON.stringify([...calls, { msg: 'ping', id: 'last' }].map((message) => JSON.stringify(message))))
    await new Promise((resolve) => setTimeout(resolve, 50))
    // A ping waits for nothing, so that an answer would tell that everything before it has been taken in.
    expect(client.inbox).toEqual([])
    release()
    for (let count = 0; count < calls.length; count += 1) expect(await client.next('result')).toMatchObject({ id: String(count) })
    client.tcp.destroy()
  })
})

it('a client that went while its socket was not read is missed', async () => {
  const clock = new ManualClock()
  await using server = await startServer({ maxQueuedMessages: 2, clock })
  server.ddp.method('hang', () => new Promise(() => undefined))
  const client = await RawClient.connect(server.port)
  // More than the kernels take: that it went stands behind what is not read.
  for (let id = 0; id < 10_000; id += 1) client.send({ msg: 'method', method: 'hang', id: String(id), padding: 'x'.repeat(1_000) })
  await new Promise((resolve) => setTimeout(resolve, 50))
  client.tcp.destroy()
  for (let round = 0; round < 200 && server.ddp.sessions > 0; round += 1) {
    clock.advance(15_000)
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
  expect(server.ddp.sessions).toBe(0)
})

it('a refusal that cannot be written is one all the same', async () => {
  await using server = await startServer()
  server.ddp.publish('bad', () => { throw new DDPError('bad', 'No.', { details: 1n }) })
  server.ddp.method('bad', () => { throw new DDPError('bad', 'No.', { details: 1n }) })
  const client = await RawClient.connect(server.port)
  client.send({ msg: 'sub', id: 's', name: 'bad' })
  expect(await client.settled()).toEqual([{ msg: 'nosub', id: 's', error: expect.objectContaining({ error: 500 }) as unknown }])
  expect(await client.call('bad')).toMatchObject({ error: { error: 500 } })
  client.tcp.destroy()
})

it.each<[string, () => unknown]>([
  ['a proxy whose traps throw', () => new Proxy({}, { get: () => { throw new Error('trap') }, getPrototypeOf: () => { throw new Error('trap') } })],
  ['a revoked proxy', () => { const { proxy, revoke } = Proxy.revocable({}, {}); revoke(); return proxy }],
  ['a getter that throws', () => ({ isClientSafe: true, get error() { throw new Error('getter') } })],
  ['a sanitizedError that throws', () => ({ sanitizedError: { get isClientSafe() { throw new Error('getter') } } })],
  ['details that throw', () => new DDPError('x', 'y', { get secret() { throw new Error('getter') } })],
  ['details that contain themselves', () => { const details: Record<string, unknown> = {}; details['self'] = details; return new DDPError('x', 'y', details) }],
  ['details without an end', () => { const endless = { toJSON: (): unknown => ({ endless }) }; return new DDPError('x', 'y', endless) }],
  ['an array', () => Object.assign([], { isClientSafe: 'yes' })],
  ['nothing', () => undefined],
  ['null', () => null],
  ['a symbol', () => Symbol('x')],
])('%s that a handler throws is 500 for the client, and harms nobody', async (_name, make) => {
  await using server = await startServer()
  server.ddp.publish('bad', () => { throw make() as Error })
  server.ddp.method('bad', () => { throw make() as Error })
  const client = await RawClient.connect(server.port)
  client.send({ msg: 'sub', id: 's', name: 'bad' })
  expect(await client.settled()).toEqual([{ msg: 'nosub', id: 's', error: expect.objectContaining({ error: 500 }) as unknown }])
  expect(await client.call('bad')).toMatchObject({ error: { error: 500 } })
  client.tcp.destroy()
})

it('users that change one into another come one after the other', async () => {
  await using server = await startServer()
  const later = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 5))
  server.ddp.publish('mine', async function () {
    this.added('things', 'all', { user: this.userId })
    await later()
    this.added('things', String(this.userId), { mine: true })
    this.ready()
  })
  server.ddp.method('hasty', function (userId) {
    void this.setUserId(userId as string)
    this.unblock()
  })
  const client = await RawClient.connect(server.port)
  client.send({ msg: 'sub', id: 's', name: 'mine' })
  await client.next('ready')
  client.send({ msg: 'method', method: 'hasty', params: ['anna'], id: '1' }, { msg: 'method', method: 'hasty', params: ['bert'], id: '2' })
  const things = new Map<unknown, unknown>([['all', null], ['null', true]])
  const seen: unknown[] = []
  for (let results = 0; results < 2;) {
    const message = await client.next()
    if (message['msg'] === 'result') results += 1
    if (message['collection'] === undefined) continue
    seen.push([message['msg'], message['id']])
    if (message['msg'] === 'removed') things.delete(message['id'])
    else things.set(message['id'], message['fields'])
  }
  expect([...things.keys()]).toEqual(['all', 'bert'])
  expect(things.get('all')).toEqual({ user: 'bert' })
  expect(server.logged).toEqual([])
  client.tcp.destroy()
})

it('a check of origins that answers with a promise lets nobody in', async () => {
  await using server = await startServer({ allowedOrigins: (() => Promise.resolve(false)) as unknown as (origin: string) => boolean })
  const opened = RawClient.open(server.port, 'websocket', { headers: { origin: 'https://evil.example' } })
  expect(await opened.then(() => 'let in', (error: Error) => error.message)).toContain('403')
})
