import type { ClientMessage, ServerMessage } from '@ddp-cluster/ddp-common'
import { ManualClock } from '@ddp-cluster/ddp-common/internal'
import { describe, expect, it } from 'vitest'
import { DDPClient } from './client.js'
import type { ConnectionEnd } from './connection-end.js'
import { ScriptedServer } from './scripted-server.test-kit.js'

/** Sessions that the server goes on with after the connection was lost. */

interface Setting {
  readonly client: DDPClient
  readonly server: ScriptedServer
  readonly clock: ManualClock
}

function setUp(): Setting {
  const clock = new ManualClock()
  const server = new ScriptedServer()
  const client = new DDPClient({ url: 'ws://server.example/websocket', clock, heartbeatIntervalMs: 0 }, server.dial)
  return { client, server, clock }
}

/** The connection is lost and dialled again; the server greets with `session`, if it gets that far. */
function cut({ client, server }: Setting, session?: string | null, end?: ConnectionEnd): void {
  server.socket.drop(end)
  client.reconnect()
  server.socket.accept(session)
}

/** How the client greeted on the last socket. */
const greeting = ({ server }: Setting): ClientMessage | undefined => server.socket.sent.find(({ msg }) => msg === 'connect')

const asks = (session: string, receivedCount: number): ClientMessage => ({ msg: 'connect', version: '1', support: ['1'], session, receivedCount })
const isNew: ClientMessage = { msg: 'connect', version: '1', support: ['1'] }

const ids = ({ server }: Setting): string[] => server.socket.take().map((message) => `${message.msg} ${'id' in message ? String(message.id) : ''}`)

async function outcome(promise: Promise<unknown>): Promise<unknown> {
  let known: unknown = 'pending'
  promise.then((value) => { known = { value } }, (error: unknown) => { known = { error } })
  await new Promise(setImmediate)
  return known
}

const ignore = (): void => undefined
const document = (id: string, fields: Record<string, unknown> = {}): ServerMessage => ({ msg: 'added', collection: 'c', id, fields })

describe('connect after a loss', () => {
  it('names the session and counts all messages of it but pings and pongs', async () => {
    const setting = setUp()
    const { client, server } = setting
    expect(client.status().status).toBe('connecting')
    server.socket.accept(null)
    expect(greeting(setting)).toEqual(isNew)
    server.socket.sayText('{"server_id":"0"}')
    server.socket.say({ msg: 'connected', session: 'A' }, document('x'), { msg: 'ping' }, { msg: 'pong' }, { msg: 'updated', methods: ['7'] }, { msg: 'error', reason: 'No' })
    server.socket.sayText('{"msg":"from the future"}')
    server.socket.sayText('{"msg":"added","collection":"c"}')
    server.socket.sayText('{"msg":"added","collection":"c","id":"y","fields":{"$type":"?","$value":1}}')
    cut(setting, 'A')
    expect(greeting(setting)).toEqual(asks('A', 7))
    server.socket.say(document('z'))
    cut(setting, 'A')
    // Since then the second connected, and a document.
    expect(greeting(setting)).toEqual(asks('A', 9))
    await client.close()
  })

  it('counts from one again in a new session', async () => {
    const setting = setUp()
    setting.server.socket.accept('A')
    setting.server.socket.say(document('x'), document('y'))
    cut(setting, 'B')
    expect(greeting(setting)).toEqual(asks('A', 3))
    setting.server.socket.say(document('x'))
    cut(setting, 'C')
    expect(greeting(setting)).toEqual(asks('B', 2))
    await setting.client.close()
  })

  it('asks again after attempts that fail', async () => {
    const setting = setUp()
    setting.server.socket.accept('A')
    setting.server.socket.drop()
    setting.client.reconnect()
    setting.server.socket.drop({ cause: 'refused', reason: 'Nobody listens' })
    setting.client.reconnect()
    cut(setting, null)
    cut(setting, 'A')
    expect(greeting(setting)).toEqual(asks('A', 1))
    await setting.client.close()
  })

  it('asks for no session that was not set up: its login was not answered', async () => {
    const setting = setUp()
    const { client, server } = setting
    server.socket.accept('A')
    client.login({ resume: 't' }).catch(ignore)
    server.socket.say({ msg: 'result', id: '1', result: { id: 'me', token: 't' } }, { msg: 'updated', methods: ['1'] })
    cut(setting, 'B')
    cut(setting, 'C')
    expect(greeting(setting)).toEqual(isNew)
    await client.close()
  })

  it('asks for no session that was ended on purpose', async () => {
    const setting = setUp()
    setting.server.socket.accept('A')
    setting.client.disconnect()
    setting.client.reconnect()
    setting.server.socket.accept('A')
    expect(greeting(setting)).toEqual(isNew)
    // Before that answer, too.
    setting.server.socket.drop()
    setting.client.disconnect()
    setting.client.reconnect()
    setting.server.socket.accept('B')
    expect(greeting(setting)).toEqual(isNew)
    await setting.client.close()
  })

  it('keeps no id that is longer than any server\'s', async () => {
    const setting = setUp()
    setting.server.socket.accept('x'.repeat(100_000))
    cut(setting)
    expect(greeting(setting)).toEqual(isNew)
    await setting.client.close()
  })
})

describe('an empty session id', () => {
  it('stands for no session: the client neither asks for it nor takes it for the last one', async () => {
    const setting = setUp()
    const { client, server } = setting
    server.socket.accept('')
    client.subscribe('docs')
    server.socket.say({ msg: 'ready', subs: ['1'] })
    cut(setting, '')
    expect(greeting(setting)).toEqual(isNew)
    expect(ids(setting)).toEqual(['sub 1'])
    await client.close()
  })
})

describe('a session that goes on', () => {
  it('needs no login, no subscription and no documents anew, and takes what was kept for it', async () => {
    const setting = setUp()
    const { client, server } = setting
    server.socket.accept('A')
    client.login({ resume: 't' }).catch(ignore)
    server.socket.say({ msg: 'result', id: '1', result: { id: 'me', token: 't' } }, { msg: 'updated', methods: ['1'] })
    const sub = client.subscribe('docs')
    server.socket.say(document('x', { n: 1 }), document('y'), { msg: 'ready', subs: ['2'] })
    await sub.ready
    const events: unknown[] = []
    for (const event of ['added', 'changed', 'removed'] as const) client.collection('c').on(event, ({ id }) => events.push([event, id]))
    client.on('userChanged', (user) => events.push(user))
    cut(setting, 'A')
    expect(client.status()).toEqual({ status: 'connected', connected: true, retryCount: 0 })
    expect(ids(setting)).toEqual([])
    expect([...client.collection('c')]).toEqual([{ _id: 'x', n: 1 }, { _id: 'y' }])
    server.socket.say({ msg: 'changed', collection: 'c', id: 'x', fields: { n: 2 } }, { msg: 'removed', collection: 'c', id: 'y' })
    expect(events).toEqual([['changed', 'x'], ['removed', 'y']])
    expect([client.userId, sub.isReady]).toEqual(['me', true])
    sub.stop()
    expect(ids(setting)).toEqual(['unsub 2'])
    await client.close()
  })

  it('sends again what the server may not have got: calls without an answer, subscriptions that are not ready, ends that are not confirmed', async () => {
    const setting = setUp()
    const { client, server } = setting
    server.socket.accept('A')
    const stopped = client.subscribe('stopped')
    const confirmed = client.subscribe('confirmed')
    client.subscribe('ready')
    server.socket.say({ msg: 'ready', subs: ['1', '2', '3'] })
    client.subscribe('not ready').ready.catch(ignore)
    stopped.stop()
    confirmed.stop()
    server.socket.say({ msg: 'nosub', id: '2' })
    const call = client.call('call')
    server.socket.drop()
    client.subscribe('new').ready.catch(ignore)
    const later = client.call('later')
    client.reconnect()
    server.socket.accept('A')
    expect(ids(setting)).toEqual(['unsub 1', 'method 5', 'method 7', 'sub 4', 'sub 6'])
    server.socket.say({ msg: 'result', id: '5', result: 5 }, { msg: 'updated', methods: ['5', '7'] }, { msg: 'result', id: '7', result: 7 })
    expect([await call, await later]).toEqual([5, 7])
    await client.close()
  })

  it('takes back what was stopped while there was no connection, and asks for nothing that the server never had', async () => {
    const setting = setUp()
    const { client, server } = setting
    server.socket.accept('A')
    const [ready, waiting] = [client.subscribe('ready'), client.subscribe('waiting')]
    server.socket.say({ msg: 'ready', subs: ['1'] })
    server.socket.drop()
    const early = client.subscribe('early')
    for (const subscription of [ready, waiting, early]) subscription.stop()
    client.reconnect()
    server.socket.accept('A')
    expect(ids(setting)).toEqual(['unsub 1', 'unsub 2'])
    server.socket.say({ msg: 'nosub', id: '1' }, { msg: 'nosub', id: '2' })
    cut(setting, 'A')
    expect(ids(setting)).toEqual([])
    await client.close()
  })

  it('remembers of a server that confirms no end no more than a thousand', async () => {
    const setting = setUp()
    setting.server.socket.accept('A')
    for (let n = 0; n < 1_500; n += 1) setting.client.subscribe('s').stop()
    cut(setting, 'A')
    expect(ids(setting)).toHaveLength(1_000)
    await setting.client.close()
  })

  it('does not run a call again whose writes it has seen: its result will come', async () => {
    const setting = setUp()
    const { client, server } = setting
    server.socket.accept('A')
    const [updated, answered] = [client.call('updated'), client.call('answered')]
    server.socket.say({ msg: 'updated', methods: ['1'] }, { msg: 'result', id: '2', result: 2 })
    cut(setting, 'A')
    expect(ids(setting)).toEqual([])
    expect([await outcome(updated), await outcome(answered)]).toEqual(['pending', 'pending'])
    server.socket.say({ msg: 'result', id: '1', result: 1 }, { msg: 'updated', methods: ['2'] })
    expect([await updated, await answered]).toEqual([1, 2])
    await client.close()
  })

  it('is no reason to send a call more often than it may be', async () => {
    const setting = setUp()
    const { client, server } = setting
    server.socket.accept('A')
    const once = client.apply('once', [], { noRetry: true })
    const twice = client.apply('twice', [], { maxRetries: 1 })
    cut(setting, 'A')
    await expect(once).rejects.toMatchObject({ error: 'invocation-failed' })
    expect(ids(setting)).toEqual(['method 2'])
    // A result that comes for what was given up is nobody's.
    server.socket.say({ msg: 'result', id: '1', result: 1 }, { msg: 'updated', methods: ['1'] })
    cut(setting, 'A')
    await expect(twice).rejects.toMatchObject({ error: 'invocation-failed' })
    await client.close()
  })

  it('keeps the order of calls that wait', async () => {
    const setting = setUp()
    const { client, server } = setting
    server.socket.accept('A')
    for (const wait of [true, false, true]) client.apply('m', [], { wait }).catch(ignore)
    server.socket.say({ msg: 'updated', methods: ['1'] })
    cut(setting, 'A')
    expect(ids(setting)).toEqual([])
    server.socket.say({ msg: 'result', id: '1' })
    expect(ids(setting)).toEqual(['method 2'])
    cut(setting, 'A')
    expect(ids(setting)).toEqual(['method 2'])
    await client.close()
  })

  it('may end in a new one, which begins with all of it', async () => {
    const setting = setUp()
    const { client, server } = setting
    server.socket.accept('A')
    const sub = client.subscribe('docs')
    server.socket.say(document('x'), { msg: 'ready', subs: ['1'] })
    const call = client.call('half')
    const other = client.call('other')
    server.socket.say({ msg: 'result', id: '2', result: 'half' }, { msg: 'updated', methods: ['3'] })
    cut(setting, 'A')
    cut(setting, 'B')
    expect(ids(setting)).toEqual(['method 3', 'sub 1'])
    expect([...client.collection('c')]).toEqual([{ _id: 'x' }])
    server.socket.say(document('y'), { msg: 'result', id: '3', result: 3 }, { msg: 'ready', subs: ['1'] })
    expect([await outcome(call), await outcome(other)]).toEqual(['pending', 'pending'])
    server.socket.say({ msg: 'updated', methods: ['3'] })
    expect([await call, await other]).toEqual(['half', 3])
    expect([...client.collection('c')]).toEqual([{ _id: 'y' }])
    expect(sub.isReady).toBe(true)
    await client.close()
  })

  it('goes on with the revival of the session before, and what was held back for it', async () => {
    const setting = setUp()
    const { client, server } = setting
    server.socket.accept('A')
    client.subscribe('one')
    client.subscribe('two')
    server.socket.say(document('old'), { msg: 'ready', subs: ['1', '2'] })
    cut(setting, 'B')
    server.socket.say(document('x'), { msg: 'ready', subs: ['1'] })
    cut(setting, 'B')
    expect(ids(setting)).toEqual(['sub 2'])
    expect([...client.collection('c')]).toEqual([{ _id: 'old' }])
    server.socket.say(document('y'), { msg: 'ready', subs: ['2'] })
    expect([...client.collection('c')]).toEqual([{ _id: 'x' }, { _id: 'y' }])
    await client.close()
  })

  it('is no session that the client ended, whatever id the server gives', async () => {
    const setting = setUp()
    const { client, server } = setting
    server.socket.accept('A')
    client.subscribe('docs')
    server.socket.say(document('x'), { msg: 'ready', subs: ['1'] })
    client.disconnect()
    client.reconnect()
    server.socket.accept('A')
    expect(ids(setting)).toEqual(['sub 1'])
    server.socket.say({ msg: 'ready', subs: ['1'] })
    expect(client.collection('c').size).toBe(0)
    await client.close()
  })
})

describe('a subscription that the server ended, and ran again as it was sent again', () => {
  /** Its `nosub` was kept for the session, which goes on. */
  function ranAgain(): Setting {
    const setting = setUp()
    const { client, server } = setting
    server.socket.accept('A')
    client.subscribe('docs').ready.catch(ignore)
    cut(setting, 'A')
    expect(ids(setting)).toEqual(['sub 1'])
    server.socket.say({ msg: 'nosub', id: '1', error: { error: 500, errorType: 'Meteor.Error' } }, document('x'), { msg: 'ready', subs: ['1'] })
    return setting
  }

  it('is stopped, so that its documents go', async () => {
    const setting = ranAgain()
    const { client, server } = setting
    expect(ids(setting)).toEqual(['unsub 1'])
    server.socket.say({ msg: 'ready', subs: ['1', '1'] })
    expect(ids(setting)).toEqual([])
    // The call may not have reached the server.
    cut(setting, 'A')
    expect(ids(setting)).toEqual(['unsub 1'])
    server.socket.say({ msg: 'removed', collection: 'c', id: 'x' }, { msg: 'nosub', id: '1' }, { msg: 'ready', subs: ['1'] })
    expect(client.collection('c').size).toBe(0)
    cut(setting, 'A')
    expect(ids(setting)).toEqual([])
    await client.close()
  })

  it('is stopped while both answers are held back for a revival', async () => {
    const setting = setUp()
    const { client, server } = setting
    server.socket.accept('A')
    client.subscribe('one')
    server.socket.say({ msg: 'ready', subs: ['1'] })
    const two = client.subscribe('two')
    cut(setting, 'B')
    cut(setting, 'B')
    expect(ids(setting)).toEqual(['sub 1', 'sub 2'])
    server.socket.say({ msg: 'nosub', id: '2' })
    cut(setting, 'B')
    expect(ids(setting)).toEqual(['sub 1'])
    server.socket.say(document('x'), { msg: 'ready', subs: ['2'] })
    expect(ids(setting)).toEqual(['unsub 2'])
    server.socket.say({ msg: 'ready', subs: ['1'] })
    await expect(two.ready).rejects.toMatchObject({ code: 'closed' })
    server.socket.say({ msg: 'removed', collection: 'c', id: 'x' }, { msg: 'nosub', id: '2' })
    expect(client.collection('c').size).toBe(0)
    await client.close()
  })

  it('is stopped, too, when it had failed here', async () => {
    const setting = setUp()
    const { client, server } = setting
    server.socket.accept('A')
    client.subscribe('docs').ready.catch(ignore)
    server.socket.take()
    server.socket.say({ msg: 'error', reason: 'Bad request', offendingMessage: { msg: 'sub', id: '1' } }, { msg: 'ready', subs: ['1'] })
    expect(ids(setting)).toEqual(['unsub 1'])
    await client.close()
  })

  it('is asked for again on a new session, which knows of no end', async () => {
    const setting = setUp()
    const { client, server } = setting
    server.socket.accept('A')
    client.subscribe('one')
    client.subscribe('two')
    server.socket.say({ msg: 'ready', subs: ['1', '2'] })
    cut(setting, 'B')
    server.socket.say({ msg: 'nosub', id: '2' })
    cut(setting, 'C')
    expect(ids(setting)).toEqual(['sub 1', 'sub 2'])
    server.socket.say({ msg: 'ready', subs: ['1', '2'] })
    expect(ids(setting)).toEqual([])
    await client.close()
  })

  it('makes the client send nothing for ids that it never gave, nor more than the server says', async () => {
    const setting = setUp()
    const { client, server } = setting
    server.socket.accept('A')
    client.subscribe('stopped').stop()
    client.call('call').catch(ignore)
    server.socket.say({ msg: 'ready', subs: ['1', '2', '3', '__proto__', ''] })
    expect(ids(setting)).toEqual(['sub 1', 'unsub 1', 'method 2'])
    for (let n = 0; n < 1_500; n += 1) {
      const { id, ready } = client.subscribe('s')
      ready.catch(ignore)
      server.socket.say({ msg: 'nosub', id })
    }
    server.socket.take()
    const all = Array.from({ length: 2_000 }, (_, n) => String(n))
    server.socket.say({ msg: 'ready', subs: [...all, ...all] })
    expect(ids(setting)).toHaveLength(1_000)
    await client.close()
  })
})

describe('a ready that comes for a subscription that was not sent on this session', () => {
  it('does not keep it from being sent', async () => {
    const setting = setUp()
    const { client, server } = setting
    server.socket.accept('A')
    client.login({ resume: 't' }).catch(ignore)
    server.socket.say({ msg: 'result', id: '1', result: { id: 'me' } }, { msg: 'updated', methods: ['1'] })
    client.subscribe('docs')
    cut(setting, 'B')
    server.socket.say({ msg: 'ready', subs: ['2'] }, { msg: 'result', id: '3', result: { id: 'me' } })
    expect(ids(setting)).toEqual(['method 3', 'sub 2'])
    await client.close()
  })
})

describe('the end of a session on purpose', () => {
  it.each(['disconnect', 'close'] as const)('is told to the server by %s()', async (end) => {
    const { client, server, clock } = setUp()
    server.socket.accept()
    await Promise.resolve(client[end]())
    expect(server.socket.sent.map(({ msg }) => msg)).toEqual(['connect', 'disconnect'])
    await client.close()
    expect(clock.pending).toBe(0)
  })

  it('is told while the server has not answered yet, as it may have resumed the session', async () => {
    const setting = setUp()
    setting.server.socket.accept('A')
    cut(setting, null)
    setting.client.disconnect()
    expect(setting.server.socket.sent).toEqual([asks('A', 1), { msg: 'disconnect' }])
    await setting.client.close()
  })

  it('is not told over a connection that is given up for its silence', async () => {
    const clock = new ManualClock()
    const server = new ScriptedServer()
    const client = new DDPClient({ url: 'ws://server.example/websocket', clock }, server.dial)
    server.socket.accept()
    clock.advance(17_500)
    clock.advance(15_000)
    await new Promise(setImmediate)
    expect(server.sockets[0]?.sent.map(({ msg }) => msg)).toEqual(['connect', 'ping'])
    await client.close()
  })
})
