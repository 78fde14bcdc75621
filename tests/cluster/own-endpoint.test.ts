import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { ManualClock } from '@ddp-cluster/ddp-common/internal'
import { createDDPServer, type DDPServer, type DDPServerOptions } from '@ddp-cluster/ddp-server'
import { type Cluster, joinCluster, type JoinOptions } from '@ddp-cluster/instance-status'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Message, RawClient } from '../conformance/server-harness.js'
import { Fleet, linked, until } from './fleet.js'

let fleet: Fleet
const closing: (() => unknown)[] = []
beforeEach(async () => {
  fleet = await Fleet.open()
})
afterEach(async () => {
  await Promise.all(closing.splice(0).map((close) => close()))
  await fleet.close()
})

interface Own {
  readonly cluster: Cluster
  readonly ddpServer: DDPServer
  readonly port: number
}

async function endpoint(options: Partial<DDPServerOptions> = {}): Promise<{ ddpServer: DDPServer; server: Server; port: number }> {
  const { server, port } = await fleet.listen()
  const ddpServer = createDDPServer({ server, ...options })
  closing.push(() => ddpServer.close())
  return { ddpServer, server, port }
}

async function join(options: Partial<DDPServerOptions> = {}, joinOptions: Partial<JoinOptions> = {}): Promise<Own & { readonly server: Server }> {
  const { ddpServer, server, port } = await endpoint(options)
  const cluster = fleet.track(await joinCluster({ db: fleet.db, name: 'test', ddpServer, address: { host: 'localhost', port }, ...joinOptions }))
  return { cluster, ddpServer, server, port }
}

/** Makes MongoDB take its time over registrations; the function returned ends that. */
async function slowRegistration(): Promise<() => Promise<unknown>> {
  const admin = fleet.db.admin()
  await admin.command({ configureFailPoint: 'failCommand', mode: 'alwaysOn', data: { failCommands: ['findAndModify'], blockConnection: true, blockTimeMS: 1000 } })
  return () => admin.command({ configureFailPoint: 'failCommand', mode: 'off' })
}

describe('joinCluster({ ddpServer })', () => {
  it('joins on the endpoint of the application, with its login, methods and publications', async () => {
    const both = await Promise.all([join({ login: (request) => ({ id: (request as { token: string }).token }) }), join()])
    await linked(both.map(({ cluster }) => cluster))
    const [first, second] = both
    expect(first.cluster.ddpServer).toBe(first.ddpServer)
    first.ddpServer.method('whoAmI', function () { return this.userId })
    first.cluster.publishStream('room', { allowRead: 'logged' })
    const user = await RawClient.connect(first.port)
    expect(await user.call('login', { token: 'jane' })).toMatchObject({ result: { id: 'jane' } })
    expect(await user.call('whoAmI')).toMatchObject({ result: 'jane' })
    user.send({ msg: 'sub', id: 's', name: 'stream-room', params: ['message', false] })
    await user.next('ready')
    await first.cluster.stream('room').ready()
    second.cluster.stream('room').emit('message', 'from the second')
    expect(await user.next('changed')).toMatchObject({ fields: { args: ['from the second'] } })
    user.tcp.destroy()
  })

  it('counts clients, not instances, as sessions', async () => {
    const all = await Promise.all([join(), join(), join()])
    const told: string[] = []
    for (const { ddpServer } of all) ddpServer.onConnection(({ id }) => told.push(id))
    await linked(all.map(({ cluster }) => cluster))
    expect(all.map(({ ddpServer }) => ddpServer.sessions)).toEqual([0, 0, 0])
    const user = await RawClient.connect(all[0].port)
    expect(all.map(({ ddpServer }) => ddpServer.sessions)).toEqual([1, 0, 0])
    expect(told).toHaveLength(1)
    user.tcp.destroy()
  })

  it('counts clients, not instances, as sessions of an endpoint that it makes itself', async () => {
    const clusters = await Promise.all([fleet.join(), fleet.join()])
    await linked(clusters)
    expect(clusters.map(({ ddpServer }) => ddpServer.sessions)).toEqual([0, 0])
  })

  it('does not let the limits of clients keep instances out', async () => {
    const tight = { maxSessions: 1, maxMessageBytes: 2_000, maxBufferedBytes: 20_000, maxQueuedMessages: 1, maxSubscriptions: 0, maxMessageDepth: 3, heartbeatIntervalMs: 0 }
    const first = await join(tight)
    const user = await RawClient.connect(first.port)
    first.ddpServer.limitRate({ type: 'method', count: 0, intervalMs: 60_000 })
    first.ddpServer.limitRate({ type: 'subscription', count: 0, intervalMs: 60_000 })
    const second = await join(tight)
    const clusters = [first.cluster, second.cluster]
    await linked(clusters)
    for (const cluster of clusters) cluster.method('echo', (value) => value)
    const large = { text: 'x'.repeat(2_000_000), deep: [[[[[['deep']]]]]] }
    expect(await Promise.all([first.cluster.call(second.cluster.id, 'echo', [large]), second.cluster.call(first.cluster.id, 'echo', [large])])).toEqual([large, large])
    const heard: unknown[] = []
    second.cluster.stream('room').on('message', (text) => heard.push((text as string).length))
    await second.cluster.stream('room').ready()
    for (let count = 0; count < 5; count += 1) first.cluster.stream('room').emit('message', 'x'.repeat(500_000))
    await until(() => heard.length === 5, 10_000, () => heard)
    user.tcp.destroy()
  })

  it('leaves the endpoint open when the cluster closes, without anything of the cluster', async () => {
    const [first, second] = await Promise.all([join(), join()])
    await linked([first.cluster, second.cluster])
    first.ddpServer.method('application', () => 'still here')
    first.cluster.publishStream('room', { allowRead: 'all' })
    const user = await RawClient.connect(first.port)
    await first.cluster.close()
    await until(() => second.cluster.members().length === 0, 5000, () => second.cluster.members())
    expect(await user.call('application')).toMatchObject({ result: 'still here' })
    expect(await user.call('cluster.call', 'x', [])).toMatchObject({ error: { error: 404 } })
    expect(first.ddpServer.sessions).toBe(1)
    // The next cluster on the same endpoint has all of it.
    const again = fleet.track(await joinCluster({ db: fleet.db, name: 'test', ddpServer: first.ddpServer, address: { host: 'localhost', port: first.port } }))
    again.publishStream('room', { allowRead: 'all' })
    await linked([again, second.cluster])
    user.tcp.destroy()
  })

  it('goes on with subscriptions to streams that are open when the next cluster publishes them', async () => {
    const [first, other] = await Promise.all([join(), join()])
    first.cluster.publishStream('room', { allowRead: 'all' })
    await linked([first.cluster, other.cluster])
    const user = await RawClient.connect(first.port)
    closing.push(() => user.tcp.destroy())
    // With a document, which the client must not be given twice.
    user.send({ msg: 'sub', id: 's', name: 'stream-room', params: ['message', true] })
    await user.next('ready')
    await first.cluster.close()
    const again = fleet.track(await joinCluster({ db: fleet.db, name: 'test', ddpServer: first.ddpServer, address: { host: 'localhost', port: first.port } }))
    again.publishStream('room', { allowRead: 'all' })
    await linked([again, other.cluster])
    expect(await user.next()).toEqual({ msg: 'ready', subs: ['s'] })
    other.cluster.stream('room').emit('message', 'from the other')
    expect(await user.next('changed')).toMatchObject({ fields: { args: ['from the other'] } })
    again.stream('room').emit('message', 'from here')
    expect(await user.next('changed')).toMatchObject({ fields: { args: ['from here'] } })
  })

  it('ends such a subscription when the next cluster does not let its client read', async () => {
    const { cluster, ddpServer, port } = await join()
    cluster.publishStream('room', { allowRead: 'all' })
    const user = await RawClient.connect(port)
    closing.push(() => user.tcp.destroy())
    user.send({ msg: 'sub', id: 's', name: 'stream-room', params: ['message', false] })
    await user.next('ready')
    await cluster.close()
    const again = fleet.track(await joinCluster({ db: fleet.db, name: 'test', ddpServer, address: { host: 'localhost', port } }))
    again.publishStream('room', { allowRead: 'none' })
    expect(await user.next()).toMatchObject({ msg: 'nosub', id: 's', error: { error: 'not-allowed' } })
  })

  it('refuses a second cluster on one endpoint, and points from a path that is taken to ddpServer', async () => {
    const { cluster, ddpServer, port } = await join()
    await expect(joinCluster({ db: fleet.db, name: 'other', ddpServer })).rejects.toMatchObject({ code: 'path-taken' })
    expect(cluster.members()).toEqual([])
    const { server } = await endpoint()
    await expect(joinCluster({ db: fleet.db, name: 'test', server })).rejects.toMatchObject({ code: 'path-taken', message: expect.stringContaining('give it as ddpServer instead of server') as string })
    expect(await (await RawClient.connect(port)).settled()).toEqual([])
  })

  it.each<[string, (own: { ddpServer: DDPServer; server: Server }) => Partial<JoinOptions>]>([
    ['something else', () => ({ ddpServer: {} as never })],
    ['a server beside it', ({ ddpServer, server }) => ({ ddpServer, server })],
    ['a path, which is the endpoint\'s', ({ ddpServer }) => ({ ddpServer, path: '/chat' })],
  ])('refuses %s', async (_, options) => {
    await expect(joinCluster({ db: fleet.db, name: 'test', ...options(await endpoint()) })).rejects.toMatchObject({ code: 'invalid-option' })
  })

  it('advertises the path of the endpoint', async () => {
    const { cluster, port } = await join({ path: '/chat' })
    expect(cluster.address.url).toBe(`ws://localhost:${port}/chat/websocket`)
  })
})

describe('clients that come while joinCluster() runs', () => {
  it.each(['server', 'ddpServer'] as const)('are held until the application has offered what it has (%s)', async (kind) => {
    const { server, port } = await fleet.listen()
    const ddpServer = kind === 'ddpServer' ? createDDPServer({ server }) : undefined
    const quick = await slowRegistration()
    const joining = joinCluster({ db: fleet.db, name: 'test', secret: 's'.repeat(32), ...(ddpServer ? { ddpServer } : { server }) })
    const answers = RawClient.connect(port).then(async (user) => {
      closing.push(() => user.tcp.destroy())
      user.send({ msg: 'sub', id: 's', name: 'stream-room', params: ['message', false] }, { msg: 'method', id: 'm', method: 'late', params: [] })
      const got: Message[] = []
      while (!got.some(({ msg }) => msg === 'result')) got.push(await user.next())
      return got.map(({ msg, result }) => result ?? msg)
    })
    const cluster = fleet.track(await joining)
    cluster.publishStream('room', { allowRead: 'all' })
    cluster.ddpServer.method('late', () => 'offered in time')
    expect(await answers).toEqual(['ready', 'offered in time'])
    await quick()
    await cluster.close()
    await ddpServer?.close()
  })

  it('are refused with 503 when it rejects, and served by the endpoint after that', async () => {
    const { ddpServer, port } = await endpoint()
    ddpServer.method('application', () => 'here')
    const admin = fleet.db.admin()
    await admin.command({ configureFailPoint: 'failCommand', mode: 'alwaysOn', data: { failCommands: ['findAndModify'], errorCode: 13, blockConnection: true, blockTimeMS: 500 } })
    const joining = joinCluster({ db: fleet.db, name: 'test', ddpServer, secret: 's'.repeat(32) }).catch((error: unknown) => error)
    const refused = RawClient.connect(port).catch((error: unknown) => String(error))
    expect(await joining).toMatchObject({ code: 'registry-unreachable' })
    expect(await refused).toContain('503')
    await admin.command({ configureFailPoint: 'failCommand', mode: 'off' })
    const user = await RawClient.connect(port)
    expect(await user.call('application')).toMatchObject({ result: 'here' })
    user.tcp.destroy()
  })
})

describe('joinCluster() before listen()', () => {
  it.each(['server', 'ddpServer'] as const)('waits for the server to listen (%s)', async (kind) => {
    const server = createServer()
    closing.push(() => server.close())
    const ddpServer = kind === 'ddpServer' ? createDDPServer({ server }) : undefined
    const joining = joinCluster({ db: fleet.db, name: 'test', ...(ddpServer ? { ddpServer } : { server }) })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const cluster = await joining
    expect(cluster.address).toMatchObject({ host: 'localhost', port: String((server.address() as AddressInfo).port) })
    await cluster.close()
    await ddpServer?.close()
  })

  it('rejects with not-listening after ten seconds, and has left nothing behind', async () => {
    const clock = new ManualClock()
    const server = createServer()
    const before = { events: server.eventNames(), properties: Object.getOwnPropertyNames(server) }
    const joining = joinCluster({ db: fleet.db, name: 'test', server, clock }).catch((error: unknown) => error)
    clock.advance(10_000)
    expect(await joining).toMatchObject({ code: 'not-listening' })
    expect({ events: server.eventNames(), properties: Object.getOwnPropertyNames(server) }).toEqual(before)
    expect(clock.pending).toBe(0)
  })
})

describe('server.close() while instances are linked', () => {
  it.each(['server', 'ddpServer'] as const)('has the instance leave, and calls back (%s)', async (kind) => {
    const other = await fleet.join()
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const before = Object.getOwnPropertyNames(server)
    const ddpServer = kind === 'ddpServer' ? createDDPServer({ server }) : undefined
    const warnings: string[] = []
    const ignore = (): void => undefined
    const logger = { debug: ignore, info: ignore, warn: (_fields: object, message: string) => warnings.push(message), error: ignore }
    const cluster = fleet.track(await joinCluster({ db: fleet.db, name: 'test', logger, ...(ddpServer ? { ddpServer } : { server }) }))
    await linked([cluster, other])
    const left = new Promise((resolve) => other.on('memberLeft', ({ reason }) => resolve(reason)))
    await new Promise((resolve) => server.close(resolve))
    expect(await left).toBe('closed')
    await cluster.closed
    expect(warnings).toEqual(['server.close() was called before cluster.close(): this instance leaves the cluster'])
    await ddpServer?.close()
    expect(Object.getOwnPropertyNames(server)).toEqual(before)
  })

  it('ends the sessions of clients of a ddpServer, which would keep it from calling back', async () => {
    const { cluster, ddpServer, server, port } = await join()
    const user = await RawClient.connect(port)
    closing.push(() => user.tcp.destroy())
    user.send({ msg: 'sub', id: 's', name: 'none', params: [] })
    await user.next('nosub')
    const socketClosed = once(user.tcp, 'close')
    await new Promise((resolve) => server.close(resolve))
    await Promise.all([cluster.closed, socketClosed])
    await ddpServer.close()
  })

  it('has the instance leave when its endpoint closes', async () => {
    const other = await fleet.join()
    const { cluster, ddpServer } = await join()
    await linked([cluster, other])
    const left = new Promise((resolve) => other.on('memberLeft', ({ reason }) => resolve(reason)))
    await ddpServer.close()
    expect(await left).toBe('closed')
    await cluster.closed
  })

  it('says nothing when the cluster was closed before', async () => {
    const { server } = await fleet.listen()
    const before = Object.getOwnPropertyNames(server)
    const cluster = await joinCluster({ db: fleet.db, name: 'test', server })
    await cluster.close()
    expect(Object.getOwnPropertyNames(server)).toEqual(before)
  })
})

describe('an endpoint that closes while joinCluster() runs', () => {
  const ways = ['server.close()', 'ddpServer.close()', 'server.close() of an endpoint of the cluster\'s own'] as const
  /** When it closes, by the command of MongoDB that is under way then. */
  const moments = ['listen', 'find', 'listCollections', 'findAndModify', 'aggregate'] as const

  it.each(ways.flatMap((way) => moments.map((moment) => ({ way, moment }))))('has it reject with closed, and leaves nothing behind ($way, at $moment)', async ({ way, moment }) => {
    const server = createServer()
    if (moment !== 'listen') await once(server.listen(0, '127.0.0.1'), 'listening')
    closing.push(() => server.close())
    const before = { events: server.eventNames(), properties: Object.getOwnPropertyNames(server) }
    const ddpServer = way.endsWith('own') ? undefined : createDDPServer({ server })
    const close = async (): Promise<void> => {
      if (way === 'ddpServer.close()') await ddpServer?.close()
      else await new Promise((resolve) => server.close(resolve))
    }
    const commandBegun = new Promise<void>((resolve) => {
      if (moment === 'listen') resolve()
      else fleet.client.on('commandStarted', ({ commandName }) => commandName === moment && resolve())
    })
    const clock = new ManualClock()
    const joining = joinCluster({ db: fleet.db, name: 'test', clock, ...(ddpServer ? { ddpServer } : { server }) }).catch((error: unknown) => error)
    await commandBegun
    await Promise.all([close(), joining.then((outcome) => expect(outcome).toMatchObject({ code: 'closed' }))])
    expect(await fleet.db.collection('instances').countDocuments()).toBe(0)
    await ddpServer?.close()
    expect({ events: server.eventNames(), properties: Object.getOwnPropertyNames(server) }).toEqual(before)
    expect(clock.pending).toBe(0)
  })
})
