import { createRequire } from 'node:module'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { connect, type DDPClient } from '@ddp-cluster/ddp-client'
import { createDDPServer } from '@ddp-cluster/ddp-server'
import { type Cluster, joinCluster } from '@ddp-cluster/instance-status'
import WebSocket from 'ws'
import { Fleet, linked, until } from './fleet.js'

interface SimpleDDP {
  connect(): Promise<void>
  disconnect(): Promise<void>
  call(name: string, ...params: unknown[]): Promise<unknown>
  subscribe(name: string, ...params: unknown[]): { ready(): Promise<void> }
  on(event: string, listener: (message: { collection: string; fields: { eventName: string; args: unknown[] } }) => void): unknown
}
const SimpleDDPClient = createRequire(import.meta.url)('simpleddp') as new (options: object) => SimpleDDP

let fleet: Fleet
let first: Cluster
let second: Cluster
const closing: (() => unknown)[] = []

beforeEach(async () => {
  fleet = await Fleet.open()
  ;[first, second] = await Promise.all([fleet.join(), fleet.join()])
  await linked([first, second])
})
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
  await fleet.close()
})

function ddp(cluster: Cluster): DDPClient {
  const client = connect({ url: cluster.address.url })
  closing.push(() => client.close())
  return client
}

/** What the client hears of a stream, as it is on the wire. */
async function hear(client: DDPClient, stream: string, ...events: string[]): Promise<unknown[]> {
  const heard: unknown[] = []
  client.collection(`stream-${stream}`).on('changed', ({ id, document }) => heard.push([id, document['eventName'], document['args']]))
  for (const event of events) await client.subscribe(`stream-${stream}`, event, true).ready
  return heard
}

const refusal = async (work: Promise<unknown>): Promise<unknown> => work.then(() => 'allowed', (error: unknown) => (error as { error?: unknown }).error ?? error)

describe('a stream that is published to clients', () => {
  it('brings what is emitted on one instance to the clients of another, by the event that they subscribed to', async () => {
    const rooms = [first, second].map((cluster) => cluster.publishStream('room', { allowRead: 'all' }))
    await Promise.all(rooms.map((room) => room.ready()))
    const heard = await hear(ddp(second), 'room', 'message', 'typing')
    const at = new Date(5)
    rooms[0]?.emit('message', 'hello', at)
    rooms[0]?.emit('other', 'nobody')
    rooms[1]?.emit('typing', 'ann')
    await until(() => heard.length === 2, 10_000, () => heard)
    expect(heard).toEqual(expect.arrayContaining([['id', 'message', ['hello', at]], ['id', 'typing', ['ann']]]))
  })

  it('speaks as Meteor\'s streamer does', async () => {
    const room = first.publishStream('notify-room', { allowRead: 'all' })
    const socket = new WebSocket(first.address.url)
    closing.push(() => socket.terminate())
    const texts: string[] = []
    socket.on('message', (data: Buffer) => texts.push(data.toString()))
    await new Promise((resolve) => socket.once('open', resolve))
    socket.send('{"msg":"connect","version":"1","support":["1"]}')
    socket.send('{"msg":"sub","id":"s","name":"stream-notify-room","params":["GENERAL/typing",{"useCollection":false,"args":[]}]}')
    await until(() => texts.includes('{"msg":"ready","subs":["s"]}'), 10_000, () => texts)
    room.emit('GENERAL/typing', 'ann', true, new Date(5))
    await until(() => texts.length === 3, 10_000, () => texts)
    expect(texts[2]).toBe('{"msg":"changed","collection":"stream-notify-room","id":"id","fields":{"eventName":"GENERAL/typing","args":["ann",true,{"$date":5}]}}')
    socket.send('{"msg":"unsub","id":"s"}')
    await until(() => texts.length === 4, 10_000)
    room.emit('GENERAL/typing', 'bob')
    socket.send('{"msg":"ping"}')
    await until(() => texts.includes('{"msg":"pong"}'), 10_000, () => texts)
    expect(texts).toHaveLength(5)
  })

  it('carries what a client writes to all other clients, and to the servers\' listeners, but not back', async () => {
    for (const cluster of [first, second]) cluster.publishStream('room', { allowRead: 'all', allowWrite: 'all' })
    await Promise.all([first, second].map((cluster) => cluster.stream('room').ready()))
    const [writer, neighbour, remote] = [ddp(first), ddp(first), ddp(second)]
    const heard = await Promise.all([writer, neighbour, remote].map((client) => hear(client, 'room', 'message', 'echo')))
    const servers: unknown[] = []
    for (const cluster of [first, second]) cluster.stream('room').on('message', (text) => servers.push(text))
    first.stream('room').on('message', (text) => first.stream('room').emit('echo', text))
    await writer.call('stream-room', 'message', 'hello')
    await until(() => heard[1]?.length === 2 && heard[2]?.length === 2 && heard[0]?.length === 1, 10_000, () => heard)
    expect(heard[0]).toEqual([['id', 'echo', ['hello']]])
    for (const list of heard.slice(1)) expect(list).toEqual([['id', 'message', ['hello']], ['id', 'echo', ['hello']]])
    expect(servers).toEqual(['hello', 'hello'])
  })

  it('is read and written by simpleddp', async () => {
    for (const cluster of [first, second]) cluster.publishStream('room', { allowRead: 'all', allowWrite: 'all' })
    await Promise.all([first, second].map((cluster) => cluster.stream('room').ready()))
    const heard = await hear(ddp(first), 'room', 'message')
    const client = new SimpleDDPClient({ endpoint: second.address.url, SocketConstructor: WebSocket, reconnectInterval: 1000 })
    closing.push(() => client.disconnect())
    await client.connect()
    const changed: unknown[] = []
    client.on('changed', ({ collection, fields }) => changed.push([collection, fields.eventName, fields.args]))
    await client.subscribe('stream-room', 'message', false).ready()
    await client.call('stream-room', 'message', 'from simpleddp')
    first.stream('room').emit('message', 'from the server')
    await until(() => heard.length === 2 && changed.length === 1, 10_000, () => [heard, changed])
    expect(heard).toEqual([['id', 'message', ['from simpleddp']], ['id', 'message', ['from the server']]])
    expect(changed).toEqual([['stream-room', 'message', ['from the server']]])
  })

  it('leaves out a client that does not read, and costs the others nothing', async () => {
    // The goodbye comes behind 16 MiB, which a client on a busy machine takes longer to read than the second that a cluster's own endpoint leaves it.
    const { server, port } = await fleet.listen()
    const ddpServer = createDDPServer({ server, closeTimeoutMs: 30_000 })
    closing.push(() => ddpServer.close())
    const patient = fleet.track(await joinCluster({ db: fleet.db, name: 'test', ddpServer, address: { host: 'localhost', port } }))
    const room = patient.publishStream('room', { allowRead: 'all' })
    const slow = new WebSocket(patient.address.url)
    closing.push(() => slow.terminate())
    let said = ''
    slow.on('message', (data) => (said += (data as Buffer).subarray(0, 200).toString()))
    slow.on('open', () => {
      slow.send('{"msg":"connect","version":"1","support":["1"]}')
      slow.send('{"msg":"sub","id":"s","name":"stream-room","params":["message"]}')
    })
    await until(() => said.includes('"ready"'), 10_000, () => said)
    slow.pause()
    const heard = await hear(ddp(patient), 'room', 'message')
    const closed = new Promise((resolve) => slow.on('close', resolve))
    const text = 'x'.repeat(1_000_000)
    const { sessions } = ddpServer
    let n = 0
    while (ddpServer.sessions === sessions) {
      n += 1
      room.emit('message', n, text)
      await until(() => heard.length === n, 10_000, () => heard.length)
      expect(n).toBeLessThan(40)
    }
    // At once: a client that does not read the farewell either is cut off.
    slow.resume()
    expect(await closed).toBe(1013)
  }, 30_000)

  it('asks who may read and write, allows nothing that is not said, and says what is wrong', async () => {
    const asked: unknown[] = []
    first.publishStream('closed', {})
    first.publishStream('members', { allowRead: 'logged', allowWrite: 'logged' })
    first.publishStream('picky', {
      allowRead(event) {
        asked.push([this.userId, typeof this.connection.id, event])
        return Promise.resolve(event === 'yes')
      },
      allowWrite: (event, ...args) => event === 'yes' && args[0] === 1,
    })
    first.publishStream('broken', { allowRead: () => Promise.reject(new Error('a secret of the server')), allowWrite: (() => 'yes') as never })
    const client = ddp(first)
    const read = (stream: string, event: unknown): Promise<unknown> => refusal(client.subscribe(`stream-${stream}`, event).ready)
    const write = (stream: string, ...params: unknown[]): Promise<unknown> => refusal(client.call(`stream-${stream}`, ...params))
    expect([await read('closed', 'e'), await write('closed', 'e'), await read('members', 'e'), await write('members', 'e')]).toEqual(Array.from({ length: 4 }, () => 'not-allowed'))
    expect([await read('picky', 'yes'), await read('picky', 'no'), await write('picky', 'yes', 1), await write('picky', 'yes', 2)]).toEqual(['allowed', 'not-allowed', 'allowed', 'not-allowed'])
    expect(asked).toEqual([[null, 'string', 'yes'], [null, 'string', 'no']])
    expect([await read('broken', 'e'), await write('broken', 'e')]).toEqual([500, 'not-allowed'])
    for (const event of [undefined, null, '', 7, { $ne: 1 }, 'x'.repeat(501)]) expect([await read('picky', event), await write('picky', event)]).toEqual(['invalid-event-name', 'invalid-event-name'])
    expect(await write('picky', 'yes', 1, 'x'.repeat(2_000_000))).toBe('event-too-large')
    expect(() => first.publishStream('other', { allowRead: 'everybody' as never })).toThrow(expect.objectContaining({ code: 'invalid-option' }))
    expect(() => first.publishStream('closed', {})).toThrow(expect.objectContaining({ code: 'publication-taken' }))
  })
})
