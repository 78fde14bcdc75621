import { createServer } from 'node:http'
import { connect } from '@ddp-cluster/ddp-client'
import { createDDPServer, resumeLogin } from '@ddp-cluster/ddp-server'
import { type Cluster, joinCluster } from '@ddp-cluster/instance-status'
import { instancesApi } from '@ddp-cluster/instances-api'
import { instancesApi as forFastify } from '@ddp-cluster/instances-api/fastify'
import fastify from 'fastify'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Fleet } from './fleet.js'

/** Any function, as plain JavaScript calls it: with whatever it likes. */
type Loose = (...values: unknown[]) => unknown

let fleet: Fleet
let cluster: Cluster
const server = createServer()
const client = connect({ url: 'ws://localhost:1/websocket' })
const ddpServer = createDDPServer({ server, path: '/known' })

beforeAll(async () => {
  fleet = await Fleet.open()
  cluster = await fleet.join()
})
afterAll(async () => {
  await client.close()
  await ddpServer.close()
  await fleet.close()
})

const withMethod = <T extends object>(owner: T, name: keyof T): Loose => (...values) => (owner[name] as Loose).apply(owner, values)

async function complaint(act: () => unknown): Promise<unknown> {
  try {
    await act()
  } catch (error) {
    return error
  }
  return 'nothing was thrown'
}

describe('a name that there is not is refused, and the nearest right one named', () => {
  it.each<[string, () => unknown, string]>([
    ['joinCluster()', () => (joinCluster as Loose)({ db: fleet.db, name: 'test', server, heartbeatInterval: 1000 }), 'heartbeatIntervalMs'],
    ['joinCluster(), in listen', () => (joinCluster as Loose)({ db: fleet.db, name: 'test', listen: { hots: '::1' } }), 'host'],
    ['joinCluster(), in address', () => (joinCluster as Loose)({ db: fleet.db, name: 'test', server, address: { Port: 80 } }), 'port'],
    ['cluster.on()', () => withMethod(cluster, 'on')('memberjoined', () => undefined), 'memberJoined'],
    ['lease.on()', () => withMethod(cluster.lease('names'), 'on')('aquired', () => undefined), 'acquired'],
    ['cluster.flush()', () => withMethod(cluster, 'flush')({ timeout: 5 }), 'timeoutMs'],
    ['cluster.records()', () => withMethod(cluster, 'records')({ maxAge: 5 }), 'maxAgeMs'],
    ['stream.ready()', () => withMethod(cluster.stream('room'), 'ready')({ timeout: 5 }), 'timeoutMs'],
    ['cluster.publishStream()', () => withMethod(cluster, 'publishStream')('room', { allowread: 'all' }), 'allowRead'],
    ['cluster.call()', () => withMethod(cluster, 'call')(cluster.id, 'x', [], { timeout: 5 }), 'timeoutMs'],
    ['cluster.lease()', () => withMethod(cluster, 'lease')('reports', { ttl: 5 }), 'ttlMs'],
    ['createDDPServer()', () => (createDDPServer as Loose)({ server, allowedOrigin: [] }), 'allowedOrigins'],
    ['ddpServer.limitRate()', () => withMethod(ddpServer, 'limitRate')({ names: 'login', count: 1, intervalMs: 1 }), 'name'],
    ['resumeLogin()', () => (resumeLogin as Loose)({}, { lifetime: 5 }), 'lifetimeMs'],
    ['connect()', () => (connect as Loose)({ url: 'ws://localhost:1', heartbeatTimeout: 5 }), 'heartbeatTimeoutMs'],
    ['client.on()', () => withMethod(client, 'on')('statuschange', () => undefined), 'statusChanged'],
    ['client.apply()', () => withMethod(client, 'apply')('x', [], { noretry: true }), 'noRetry'],
    ['collection.on()', () => withMethod(client.collection('rooms'), 'once')('add', () => undefined), 'added'],
    ['instancesApi()', () => (instancesApi as Loose)({ cluster, autenticate: () => undefined }), 'authenticate'],
    ['instancesApi(), in rateLimit', () => (instancesApi as Loose)({ cluster, rateLimit: { maxi: 5 } }), 'max'],
    ['instancesApi(), in metrics', () => (instancesApi as Loose)({ cluster, metrics: { tokens: 'x'.repeat(20) } }), 'token'],
  ])('%s', async (_, act, meant) => {
    const error = await complaint(act)
    expect(error).toBeInstanceOf(Error)
    expect((error as Error).message).toMatch(new RegExp(`^".+" is no .+: did you mean "${meant}"\\?$`))
    if (!(error instanceof TypeError)) expect(error).toMatchObject({ code: expect.stringMatching(/^invalid-(option|call)$/) as string })
  })
})

it('an option that is undefined counts as not given', () => {
  expect(() => (instancesApi as Loose)({ cluster, ddpServer: false, autenticate: undefined })).not.toThrow()
})

it('the options of Fastify\'s register() are none of the API\'s', async () => {
  const app = fastify()
  await app.register(forFastify, { cluster, ddpServer: false, prefix: '/under', logLevel: 'silent' })
  expect((await app.inject({ url: '/under/health' })).statusCode).toBeLessThan(500)
  await app.close()
})

describe('a value that is no function where one belongs is refused', () => {
  it.each<[string, () => unknown]>([
    ['cluster.on()', () => withMethod(cluster, 'on')('memberJoined', undefined)],
    ['lease.on()', () => withMethod(cluster.lease('functions'), 'on')('lost', 5)],
    ['stream.on()', () => withMethod(cluster.stream('room'), 'on')('event', null)],
    ['stream.on(), as the name', () => withMethod(cluster.stream('room'), 'on')(undefined, () => undefined)],
    ['ddpServer.method()', () => withMethod(ddpServer, 'method')('m', 5)],
    ['ddpServer.publish()', () => withMethod(ddpServer, 'publish')('p', null)],
    ['ddpServer.onConnection()', () => withMethod(ddpServer, 'onConnection')(undefined)],
  ])('%s', async (_, act) => {
    expect(await complaint(act)).toMatchObject({ code: 'invalid-option' })
  })
})
