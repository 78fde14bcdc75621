import { DDPError, type ResultMessage, type WireError } from '@ddp-cluster/ddp-common'
import { ManualClock } from '@ddp-cluster/ddp-common/internal'
import { describe, expect, it } from 'vitest'
import { DDPClient } from './client.js'
import { ConnectionError } from './connection-end.js'
import { ScriptedServer } from './scripted-server.test-kit.js'

interface Setting {
  readonly client: DDPClient
  readonly server: ScriptedServer
  readonly clock: ManualClock
  /** Events of the login, the reconnect and all that follows. */
  readonly told: unknown[]
}

const error = (code: string | number, details?: unknown): WireError => ({ error: code, errorType: 'Meteor.Error', ...(details !== undefined && { details }) })

/** A client that was logged in, with a subscription and a call under way, on a new connection. */
function reconnected(): Setting {
  const clock = new ManualClock()
  const server = new ScriptedServer()
  const client = new DDPClient({ url: 'ws://server.example/websocket', clock, heartbeatIntervalMs: 0 }, server.dial)
  server.socket.accept()
  client.login({ resume: 'secret' }).catch(ignore)
  server.socket.say({ msg: 'result', id: '1', result: { id: 'me', token: 'secret' } }, { msg: 'updated', methods: ['1'] })
  client.subscribe('docs').ready.catch(ignore)
  server.socket.say({ msg: 'added', collection: 'c', id: 'x' }, { msg: 'ready', subs: ['2'] })
  client.call('write').catch(ignore)
  const told: unknown[] = []
  client.on('userChanged', (user) => told.push(['userChanged', user]))
  client.on('loginPending', (login) => told.push(['loginPending', login]))
  reconnect({ client, server })
  return { client, server, clock, told }
}

function reconnect({ client, server }: Pick<Setting, 'client' | 'server'>): void {
  server.socket.drop()
  client.reconnect()
  server.socket.accept()
}

/** Answers a login. Its calls are numbered: the first after the reconnect is the fourth thing that the client asked for. */
function answer(server: ScriptedServer, outcome: Pick<ResultMessage, 'error' | 'result'>, id = '4'): void {
  server.socket.say({ msg: 'result', id, ...outcome })
}

const taken = { result: { id: 'me', token: 'secret' } }
const sent = (server: ScriptedServer): string[] => server.socket.take().map((message) => (message.msg === 'method' ? message.method : message.msg))
const ignore = (): void => undefined

describe('a login after a reconnect', () => {
  it('is sent again after timeToReset, and holds subscriptions, calls and documents back until it is taken', async () => {
    const { client, server, clock, told } = reconnected()
    const call = client.call('later')
    client.subscribe('more').ready.catch(ignore)
    expect(sent(server)).toEqual(['login'])
    answer(server, { error: error('too-many-requests', { timeToReset: 4_000 }) })
    expect(client.userId).toBe('me')
    expect(told).toEqual([['loginPending', { userId: 'me', error: expect.any(DDPError) as unknown, retryTime: clock.wallNow() + 4_000 }]])
    server.socket.say({ msg: 'added', collection: 'c', id: 'y' })
    clock.advance(3_999)
    expect(sent(server)).toEqual([])
    clock.advance(1)
    expect(sent(server)).toEqual(['login'])
    expect([...client.collection('c')]).toEqual([{ _id: 'x' }])
    client.subscribe('most').ready.catch(ignore)
    answer(server, taken, '7')
    expect(sent(server)).toEqual(['write', 'later', 'sub', 'sub', 'sub'])
    expect(told.slice(1)).toEqual([['userChanged', { userId: 'me' }]])
    server.socket.say({ msg: 'updated', methods: ['3', '5'] }, { msg: 'result', id: '5', result: 5 }, { msg: 'ready', subs: ['2'] })
    expect(await call).toBe(5)
    expect([...client.collection('c')]).toEqual([{ _id: 'y' }])
    await client.close()
    expect(clock.pending).toBe(0)
  })

  it.each([['500', error(500)], ['503', error(503)], ['a word', error('overloaded')], ['a bad timeToReset', error('too-many-requests', { timeToReset: 'soon' })]])(
    'is sent again ever later while the answer is %s',
    async (_what, refused) => {
      const { client, server, clock, told } = reconnected()
      const delays: number[] = []
      for (let round = 0; round < 9; round += 1) {
        const now = clock.wallNow()
        answer(server, { error: refused }, String(4 + round))
        const [, pending] = told.at(-1) as [string, { retryTime: number }]
        delays.push(pending.retryTime - now)
        server.socket.take()
        clock.advance((delays.at(-1) ?? 0) + 1)
        expect(sent(server)).toEqual(['login'])
      }
      expect(delays[0]).toBeGreaterThanOrEqual(900)
      expect(delays[0]).toBeLessThan(1_600)
      expect(delays.at(-1)).toBeGreaterThan(35_000)
      expect(Math.max(...delays)).toBeLessThanOrEqual(60_000)
      expect(server.sockets).toHaveLength(2)
      answer(server, taken, '13')
      expect(told.at(-1)).toEqual(['userChanged', { userId: 'me' }])
      await client.close()
    },
  )

  it.each([[-1, 2_000], [0, 100], [1e300, 300_000]])('waits no nonsense of a time for a timeToReset of %d', async (timeToReset, atMostMs) => {
    const { client, server, clock } = reconnected()
    server.socket.take()
    answer(server, { error: error('too-many-requests', { timeToReset }) })
    expect(sent(server)).toEqual([])
    clock.advance(atMostMs)
    expect(sent(server)).toEqual(['login'])
    await client.close()
  })

  it.each([403, '403'])('is forgotten when it is refused with %j', async (code) => {
    const { client, server, told } = reconnected()
    answer(server, { error: error(code) })
    expect(sent(server)).toEqual(['login', 'write', 'sub'])
    expect(client.userId).toBeUndefined()
    expect(told).toEqual([['userChanged', { userId: undefined, error: expect.objectContaining({ name: 'DDPError', error: code }) as unknown }]])
    reconnect({ client, server })
    expect(sent(server)).toEqual(['write', 'sub'])
    await client.close()
  })

  it('tells that it is forgotten after it was pending', async () => {
    const { client, server, clock, told } = reconnected()
    answer(server, { error: error(500) })
    clock.advance(2_000)
    answer(server, { error: error(403) }, '5')
    expect(told.map((event) => (event as unknown[])[0])).toEqual(['loginPending', 'userChanged'])
    expect(client.userId).toBeUndefined()
    await client.close()
  })

  it('is sent again when no answer comes, and the answer that comes too late counts for nothing', async () => {
    const { client, server, clock, told } = reconnected()
    server.socket.take()
    clock.advance(30_000)
    expect(told).toEqual([['loginPending', expect.objectContaining({ error: expect.any(ConnectionError) as unknown }) as unknown]])
    answer(server, taken)
    expect(told).toHaveLength(1)
    clock.advance(2_000)
    expect(sent(server)).toEqual(['login'])
    await client.close()
    expect(clock.pending).toBe(0)
  })

  it('begins anew on the next connection, and listeners hear how it ended', async () => {
    const { client, server, clock, told } = reconnected()
    answer(server, { error: error('too-many-requests', { timeToReset: 100_000 }) })
    reconnect({ client, server })
    clock.advance(20_000)
    expect(sent(server)).toEqual(['login'])
    answer(server, taken, '5')
    expect(sent(server)).toEqual(['write', 'sub'])
    expect(told.map((event) => (event as unknown[])[0])).toEqual(['loginPending', 'userChanged'])
    await client.close()
  })

  it('leaves no timer behind when the client goes offline or is closed', async () => {
    for (const leave of ['disconnect', 'close'] as const) {
      const { client, server, clock } = reconnected()
      answer(server, { error: error(500) })
      await Promise.resolve(client[leave]())
      await new Promise(setImmediate)
      expect(clock.pending).toBe(0)
      expect(client.userId).toBe('me')
      await client.close()
    }
  })

  it('sends nothing over a connection that a listener ended on hearing of it', async () => {
    const { client, server } = reconnected()
    client.on('userChanged', () => client.disconnect())
    server.socket.take()
    answer(server, { error: error(403) })
    expect(sent(server)).toEqual([])
    client.reconnect()
    server.socket.accept()
    expect(sent(server)).toEqual(['write', 'sub'])
    await client.close()
  })
})

describe('logout() before a renewed login is taken', () => {
  it.each(['on the wire', 'pending'])('goes out at once while the login is %s, and what waited goes out without a user', async (stage) => {
    const { client, server, clock, told } = reconnected()
    if (stage === 'pending') answer(server, { error: error(500) })
    server.socket.take()
    client.on('userChanged', () => void client.call('listener').catch(ignore))
    const logout = client.logout()
    client.call('later').catch(ignore)
    client.subscribe('more').ready.catch(ignore)
    expect(client.userId).toBeUndefined()
    expect(told.at(-1)).toEqual(['userChanged', { userId: undefined }])
    expect(sent(server)).toEqual(['logout'])
    // The answer of the login counts for nothing: the server has the logout after it.
    answer(server, taken)
    clock.advance(100_000)
    expect(sent(server)).toEqual([])
    expect(client.userId).toBeUndefined()
    answer(server, {}, '5')
    await logout
    expect(sent(server)).toEqual(['write', 'listener', 'later', 'sub', 'sub'])
    server.socket.say({ msg: 'updated', methods: ['5', '3'] }, { msg: 'ready', subs: ['2'] })
    expect(client.collection('c').size).toBe(0)
    await client.close()
    expect(clock.pending).toBe(0)
  })

  it('begins a new session when the server does not log out: nobody knows whose the session is', async () => {
    for (const refuse of [
      (server: ScriptedServer) => answer(server, { error: error(500) }, '5'),
      (server: ScriptedServer) => server.socket.say({ msg: 'error', reason: 'Bad request', offendingMessage: { msg: 'method', id: '5' } }),
    ]) {
      const { client, server } = reconnected()
      const logout = client.logout()
      server.socket.take()
      refuse(server)
      await expect(logout).rejects.toThrow()
      expect(server.sockets).toHaveLength(3)
      server.socket.accept()
      expect(sent(server)).toEqual(['write', 'sub'])
      expect(client.userId).toBeUndefined()
      await client.close()
    }
  })

  it('is sent over the next connection when this one is lost before its answer', async () => {
    const { client, server } = reconnected()
    const logout = client.logout()
    reconnect({ client, server })
    expect(sent(server)).toEqual(['logout', 'sub'])
    answer(server, {}, '5')
    server.socket.say({ msg: 'updated', methods: ['5'] }, { msg: 'ready', subs: ['2'] })
    expect(sent(server)).toEqual(['write'])
    expect(client.collection('c').size).toBe(0)
    await logout
    await client.close()
  })

  it('comes after the renewed login when it was called without a connection, or in its place when that is pending', async () => {
    for (const isPending of [false, true]) {
      const { client, server, told } = reconnected()
      server.socket.drop()
      const logout = client.logout()
      client.reconnect()
      server.socket.accept()
      expect(sent(server)).toEqual(['login'])
      answer(server, isPending ? { error: error('too-many-requests', { timeToReset: 300_000 }) } : taken, '6')
      expect(sent(server)).toEqual(isPending ? ['logout'] : ['write', 'sub'])
      server.socket.say({ msg: 'result', id: '3' }, { msg: 'updated', methods: ['3'] }, { msg: 'ready', subs: ['2'] })
      answer(server, {}, '5')
      server.socket.say({ msg: 'updated', methods: ['5'] })
      await logout
      expect(client.userId).toBeUndefined()
      expect(told).toEqual([['userChanged', { userId: undefined }]])
      await client.close()
    }
  })
})

describe('an explicit login before a renewed login is taken', () => {
  const other = { user: { username: 'other' }, password: 'x' }
  const isOther = { result: { id: 'other', token: 'token' } }

  it('takes the place of a pending one, and what waited goes out after its answer', async () => {
    const { client, server, clock, told } = reconnected()
    answer(server, { error: error('error-user-is-not-activated') })
    server.socket.take()
    const login = client.login(other)
    client.subscribe('more').ready.catch(ignore)
    expect(server.socket.take()).toEqual([{ msg: 'method', id: '5', method: 'login', params: [other] }])
    clock.advance(100_000)
    expect(sent(server)).toEqual([])
    answer(server, isOther, '5')
    expect(await login).toMatchObject({ id: 'other' })
    expect(sent(server)).toEqual(['write', 'sub', 'sub'])
    expect(told.slice(1)).toEqual([['userChanged', { userId: 'other' }]])
    reconnect({ client, server })
    expect(server.socket.take()).toEqual([{ msg: 'method', id: '7', method: 'login', params: [{ resume: 'token' }] }])
    await client.close()
  })

  it('waits for the answer that is on its way, and takes the place of the renewed login when that becomes pending', async () => {
    for (const called of ['on the wire', 'without a connection']) {
      const { client, server, told } = reconnected()
      if (called === 'without a connection') server.socket.drop()
      const login = client.login(other)
      if (called === 'without a connection') {
        client.reconnect()
        server.socket.accept()
      }
      expect(sent(server)).toEqual(['login'])
      answer(server, { error: error(500) }, called === 'on the wire' ? '4' : '6')
      expect(server.socket.take()).toEqual([{ msg: 'method', id: '5', method: 'login', params: [other] }])
      answer(server, isOther, '5')
      await login
      expect(sent(server)).toEqual(['write', 'sub'])
      expect(told).toEqual([['userChanged', { userId: 'other' }]])
      await client.close()
    }
  })

  it('keeps its place in the order of calls when the renewed login is taken', async () => {
    const { client, server } = reconnected()
    client.login(other).catch(ignore)
    server.socket.take()
    answer(server, taken)
    expect(sent(server)).toEqual(['write', 'sub'])
    server.socket.say({ msg: 'result', id: '3' }, { msg: 'updated', methods: ['3'] }, { msg: 'ready', subs: ['2'] })
    expect(sent(server)).toEqual(['login'])
    await client.close()
  })

  it('gives the place back to the renewed login when it fails', async () => {
    const { client, server, told } = reconnected()
    answer(server, { error: error(500) })
    const login = client.login(other)
    server.socket.take()
    answer(server, { error: error(403) }, '5')
    await expect(login).rejects.toMatchObject({ error: 403 })
    expect(client.userId).toBe('me')
    expect(server.socket.take()).toEqual([{ msg: 'method', id: '6', method: 'login', params: [{ resume: 'secret' }] }])
    answer(server, taken, '6')
    expect(sent(server)).toEqual(['write', 'sub'])
    expect(told.at(-1)).toEqual(['userChanged', { userId: 'me' }])
    await client.close()
  })

  it('is followed by the next login or logout before anything that waited', async () => {
    const { client, server } = reconnected()
    answer(server, { error: error(500) })
    server.socket.take()
    client.login(other).catch(ignore)
    const logout = client.logout()
    expect(sent(server)).toEqual(['login'])
    answer(server, isOther, '5')
    expect([client.userId, sent(server)]).toEqual(['other', ['logout']])
    answer(server, {}, '6')
    await logout
    expect([client.userId, sent(server)]).toEqual([undefined, ['write', 'sub']])
    await client.close()
  })

  it('may be called by the listener that hears of the pending one', async () => {
    const { client, server } = reconnected()
    client.on('loginPending', () => void client.login(other).catch(ignore))
    server.socket.take()
    answer(server, { error: error(500) })
    expect(sent(server)).toEqual(['login'])
    answer(server, isOther, '5')
    expect(sent(server)).toEqual(['write', 'sub'])
    await client.close()
  })
})
