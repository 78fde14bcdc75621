import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { Cluster } from '@ddp-cluster/instance-status'
import { type ClusterState, type InstancesApiOptions, instancesPath } from '@ddp-cluster/instances-api'
import { Fleet, linked } from '../cluster/fleet.js'
import { shapeOf } from '../cluster/shape.js'
import { type Mounted, mounts } from './mounts.js'
import { addUsers, token, user } from './users.js'

let fleet: Fleet
let clusters: [Cluster, Cluster]
let started: Mounted | undefined
/** Every answer that came, as text with its headers, for the scan at the end. */
const answers: string[] = []
const logged: unknown[] = []

beforeAll(async () => {
  fleet = await Fleet.open()
  clusters = await Promise.all([fleet.join({ name: 'rocket.chat' }), fleet.join({ name: 'rocket.chat' })])
  await linked(clusters)
  await addUsers(fleet.db)
})
afterEach(async () => {
  await started?.close()
  started = undefined
})
afterAll(() => fleet.close())

describe.each(mounts)('$name', (mount) => {
  const { ownsAll } = mount
  async function ask(path: string, init: RequestInit = {}, options: Partial<InstancesApiOptions> = {}): Promise<Response & { read: string }> {
    started ??= await mount.start({ cluster: clusters[0], logger: { error: (...entry) => logged.push(entry) }, ...options })
    const response = await fetch(started.url + path, init)
    const read = await response.text()
    answers.push([response.status, ...response.headers].join('\n') + read)
    return Object.assign(response, { read })
  }
  const get = (headers: Record<string, string> = user, options: Partial<InstancesApiOptions> = {}) => ask(instancesPath, { headers }, options)

  it('200: the documented shape, as JSON that nobody keeps', async () => {
    const response = await get()
    expect(response.status).toBe(200)
    expect(response.headers.get('content-type')).toBe('application/json')
    expect(response.headers.get('cache-control')).toBe('no-store')
    const fixture: unknown = JSON.parse(readFileSync(new URL('../cluster/fixtures/instances.get.two-instances.json', import.meta.url), 'utf8'))
    const body = JSON.parse(response.read) as { instances: { connections: unknown[] } }
    expect(body.instances.connections).toHaveLength(1)
    const { instances: { connections, ...rest } } = fixture as { instances: { connections: unknown[] } }
    expect(shapeOf(body)).toEqual(shapeOf({ instances: { ...rest, connections: [connections[0]] }, success: true }))
  })

  it("format '4': each record with its connection, none for itself", async () => {
    const { read } = await get(user, { format: '4' })
    const { instances, success } = JSON.parse(read) as { instances: { _id: string; connection?: unknown }[]; success: boolean }
    expect(success).toBe(true)
    expect(instances.map(({ _id }) => _id).sort()).toEqual(clusters.map(({ id }) => id).sort())
    const own = instances.find(({ _id }) => _id === clusters[0].id)
    const other = instances.find(({ _id }) => _id === clusters[1].id)
    expect(Object.keys(own ?? {})).toEqual(['_id', '_createdAt', '_updatedAt', 'extraInformation', 'name', 'pid'])
    expect(Object.keys(other ?? {})).toEqual(['_id', '_createdAt', '_updatedAt', 'extraInformation', 'name', 'pid', 'connection'])
    const { host, port } = clusters[1].address
    expect(other?.connection).toEqual({ address: `${host}:${port}`, currentStatus: { status: 'connected', connected: true, retryCount: 0 }, broadcastAuth: true })
  })

  it("format '6': each by its address, itself as local", async () => {
    const { read } = await get(user, { format: '6' })
    const { instances } = JSON.parse(read) as { instances: { address: string; currentStatus: { connected: boolean; lastHeartbeatTime: number; local: boolean }; instanceRecord: { _id: string; _updatedAt: string }; broadcastAuth: boolean }[] }
    expect(instances).toHaveLength(2)
    for (const { address, currentStatus, instanceRecord, broadcastAuth } of instances) {
      const cluster = clusters.find(({ id }) => id === instanceRecord._id)
      expect(address).toBe(`${cluster?.address.host}:${cluster?.address.port}`)
      expect(currentStatus).toEqual({ connected: true, lastHeartbeatTime: Date.parse(instanceRecord._updatedAt), local: cluster === clusters[0] })
      expect(broadcastAuth).toBe(true)
    }
  })

  it.each<[string, Record<string, string>]>([
    ['no headers', {}],
    ['no user', { 'X-Auth-Token': token }],
    ['no token', { 'X-User-Id': 'admin' }],
    ['a wrong token', { ...user, 'X-Auth-Token': 'wrong' }],
    ['another user', { ...user, 'X-User-Id': 'nobody' }],
    ['the stored hash for a token', { ...user, 'X-Auth-Token': createHash('sha256').update(token).digest('base64') }],
    ['an endless token', { ...user, 'X-Auth-Token': 'x'.repeat(4000) }],
    ['an operator for a user', { 'X-Auth-Token': token, 'X-User-Id': '{"$gt":""}' }],
  ])('401: %s', async (_, headers) => {
    const response = await get(headers)
    expect([response.status, response.read]).toEqual([401, '{"status":"error","message":"You must be logged in to do this."}'])
  })

  it('403: without view-statistics', async () => {
    const response = await get({ ...user, 'X-User-Id': 'guest' })
    expect([response.status, response.read]).toEqual([403, '{"success":false,"error":"unauthorized"}'])
  })

  it.each(['POST', 'PUT', 'PATCH', 'DELETE'])('405: %s', async (method) => {
    const response = await ask(instancesPath, { method, headers: user, ...(method !== 'DELETE' && { body: '{}' }), ...(method !== 'DELETE' && { headers: { ...user, 'content-type': 'application/json' } }) })
    expect([response.status, response.headers.get('allow'), response.read]).toEqual([405, 'GET, HEAD, OPTIONS', '{"status":"error","message":"API endpoint does not exist"}'])
  })

  it.each<[string, RequestInit]>([
    ['another type of content', { method: 'POST', body: '<a/>', headers: { 'content-type': 'application/xml' } }],
    ['broken JSON', { method: 'POST', body: '{', headers: { 'content-type': 'application/json' } }],
    ['a large body', { method: 'PUT', body: 'x'.repeat(3_000_000), headers: { 'content-type': 'application/json' } }],
  ])('405: %s is not read', async (_, init) => {
    const response = await ask(instancesPath, init)
    expect([response.status, response.headers.get('allow'), response.read]).toEqual([405, 'GET, HEAD, OPTIONS', '{"status":"error","message":"API endpoint does not exist"}'])
  })

  it('HEAD: as GET, without a body', async () => {
    const response = await ask(instancesPath, { method: 'HEAD', headers: user })
    expect([response.status, response.read]).toEqual([200, ''])
    expect(Number(response.headers.get('content-length'))).toBeGreaterThan(100)
  })

  it('OPTIONS: what is allowed', async () => {
    const response = await ask(instancesPath, { method: 'OPTIONS' })
    expect([response.status, response.headers.get('allow'), response.read]).toEqual([204, 'GET, HEAD, OPTIONS', ''])
    expect(response.headers.get('access-control-allow-origin')).toBeNull()
  })

  it('429: after so many requests of one address, with what is left in the headers', async () => {
    const limits: (string | null)[][] = []
    for (let request = 0; request < 3; request += 1) {
      const response = await get(user, { rateLimit: { max: 2, windowMs: 60_000 } })
      limits.push([String(response.status), response.headers.get('x-ratelimit-limit'), response.headers.get('x-ratelimit-remaining')])
      const reset = Number(response.headers.get('x-ratelimit-reset')) - Date.now()
      expect(reset > 50_000 && reset <= 60_000).toBe(true)
      if (response.status === 429) expect(response.read).toMatch(/^\{"success":false,"error":"Error, too many requests\. Please slow down\. You must wait (5\d|60) seconds before trying this endpoint again\. \[error-too-many-requests\]"\}$/)
    }
    expect(limits).toEqual([['200', '2', '1'], ['200', '2', '0'], ['429', '2', '0']])
  })

  it('a limit of 120 a minute by default, counted before anybody is asked who it is', async () => {
    const response = await get({})
    expect([response.status, response.headers.get('x-ratelimit-limit'), response.headers.get('x-ratelimit-remaining')]).toEqual([401, '120', '119'])
  })

  it('no limit where none is wanted', async () => {
    expect((await get(user, { rateLimit: false })).headers.get('x-ratelimit-limit')).toBeNull()
  })

  it('a proxy that is ours says who asks; a client that only claims it is not believed', async () => {
    const options = { rateLimit: { max: 1 }, httpForwardedCount: 1 }
    const from = async (address: string): Promise<number> => (await get({ ...user, 'X-Forwarded-For': `1.2.3.4, ${address}` }, options)).status
    expect([await from('10.0.0.1'), await from('10.0.0.2'), await from('10.0.0.1')]).toEqual([200, 200, 429])
    await started?.close()
    started = undefined
    const claimed = async (address: string): Promise<number> => (await get({ ...user, 'X-Forwarded-For': address }, { rateLimit: { max: 1 } })).status
    expect([await claimed('10.0.0.1'), await claimed('10.0.0.2')]).toEqual([200, 429])
  })

  it('pages of a listed origin may read, those of another may not', async () => {
    const options = { origins: ['https://admin.example.org'] }
    const mine = await get({ ...user, Origin: 'https://admin.example.org' }, options)
    expect([mine.status, mine.headers.get('access-control-allow-origin'), mine.headers.get('vary')]).toEqual([200, 'https://admin.example.org', 'origin'])
    const theirs = await get({ ...user, Origin: 'https://evil.example.org' }, options)
    expect(theirs.headers.get('access-control-allow-origin')).toBeNull()
    const preflight = await ask(instancesPath, { method: 'OPTIONS', headers: { Origin: 'https://admin.example.org', 'Access-Control-Request-Method': 'GET' } }, options)
    expect([preflight.status, preflight.headers.get('access-control-allow-headers')]).toEqual([204, 'X-Auth-Token, X-User-Id'])
  })

  it('404: another path, in JSON where all paths are ours, else left to the application', async () => {
    const response = await ask(ownsAll ? '/api/v1/nothing' : '/other')
    if (ownsAll) expect([response.status, response.read]).toEqual([404, '{"status":"error","message":"API endpoint does not exist"}'])
    else expect([response.status, response.read]).toEqual([200, 'the application'])
  })

  it('authenticate and authorize of the application decide instead', async () => {
    const options: Partial<InstancesApiOptions> = { authenticate: ({ authToken }) => Promise.resolve(authToken === 'mine' ? 'me' : undefined), authorize: (id) => Promise.resolve(id === 'me') }
    expect((await get({ 'X-Auth-Token': 'mine', 'X-User-Id': 'x' }, options)).status).toBe(200)
    expect((await get(user, options)).status).toBe(401)
  })

  it('500: a failure inside, of which nothing is said', async () => {
    const response = await get(user, { authenticate: () => Promise.reject(new TypeError('x is not a function')) })
    expect([response.status, response.read]).toEqual([500, '{"success":false,"error":"Internal server error"}'])
  })

  it('503: MongoDB is away', async () => {
    const away = Object.assign(new Error('connect ECONNREFUSED'), { name: 'MongoNetworkError' })
    const response = await get(user, { authenticate: () => Promise.reject(away) })
    expect([response.status, response.read]).toEqual([503, '{"success":false,"error":"Service unavailable"}'])
  })

  it('/health and /ready, for probes', async () => {
    const health = await ask('/health')
    expect([health.status, health.read]).toEqual([200, '{"status":"ok"}'])
    const ready = await ask('/ready')
    expect([ready.status, ready.read]).toEqual([200, '{"status":"ready","registry":"reachable","links":{"connected":1,"of":1}}'])
    await started?.close()
    started = undefined
    const lost = { ...stateOf(clusters[0]), self: { ...clusters[0].self, registry: 'lost' as const } }
    const unready = await ask('/ready', {}, { cluster: lost })
    expect([unready.status, unready.read]).toEqual([503, '{"status":"not ready","registry":"lost","links":{"connected":1,"of":1}}'])
  })
})

const stateOf = (cluster: Cluster): ClusterState => ({
  id: cluster.id,
  db: cluster.db,
  ddpServer: cluster.ddpServer,
  statistics: () => cluster.statistics(),
  method: (name, handler) => cluster.method(name, handler),
  callAll: (method, params, options) => cluster.callAll(method, params, options),
  on: (event, listener) => cluster.on(event, listener),
  self: cluster.self,
  members: () => cluster.members(),
  records: (options) => cluster.records(options),
  lastRecords: () => cluster.lastRecords(),
  closed: cluster.closed,
})

it('in all these answers, and in what was logged, stands no token and no secret', async () => {
  const secret = String((await fleet.db.collection('instances_settings').findOne())?.['secret'])
  expect(secret.length).toBeGreaterThan(30)
  expect(answers.length).toBeGreaterThan(100)
  const all = answers.join('\n') + JSON.stringify(logged)
  for (const hidden of [token, secret, createHash('sha256').update(token).digest('base64'), 'ECONNREFUSED']) expect(all).not.toContain(hidden)
})
