import { ManualClock } from '@ddp-cluster/ddp-common/internal'
import { describe, expect, it } from 'vitest'
import { connectOnce, type Connection } from './connection.js'
import type { ConnectionOptions } from './options.js'
import { ScriptedServer } from './scripted-server.test-kit.js'
import type { TransportHandlers } from './transport.js'

function setUp(options: Partial<ConnectionOptions> = {}): { connection: Connection; server: ScriptedServer; clock: ManualClock } {
  const clock = new ManualClock()
  const server = new ScriptedServer()
  const connection = connectOnce({ url: 'ws://server.example/websocket', clock, ...options }, server.dial)
  return { connection, server, clock }
}

/** A transport that says whatever it is told to, whenever. */
function unruly(): { connection: Connection; handlers: TransportHandlers; sent: string[] } {
  const sent: string[] = []
  let heard: TransportHandlers | undefined
  const connection = connectOnce({ url: 'ws://server.example/websocket', clock: new ManualClock() }, (_, handlers) => {
    heard = handlers
    return { send: (text) => sent.push(text), close: () => undefined, terminate: () => undefined }
  })
  if (!heard) throw new Error('nothing was dialled')
  return { connection, handlers: heard, sent }
}

const connected = '{"msg":"connected","session":"the session"}'

describe('what the transport says out of turn', () => {
  it('is not heard before it is open', async () => {
    const { connection, handlers, sent } = unruly()
    handlers.onText(connected, connected.length)
    handlers.onOpen()
    handlers.onText(connected, connected.length)
    expect(await connection.opened).toBe('the session')
    // A second socket or session in the same one is none.
    handlers.onOpen()
    handlers.onText('{"msg":"connected","session":"another"}', 40)
    handlers.onText('{"msg":"failed","version":"pre1"}', 40)
    expect(sent).toHaveLength(1)
    const answer = connection.call('x', [])
    handlers.onText('{"msg":"result","id":"1","result":5}', 40)
    expect(await answer).toBe(5)
  })

  it('is not heard after this side has closed, and it ends once', async () => {
    const { connection, handlers, sent } = unruly()
    connection.close()
    handlers.onOpen()
    handlers.onText(connected, connected.length)
    handlers.onEnd({ cause: 'reset', reason: 'it broke' })
    handlers.onEnd({ cause: 'ended', reason: 'and ended' })
    expect(await connection.closed).toMatchObject({ cause: 'local' })
    await expect(connection.opened).rejects.toMatchObject({ code: 'closed' })
    connection.close()
    expect(sent).toEqual([])
  })
})

describe('what the server says out of turn', () => {
  it('before the session is open, is not passed on', () => {
    const heard: string[] = []
    const { server } = setUp({ onMessage: ({ msg }) => heard.push(msg), onMalformed: ({ code }) => heard.push(code) })
    server.socket.accept(null)
    server.socket.say({ msg: 'added', collection: 'c', id: '1' }, { msg: 'nosub', id: '1' })
    server.socket.sayText('{"msg":"result","id":5}')
    server.socket.say({ msg: 'connected', session: 'the session' })
    expect(heard).toEqual([])
    server.socket.sayText('{"msg":"result","id":5}')
    server.socket.say({ msg: 'updated', methods: ['1'] }, { msg: 'addedBefore', collection: 'c', id: '1', before: null }, { msg: 'movedBefore', collection: 'c', id: '1', before: null })
    expect(heard).toEqual(['malformed', 'addedBefore', 'movedBefore'])
  })

  it('about calls, subscriptions and pings that are unknown, changes nothing', async () => {
    const { connection, server } = setUp()
    server.socket.accept()
    server.socket.say(
      { msg: 'result', id: '9', result: 1 }, { msg: 'result', id: '9', error: { error: 'no', errorType: 'Meteor.Error' } }, { msg: 'ready', subs: ['9'] }, { msg: 'nosub', id: '9' },
      { msg: 'error', reason: 'Bad request', offendingMessage: { msg: 'method', id: '9' } }, { msg: 'error', reason: 'Bad request', offendingMessage: 'nonsense' },
      { msg: 'pong', id: '9' }, { msg: 'pong' },
    )
    expect(connection.roundTripMs).toBeUndefined()
    const answer = connection.call('x', [])
    server.socket.say({ msg: 'result', id: '1', result: 'fine' })
    expect(await answer).toBe('fine')
  })
})

describe('the fate of what is asked', () => {
  it('of a call whose parameters cannot be written, is the error; the connection stays', async () => {
    const { connection, server } = setUp()
    server.socket.accept()
    const ring: unknown[] = []
    ring.push(ring)
    await expect(connection.call('x', [ring])).rejects.toBeInstanceOf(Error)
    const answer = connection.call('x', [])
    server.socket.say({ msg: 'result', id: '2', result: 'fine' })
    expect(await answer).toBe('fine')
  })

  it('of a subscription that the server ends, is its error, or none', async () => {
    const { connection, server } = setUp()
    server.socket.accept()
    const [ended, refused, unread] = ['a', 'b', 'c'].map((name) => connection.subscribe(name, []))
    server.socket.say({ msg: 'nosub', id: '1' }, { msg: 'nosub', id: '2', error: { error: 403, reason: 'No', errorType: 'Meteor.Error' } }, { msg: 'error', reason: 'Bad request', offendingMessage: { msg: 'sub', id: '3' } })
    await expect(ended?.ready).rejects.toMatchObject({ code: 'closed', message: 'The server ended the subscription' })
    expect(await ended?.ended).toBeUndefined()
    await expect(refused?.ready).rejects.toMatchObject({ error: 403 })
    expect(await refused?.ended).toMatchObject({ error: 403, reason: 'No' })
    await expect(unread?.ready).rejects.toMatchObject({ code: 'refused' })
    expect(await unread?.ended).toBeUndefined()
    for (const subscription of [ended, refused, unread]) subscription?.stop()
    expect(server.socket.take().filter(({ msg }) => msg === 'unsub')).toEqual([])
  })

  it('of a subscription that is stopped, is that; the server hears of it once', async () => {
    const { connection, server } = setUp()
    server.socket.accept()
    const subscription = connection.subscribe('x', [])
    subscription.stop()
    subscription.stop()
    await expect(subscription.ready).rejects.toMatchObject({ code: 'closed', message: 'The subscription was stopped' })
    expect(server.socket.take().map(({ msg }) => msg)).toEqual(['sub', 'unsub'])
  })

  it('of a ping, before the session is open, after it, and without an answer', async () => {
    const { connection, server, clock } = setUp()
    await expect(connection.ping()).rejects.toMatchObject({ code: 'closed', message: 'The connection is not open yet' })
    server.socket.accept()
    const lost = connection.ping(500)
    clock.advance(501)
    await expect(lost).rejects.toMatchObject({ code: 'timeout', message: 'No pong within 500 ms' })
    const late = connection.ping()
    connection.close()
    await expect(late).rejects.toMatchObject({ code: 'closed', message: 'The connection was closed by this side' })
    await expect(connection.ping()).rejects.toMatchObject({ code: 'closed', end: { cause: 'local' } })
    const after = connection.subscribe('x', [])
    await expect(after.ready).rejects.toMatchObject({ code: 'closed' })
    expect(await after.ended).toBeUndefined()
  })
})
