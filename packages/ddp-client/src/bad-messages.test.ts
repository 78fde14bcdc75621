import { ManualClock } from '@ddp-cluster/ddp-common/internal'
import { describe, expect, it } from 'vitest'
import { DDPClient } from './client.js'
import type { DDPClientOptions } from './options.js'
import { ScriptedServer } from './scripted-server.test-kit.js'

/** What a server may say, and refuse, that concerns one call or one subscription: the client and all else go on. */

function setUp(options: Partial<DDPClientOptions> = {}): { client: DDPClient; server: ScriptedServer; clock: ManualClock; logged: unknown[] } {
  const logged: unknown[] = []
  const note = (fields: object, message: string): void => void logged.push([fields, message])
  const logger = { debug: note, info: note, warn: note, error: note }
  const clock = new ManualClock()
  const server = new ScriptedServer()
  const client = new DDPClient({ url: 'ws://server.example/websocket', clock, logger, ...options }, server.dial)
  server.socket.accept()
  return { client, server, clock, logged }
}

function reconnect({ server, client }: { server: ScriptedServer; client: DDPClient }, end?: Parameters<ScriptedServer['socket']['drop']>[0]): void {
  server.socket.drop(end)
  client.reconnect()
  server.socket.accept()
}

const tooDeep = `${'['.repeat(200)}${']'.repeat(200)}`
const tooBig = { cause: 'peer-closed', reason: 'Too big', closeCode: 1009 } as const
const tooLong = { cause: 'too-long', reason: 'Too long' } as const

describe('what is nested too deeply', () => {
  it('in a result fails the call', async () => {
    const { client, server } = setUp()
    const call = client.call('deep')
    server.socket.sayText(`{"msg":"result","id":"1","result":${tooDeep}}`)
    await expect(call).rejects.toMatchObject({ code: 'bad-answer' })
    expect(client.status().status).toBe('connected')
  })

  it('in a document costs this document', async () => {
    const { client, server } = setUp()
    const subscription = client.subscribe('docs')
    server.socket.sayText(`{"msg":"added","collection":"c","id":"bad","fields":{"a":${tooDeep}}}`)
    server.socket.say({ msg: 'added', collection: 'c', id: 'good' }, { msg: 'ready', subs: ['1'] })
    await subscription.ready
    expect([...client.collection('c')]).toEqual([{ _id: 'good' }])
    expect(client.status().status).toBe('connected')
  })

  it('in a call is not sent', async () => {
    const { client, server } = setUp()
    await expect(client.call('deep', JSON.parse(tooDeep))).rejects.toMatchObject({ name: 'EJSONError', code: 'too-deep' })
    expect(() => client.subscribe('deep', JSON.parse(tooDeep))).toThrow(expect.objectContaining({ code: 'too-deep' }) as Error)
    expect(server.socket.take()).toEqual([])
  })

  it('is as deep as the options say', async () => {
    const { client, server } = setUp({ maxMessageDepth: 300 })
    const call = client.call('deep', JSON.parse(tooDeep))
    server.socket.sayText(`{"msg":"result","id":"1","result":${tooDeep}}`)
    server.socket.say({ msg: 'updated', methods: ['1'] })
    expect(await call).toEqual(JSON.parse(tooDeep))
  })
})

describe('the end of a subscription', () => {
  it('has Meteor\'s error with null for its reason', async () => {
    const { client, server } = setUp()
    const subscription = client.subscribe('docs')
    const call = client.call('x')
    const error = '{"isClientSafe":true,"error":"not-found","reason":null,"details":{"a":1},"message":"[not-found]","errorType":"Meteor.Error"}'
    server.socket.sayText(`{"msg":"nosub","id":"1","error":${error}}`)
    server.socket.sayText(`{"msg":"result","id":"2","error":${error}}`)
    server.socket.say({ msg: 'updated', methods: ['2'] })
    await expect(subscription.ready).rejects.toMatchObject({ error: 'not-found', reason: undefined, details: { a: 1 } })
    expect(await subscription.ended).toMatchObject({ error: 'not-found' })
    await expect(call).rejects.toMatchObject({ error: 'not-found', reason: undefined })
  })

  it.each([
    ['malformed', '{"msg":"nosub","id":"1","error":7}'],
    ['too deep', `{"msg":"nosub","id":"1","error":{"error":1,"details":${tooDeep}}}`],
  ])('is one even if its error is %s', async (_what, text) => {
    const { client, server } = setUp()
    const subscription = client.subscribe('docs')
    server.socket.sayText(text)
    await expect(subscription.ready).rejects.toMatchObject({ code: 'bad-answer' })
    expect(await subscription.ended).toBeUndefined()
    reconnect({ server, client })
    expect(server.socket.take()).toEqual([])
  })

  it('is waited for by no revival, even if it is malformed', () => {
    const { client, server } = setUp()
    client.subscribe('docs')
    server.socket.say({ msg: 'added', collection: 'c', id: 'x' }, { msg: 'ready', subs: ['1'] })
    reconnect({ server, client })
    expect(client.collection('c').size).toBe(1)
    server.socket.sayText('{"msg":"nosub","id":"1","error":7}')
    expect(client.collection('c').size).toBe(0)
  })
})

describe('what the server refuses', () => {
  it('ends the call or the subscription that it names', async () => {
    const { client, server } = setUp()
    const call = client.call('a', 1)
    const subscription = client.subscribe('b')
    const other = client.call('c')
    server.socket.say(
      { msg: 'error', reason: 'Malformed', offendingMessage: { msg: 'method', id: '1', method: 'a' } },
      { msg: 'error', reason: 'Malformed', offendingMessage: { msg: 'sub', id: '2' } },
      { msg: 'error', reason: 'Parse error' }, { msg: 'error', reason: 'Bad request', offendingMessage: null },
      { msg: 'result', id: '3', result: 3 }, { msg: 'updated', methods: ['3'] },
    )
    await expect(call).rejects.toMatchObject({ code: 'refused', message: expect.stringContaining('Malformed') as unknown })
    await expect(subscription.ready).rejects.toMatchObject({ code: 'refused' })
    expect(await other).toBe(3)
  })

  it('as too long is not sent again, and all else is', async () => {
    const { client, server } = setUp()
    const long = client.call('long', 'x'.repeat(1_000))
    const short = client.call('short', 'x')
    client.subscribe('docs', 'x'.repeat(100))
    reconnect({ server, client }, tooBig)
    await expect(long).rejects.toMatchObject({ code: 'refused', end: { closeCode: 1009 } })
    expect(server.socket.take()).toMatchObject([{ id: '2' }, { id: '3' }])
    server.socket.say({ msg: 'result', id: '2', result: 2 }, { msg: 'updated', methods: ['2'] })
    expect(await short).toBe(2)
  })

  it('as too long may be a subscription', async () => {
    const { client, server } = setUp()
    const subscription = client.subscribe('long', '\u20ac'.repeat(400))
    void client.call('short', 'x'.repeat(500)).catch(() => undefined)
    reconnect({ server, client }, tooBig)
    await expect(subscription.ready).rejects.toMatchObject({ code: 'refused' })
    expect(server.socket.take()).toMatchObject([{ id: '2' }])
    await client.close()
  })
})

describe('an answer that is too long', () => {
  it('is asked for once: no call that it may belong to is sent again', async () => {
    const { client, server } = setUp()
    const call = client.call('long')
    const done = client.subscribe('done')
    const suspect = client.subscribe('suspect')
    const next = client.subscribe('next')
    server.socket.say({ msg: 'ready', subs: [done.id] })
    reconnect({ server, client }, tooLong)
    await expect(call).rejects.toMatchObject({ code: 'bad-answer', end: { cause: 'too-long' } })
    await expect(suspect.ready).rejects.toMatchObject({ code: 'bad-answer' })
    expect(server.socket.take()).toMatchObject([{ id: done.id }, { id: next.id }])
    // Those that were ready are suspected too, now that their data are told anew.
    reconnect({ server, client }, tooLong)
    await done.ended
    expect(server.socket.take()).toMatchObject([{ id: next.id }])
    await client.close()
  })
})

describe('calls that overlap while a connection is revived', () => {
  it('are not waited for: only those are that were sent before the loss', async () => {
    const { client, server } = setUp()
    client.subscribe('docs')
    server.socket.say({ msg: 'added', collection: 'c', id: 'x' }, { msg: 'ready', subs: ['1'] })
    const before = client.call('before')
    reconnect({ server, client })
    const first = client.call('first')
    server.socket.say({ msg: 'ready', subs: ['1'] }, { msg: 'result', id: '2', result: 2 }, { msg: 'result', id: '3', result: 3 })
    void client.call('second').catch(() => undefined)
    expect(client.collection('c').size).toBe(1)
    server.socket.say({ msg: 'updated', methods: ['2', '3'] })
    expect(client.collection('c').size).toBe(0)
    expect([await before, await first]).toEqual([2, 3])
    reconnect({ server, client })
    // Sent once more, it belongs to what is told anew.
    expect(server.socket.take()).toMatchObject([{ id: '4' }, { id: '1' }])
    await client.close()
  })

  it('are waited for still if the connection is lost again before they are sent again', async () => {
    const { client, server } = setUp()
    server.socket.say({ msg: 'added', collection: 'c', id: 'x' })
    void client.call('before').catch(() => undefined)
    server.socket.drop()
    client.reconnect()
    server.socket.accept(null)
    reconnect({ server, client })
    server.socket.say({ msg: 'added', collection: 'c', id: 'y' })
    expect(client.collection('c').size).toBe(1)
    server.socket.say({ msg: 'result', id: '1' }, { msg: 'updated', methods: ['1'] })
    expect([...client.collection('c')]).toEqual([{ _id: 'y' }])
    await client.close()
  })
})

describe('a login', () => {
  it('is done again with what it was, whatever has become of it', async () => {
    const { client, server } = setUp()
    const credentials: { password: unknown; at: Date } = { password: 'p', at: new Date(5) }
    const login = client.loginWith('mylogin', credentials)
    server.socket.say({ msg: 'result', id: '1', result: { id: 'me' } }, { msg: 'updated', methods: ['1'] })
    await login
    server.socket.take()
    for (const password of [10n, '']) {
      credentials.password = password
      credentials.at.setTime(9)
      reconnect({ server, client })
      expect(server.socket.take()).toMatchObject([{ method: 'mylogin', params: [{ password: 'p', at: new Date(5) }] }])
    }
    await client.close()
  })

  it('that EJSON cannot write is refused', async () => {
    const { client } = setUp()
    await expect(client.loginWith('mylogin', { password: 10n })).rejects.toThrow(TypeError)
    expect(client.userId).toBeUndefined()
  })

  it.each([
    ['undecodable', '{"msg":"result","id":"2","result":{"id":"me","x":{"$type":"?","$value":1}}}'],
    ['too deep', `{"msg":"result","id":"2","result":${tooDeep}}`],
    ['that the call is refused', '{"msg":"error","reason":"No","offendingMessage":{"msg":"method","id":"2"}}'],
    ['not that of a login', '{"msg":"result","id":"2","result":true}'],
  ])('whose answer after a reconnect is %s is tried again, and all else waits', async (_what, text) => {
    const { client, server, clock } = setUp()
    const login = client.login({ resume: 't' })
    server.socket.say({ msg: 'result', id: '1', result: { id: 'me', token: 't' } }, { msg: 'updated', methods: ['1'] })
    await login
    reconnect({ server, client })
    const call = client.call('next')
    server.socket.take()
    server.socket.sayText(text)
    expect(client.userId).toBe('me')
    clock.advance(2_000)
    expect(server.socket.take()).toMatchObject([{ msg: 'method', method: 'login', params: [{ resume: 't' }], id: '4' }])
    server.socket.say({ msg: 'result', id: '4', result: { id: 'me', token: 't' } }, { msg: 'result', id: '3', result: 3 }, { msg: 'updated', methods: ['3'] })
    expect(await call).toBe(3)
  })

  it('keeps its token out of the log', async () => {
    const { client, server, logged } = setUp()
    const login = client.login({ resume: 'x' })
    server.socket.sayText('{"msg":"result","id":"1","result":{"id":"u","token":"hunter2","x":{"$type":"nope","$value":1}}}')
    await expect(login).rejects.toMatchObject({ code: 'bad-answer' })
    expect(logged).toMatchObject([[{ code: 'undecodable', reason: expect.stringContaining('nope') as unknown }, expect.any(String)]])
    expect(JSON.stringify(logged)).not.toContain('hunter2')
  })
})
