import { ManualClock } from '@ddp-cluster/ddp-common/internal'
import { describe, expect, it } from 'vitest'
import { DDPClient } from './client.js'
import type { DDPClientOptions } from './options.js'
import { ScriptedServer } from './scripted-server.test-kit.js'
import type { ClientStatus } from './status.js'

function setUp(options: Partial<DDPClientOptions> = {}): { client: DDPClient; server: ScriptedServer; clock: ManualClock } {
  const clock = new ManualClock()
  const server = new ScriptedServer()
  const client = new DDPClient({ url: 'ws://server.example/websocket', clock, ...options }, server.dial)
  return { client, server, clock }
}

/** Lets promise callbacks run. */
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** Loses the connection and lets the client dial again at once, for a new session. */
function reconnect({ server, client }: { server: ScriptedServer; client: DDPClient }): void {
  server.socket.drop()
  client.reconnect()
  server.socket.accept()
}

/** What a promise has come to by now. */
async function outcome(promise: Promise<unknown>): Promise<unknown> {
  let known: unknown = 'pending'
  promise.then((value) => { known = { value } }, (error: unknown) => { known = { error } })
  await settle()
  return known
}

describe('the status', () => {
  it('goes through Meteor\'s states, and the backoff grows', async () => {
    const { client, server, clock } = setUp()
    const seen: ClientStatus[] = [client.status()]
    client.on('statusChanged', (status) => seen.push(status))
    expect(seen).toEqual([{ status: 'connecting', connected: false, retryCount: 0 }])
    server.socket.accept()
    expect(client.status()).toEqual({ status: 'connected', connected: true, retryCount: 0 })
    const delays: number[] = []
    for (let i = 0; i < 12; i += 1) {
      server.socket.drop()
      const status = client.status()
      if (status.status !== 'waiting') throw new Error(`The status is ${status.status}`)
      expect(status.retryCount).toBe(i + 1)
      expect(status.reason).toBe('The server reset the connection')
      delays.push(status.retryTime - clock.wallNow())
      clock.advance((delays.at(-1) ?? 0) + 1)
      expect(client.status()).toEqual({ status: 'connecting', connected: false, retryCount: i + 1 })
    }
    expect(delays.slice(0, 2)).toEqual([10, 10])
    for (const [i, delay] of delays.entries()) {
      if (i < 2) continue
      const middle = Math.min(1_000 * 2.2 ** i, 240_000)
      expect(delay).toBeGreaterThanOrEqual(middle * 0.75 - 1)
      expect(delay).toBeLessThanOrEqual(Math.min(middle * 1.25 + 1, 300_000))
    }
    await client.close()
    expect(client.status()).toEqual({ status: 'offline', connected: false, retryCount: 0 })
    expect(seen.map((status) => status.status)).toContain('waiting')
    expect(clock.pending).toBe(0)
  })

  it('storms no server that takes everybody and drops them at once', () => {
    const { server, clock } = setUp()
    for (let i = 0; i < 60_000; i += 10) {
      if (!server.socket.ended) {
        server.socket.accept()
        server.socket.drop()
      }
      clock.advance(10)
    }
    expect(server.sockets.length).toBeLessThan(9)
  })

  it('begins anew after a session that lived', () => {
    const { client, server, clock } = setUp({ heartbeatIntervalMs: 0 })
    for (let i = 0; i < 3; i += 1) {
      server.socket.accept()
      clock.advance(60_000)
      server.socket.drop()
      expect(client.status()).toMatchObject({ status: 'waiting', retryCount: 1 })
      clock.advance(10)
    }
  })

  it('fails for good when the server speaks another version', () => {
    const { client, server, clock } = setUp()
    server.socket.accept(null)
    server.socket.say({ msg: 'failed', version: 'pre2' })
    return settle().then(() => {
      expect(client.status()).toMatchObject({ status: 'failed', reason: expect.stringContaining('pre2') as unknown })
      clock.advance(1_000_000)
      expect(server.sockets).toHaveLength(1)
      expect(clock.pending).toBe(0)
      client.reconnect()
      expect(client.status().status).toBe('connecting')
    })
  })

  it('is offline after disconnect, and comes back on reconnect', async () => {
    const { client, server, clock } = setUp()
    server.socket.accept()
    const call = client.call('later')
    server.socket.take()
    client.disconnect()
    expect(client.status().status).toBe('offline')
    clock.advance(1_000_000)
    expect(server.sockets).toHaveLength(1)
    expect(await outcome(call)).toBe('pending')
    client.reconnect()
    server.socket.accept()
    expect(server.socket.take()).toMatchObject([{ msg: 'method', method: 'later' }])
    await client.close()
    await expect(call).rejects.toMatchObject({ code: 'closed' })
  })

  it('gives a connection up that opens no session in time, and a silent one', async () => {
    const { client, server, clock } = setUp({ connectTimeoutMs: 1_000, heartbeatIntervalMs: 500, heartbeatTimeoutMs: 400 })
    server.socket.accept(null)
    clock.advance(1_000)
    await settle()
    expect(client.status()).toMatchObject({ status: 'waiting', reason: expect.stringContaining('within 1000 ms') as unknown })
    client.reconnect()
    server.socket.accept()
    clock.advance(500)
    expect(server.socket.sent.at(-1)).toMatchObject({ msg: 'ping' })
    clock.advance(400)
    await settle()
    await settle()
    expect(client.status()).toMatchObject({ status: 'waiting', reason: expect.stringContaining('silent') as unknown })
    await client.close()
    expect(clock.pending).toBe(0)
  })
})

describe('a call', () => {
  it('waits for its result and for its writes, in either order', async () => {
    const { client, server } = setUp()
    server.socket.accept()
    const first = client.call('first', 1)
    const second = client.call('second')
    expect(server.socket.take()).toMatchObject([{ method: 'first', params: [1], id: '1' }, { method: 'second', params: [], id: '2' }])
    server.socket.say({ msg: 'result', id: '1', result: 'one' }, { msg: 'updated', methods: ['2'] })
    expect([await outcome(first), await outcome(second)]).toEqual(['pending', 'pending'])
    server.socket.say({ msg: 'updated', methods: ['1'] }, { msg: 'result', id: '2', error: { error: 'no', errorType: 'Meteor.Error' } })
    expect(await first).toBe('one')
    await expect(second).rejects.toMatchObject({ error: 'no' })
  })

  it('with wait blocks what comes after it, and comes after what was before', () => {
    const { client, server } = setUp()
    server.socket.accept()
    const finish = (id: string): void => server.socket.say({ msg: 'result', id }, { msg: 'updated', methods: [id] })
    const sent = (): string[] => server.socket.take().map((message) => (message.msg === 'method' ? message.method : message.msg))
    void client.call('a')
    void client.call('b')
    void client.apply('c', [], { wait: true })
    void client.call('d')
    void client.call('e')
    expect(sent()).toEqual(['a', 'b'])
    finish('2')
    expect(sent()).toEqual([])
    finish('1')
    expect(sent()).toEqual(['c'])
    finish('3')
    expect(sent()).toEqual(['d', 'e'])
  })

  it('is sent again after a lost connection, unless it may not be', async () => {
    const { client, server } = setUp()
    const unsent = client.apply('unsent', [], { noRetry: true })
    server.socket.drop()
    client.reconnect()
    server.socket.accept()
    const again = client.call('again')
    const once = client.apply('once', [], { noRetry: true })
    const twice = client.apply('twice', [], { maxRetries: 1 })
    const names = (): unknown[] => server.socket.take().map((message) => message.msg === 'method' && message.method)
    expect(names()).toEqual(['unsent', 'again', 'once', 'twice'])
    reconnect({ server, client })
    expect(names()).toEqual(['again', 'twice'])
    await expect(unsent).rejects.toMatchObject({ error: 'invocation-failed' })
    await expect(once).rejects.toMatchObject({ error: 'invocation-failed' })
    reconnect({ server, client })
    expect(names()).toEqual(['again'])
    await expect(twice).rejects.toMatchObject({ error: 'invocation-failed' })
    server.socket.say({ msg: 'result', id: '2', result: 1 }, { msg: 'updated', methods: ['2'] })
    expect(await again).toBe(1)
  })

  it.each<[string, object, unknown]>([
    ['a result', { result: 'done' }, { value: 'done' }],
    ['an error', { error: { error: 'no', errorType: 'Meteor.Error' } }, { error: 'no' }],
  ])('with noRetry settles with %s that came before the loss, without waiting for a reconnect', async (_, answer, expected) => {
    const { client, server } = setUp()
    server.socket.accept()
    const call = client.apply('half', [], { noRetry: true, timeoutMs: 3_600_000 })
    server.socket.say({ msg: 'result', id: '1', ...answer })
    server.socket.drop()
    const settled = await call.then((value) => ({ value }), (error: unknown) => ({ error: (error as { error: unknown }).error }))
    expect(settled).toEqual(expected)
  })

  it('whose result came before the loss is not sent again', async () => {
    const { client, server } = setUp()
    server.socket.accept()
    const call = client.call('half')
    server.socket.say({ msg: 'result', id: '1', result: 'done' })
    reconnect({ server, client })
    expect(server.socket.take()).toEqual([])
    expect(await outcome(call)).toEqual({ value: 'done' })
  })

  it.each([
    ['a call', {}], ['a call with retries', { maxRetries: 1 }], ['a call with wait', { wait: true }],
  ])('does not count as updated what was sent again since: %s', async (_what, options) => {
    const { client, server } = setUp()
    server.socket.accept()
    const call = client.apply('write', [], options)
    server.socket.say({ msg: 'updated', methods: ['1'] })
    reconnect({ server, client })
    server.socket.say({ msg: 'result', id: '1', result: 'done' })
    expect(await outcome(call)).toBe('pending')
    server.socket.say({ msg: 'updated', methods: ['1'] })
    expect(await outcome(call)).toEqual({ value: 'done' })
  })

  it('does not count as updated before it is sent', async () => {
    const { client, server } = setUp()
    server.socket.accept()
    void client.apply('first', [], { wait: true })
    const blocked = client.call('second')
    server.socket.say({ msg: 'updated', methods: ['2'] }, { msg: 'result', id: '1' }, { msg: 'updated', methods: ['1'] }, { msg: 'result', id: '2', result: 2 })
    expect(await outcome(blocked)).toBe('pending')
    server.socket.say({ msg: 'updated', methods: ['2'] })
    expect(await outcome(blocked)).toEqual({ value: 2 })
  })

  it('with noRetry is not saved from a loss by its update', async () => {
    const { client, server } = setUp()
    server.socket.accept()
    const call = client.apply('once', [], { noRetry: true })
    server.socket.say({ msg: 'updated', methods: ['1'] })
    server.socket.drop()
    await expect(call).rejects.toMatchObject({ error: 'invocation-failed' })
  })

  it('whose result came before the loss waits for the data of the next session, whatever was updated before', async () => {
    const { client, server } = setUp()
    server.socket.accept()
    const sub = client.subscribe('docs')
    server.socket.say({ msg: 'ready', subs: ['1'] })
    await sub.ready
    const call = client.call('half')
    server.socket.say({ msg: 'result', id: '2', result: 'done' })
    reconnect({ server, client })
    expect(await outcome(call)).toBe('pending')
    server.socket.say({ msg: 'ready', subs: ['1'] })
    expect(await outcome(call)).toEqual({ value: 'done' })
  })

  it('ends in time, also when there is no connection, and lets the next one go', async () => {
    const { client, server, clock } = setUp()
    const offline = client.apply('offline', [], { timeoutMs: 50 })
    clock.advance(50)
    await expect(offline).rejects.toMatchObject({ code: 'timeout' })
    server.socket.accept()
    expect(server.socket.take()).toEqual([])
    const blocking = client.apply('blocking', [], { wait: true, timeoutMs: 50 })
    void client.call('next')
    clock.advance(50)
    await expect(blocking).rejects.toMatchObject({ code: 'timeout' })
    expect(server.socket.take()).toMatchObject([{ method: 'blocking' }, { method: 'next' }])
  })

  it('is refused when too many wait, when the client is closed, and when EJSON cannot write it', async () => {
    const { client, server } = setUp({ maxOutstandingCalls: 1 })
    const first = client.call('first')
    await expect(client.call('second')).rejects.toMatchObject({ code: 'too-many' })
    server.socket.accept()
    server.socket.say({ msg: 'result', id: '1' }, { msg: 'updated', methods: ['1'] })
    expect(await first).toBeUndefined()
    await expect(client.call('big', 1n)).rejects.toBeInstanceOf(TypeError)
    await client.close()
    await expect(client.call('third')).rejects.toMatchObject({ code: 'closed' })
  })

  it('whose answer cannot be decoded fails, and nothing else does', async () => {
    const { client, server } = setUp()
    server.socket.accept()
    const odd = client.call('odd')
    const even = client.call('even')
    server.socket.sayText('{"msg":"result","id":"1","result":{"$type":"?","$value":1}}')
    await expect(odd).rejects.toMatchObject({ code: 'bad-answer' })
    server.socket.say({ msg: 'result', id: '2', result: 2 }, { msg: 'updated', methods: ['2'] })
    expect(await even).toBe(2)
  })

  it('made while the loss is told was not sent, and is sent later', async () => {
    const { client, server } = setUp()
    server.socket.accept()
    const calls: Promise<unknown>[] = []
    client.on('statusChanged', ({ status }) => {
      if (status === 'waiting' || status === 'offline') calls.push(client.apply(status, [], { noRetry: true }))
    })
    server.socket.drop()
    client.disconnect()
    for (const call of calls) expect(await outcome(call)).toBe('pending')
    client.reconnect()
    server.socket.accept()
    expect(server.socket.take()).toMatchObject([{ method: 'waiting' }, { method: 'offline' }])
    client.disconnect()
    await client.close()
    await Promise.allSettled(calls)
  })

  it('is refused when its limits make no sense', async () => {
    const { client, server } = setUp()
    for (const options of [{ timeoutMs: Infinity }, { timeoutMs: -1 }, { timeoutMs: NaN }, { maxRetries: -1 }, { maxRetries: NaN }, { maxRetries: 0.5 }]) {
      await expect(client.apply('m', [], options)).rejects.toThrow(RangeError)
    }
    server.socket.accept()
    expect(server.socket.take()).toEqual([])
    await client.close()
  })

  it('costs no more when many are under way', async () => {
    const { client, server } = setUp({ maxOutstandingCalls: 50_000 })
    server.socket.accept()
    const began = performance.now()
    const calls = Array.from({ length: 50_000 }, (_, i) => client.call('m', i))
    expect(server.socket.take().length).toBe(50_000)
    for (let id = 1; id <= calls.length; id += 1) server.socket.say({ msg: 'result', id: String(id), result: id }, { msg: 'updated', methods: [String(id)] })
    expect((await Promise.all(calls)).length).toBe(50_000)
    // With a look at all the others for each of them it is minutes.
    expect(performance.now() - began).toBeLessThan(5_000)
    await client.close()
  })

  it('sends what its parameters were when it was made', () => {
    const { client, server } = setUp()
    const params = { list: [1], url: new URL('http://a.example/') }
    void client.call('m', params)
    client.subscribe('s', params)
    params.list.push(2)
    server.socket.accept()
    const asItWas = { list: [1], url: 'http://a.example/' }
    expect(server.socket.take()).toMatchObject([{ params: [asItWas] }, { params: [asItWas] }])
    expect(() => client.subscribe('big', 1n)).toThrow(TypeError)
  })
})

describe('a login', () => {
  it('is done again first on a new connection, then outstanding methods, then subscriptions', async () => {
    const { client, server } = setUp()
    const users: (string | undefined)[] = []
    client.on('userChanged', ({ userId }) => users.push(userId))
    server.socket.accept()
    const login = client.login({ resume: 'old' })
    client.subscribe('rooms')
    const tokenExpires = new Date(5)
    server.socket.say({ msg: 'result', id: '1', result: { id: 'me', token: 'new', tokenExpires } }, { msg: 'updated', methods: ['1'] })
    expect(await login).toEqual({ id: 'me', token: 'new', tokenExpires })
    expect(client.userId).toBe('me')
    void client.call('outstanding')
    reconnect({ server, client })
    expect(server.socket.take()).toMatchObject([{ method: 'login', params: [{ resume: 'new' }] }])
    server.socket.say({ msg: 'result', id: '4', result: { id: 'me', token: 'new' } })
    expect(server.socket.take()).toMatchObject([{ method: 'outstanding' }, { msg: 'sub', name: 'rooms' }])
    reconnect({ server, client })
    server.socket.say({ msg: 'result', id: '5', error: { error: 403, errorType: 'Meteor.Error' } })
    expect(client.userId).toBeUndefined()
    expect(server.socket.take().map(({ msg }) => msg)).toEqual(['method', 'method', 'sub'])
    reconnect({ server, client })
    expect(server.socket.take()).toMatchObject([{ method: 'outstanding' }, { msg: 'sub' }])
    expect(users).toEqual(['me', undefined])
  })

  it('counts from its result on, whatever happens to the connection then', () => {
    const { client, server } = setUp()
    server.socket.accept()
    void client.loginWith('custom', 'name', 'proof')
    server.socket.say({ msg: 'result', id: '1', result: { id: 'me' } })
    expect(client.userId).toBe('me')
    reconnect({ server, client })
    expect(server.socket.take()).toMatchObject([{ method: 'custom', params: ['name', 'proof'] }])
  })

  it.each(['me', null, { id: 5 }, { userId: 'me' }])('that answers nonsense is none: %j', async (result) => {
    const { client, server } = setUp()
    server.socket.accept()
    const odd = client.login({})
    server.socket.say({ msg: 'result', id: '1', result }, { msg: 'updated', methods: ['1'] })
    await expect(odd).rejects.toMatchObject({ code: 'bad-answer' })
    expect(client.userId).toBeUndefined()
  })

  it('is ended by a logout, unless that is refused', async () => {
    const { client, server } = setUp()
    server.socket.accept()
    void client.login({})
    server.socket.say({ msg: 'result', id: '1', result: { id: 'me' } }, { msg: 'updated', methods: ['1'] })
    const refused = client.logout()
    server.socket.say({ msg: 'result', id: '2', error: { error: 500, errorType: 'Meteor.Error' } }, { msg: 'updated', methods: ['2'] })
    await expect(refused).rejects.toMatchObject({ error: 500 })
    expect(client.userId).toBe('me')
    void client.logout()
    server.socket.say({ msg: 'result', id: '3' }, { msg: 'updated', methods: ['3'] })
    expect(client.userId).toBeUndefined()
  })
})

describe('subscriptions and documents', () => {
  it('keep a cache by collection', async () => {
    const { client, server } = setUp()
    const events: unknown[] = []
    const rooms = client.collection('rooms')
    rooms.on('added', ({ id, document }) => events.push(['added', id, document]))
    rooms.on('changed', ({ document, previous }) => events.push(['changed', document, previous]))
    rooms.on('removed', ({ id }) => events.push(['removed', id]))
    server.socket.accept()
    const sub = client.subscribe('rooms', { limit: 5 })
    expect(server.socket.take()).toEqual([{ msg: 'sub', id: '1', name: 'rooms', params: [{ limit: 5 }] }])
    expect(sub.isReady).toBe(false)
    server.socket.say(
      { msg: 'added', collection: 'rooms', id: 'a', fields: { name: 'A', old: 1 } },
      { msg: 'changed', collection: 'rooms', id: 'a', fields: { name: 'B' }, cleared: ['old'] },
      { msg: 'added', collection: 'rooms', id: 'b' },
      { msg: 'removed', collection: 'rooms', id: 'b' },
      { msg: 'removed', collection: 'rooms', id: 'never there' },
      { msg: 'changed', collection: 'rooms', id: 'never there', fields: { x: 1 } },
      { msg: 'ready', subs: ['1', 'unknown'] },
    )
    await sub.ready
    expect(sub.isReady).toBe(true)
    expect([...rooms]).toEqual([{ _id: 'a', name: 'B' }, { _id: 'never there', x: 1 }])
    expect([rooms.size, rooms.get('a')?.name]).toEqual([2, 'B'])
    expect(events).toEqual([
      ['added', 'a', { _id: 'a', name: 'A', old: 1 }],
      ['changed', { _id: 'a', name: 'B' }, { _id: 'a', name: 'A', old: 1 }],
      ['added', 'b', { _id: 'b' }],
      ['removed', 'b'],
      ['added', 'never there', { _id: 'never there', x: 1 }],
    ])
  })

  it('are merged on a new connection, too, by a server that does not merge', async () => {
    const { client, server } = setUp()
    server.socket.accept()
    const sub = client.subscribe('rooms')
    const tell = (): void => server.socket.say(
      { msg: 'added', collection: 'c', id: '1', fields: { a: 1 } },
      { msg: 'added', collection: 'c', id: '1', fields: { b: 2 } },
      { msg: 'changed', collection: 'c', id: '2', fields: { c: 3 } },
      { msg: 'removed', collection: 'c', id: '3' },
      { msg: 'ready', subs: ['1'] },
    )
    tell()
    await sub.ready
    const events: unknown[] = []
    for (const event of ['added', 'changed', 'removed'] as const) client.collection('c').on(event, (change) => events.push([event, change]))
    reconnect({ server, client })
    tell()
    expect([...client.collection('c')]).toEqual([{ _id: '1', a: 1, b: 2 }, { _id: '2', c: 3 }])
    expect(events).toEqual([])
  })

  it('keep the order of an ordered collection', () => {
    const { client, server } = setUp()
    server.socket.accept()
    const ids = (): unknown[] => [...client.collection('list')].map(({ _id }) => _id)
    server.socket.say(
      { msg: 'addedBefore', collection: 'list', id: 'c', before: null },
      { msg: 'addedBefore', collection: 'list', id: 'a', before: 'c' },
      { msg: 'addedBefore', collection: 'list', id: 'b', before: 'c' },
    )
    expect(ids()).toEqual(['a', 'b', 'c'])
    server.socket.say({ msg: 'movedBefore', collection: 'list', id: 'a', before: null })
    expect(ids()).toEqual(['b', 'c', 'a'])
    server.socket.say({ msg: 'movedBefore', collection: 'list', id: 'a', before: 'b' })
    expect(ids()).toEqual(['a', 'b', 'c'])
  })

  it('are revived without a flicker', async () => {
    const { client, server } = setUp()
    server.socket.accept()
    const sub = client.subscribe('rooms')
    const add = (id: string, version: number): void => server.socket.say({ msg: 'added', collection: 'rooms', id, fields: { version } })
    add('same', 1)
    add('other', 1)
    add('gone', 1)
    server.socket.say({ msg: 'ready', subs: ['1'] })
    await sub.ready
    const events: unknown[] = []
    const rooms = client.collection('rooms')
    for (const event of ['added', 'changed', 'removed'] as const) rooms.on(event, ({ id }: { id: unknown }) => events.push([event, id]))
    reconnect({ server, client })
    expect(server.socket.take()).toMatchObject([{ msg: 'sub', id: '1' }])
    add('same', 1)
    add('other', 2)
    expect([rooms.size, events]).toEqual([3, []])
    reconnect({ server, client })
    add('new', 1)
    add('same', 1)
    add('other', 2)
    expect([rooms.size, events]).toEqual([3, []])
    server.socket.say({ msg: 'ready', subs: ['1'] })
    expect(events).toEqual([['removed', 'gone'], ['added', 'new'], ['changed', 'other']])
    expect(sub.isReady).toBe(true)
  })

  it('wait for methods that were sent again, and not for subscriptions that ended', async () => {
    const { client, server } = setUp()
    server.socket.accept()
    const kept = client.subscribe('kept')
    const refused = client.subscribe('refused')
    server.socket.say({ msg: 'added', collection: 'c', id: 'x' }, { msg: 'ready', subs: ['1', '2'] })
    const call = client.call('write')
    reconnect({ server, client })
    server.socket.say({ msg: 'ready', subs: ['1'] }, { msg: 'nosub', id: '2', error: { error: 404, errorType: 'Meteor.Error' } })
    expect(client.collection('c').size).toBe(1)
    server.socket.say({ msg: 'result', id: '3' }, { msg: 'updated', methods: ['3'] })
    expect(client.collection('c').size).toBe(0)
    expect(await outcome(call)).toEqual({ value: undefined })
    expect(await refused.ended).toMatchObject({ error: 404 })
    kept.stop()
    expect(server.socket.take().at(-1)).toEqual({ msg: 'unsub', id: '1' })
    expect(await kept.ended).toBeUndefined()
  })

  it('stopped while they are revived hold nothing up', () => {
    const { client, server } = setUp()
    server.socket.accept()
    const sub = client.subscribe('s')
    server.socket.say({ msg: 'added', collection: 'c', id: 'x' }, { msg: 'ready', subs: ['1'] })
    reconnect({ server, client })
    expect(client.collection('c').size).toBe(1)
    sub.stop()
    expect(client.collection('c').size).toBe(0)
  })

  it('take a hostile document as data', () => {
    const { client, server } = setUp()
    server.socket.accept()
    server.socket.sayText('{"msg":"added","collection":"__proto__","id":"__proto__","fields":{"__proto__":{"polluted":1},"_id":"forged"}}')
    server.socket.sayText('{"msg":"changed","collection":"__proto__","id":"__proto__","fields":{"__proto__":{"polluted":2}},"cleared":["_id","constructor"]}')
    const document = client.collection('__proto__').get('__proto__')
    expect(document?._id).toBe('__proto__')
    expect(document?.polluted).toBeUndefined()
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined()
  })

  it('survive listeners that throw', () => {
    const { client, server } = setUp()
    client.on('statusChanged', () => { throw new Error('from a listener') })
    const seen: unknown[] = []
    client.on('statusChanged', ({ status }) => void seen.push(status))
    const collection = client.collection('c')
    collection.on('added', () => { throw new Error('from a listener') })
    const note = ({ id }: { id: unknown }): void => void seen.push(id)
    collection.on('added', note)
    collection.once('added', ({ id }) => { seen.push(`once ${String(id)}`) })
    server.socket.accept()
    server.socket.say({ msg: 'added', collection: 'c', id: '1' }, { msg: 'added', collection: 'c', id: '2' })
    expect(collection.size).toBe(2)
    expect(seen).toEqual(['connected', '1', 'once 1', '2'])
    expect(collection.listeners('added')).toContain(note)
    collection.removeListener('added', note)
    server.socket.say({ msg: 'added', collection: 'c', id: '3' })
    expect(seen).toHaveLength(4)
    expect(collection.listenerCount('added')).toBe(1)
    collection.addListener('removed', note)
    server.socket.say({ msg: 'removed', collection: 'c', id: '3' })
    expect(seen.slice(4)).toEqual(['3'])
  })
})

describe('going offline', () => {
  it('takes back a subscription that is stopped there without a word, and knows only how often it is told to', () => {
    const { client, server } = setUp()
    const statuses: string[] = []
    client.on('statusChanged', ({ status }) => statuses.push(status))
    server.socket.accept()
    const kept = client.subscribe('kept')
    const stopped = client.subscribe('stopped')
    client.disconnect()
    client.disconnect()
    stopped.stop()
    stopped.stop()
    client.reconnect()
    client.reconnect()
    server.socket.accept()
    expect(statuses).toEqual(['connected', 'offline', 'connecting', 'connected'])
    expect(server.sockets).toHaveLength(2)
    expect(server.socket.take()).toMatchObject([{ msg: 'sub', id: kept.id }])
  })

  it('from a listener that hears of the connection: nothing is sent over it any more', () => {
    const { client, server } = setUp()
    client.subscribe('s')
    client.on('statusChanged', ({ connected }) => {
      if (connected) client.disconnect()
    })
    server.socket.accept()
    expect([client.status().status, server.socket.take()]).toEqual(['offline', []])
  })

  it('does not hear what the server still says', () => {
    const { client, server } = setUp()
    server.socket.accept()
    const [socket] = server.sockets
    const collection = client.collection('c')
    collection.on('added', () => client.disconnect())
    socket?.say({ msg: 'added', collection: 'c', id: '1' })
    socket?.say({ msg: 'added', collection: 'c', id: '2' })
    expect(collection.size).toBe(1)
  })
})

describe('options', () => {
  it.each([0, Number.NaN, -1])('refuse maxOutstandingCalls of %d', (maxOutstandingCalls) => {
    expect(() => setUp({ maxOutstandingCalls })).toThrow(/^maxOutstandingCalls must be a number from 1, not /)
  })
})

describe('closing', () => {
  it('settles everything and leaves no timer, whatever the state', async () => {
    for (const reach of ['connecting', 'connected', 'waiting', 'offline'] as const) {
      const { client, server, clock } = setUp()
      const promises = [client.apply('m', [], { timeoutMs: 1_000 }), client.subscribe('s').ready]
      if (reach !== 'connecting') server.socket.accept()
      if (reach === 'waiting') server.socket.drop()
      if (reach === 'offline') client.disconnect()
      await client.close()
      await client.close()
      for (const promise of promises) await expect(promise).rejects.toMatchObject({ code: 'closed' })
      expect(clock.pending).toBe(0)
      client.reconnect()
      expect(client.status().status).toBe('offline')
      client.disconnect()
      await expect(client.subscribe('s').ready).rejects.toMatchObject({ code: 'closed' })
    }
  })
})
