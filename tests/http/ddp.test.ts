import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createServer } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { WebSocket } from 'ws'
import { connect, type DDPClient } from '@ddp-cluster/ddp-client'
import { createDDPServer } from '@ddp-cluster/ddp-server'
import type { Cluster } from '@ddp-cluster/instance-status'
import { instancesApi } from '@ddp-cluster/instances-api'
import { Fleet, linked, until } from '../cluster/fleet.js'
import { addUsers, credentials } from './users.js'

let fleet: Fleet
let cluster: Cluster
let client: DDPClient
beforeAll(async () => {
  fleet = await Fleet.open()
  await addUsers(fleet.db)
})
afterAll(() => fleet.close())
beforeEach(async () => {
  cluster = await fleet.join({ name: 'rocket.chat' })
  client = connect({ url: cluster.address.url })
})
afterEach(async () => {
  await client.close()
  await cluster.close()
})

const documents = (name = 'instances'): readonly Readonly<Record<string, unknown>>[] => [...client.collection(name)]
const types = (): unknown[] => [...documents('instances.timeline')].sort((a, b) => Number(a['_id']) - Number(b['_id'])).map(({ type }) => type)

describe('the publication instances', () => {
  it('shows this instance and every other, and follows what happens to them', async () => {
    instancesApi({ cluster })
    await client.subscribe('instances', credentials).ready
    expect(documents()).toMatchObject([{ _id: cluster.id, local: true, status: 'self', name: 'rocket.chat', pid: process.pid, address: `localhost:${cluster.address.port}`, traffic: { emitted: 0, lost: 0 } }])
    expect(documents()[0]?.['since']).toBeInstanceOf(Date)
    const other = await fleet.join({ name: 'rocket.chat' })
    await linked([cluster, other])
    await until(() => documents().some(({ _id, status }) => _id === other.id && status === 'alive'), 5000, () => documents())
    const member = documents().find(({ _id }) => _id === other.id)
    expect(member).toMatchObject({ local: false, link: { status: 'connected', connected: true, authorized: true }, log: { unsent: 0, lost: 0 } })
    expect([member?.['heartbeatAt'], member?.['registeredAt']].every((date) => date instanceof Date)).toBe(true)
    await other.close()
    await until(() => documents().length === 1 && types().includes('left'), 5000)
    expect(types()).toEqual(['joined', 'left'])
    expect(documents('instances.timeline').find(({ type }) => type === 'left')).toMatchObject({ instance: other.id, address: `localhost:${other.address.port}`, reason: 'closed' })
  })

  it('tells figures once a second, and only what changed', async () => {
    instancesApi({ cluster })
    await client.subscribe('instances', credentials).ready
    const changes: object[] = []
    const startedAt = performance.now()
    client.collection('instances').on('changed', (document) => changes.push(document))
    for (let n = 0; n < 50; n += 1) {
      cluster.stream('numbers').emit('next', n)
      await new Promise((resolve) => setImmediate(resolve))
    }
    await until(() => (documents()[0]?.['traffic'] as { emitted: number } | undefined)?.emitted === 50, 5000)
    expect(changes.length).toBeLessThanOrEqual((performance.now() - startedAt) / 1000 + 2)
  })

  it('keeps the last 200 entries of the timeline', async () => {
    instancesApi({ cluster })
    await client.subscribe('instances', credentials).ready
    await cluster.close()
    const next = await fleet.join({ name: 'rocket.chat' })
    const listeners = new Map<string, (payload: never) => unknown>()
    const proxied = new Proxy(next, {
      get: (target, key) => {
        if (key === 'on') return (event: string, listener: (payload: never) => unknown) => (listeners.set(event, listener), () => listeners.delete(event))
        const value: unknown = Reflect.get(target, key, target)
        return typeof value === 'function' ? (value.bind(target) as unknown) : value
      },
    })
    instancesApi({ cluster: proxied })
    const stalled = listeners.get('stalled') as unknown as (payload: { delayMs: number }) => void
    for (let delayMs = 1; delayMs <= 250; delayMs += 1) stalled({ delayMs })
    const other = connect({ url: next.address.url })
    try {
      await other.subscribe('instances', credentials).ready
      const entries = [...other.collection('instances.timeline')]
      expect(entries.map(({ _id }) => Number(_id)).sort((a, b) => a - b)).toEqual(Array.from({ length: 200 }, (_, index) => 51 + index))
      stalled({ delayMs: 251 })
      await until(() => [...other.collection('instances.timeline')].some((entry) => entry['delayMs'] === 251), 5000)
      expect(other.collection('instances.timeline').size).toBe(200)
    } finally {
      await other.close()
      await next.close()
      expect(listeners.size).toBe(0)
    }
  })

  it.each<[string, unknown, number, string]>([
    ['nothing', undefined, 401, 'You must be logged in to do this.'],
    ['a wrong token', { ...credentials, authToken: 'wrong' }, 401, 'You must be logged in to do this.'],
    ['an operator for a user', { ...credentials, userId: { $gt: '' } }, 401, 'You must be logged in to do this.'],
    ['an endless token', { ...credentials, authToken: 'x'.repeat(100_000) }, 401, 'You must be logged in to do this.'],
    ['a user who may not', { ...credentials, userId: 'guest' }, 403, 'unauthorized'],
  ])('refuses %s in the words of HTTP', async (_, shown, code, reason) => {
    instancesApi({ cluster })
    await expect(client.subscribe('instances', shown).ready).rejects.toMatchObject({ error: code, reason })
    await expect(client.call('instances/get', shown)).rejects.toMatchObject({ error: code, reason })
    expect(documents()).toEqual([])
  })

  it('is limited as HTTP is', async () => {
    instancesApi({ cluster, rateLimit: { max: 1 } })
    await client.subscribe('instances', credentials).ready
    await expect(client.subscribe('instances', { ...credentials, again: true }).ready).rejects.toMatchObject({ error: 429 })
  })

  it('is limited by client, as the proxies that are ours tell them apart', async () => {
    instancesApi({ cluster, rateLimit: { max: 1 }, httpForwardedCount: 1 })
    const from = async (address: string): Promise<unknown> => {
      const socket = new WebSocket(cluster.address.url, { headers: { 'x-forwarded-for': `1.2.3.4, ${address}` } })
      await once(socket, 'open')
      socket.send('{"msg":"connect","version":"1","support":["1"]}')
      socket.send(JSON.stringify({ msg: 'method', id: '1', method: 'instances/get', params: [credentials] }))
      const result = await new Promise<{ error?: { error: unknown } }>((resolve) => {
        socket.on('message', (data: Buffer) => {
          const message = JSON.parse(data.toString()) as { msg: string; error?: { error: unknown } }
          if (message.msg === 'result') resolve(message)
        })
      })
      socket.terminate()
      return result.error?.error ?? 'answered'
    }
    expect([await from('10.0.0.1'), await from('10.0.0.2'), await from('10.0.0.1')]).toEqual(['answered', 'answered', 429])
  })

  it('takes its documents back when it is stopped', async () => {
    instancesApi({ cluster })
    const subscription = client.subscribe('instances', credentials)
    await subscription.ready
    expect(documents().length).toBe(1)
    subscription.stop()
    await until(() => documents().length === 0, 5000)
  })
})

describe('the method instances/get', () => {
  it('answers the array of Rocket.Chat 3: each link that the instance dialled, with the dates of its record as dates', async () => {
    instancesApi({ cluster })
    expect(await client.call('instances/get', credentials)).toEqual([])
    const other = await fleet.join({ name: 'rocket.chat' })
    try {
      await linked([cluster, other])
      const answer = await client.call('instances/get', credentials)
      const { host, port } = other.address
      expect(answer).toEqual([
        {
          address: `${host}:${port}`,
          currentStatus: { connected: true, retryCount: 0, status: 'connected' },
          instanceRecord: expect.objectContaining({ _id: other.id, name: 'rocket.chat', pid: process.pid, _createdAt: expect.any(Date) as Date, _updatedAt: expect.any(Date) as Date }) as object,
          broadcastAuth: true,
        },
      ])
    } finally {
      await other.close()
    }
  })
})

it.each([['publication', 'publish', 'instances'], ['method', 'method', 'instances/get']] as const)('says what to do about a %s of that name that the application has itself', (_, offer, name) => {
  cluster.ddpServer[offer](name, () => undefined)
  for (let attempt = 0; attempt < 2; attempt += 1) {
    expect(() => instancesApi({ cluster })).toThrow(expect.objectContaining({ code: 'invalid-option', message: expect.stringContaining('ddpServer') as string }) as Error)
  }
  expect(() => instancesApi({ cluster, ddpServer: false })).not.toThrow()
})

it('on an endpoint that outlives a cluster, the one that is joined next is shown', async () => {
  const { server, port } = await fleet.listen()
  const ddpServer = createDDPServer({ server })
  instancesApi({ cluster, ddpServer })
  const own = connect({ url: `ws://127.0.0.1:${port}/websocket` })
  try {
    await own.subscribe('instances', credentials).ready
    await cluster.close()
    await expect(own.subscribe('instances', { ...credentials, late: true }).ready).rejects.toMatchObject({ error: 503, reason: 'Service unavailable' })
    await expect(own.call('instances/get', credentials)).rejects.toMatchObject({ error: 503 })
    const next = await fleet.join({ name: 'rocket.chat' })
    instancesApi({ cluster: next, ddpServer })
    await own.subscribe('instances', { ...credentials, again: true }).ready
    expect([...own.collection('instances')]).toMatchObject([{ _id: next.id }])
    expect(await own.call('instances/get', credentials)).toEqual([])
    await next.close()
  } finally {
    await own.close()
    await ddpServer.close()
  }
})

it('a session that is logged in needs no credentials, on an endpoint of the application', async () => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const ddpServer = createDDPServer({ server })
  ddpServer.method('enter', async function (userId) {
    await this.setUserId(String(userId))
  })
  instancesApi({ cluster, ddpServer })
  const own = connect({ url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}/websocket` })
  try {
    await expect(client.call('instances/get', credentials)).rejects.toMatchObject({ error: 404 })
    await own.call('enter', 'guest')
    await expect(own.subscribe('instances').ready).rejects.toMatchObject({ error: 403 })
    await own.call('enter', 'admin')
    const subscription = own.subscribe('instances', 'again')
    await subscription.ready
    expect(own.collection('instances').size).toBe(1)
    // When the cluster ends, so does what is published of it.
    await cluster.close()
    await subscription.ended
    expect(own.collection('instances').size).toBe(0)
  } finally {
    await own.close()
    await ddpServer.close()
    server.close()
    server.closeAllConnections()
  }
})
