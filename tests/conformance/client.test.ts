import { EJSON, ObjectId, type ClientStatus, type DDPClient, type Document } from '@ddp-cluster/ddp-client'
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ScriptedServer, type Message, type Peer } from './client-harness.js'
import { sentencesOf, specification, type SentenceNumber } from './specification.js'

/** For calls that the script never answers: they reject when the client is closed. */
const ignore = (): void => undefined

type Check = (server: ScriptedServer) => Promise<void>

class Point {
  readonly x: number
  constructor(x: number) { this.x = x }
  typeName(): string { return 'conformance.ClientPoint' }
  toJSONValue(): unknown { return this.x }
}
EJSON.addType('conformance.ClientPoint', (x) => new Point(x as number))

const greeting = { msg: 'connect', version: '1', support: ['1'] }

/** Has the client do a round trip, so that all that was said before has been dealt with. */
async function settle(peer: Peer): Promise<void> {
  peer.say({ msg: 'ping', id: 'settle' })
  while ((await peer.next()).id !== 'settle') { /* what else came is of no interest */ }
}

/** What a value looks like on the way to the server, and what the client makes of it on the way back. */
async function travels(server: ScriptedServer, value: unknown, wire: unknown): Promise<void> {
  const { client, peer } = await server.connected()
  const call = client.call('echo', value)
  client.subscribe('echo', value)
  expect(await peer.next()).toEqual({ msg: 'method', method: 'echo', id: expect.any(String) as string, params: [wire] })
  expect(await peer.next()).toMatchObject({ msg: 'sub', params: [wire] })
  peer.say({ msg: 'added', collection: 'c', id: '1', fields: { value: wire } }, { msg: 'result', id: '1', result: wire }, { msg: 'updated', methods: ['1'] })
  expect(await call).toStrictEqual(value)
  expect(client.collection('c').get('1')?.value).toStrictEqual(value)
}

const data: readonly Message[] = [
  { msg: 'added', collection: 'c', id: 'a', fields: { keep: 1, change: 1, clear: 1 } },
  { msg: 'added', collection: 'c', id: 'b' },
]

/** What is sent after a reconnect by a client that is logged in, with a subscription that is ready and a method without an answer. */
async function loggedIn(server: ScriptedServer): Promise<{ client: DDPClient; peer: Peer }> {
  const { client, peer } = await server.connected('first')
  client.login({ resume: 'token' }).catch(ignore)
  peer.say({ msg: 'result', id: '1', result: { id: 'me', token: 'token' } }, { msg: 'updated', methods: ['1'] })
  client.subscribe('docs').ready.catch(ignore)
  peer.say(...data, { msg: 'ready', subs: ['2'] })
  await settle(peer)
  client.call('write').catch(ignore)
  expect(await peer.next()).toMatchObject({ msg: 'method', method: 'write' })
  peer.drop()
  return { client, peer: await server.peer() }
}

const checks: { readonly [N in SentenceNumber]?: Check } = {
  1: async (server) => {
    const { client, peer } = await server.connected()
    client.call('m').catch(ignore)
    expect(await peer.next()).toMatchObject({ msg: 'method' })
    peer.sayText(' {"msg" : "ping"}\n')
    expect(await peer.next()).toEqual({ msg: 'pong' })
  },
  2: async (server) => {
    const { client, peer } = await server.connected()
    const call = client.call('m')
    const { id } = await peer.next()
    peer.say({ msg: 'from the future', id }, { msg: 'updated', methods: [id], colour: 'red' }, { msg: 'result', id, result: 1, took: { $date: 'x' } })
    expect(await call).toBe(1)
  },
  3: async (server) => {
    const { client, peer } = await server.connected()
    client.call('m', 1).catch(ignore)
    client.subscribe('s').stop()
    peer.say({ msg: 'ping', id: 'p' })
    expect([await peer.next(), await peer.next(), await peer.next(), await peer.next()]).toEqual([
      { msg: 'method', method: 'm', params: [1], id: '1' }, { msg: 'sub', id: '2', name: 's', params: [] }, { msg: 'unsub', id: '2' }, { msg: 'pong', id: 'p' },
    ])
  },
  4: async (server) => {
    const client = server.client()
    const peer = await server.peer()
    peer.say({ server_id: '0' })
    await peer.greet()
    await settle(peer)
    expect(client.status().connected).toBe(true)
  },
  5: async (server) => {
    const client = server.client()
    client.call('early').catch(ignore)
    const peer = await server.peer()
    expect(await peer.next()).toEqual(greeting)
    peer.say({ msg: 'connected', session: 's' })
    expect(await peer.next()).toMatchObject({ msg: 'method', method: 'early' })
  },
  8: async (server) => {
    // It may; there is one version only that this client speaks, so it says so and tries none.
    const client = server.client()
    const failed = new Promise<ClientStatus>((resolve) => client.on('statusChanged', resolve))
    const peer = await server.peer()
    expect(await peer.next()).toEqual(greeting)
    peer.say({ msg: 'failed', version: 'pre2' })
    expect(await failed).toMatchObject({ status: 'failed', reason: expect.stringContaining('pre2') as string })
  },
  12: async (server) => {
    // The client names its session after a loss, and the server's word is all that counts: see 105 to 108.
    const { client, peer } = await server.connected('first')
    peer.say(...data)
    await settle(peer)
    peer.drop()
    const again = await server.peer()
    expect(await again.greet()).toEqual({ ...greeting, session: 'first', receivedCount: 3 })
    await settle(again)
    expect(client.collection('c').size).toBe(0)
  },
  13: async (server) => {
    const client = server.client({ heartbeatIntervalMs: 10 })
    const peer = await server.peer()
    await peer.greet()
    const { msg, id } = await peer.next()
    expect(msg).toBe('ping')
    peer.say({ msg: 'pong', id })
    await peer.next()
    expect(client.roundTripMs).toBeGreaterThan(0)
  },
  14: async (server) => {
    const { client, peer } = await server.connected()
    client.apply('never answered', [], { wait: true }).catch(ignore)
    await peer.next()
    peer.say({ msg: 'ping' })
    expect(await peer.next()).toEqual({ msg: 'pong' })
  },
  15: async (server) => {
    const { peer } = await server.connected()
    peer.say({ msg: 'ping', id: 'x' }, { msg: 'ping' }, { msg: 'ping', id: '' })
    expect([await peer.next(), await peer.next(), await peer.next()]).toEqual([{ msg: 'pong', id: 'x' }, { msg: 'pong' }, { msg: 'pong', id: '' }])
  },
  16: async (server) => {
    const { client, peer } = await server.connected()
    const sub = client.subscribe('rooms', 'a', new Date(5))
    expect(await peer.next()).toEqual({ msg: 'sub', id: '1', name: 'rooms', params: ['a', { $date: 5 }] })
    peer.say({ msg: 'ready', subs: ['1'] })
    await sub.ready
  },
  19: async (server) => {
    const { client, peer } = await server.connected()
    const sub = client.subscribe('rooms')
    await peer.next()
    peer.say({ msg: 'nosub', id: '1', error: { error: 'no', reason: 'Not you', details: { $date: 5 }, errorType: 'Meteor.Error' } })
    await expect(sub.ready).rejects.toMatchObject({ error: 'no', reason: 'Not you', details: { $date: 5 } })
    expect(await sub.ended).toMatchObject({ error: 'no' })
  },
  20: async (server) => {
    const { client, peer } = await server.connected()
    const sub = client.subscribe('rooms')
    await peer.next()
    sub.stop()
    expect(await peer.next()).toEqual({ msg: 'unsub', id: '1' })
    peer.say({ msg: 'nosub', id: '1' })
    expect(await sub.ended).toBeUndefined()
    await settle(peer)
    expect(client.status().connected).toBe(true)
  },
  21: async (server) => {
    const { client, peer } = await server.connected()
    peer.say(...data)
    await settle(peer)
    expect([...client.collection('c')]).toEqual([{ _id: 'a', keep: 1, change: 1, clear: 1 }, { _id: 'b' }])
  },
  22: async (server) => {
    const { client, peer } = await server.connected()
    peer.say(...data, { msg: 'changed', collection: 'c', id: 'a', fields: { change: { deep: 2 } }, cleared: ['clear', 'unknown'] }, { msg: 'changed', collection: 'c', id: 'b' })
    await settle(peer)
    expect([...client.collection('c')]).toEqual([{ _id: 'a', keep: 1, change: { deep: 2 } }, { _id: 'b' }])
  },
  23: async (server) => {
    const { client, peer } = await server.connected()
    const removed = new Promise<Document>((resolve) => client.collection('c').on('removed', ({ previous }) => resolve(previous)))
    peer.say(...data, { msg: 'removed', collection: 'c', id: 'a' })
    expect(await removed).toMatchObject({ _id: 'a', keep: 1 })
    expect([...client.collection('c')]).toEqual([{ _id: 'b' }])
  },
  28: async (server) => {
    const { client, peer } = await server.connected()
    for (const [id, before] of [['c', null], ['a', 'c'], ['b', 'c']]) peer.say({ msg: 'addedBefore', collection: 'list', id, before, fields: {} })
    peer.say({ msg: 'movedBefore', collection: 'list', id: 'c', before: 'a' }, { msg: 'movedBefore', collection: 'list', id: 'a', before: null })
    await settle(peer)
    expect([...client.collection('list')].map(({ _id }) => _id)).toEqual(['c', 'b', 'a'])
  },
  29: async (server) => {
    const { client, peer } = await server.connected()
    const call = client.call('add', 1, 2)
    expect(await peer.next()).toEqual({ msg: 'method', method: 'add', params: [1, 2], id: '1' })
    peer.say({ msg: 'result', id: '1', result: 3 }, { msg: 'updated', methods: ['1'] })
    expect(await call).toBe(3)
  },
  30: async (server) => {
    const { client, peer } = await server.connected()
    const call = client.call('fail')
    await peer.next()
    peer.say({ msg: 'result', id: '1', error: { error: 'no', errorType: 'Meteor.Error' } }, { msg: 'updated', methods: ['1'] })
    await expect(call).rejects.toMatchObject({ name: 'DDPError', error: 'no' })
  },
  34: async (server) => {
    const { client, peer } = await server.connected()
    const calls = [client.call('a'), client.call('b')]
    peer.say({ msg: 'updated', methods: ['1', '2', 'unknown'] }, { msg: 'result', id: '2', result: 'b' }, { msg: 'result', id: '1', result: 'a' })
    expect(await Promise.all(calls)).toEqual(['a', 'b'])
    const third = client.call('c')
    peer.say({ msg: 'result', id: '3', result: 'c' }, { msg: 'updated', methods: ['3'] })
    expect(await third).toBe('c')
  },
  35: async (server) => {
    const { client, peer } = await server.connected()
    client.apply('insert', [], { randomSeed: 'seed' }).catch(ignore)
    expect(await peer.next()).toMatchObject({ msg: 'method', randomSeed: 'seed' })
  },
  36: async (server) => {
    const { client, peer } = await server.connected()
    const calls = [client.call('a'), client.call('b')]
    peer.say({ msg: 'result', id: '1', error: { error: 'bare' } }, { msg: 'updated', methods: ['1', '2'] })
    peer.say({ msg: 'result', id: '2', error: { error: 'full', reason: 'Why', message: 'Why [full]', errorType: 'Meteor.Error', details: 'more' } })
    await expect(calls[0]).rejects.toMatchObject({ error: 'bare', reason: undefined, message: '[bare]', errorType: 'Meteor.Error' })
    await expect(calls[1]).rejects.toMatchObject({ error: 'full', reason: 'Why', message: 'Why [full]', details: 'more' })
  },
  37: async (server) => {
    const { client, peer } = await server.connected()
    const calls = [client.call('a'), client.call('b')]
    peer.say({ msg: 'result', id: '1', error: { error: 404 } }, { msg: 'result', id: '2', error: { error: 'not-found' } }, { msg: 'updated', methods: ['1', '2'] })
    await expect(calls[0]).rejects.toMatchObject({ error: 404 })
    await expect(calls[1]).rejects.toMatchObject({ error: 'not-found' })
  },
  45: (server) => travels(server, new Date(1_700_000_000_000), { $date: 1_700_000_000_000 }),
  46: (server) => travels(server, new Uint8Array([0, 251, 255, 191]), { $binary: 'APv/vw==' }),
  47: (server) => travels(server, { $date: new Date(32_491) }, { $escape: { $date: { $date: 32_491 } } }),
  48: (server) => travels(server, [new Point(5)], [{ $type: 'conformance.ClientPoint', $value: 5 }]),
  49: async (server) => {
    const { client, peer } = await server.connected()
    const call = client.call('echo')
    await peer.next()
    peer.sayText('{"msg":"updated","methods":["1"]}')
    peer.sayText('{"msg":"result","id":"1","result":{"z":1,"a":{"$date":1},"m":2}}')
    expect(Object.keys(await call as object)).toEqual(['z', 'a', 'm'])
  },
  100: async (server) => {
    const { client, peer } = await server.connected()
    const changed: unknown[] = []
    client.collection('c').on('changed', ({ document }) => changed.push(document))
    peer.say(...data, { msg: 'added', collection: 'c', id: 'a', fields: { more: 1 } }, { msg: 'added', collection: 'c', id: 'a' }, { msg: 'added', collection: 'c', id: 'a', fields: { keep: 1 } })
    await settle(peer)
    expect(changed).toEqual([{ _id: 'a', keep: 1, change: 1, clear: 1, more: 1 }])
    expect(client.collection('c').get('a')).toEqual(changed[0])
  },
  101: async (server) => {
    const { client, peer } = await server.connected()
    peer.say({ msg: 'removed', collection: 'c', id: 'x' }, { msg: 'changed', collection: 'c', id: 'x', fields: { a: 1, b: 2 }, cleared: ['b'] }, { msg: 'removed', collection: 'other', id: 'x' })
    await settle(peer)
    expect([...client.collection('c')]).toEqual([{ _id: 'x', a: 1 }])
  },
  102: async (server) => {
    const { client, peer } = await server.connected()
    let isDone = false
    const call = client.call('write').finally(() => { isDone = true })
    await peer.next()
    peer.say({ msg: 'updated', methods: ['1'] })
    await settle(peer)
    peer.drop()
    const again = await server.peer()
    await again.greet()
    expect(await again.next()).toMatchObject({ msg: 'method', method: 'write', id: '1' })
    again.say({ msg: 'result', id: '1', result: 'done' })
    await settle(again)
    expect(isDone).toBe(false)
    again.say({ msg: 'updated', methods: ['1'] })
    expect(await call).toBe('done')
  },
  103: async (server) => {
    const { client, peer } = await loggedIn(server)
    await peer.greet()
    const { id } = await peer.next()
    peer.say({ msg: 'result', id, error: { error: 403, reason: 'You\'ve been logged out by the server. Please log in again.', errorType: 'Meteor.Error' } })
    expect([await peer.next(), await peer.next()]).toMatchObject([{ method: 'write' }, { msg: 'sub' }])
    expect(client.userId).toBeUndefined()
  },
  104: async (server) => {
    const { client, peer } = await loggedIn(server)
    const pending = new Promise<{ retryTime: number }>((resolve) => client.once('loginPending', resolve))
    await peer.greet()
    const { id } = await peer.next()
    const refusedAt = Date.now()
    peer.say({ msg: 'result', id, error: { error: 'too-many-requests', details: { timeToReset: 200 }, errorType: 'Meteor.Error' } })
    expect((await pending).retryTime).toBeGreaterThanOrEqual(refusedAt + 200)
    const again = await peer.next()
    expect(Date.now() - refusedAt).toBeGreaterThanOrEqual(190)
    expect(again).toMatchObject({ method: 'login', params: [{ resume: 'token' }] })
    expect(client.userId).toBe('me')
    peer.say({ msg: 'result', id: again.id, result: { id: 'me', token: 'token' } })
    expect([await peer.next(), await peer.next()]).toMatchObject([{ method: 'write' }, { msg: 'sub' }])
  },
  105: async (server) => {
    const { peer } = await loggedIn(server)
    // connected, result, updated, two documents, ready
    expect(await peer.next()).toEqual({ ...greeting, session: 'first', receivedCount: 6 })
  },
  106: async (server) => {
    const { client, peer } = await loggedIn(server)
    await peer.greet('first')
    peer.say({ msg: 'changed', collection: 'c', id: 'b', fields: { meanwhile: true } })
    expect(await peer.next()).toMatchObject({ msg: 'method', method: 'write', id: '3' })
    peer.say({ msg: 'ping', id: 'last' })
    expect(await peer.next()).toEqual({ msg: 'pong', id: 'last' })
    expect([...client.collection('c')]).toEqual([{ _id: 'a', keep: 1, change: 1, clear: 1 }, { _id: 'b', meanwhile: true }])
    expect(client.userId).toBe('me')
  },
  107: async (server) => {
    const { client, peer } = await server.connected('first')
    const stopped = client.subscribe('stopped')
    client.subscribe('not ready').ready.catch(ignore)
    const calls = [client.call('answered'), client.call('updated'), client.call('lost')]
    peer.say({ msg: 'ready', subs: ['1'] }, { msg: 'result', id: '3', result: 3 }, { msg: 'updated', methods: ['4'] })
    await settle(peer)
    stopped.stop()
    await settle(peer)
    peer.drop()
    const again = await server.peer()
    await again.greet('first')
    expect([await again.next(), await again.next(), await again.next()]).toMatchObject([{ msg: 'unsub', id: '1' }, { msg: 'method', id: '5' }, { msg: 'sub', id: '2' }])
    again.say({ msg: 'updated', methods: ['3', '5'] }, { msg: 'result', id: '4', result: 4 }, { msg: 'result', id: '5', result: 5 })
    expect(await Promise.all(calls)).toEqual([3, 4, 5])
  },
  108: async (server) => {
    const { client, peer } = await loggedIn(server)
    await peer.greet('second')
    expect(await peer.next()).toMatchObject({ method: 'login' })
    peer.say({ msg: 'result', id: '4', result: { id: 'me', token: 'token' } })
    expect([await peer.next(), await peer.next()]).toMatchObject([{ method: 'write' }, { msg: 'sub', id: '2' }])
    peer.say({ msg: 'added', collection: 'c', id: 'new' }, { msg: 'ready', subs: ['2'] }, { msg: 'updated', methods: ['3'] })
    await settle(peer)
    expect([...client.collection('c')]).toEqual([{ _id: 'new' }])
  },
  109: async (server) => {
    const { client, peer } = await server.connected('first')
    client.disconnect()
    expect(await peer.next()).toEqual({ msg: 'disconnect' })
    client.reconnect()
    const again = await server.peer()
    expect(await again.greet('first')).toEqual(greeting)
    await settle(again)
    await client.close()
    expect(await again.next()).toEqual({ msg: 'disconnect' })
  },
  110: async (server) => {
    const { client, peer } = await server.connected()
    const wires = ['507f1f77bcf86cd799439011', '-507f1f77bcf86cd799439011', '~5', '-~5', '~true', '~null', 'plain']
    const values = [new ObjectId(wires[0] ?? ''), wires[0] ?? '', 5, '~5', true, null, 'plain']
    for (const [n, id] of wires.entries()) peer.say({ msg: 'added', collection: 'c', id, fields: { n } })
    await settle(peer)
    expect([...client.collection('c')].map(({ _id }) => _id)).toEqual(values)
    expect(values.map((id) => client.collection('c').get(id)?.['n'])).toEqual([0, 1, 2, 3, 4, 5, 6])
  },
  111: async (server) => {
    const { client, peer } = await server.connected()
    peer.say({ msg: 'added', collection: 'c', id: '~x' }, { msg: 'addedBefore', collection: 'c', id: 'y', before: '~{}' }, { msg: 'added', collection: 'c', id: 'z' })
    await settle(peer)
    expect([...client.collection('c')]).toEqual([{ _id: 'z' }])
  },
}

const outcome = new Map<string, 'pass' | 'FAIL'>()

describe('the client, in front of a scripted server', () => {
  let server: ScriptedServer

  beforeEach(async () => {
    server = await ScriptedServer.start()
  })
  afterEach(async ({ task }) => {
    outcome.set(task.name, task.result?.state === 'fail' ? 'FAIL' : 'pass')
    await server[Symbol.asyncDispose]()
  })

  it.each(sentencesOf('client'))('%i', async (number) => {
    const check = checks[number]
    if (check === undefined) throw new Error(`no check of sentence ${number}: ${specification[number].says}`)
    await check(server)
  })
})

afterAll(() => {
  const rows = sentencesOf('client').map((number) => `${String(number).padStart(3)}  ${outcome.get(String(number)) ?? 'not run'}  ${specification[number].says}`)
  process.stdout.write(`\nDDP specification, client\n${rows.join('\n')}\n`)
})
