import { DDPError, EJSON, ObjectId } from '@ddp-cluster/ddp-common'
import { ManualClock } from '@ddp-cluster/ddp-common/internal'
import { resumeLogin } from '@ddp-cluster/ddp-server'
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest'
import { loseSocket, RawClient, startServer, type Message, type TestServer, type Transport } from './server-harness.js'
import { sentencesOf, specification, type SentenceNumber } from './specification.js'

const transports: readonly Transport[] = ['websocket', 'sockjs']
const connect = { msg: 'connect', version: '1', support: ['1'] }

type Check = (context: { server: TestServer; clock: ManualClock; open: () => Promise<RawClient>; connected: () => Promise<RawClient> }) => Promise<void>

class Point {
  readonly x: number
  readonly y: number
  constructor(x: number, y: number) {
    this.x = x
    this.y = y
  }
  typeName(): string { return 'conformance.Point' }
  toJSONValue(): unknown { return { x: this.x, y: this.y } }
}
EJSON.addType('conformance.Point', (value) => {
  const { x, y } = value as { x: number; y: number }
  return new Point(x, y)
})

const offending = async (client: RawClient, message: Message): Promise<void> => {
  client.send(message)
  expect(await client.next('error')).toEqual({ msg: 'error', reason: expect.any(String) as string, offendingMessage: message })
}

const checks: { readonly [N in SentenceNumber]?: Check } = {
  1: async ({ connected }) => {
    const client = await connected()
    client.send({ msg: 'method', method: 'echo', params: ['one'], id: '1' }, { msg: 'method', method: 'echo', params: ['two'], id: '2' })
    expect(await client.next('result')).toEqual({ msg: 'result', id: '1', result: 'one' })
    expect(await client.next('result')).toEqual({ msg: 'result', id: '2', result: 'two' })
  },
  2: async ({ open }) => {
    const client = await open()
    client.send({ ...connect, colour: 'red' }, { msg: 'method', method: 'echo', params: [1], id: '1', stubs: [] })
    await client.next('connected')
    expect(await client.next('result')).toEqual({ msg: 'result', id: '1', result: 1 })
  },
  6: async ({ open }) => {
    const client = await open()
    client.send(connect)
    expect(await client.next('connected')).toEqual({ msg: 'connected', session: expect.stringMatching(/^\w{17}$/) as string })
  },
  7: async ({ open }) => {
    for (const wrong of [
      { version: 'pre3', support: ['pre3'] }, { version: '2', support: ['2'] }, { version: 'pre1', support: ['pre2'] }, { version: '1', support: [] }, { version: 1, support: ['1'] }, {}, { version: '1', support: '1' },
    ]) {
      const client = await open()
      client.send({ msg: 'connect', ...wrong })
      expect(await client.next('failed')).toEqual({ msg: 'failed', version: '1' })
      await client.closed
    }
  },
  9: async ({ open }) => {
    const client = await open()
    client.send(connect, { msg: 'method', method: 'echo', params: ['early'], id: '1' })
    await client.next('connected')
    expect(await client.next('result')).toEqual({ msg: 'result', id: '1', result: 'early' })
  },
  10: async ({ open }) => {
    const client = await open()
    client.send({ ...connect, version: '2', support: ['2'] }, { msg: 'method', method: 'echo', params: [1], id: '1' }, connect)
    await client.next('failed')
    await client.closed
    expect(client.inbox.filter((message) => message['frame'] === undefined)).toEqual([])
  },
  11: async ({ open }) => {
    const better = await open()
    better.send({ msg: 'connect', version: 'pre2', support: ['1', 'pre2'] })
    expect(await better.next('failed')).toEqual({ msg: 'failed', version: '1' })
    const best = await open()
    best.send({ msg: 'connect', version: '1', support: ['2', '1', 'pre2'] })
    await best.next('connected')
  },
  12: async ({ open, connected }) => {
    const first = await connected()
    const again = await open()
    again.send({ ...connect, session: 'nobodyKnowsThisId' })
    expect((await again.next('connected'))['session']).not.toBe('nobodyKnowsThisId')
    await first.close()
  },
  13: async ({ connected, clock }) => {
    const client = await connected()
    clock.advance(15_000)
    expect(await client.next('ping')).toEqual({ msg: 'ping' })
    client.send({ msg: 'pong' })
    await client.settled()
    clock.advance(14_000)
    expect(await client.settled()).toEqual([])
  },
  14: async ({ connected }) => {
    const client = await connected()
    client.send({ msg: 'method', method: 'never', id: '1' }, { msg: 'method', method: 'echo', params: [1], id: '2' }, { msg: 'ping', id: 'p' })
    expect(await client.next()).toEqual({ msg: 'pong', id: 'p' })
  },
  15: async ({ connected }) => {
    const client = await connected()
    client.send({ msg: 'ping', id: 'abc' }, { msg: 'ping' })
    expect(await client.next()).toEqual({ msg: 'pong', id: 'abc' })
    expect(await client.next()).toEqual({ msg: 'pong' })
    client.send({ msg: 'ping', id: 4 }, { msg: 'ping', id: null })
    expect(await client.next()).toEqual({ msg: 'pong', id: 4 })
    expect(await client.next()).toEqual({ msg: 'pong', id: null })
  },
  16: async ({ connected }) => {
    const client = await connected()
    client.send({ msg: 'sub', id: 's', name: 'params', params: [{ $date: 5 }, { a: [1] }] }, { msg: 'sub', id: 't', name: 'params' })
    expect(await client.next('added')).toEqual({ msg: 'added', collection: 'params', id: 's', fields: { count: 2, isDate: true } })
    expect(await client.next('added')).toEqual({ msg: 'added', collection: 'params', id: 't', fields: { count: 0, isDate: false } })
  },
  17: async ({ connected }) => {
    const client = await connected()
    client.send({ msg: 'sub', id: 's', name: 'two' })
    expect((await client.settled()).map(({ msg, id, subs }) => [msg, id ?? subs])).toEqual([['added', 'a'], ['added', 'b'], ['ready', ['s']]])
  },
  18: async ({ connected }) => {
    const client = await connected()
    client.send({ msg: 'sub', id: 's', name: 'no such thing' })
    expect(await client.next('nosub')).toMatchObject({ id: 's', error: { error: 404, errorType: 'Meteor.Error' } })
  },
  19: async ({ connected }) => {
    const client = await connected()
    client.send({ msg: 'sub', id: 's', name: 'refuses' })
    expect(await client.next('nosub')).toMatchObject({ id: 's', error: { error: 'not-allowed', reason: 'No.' } })
    client.send({ msg: 'sub', id: 't', name: 'fails later' })
    expect((await client.settled()).map(({ msg }) => msg)).toEqual(['added', 'ready', 'removed', 'nosub'])
  },
  20: async ({ connected }) => {
    const client = await connected()
    client.send({ msg: 'sub', id: 's', name: 'two' }, { msg: 'unsub', id: 's' })
    const messages = await client.settled()
    expect(messages.slice(3)).toEqual([
      { msg: 'removed', collection: 'letters', id: 'a' }, { msg: 'removed', collection: 'letters', id: 'b' }, { msg: 'nosub', id: 's' },
    ])
    client.send({ msg: 'unsub', id: 'never was' })
    expect(await client.next()).toEqual({ msg: 'nosub', id: 'never was' })
  },
  21: async ({ connected }) => {
    const client = await connected()
    client.send({ msg: 'sub', id: 's', name: 'steps' })
    expect(await client.next('added')).toEqual({ msg: 'added', collection: 'steps', id: '1', fields: { a: 1, b: 2 } })
  },
  22: async ({ connected }) => {
    const client = await connected()
    client.send({ msg: 'sub', id: 's', name: 'steps' })
    expect(await client.next('changed')).toEqual({ msg: 'changed', collection: 'steps', id: '1', fields: { b: 3 }, cleared: ['a'] })
  },
  23: async ({ connected }) => {
    const client = await connected()
    client.send({ msg: 'sub', id: 's', name: 'steps' })
    expect(await client.next('removed')).toEqual({ msg: 'removed', collection: 'steps', id: '1' })
  },
  24: async ({ connected, server }) => {
    const client = await connected()
    server.ddp.publish(null, function () { this.added('news', '1', { text: 'hello' }) })
    expect(await client.next('added')).toEqual({ msg: 'added', collection: 'news', id: '1', fields: { text: 'hello' } })
    expect(await (await connected()).next('added')).toEqual({ msg: 'added', collection: 'news', id: '1', fields: { text: 'hello' } })
  },
  25: async ({ connected }) => {
    const client = await connected()
    client.send({ msg: 'sub', id: 'A', name: 'x', params: [{ foo: 1, bar: 2 }] }, { msg: 'sub', id: 'B', name: 'x', params: [{ foo: 1, baz: 3 }] })
    expect((await client.settled()).filter(({ msg }) => msg !== 'ready')).toEqual([
      { msg: 'added', collection: 'x', id: 'x', fields: { foo: 1, bar: 2 } }, { msg: 'changed', collection: 'x', id: 'x', fields: { baz: 3 } },
    ])
    client.send({ msg: 'unsub', id: 'A' })
    expect(await client.next()).toEqual({ msg: 'changed', collection: 'x', id: 'x', cleared: ['bar'] })
    client.send({ msg: 'unsub', id: 'B' })
    expect(await client.next('removed')).toEqual({ msg: 'removed', collection: 'x', id: 'x' })
  },
  26: async ({ connected }) => {
    const client = await connected()
    client.send({ msg: 'sub', id: 'A', name: 'x', params: [{ foo: 1 }] }, { msg: 'sub', id: 'B', name: 'x', params: [{ foo: 2 }] })
    expect((await client.settled()).filter(({ msg }) => msg !== 'ready')).toEqual([{ msg: 'added', collection: 'x', id: 'x', fields: { foo: 1 } }])
    client.send({ msg: 'unsub', id: 'A' })
    expect(await client.next()).toEqual({ msg: 'changed', collection: 'x', id: 'x', fields: { foo: 2 } })
  },
  27: async ({ connected }) => {
    const client = await connected()
    client.send({ msg: 'sub', id: 's', name: 'two' }, { msg: 'sub', id: 't', name: 'steps' })
    const kinds = new Set((await client.settled()).map(({ msg }) => msg))
    expect(kinds).toEqual(new Set(['added', 'changed', 'removed', 'ready']))
  },
  29: async ({ connected }) => {
    const client = await connected()
    expect(await client.call('echo', { deep: [1, null, 'three'] })).toMatchObject({ result: { deep: [1, null, 'three'] } })
    expect(await client.call('later', 7)).toMatchObject({ result: 7 })
  },
  30: async ({ connected }) => {
    const client = await connected()
    expect(await client.call('refuse')).toMatchObject({ error: { error: 'not-allowed', reason: 'No.', details: { why: 'because' } } })
    expect(await client.call('crash')).toMatchObject({ error: { error: 500, reason: 'Internal server error' } })
  },
  31: async ({ connected }) => {
    const client = await connected()
    expect(await client.call('no such method')).toMatchObject({ error: { error: 404, reason: "Method 'no such method' not found", errorType: 'Meteor.Error' } })
    expect(await client.call('constructor')).toMatchObject({ error: { error: 404 } })
  },
  32: async ({ connected }) => {
    const client = await connected()
    client.send({ msg: 'method', method: 'nothing', id: '1' })
    expect(await client.next('result')).toEqual({ msg: 'result', id: '1' })
  },
  33: async ({ connected }) => {
    const client = await connected()
    client.send({ msg: 'sub', id: 's', name: 'counter' })
    await client.next('ready')
    client.send({ msg: 'method', method: 'increment', id: '1' }, { msg: 'method', method: 'no such method', id: '2' })
    const messages = await client.settled()
    const changed = messages.findIndex(({ msg }) => msg === 'changed')
    const updated = messages.findIndex(({ msg, methods }) => msg === 'updated' && (methods as string[]).includes('1'))
    expect(changed).toBeGreaterThanOrEqual(0)
    expect(updated).toBeGreaterThan(changed)
    expect(messages.filter(({ msg }) => msg === 'updated').flatMap(({ methods }) => methods)).toEqual(['1', '2'])
  },
  34: async ({ connected }) => {
    const client = await connected()
    client.send({ msg: 'method', method: 'later', params: [1], id: '1' }, { msg: 'method', method: 'crash', id: '2' })
    const messages: Message[] = []
    while (!messages.some(({ methods }) => (methods as string[] | undefined)?.includes('2'))) messages.push(await client.next())
    messages.push(...(await client.settled()))
    expect(messages.filter(({ msg }) => msg === 'result').map(({ id }) => id)).toEqual(['1', '2'])
    expect(messages.flatMap(({ methods }) => methods ?? [])).toEqual(['1', '2'])
  },
  35: async ({ connected }) => {
    const client = await connected()
    client.send({ msg: 'method', method: 'seed', id: '1', randomSeed: 'abc' }, { msg: 'method', method: 'seed', id: '2' })
    expect(await client.next('result')).toMatchObject({ result: 'abc' })
    expect(await client.next('result')).toMatchObject({ result: null })
  },
  36: async ({ connected }) => {
    const client = await connected()
    expect(await client.call('refuse')).toMatchObject({ error: { error: 'not-allowed', reason: 'No.', message: 'No. [not-allowed]', errorType: 'Meteor.Error' } })
  },
  37: async ({ connected }) => {
    const client = await connected()
    expect(await client.call('refuse', 418)).toMatchObject({ error: { error: 418 } })
    expect(await client.call('refuse', 'teapot')).toMatchObject({ error: { error: 'teapot' } })
  },
  38: async ({ connected }) => {
    const client = await connected()
    for (const text of ['', '{', 'undefined', '{"msg":"ping"', '{"msg":"ping",}', '\u0000']) client.sendText(text)
    for (let count = 0; count < 6; count += 1) expect(await client.next()).toEqual({ msg: 'error', reason: 'Parse error' })
    expect(await client.call('echo', 'alive')).toMatchObject({ result: 'alive' })
  },
  39: async ({ connected }) => {
    const client = await connected()
    for (const value of ['null', '[]', '7', '"ping"', 'true']) {
      client.sendText(value)
      expect(await client.next()).toEqual({ msg: 'error', reason: 'Bad request', offendingMessage: JSON.parse(value) as unknown })
    }
  },
  40: async ({ connected }) => {
    const client = await connected()
    for (const message of [{ msg: 'hello' }, {}, { msg: 7 }, { msg: 'constructor' }, { msg: 'result', id: '1' }]) await offending(client, message)
  },
  41: async ({ connected }) => {
    const client = await connected()
    for (const message of [
      { msg: 'method' }, { msg: 'method', id: '1' }, { msg: 'method', method: 'echo' }, { msg: 'method', method: 'echo', id: 1 },
      { msg: 'method', method: 'echo', id: '1', params: {} }, { msg: 'sub', id: '1' }, { msg: 'sub', name: 'two' },
      { msg: 'sub', id: '1', name: 'two', params: 'x' }, { msg: 'unsub' },
    ]) await offending(client, message)
  },
  42: async ({ open }) => {
    const client = await open()
    await offending(client, { msg: 'method', method: 'echo', id: '1', params: [{ $date: 5 }, { $binary: 'AAEC' }, { $escape: { $date: 1 } }] })
    client.send(connect)
    await client.next('connected')
  },
  43: async ({ connected }) => {
    const client = await connected()
    await offending(client, connect)
    expect(await client.call('echo', 1)).toMatchObject({ result: 1 })
  },
  44: async ({ connected }) => {
    const client = await connected()
    await offending(client, { msg: 'sub', params: [{ $date: 1 }], more: { $escape: 1 } })
    client.sendText('nonsense')
    expect(await client.next()).not.toHaveProperty('offendingMessage')
  },
  45: async ({ connected }) => {
    const client = await connected()
    expect(await client.call('kind', { $date: 1_700_000_000_000 })).toMatchObject({ result: 'Date' })
    expect(await client.call('echo', { $date: 1_700_000_000_000 })).toMatchObject({ result: { $date: 1_700_000_000_000 } })
  },
  46: async ({ connected }) => {
    const client = await connected()
    const binary = { $binary: '+/+/' }
    expect(await client.call('kind', binary)).toMatchObject({ result: 'Uint8Array' })
    expect(await client.call('echo', binary)).toMatchObject({ result: binary })
  },
  47: async ({ connected }) => {
    const client = await connected()
    for (const escaped of [{ $escape: { $date: 10_000 } }, { $escape: { $date: { $date: 32_491 } } }]) {
      expect(await client.call('kind', escaped)).toMatchObject({ result: 'Object' })
      expect(await client.call('echo', escaped)).toMatchObject({ result: escaped })
    }
  },
  48: async ({ connected }) => {
    const client = await connected()
    const point = { $type: 'conformance.Point', $value: { x: 1, y: 2 } }
    expect(await client.call('kind', point)).toMatchObject({ result: 'Point' })
    expect(await client.call('echo', point)).toMatchObject({ result: point })
  },
  49: async ({ connected }) => {
    const client = await connected()
    const { result } = await client.call('echo', { z: 1, a: { $date: 1 }, m: 2 })
    expect(Object.keys(result as object)).toEqual(['z', 'a', 'm'])
  },
  110: async ({ server, connected }) => {
    server.ddp.publish('ids', function () {
      for (const id of [new ObjectId('507f1f77bcf86cd799439011'), '507f1f77bcf86cd799439011', 5, '~5', true, null, 'plain']) this.added('c', id, {})
      this.ready()
    })
    const client = await connected()
    client.send({ msg: 'sub', id: '1', name: 'ids' })
    const messages = await client.settled()
    expect(messages.map(({ id }) => id)).toEqual(['507f1f77bcf86cd799439011', '-507f1f77bcf86cd799439011', '~5', '-~5', '~true', '~null', 'plain', undefined])
  },
  130: async ({ open }) => {
    for (const [version, support] of [['pre2', ['pre2']], ['pre1', ['pre1', '1']], ['pre2', ['2', 'pre2', '1']]] as const) {
      const client = await open()
      client.send({ msg: 'connect', version, support }, { msg: 'method', method: 'echo', params: [version], id: '1' })
      await client.next('connected')
      expect(await client.next('result')).toMatchObject({ result: version })
    }
    for (const [version, support, best] of [['1', ['pre2', '1'], 'pre2'], ['pre1', ['2', 'pre2', 'pre1'], 'pre2'], ['2', ['2', 'pre1'], 'pre1'], ['pre1', ['1'], '1']] as const) {
      const client = await open()
      client.send({ msg: 'connect', version, support })
      expect(await client.next('failed')).toEqual({ msg: 'failed', version: best })
      await client.closed
    }
  },
  131: async ({ open, clock }) => {
    const client = await open()
    client.send({ msg: 'connect', version: 'pre1', support: ['pre1'] })
    await client.next('connected')
    clock.advance(44_000)
    client.send({ msg: 'ping', id: 'x' }, { msg: 'pong' }, { msg: 'method', method: 'echo', params: [1], id: '1' })
    expect(await client.next()).toEqual({ msg: 'error', reason: 'Bad request', offendingMessage: { msg: 'ping', id: 'x' } })
    expect(await client.next()).toEqual({ msg: 'error', reason: 'Bad request', offendingMessage: { msg: 'pong' } })
    expect(await client.next()).toEqual({ msg: 'result', id: '1', result: 1 })
  },
  132: async ({ open }) => {
    for (const session of [null, '', 7, true, [], {}, '__proto__', 'x'.repeat(100_000)]) {
      for (const receivedCount of [undefined, null, -1, 1.5, '1', {}]) {
        const client = await open()
        client.send({ ...connect, session, receivedCount })
        expect(await client.next('connected')).toEqual({ msg: 'connected', session: expect.stringMatching(/^\w{17}$/) as string })
        client.tcp.destroy()
      }
    }
  },
  133: async ({ server, connected }) => {
    const safe = (fields: object, message?: string): Error => Object.assign(new Error(message), { isClientSafe: true, ...fields })
    const errorType = 'Meteor.Error'
    const cases: [unknown, Message][] = [
      [safe({ error: 'declined', reason: 'No money', details: { code: 7 } }, 'the card was declined'), { isClientSafe: true, error: 'declined', reason: 'No money', details: { code: 7 }, message: 'the card was declined', errorType }],
      [{ isClientSafe: true, error: 418 }, { isClientSafe: true, error: 418, message: '[418]', errorType }],
      [safe({}, 'no code at all'), { isClientSafe: true, error: 500, message: 'no code at all', errorType }],
      [safe({ error: Number.NaN, reason: 7 }, ''), { isClientSafe: true, error: 500, reason: '7', message: '', errorType }],
      [safe({ error: { not: 'a code' }, reason: null }, 'm'), { isClientSafe: true, error: 500, message: 'm', errorType }],
      [{ isClientSafe: true, error: 'x', reason: Object.create(null) as unknown }, { isClientSafe: true, error: 'x', reason: 'something that has no text', message: 'something that has no text [x]', errorType }],
      [new DDPError(undefined as unknown as string, ['a', 'list'] as unknown as string), { isClientSafe: true, error: 500, reason: 'a,list', message: 'a,list [undefined]', errorType }],
    ]
    server.ddp.method('throw', (index) => { throw cases[index as number]?.[0] as Error })
    server.ddp.publish('throw', (index) => { throw cases[index as number]?.[0] as Error })
    const client = await connected()
    for (const [index, [, error]] of cases.entries()) {
      expect((await client.call('throw', index))['error']).toEqual(error)
      client.send({ msg: 'sub', id: String(index), name: 'throw', params: [index] })
      expect((await client.next('nosub'))['error']).toEqual(error)
    }
    expect(server.logged).toEqual([])
  },
  134: async ({ server, connected }) => {
    const inner = new DDPError(400, 'Match failed')
    const secret = Object.assign(new Error('the password is xyzzy'), { sanitizedError: inner })
    const unsafe = Object.assign(new Error('the password is xyzzy'), { sanitizedError: new Error('xyzzy') })
    server.ddp.method('secret', () => { throw secret })
    server.ddp.method('unsafe', () => { throw unsafe })
    const client = await connected()
    expect(await client.call('secret')).toMatchObject({ error: { isClientSafe: true, error: 400, reason: 'Match failed', message: 'Match failed [400]' } })
    expect(await client.call('unsafe')).toMatchObject({ error: { error: 500, reason: 'Internal server error' } })
    expect(server.logged.map(({ level, fields }) => [level, (fields as { err: unknown }).err])).toEqual([['error', secret], ['error', unsafe]])
  },
  135: async ({ server, connected }) => {
    server.ddp.method('detailed', () => { throw new DDPError('sorry', 'Not today.', { until: new Date(5), literal: { $date: 5 }, none: Number.NaN }) })
    const client = await connected()
    const { error } = await client.call('detailed')
    expect(JSON.stringify(error)).toBe('{"isClientSafe":true,"error":"sorry","reason":"Not today.","details":{"until":"1970-01-01T00:00:00.005Z","literal":{"$date":5},"none":null},"message":"Not today. [sorry]","errorType":"Meteor.Error"}')
  },
  136: async ({ server, connected, clock }) => {
    const when = new Date(clock.wallNow() - 1000)
    const tokens = [{ when }, { type: 'personalAccessToken', createdAt: when }]
    for (const [index, token] of tokens.entries()) {
      const findOne = (filter: Record<string, unknown>): Promise<unknown> => Promise.resolve({ _id: 'me', services: { resume: { loginTokens: [{ hashedToken: Object.values(filter)[0], ...token }] } } })
      const login = resumeLogin({ findOne }, { clock })
      server.ddp.method(`login ${index}`, function (request) { return login.call(this, request) })
    }
    const client = await connected()
    const day = 86_400_000
    expect((await client.call('login 0', { resume: 't' }))['result']).toEqual({ id: 'me', token: 't', tokenExpires: { $date: when.getTime() + 90 * day }, type: 'resume' })
    expect((await client.call('login 1', { resume: 't' }))['result']).toEqual({ id: 'me', token: 't', tokenExpires: { $date: clock.wallNow() + 36_500 * day }, type: 'resume' })
  },
  137: async ({ connected }) => {
    const client = await connected()
    client.send({ msg: 'sub', id: 's', name: 'counter' })
    await client.next('ready')
    client.send(
      { msg: 'method', method: 'increment', id: '1' }, { msg: 'method', method: 'increment', id: '2' }, { msg: 'unsub', id: 's' },
      { msg: 'method', method: 'no such method', id: '3' }, { msg: 'sub', id: 't', name: 'two' }, { msg: 'method', method: 'later', id: '4' }, { msg: 'unsub', id: 't' },
    )
    const messages = await client.settled()
    const told = messages.flatMap(({ msg, id, methods, subs, collection }) => (collection === undefined ? ((methods ?? subs ?? [id]) as string[]).map((of) => `${msg as string} ${of}`) : [`${msg as string} ${collection as string}`]))
    const order = ['result 1', 'updated 1', 'removed counter', 'nosub s', 'result 3', 'updated 3', 'added letters', 'result 4', 'updated 4', 'removed letters', 'nosub t']
    expect(order.map((what) => told.indexOf(what))).toEqual(order.map((what) => told.indexOf(what)).sort((a, b) => a - b))
    expect(told.indexOf('updated 2')).toBeLessThan(told.indexOf('removed counter'))
    expect(told.filter((what) => what.startsWith('updated'))).toEqual(['updated 1', 'updated 2', 'updated 3', 'updated 4'])
  },
  138: async ({ server, open, connected }) => {
    const client = await open()
    client.send(connect, { msg: 'sub', id: 's', name: 'counter' })
    const { session } = await client.next('connected')
    await client.next('ready')
    await loseSocket(server, client)
    const other = await connected()
    for (let count = 0; count < 3; count += 1) await other.call('increment')
    const again = await open()
    again.send({ ...connect, session, receivedCount: 3 }, { msg: 'ping', id: 'all' })
    expect(await again.next('connected')).toEqual({ msg: 'connected', session })
    expect((await again.settled()).map(({ msg, fields }) => [msg, (fields as { count: number } | undefined)?.count])).toEqual([['changed', 1], ['changed', 2], ['changed', 3], ['pong', undefined]])
    expect(server.ddp.sessions).toBe(2)
  },
  139: async ({ server, open }) => {
    const client = await open()
    client.send(connect)
    const { session } = await client.next('connected')
    await loseSocket(server, client)
    const again = await open()
    again.send({ ...connect, session, receivedCount: 0 })
    expect((await again.next('connected'))['session']).not.toBe(session)
    expect(server.ddp.sessions).toBe(1)
  },
  140: async ({ server, connected, clock }) => {
    await loseSocket(server, await connected())
    clock.advance(14_999)
    expect(server.ddp.sessions).toBe(1)
    clock.advance(1)
    expect(server.ddp.sessions).toBe(0)
    const client = await connected()
    client.send({ msg: 'sub', id: 's', name: 'counter' })
    await client.next('ready')
    await loseSocket(server, client)
    const other = await connected()
    for (let count = 0; count <= 100; count += 1) {
      expect(server.ddp.sessions).toBe(2)
      await other.call('increment')
    }
    expect(server.ddp.sessions).toBe(1)
  },
  141: async ({ server, connected }) => {
    const client = await connected()
    client.send({ msg: 'method', method: 'never', id: '1' }, { msg: 'disconnect' })
    await client.settled()
    await loseSocket(server, client)
    expect(server.ddp.sessions).toBe(0)
  },
  142: async ({ server, open }) => {
    let ran = 0
    let release = (): void => undefined
    const released = new Promise<void>((resolve) => { release = resolve })
    server.ddp.method('slow', async () => { ran += 1; await released; return ran })
    server.ddp.publish('slow', function () { ran += 1; this.ready() })
    const asked = [{ msg: 'sub', id: 's', name: 'slow' }, { msg: 'method', method: 'slow', id: '1' }]
    const client = await open()
    client.send(connect, ...asked)
    const { session } = await client.next('connected')
    await client.settled()
    await loseSocket(server, client)
    const again = await open()
    again.send({ ...connect, session, receivedCount: 2 }, ...asked)
    await again.settled()
    release()
    expect(await again.next('result')).toEqual({ msg: 'result', id: '1', result: 2 })
    expect((await again.settled()).map(({ msg }) => msg)).toEqual(['updated'])
  },
}

function offer({ ddp }: TestServer): void {
  ddp.method('echo', (value) => value)
  ddp.method('later', async (value) => Promise.resolve(value))
  ddp.method('never', () => new Promise(() => undefined))
  ddp.method('nothing', () => undefined)
  ddp.method('kind', (value) => (value as object).constructor.name)
  ddp.method('seed', function () { return this.randomSeed })
  ddp.method('refuse', (code) => { throw new DDPError(typeof code === 'number' || typeof code === 'string' ? code : 'not-allowed', 'No.', { why: 'because' }) })
  ddp.method('crash', () => { throw new Error('the password is xyzzy') })
  ddp.publish('params', function (...params) {
    this.added('params', this.subscriptionId ?? '', { count: params.length, isDate: params[0] instanceof Date })
    this.ready()
  })
  ddp.publish('two', function () {
    this.added('letters', 'a', { code: 97 })
    this.added('letters', 'b', { code: 98 })
    this.ready()
  })
  ddp.publish('refuses', () => { throw new DDPError('not-allowed', 'No.') })
  ddp.publish('fails later', function () {
    this.added('letters', 'a', {})
    this.ready()
    this.error(new DDPError('gone'))
  })
  ddp.publish('steps', function () {
    this.added('steps', '1', { a: 1, b: 2, _id: 'ignored' })
    this.changed('steps', '1', { a: undefined, b: 3 })
    this.removed('steps', '1')
    this.ready()
  })
  ddp.publish('x', function (fields) {
    this.added('x', 'x', fields as Message)
    this.ready()
  })
  let count = 0
  const counters = new Set<(count: number) => void>()
  ddp.publish('counter', function () {
    this.added('counter', 'it', { count })
    const show = (now: number): void => this.changed('counter', 'it', { count: now })
    counters.add(show)
    this.onStop(() => counters.delete(show))
    this.ready()
  })
  ddp.method('increment', () => {
    count += 1
    for (const show of counters) show(count)
  })
}

const outcome = new Map<string, 'pass' | 'FAIL'>()

describe.each(transports)('the server over %s', (transport) => {
  let server: TestServer
  let clock: ManualClock
  let clients: RawClient[] = []

  beforeEach(async () => {
    clock = new ManualClock()
    server = await startServer({ clock })
    offer(server)
  })
  afterEach(async ({ task }) => {
    outcome.set(task.name.slice(0, 3).trim() + transport, task.result?.state === 'fail' ? 'FAIL' : 'pass')
    for (const client of clients) client.tcp.destroy()
    clients = []
    await server[Symbol.asyncDispose]()
    expect(clock.pending).toBe(0)
  })

  const keep = async (opening: Promise<RawClient>): Promise<RawClient> => {
    const client = await opening
    clients.push(client)
    return client
  }

  it.each(sentencesOf('server'))('%i', async (number) => {
    const check = checks[number]
    if (check === undefined) throw new Error(`no check of sentence ${number}: ${specification[number].says}`)
    await check({
      server, clock, open: () => keep(RawClient.open(server.port, transport)), connected: () => keep(RawClient.connect(server.port, transport)),
    })
  })
})

afterAll(() => {
  const rows = sentencesOf('server').map((number) => {
    const results = transports.map((transport) => `${transport} ${outcome.get(`${number}${transport}`) ?? 'not run'}`)
    return `${String(number).padStart(3)}  ${results.join('  ')}  ${specification[number].says}`
  })
  process.stdout.write(`\nDDP specification, server\n${rows.join('\n')}\n`)
})
