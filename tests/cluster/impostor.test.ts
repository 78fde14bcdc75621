import { once } from 'node:events'
import { createServer } from 'node:http'
import { type AddressInfo, createServer as createHole, type Socket } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type WebSocket, WebSocketServer } from 'ws'
import { randomId } from '@ddp-cluster/ddp-common'
import type { Cluster } from '@ddp-cluster/instance-status'
import { Fleet, until } from './fleet.js'

let fleet: Fleet
let cluster: Cluster
beforeEach(async () => {
  fleet = await Fleet.open()
  cluster = await fleet.join({ authTimeoutMs: 300 })
})
afterEach(() => fleet.close())

type Answer = (socket: WebSocket, message: { msg: string; id: string; method?: string }) => void

/** A server that speaks some DDP at an address which a record advertises, and knows no secret. */
async function impostor(answer: Answer): Promise<{ id: string; dials: () => number }> {
  const { server, port } = await fleet.listen()
  const sockets = new WebSocketServer({ server })
  let dials = 0
  sockets.on('connection', (socket) => {
    dials += 1
    socket.on('message', (data: Buffer) => {
      const message = JSON.parse(data.toString()) as { msg: string; id: string; method?: string }
      if (message.msg === 'connect') socket.send(JSON.stringify({ msg: 'connected', session: 'x' }))
      answer(socket, message)
    })
  })
  const id = randomId()
  const now = new Date()
  await fleet.db.collection<{ _id: string }>('instances').insertOne({
    _id: id, _createdAt: now, _updatedAt: now, name: 'test', pid: 1, extraInformation: { host: 'localhost', port: String(port) },
    cluster: { protocol: 1, expireAfterMs: 60_000, url: `ws://127.0.0.1:${port}/websocket` },
  } as never)
  return { id, dials: () => dials }
}

describe('who answers at an address without having proven itself', () => {
  it('cannot pass on events', async () => {
    const heard: unknown[] = []
    cluster.stream('room').on('message', (text) => heard.push(text))
    const { dials } = await impostor((socket, { msg }) => {
      if (msg !== 'connect') return
      socket.send(JSON.stringify({ msg: 'changed', collection: 'cluster.broadcast', id: '1', fields: { from: 1 } }))
      for (const id of [1, 2, 3]) socket.send(JSON.stringify({ msg: 'changed', collection: 'cluster.broadcast', id: String(id), fields: { after: id - 1, last: id, events: [0, 'room', 'message', ['boo']] } }))
    })
    await until(() => dials() > 1, 5000)
    expect(heard).toEqual([])
  })

  it('gets no call and no event, though it answers everything', async () => {
    const got: string[] = []
    const zeros = { $binary: Buffer.alloc(32).toString('base64') }
    const { id, dials } = await impostor((socket, message) => {
      got.push(JSON.stringify(message))
      const { msg, id: call, method } = message
      if (msg === 'sub') socket.send(JSON.stringify({ msg: 'ready', subs: [call] }))
      if (msg === 'method') socket.send(JSON.stringify({ msg: 'result', id: call, result: method === 'cluster.challenge' ? { nonceB: zeros } : { proofB: zeros } }))
    })
    await until(() => cluster.members().length === 1, 2000)
    const early = cluster.call(id, 'pay', ['for members only'], { timeoutMs: 300 })
    cluster.stream('room').emit('message', 'for members only')
    await expect(early).rejects.toMatchObject({ code: 'suspect', instanceId: id })
    await until(() => dials() > 0 && cluster.members()[0]?.link?.currentStatus.status === 'failed', 5000)
    const outcomes = await cluster.callAll('pay', ['for members only'], { timeoutMs: 300 })
    expect(outcomes.find((outcome) => outcome.id === id)).toMatchObject({ status: 'rejected', reason: { code: 'suspect' } })
    expect(got.join()).toContain('cluster.prove')
    expect(got.join()).not.toMatch(/for members only|cluster\.call/)
  })

  it('cannot say goodbye in a member\'s name', async () => {
    const { id, dials } = await impostor((socket, { msg }) => {
      if (msg === 'connect') socket.close(4001, 'goodbye')
    })
    await until(() => dials() > 1, 5000)
    expect(cluster.members().map((member) => member.id)).toEqual([id])
  })

  it('is found out by its proof', async () => {
    const zeros = { $binary: Buffer.alloc(32).toString('base64') }
    const { id } = await impostor((socket, { msg, id: call, method }) => {
      if (msg === 'method') socket.send(JSON.stringify({ msg: 'result', id: call, result: method === 'cluster.challenge' ? { nonceB: zeros } : { proofB: zeros } }))
    })
    await until(() => cluster.members().find((member) => member.id === id)?.link?.currentStatus.status === 'failed', 5000)
    expect(cluster.members()[0]?.link?.currentStatus.reason).toMatch(/^impostor: /)
  })

  it('does not use up the turns of those who would answer', async () => {
    await Promise.all(Array.from({ length: 20 }, () => impostor(() => undefined)))
    const honest = await fleet.join({ authTimeoutMs: 300 })
    await until(() => cluster.members().some(({ id, status }) => id === honest.id && status === 'alive'), 10_000)
  })
})

describe('a server that is no instance', () => {
  it('is named as such', async () => {
    const other = createServer((_request, response) => response.writeHead(404).end()).listen(0, '127.0.0.1')
    await once(other, 'listening')
    const second = await fleet.join({ address: { host: '127.0.0.1', port: (other.address() as AddressInfo).port } })
    await until(() => (cluster.members().find(({ id }) => id === second.id)?.link?.lastError ?? '') !== '', 2000)
    expect(cluster.members().find(({ id }) => id === second.id)?.link?.lastError).toMatch(/404/)
    other.close()
  })
})

describe('addresses where nobody answers', () => {
  it('hold up no healthy newcomer, and make it late for nothing, however many they are', async () => {
    const hole = createHole().listen(0, '127.0.0.1')
    const sockets = new Set<Socket>()
    hole.on('connection', (socket: Socket) => sockets.add(socket))
    await once(hole, 'listening')
    const { port } = hole.address() as AddressInfo
    const now = new Date()
    const record = (path: number): object => ({
      _id: randomId(), _createdAt: now, _updatedAt: now, name: 'test', pid: 1, extraInformation: { host: 'localhost', port: String(port) },
      cluster: { protocol: 1, expireAfterMs: 60_000, url: `ws://127.0.0.1:${port}/${path}/websocket` },
    })
    const patient = await fleet.join()
    await fleet.db.collection('instances').insertMany(Array.from({ length: 40 }, (_, path) => record(path)))
    await until(() => patient.members().length >= 40, 2000)
    const said: string[] = []
    const newcomer = await fleet.join()
    for (const [one, other] of [[patient, newcomer], [newcomer, patient]] as const) {
      for (const event of ['memberJoined', 'memberSuspected'] as const) one.on(event, ({ id }) => (id === other.id ? said.push(event) : 0))
    }
    await until(() => said.filter((event) => event === 'memberJoined').length === 2, 8000, () => said)
    expect(said).toEqual(['memberJoined', 'memberJoined'])
    hole.close()
    for (const socket of sockets) socket.destroy()
  })
})
