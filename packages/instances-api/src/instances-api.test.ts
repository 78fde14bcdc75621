import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import type { Db } from 'mongodb'
import type { InstanceRecord } from '@ddp-cluster/instance-status'
import { afterEach, describe, expect, it } from 'vitest'
import { instancesPath } from './paths.js'
import { instancesApi } from './instances-api.js'
import type { ClusterState, InstancesApiOptions } from './options.js'

const record = (id: string): InstanceRecord => ({
  _id: id,
  _createdAt: new Date(1000),
  _updatedAt: new Date(2000),
  extraInformation: { host: 'localhost', port: '3000' },
  name: 'rocket.chat',
  pid: 1,
  cluster: { protocol: 1, expireAfterMs: 60_000, url: 'ws://localhost:3000/websocket' },
})

const connected = { status: 'connected', connected: true, retryCount: 0 } as const
const state: ClusterState = {
  id: 'self',
  db: { collection: () => undefined } as unknown as Db,
  ddpServer: { method: () => undefined, publish: () => undefined } as unknown as ClusterState['ddpServer'],
  statistics: () => ({ heartbeat: { ageMs: 1, durationMs: 1 }, log: { head: 0, entries: 0, bytes: 0 }, events: { emitted: 0, received: 0, replayed: 0, lost: 0 }, bytes: { sent: 0, received: 0 }, authorizationFailures: 0, peers: [] }),
  method: () => () => undefined,
  callAll: () => Promise.resolve([]),
  on: () => () => undefined,
  members: () => [{ id: 'peer', status: 'alive', reason: undefined, since: new Date(0), record: record('peer'), link: { currentStatus: connected, authorized: true, lastError: undefined, roundTripMs: 1 } }],
  records: () => Promise.resolve([record('self'), { ...record('peer'), _updatedAt: new Date(9000) }]),
  lastRecords: () => [record('self')],
  self: { id: 'self', record: record('self'), registry: 'reachable', unreachableBy: [] },
  closed: new Promise(() => undefined),
}

let server: Server | undefined
async function serve(options: Partial<InstancesApiOptions> = {}): Promise<string> {
  const api = instancesApi({ cluster: state, authenticate: ({ userId }) => Promise.resolve(userId), authorize: () => Promise.resolve(true), ...options })
  server = createServer((request, response) => void api(request, response)).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}
afterEach(() => {
  server?.close()
  server?.closeAllConnections()
})

const headers = { 'X-Auth-Token': 'token-of-mine', 'X-User-Id': 'me' }
const away = (): Error => Object.assign(new Error('connect ECONNREFUSED'), { name: 'MongoNetworkError' })
const never = <T>(): Promise<T> => new Promise<T>(() => undefined)

describe('instances.get', () => {
  it('shows the records as just read, and the links as they are', async () => {
    const response = await fetch((await serve()) + instancesPath, { headers })
    const shown = { _createdAt: '1970-01-01T00:00:01.000Z', _updatedAt: '1970-01-01T00:00:02.000Z', extraInformation: { host: 'localhost', port: '3000' }, name: 'rocket.chat', pid: 1 }
    expect(await response.text()).toBe(
      JSON.stringify({
        instances: {
          current: { instanceRecord: [{ _id: 'self', ...shown }] },
          connections: [{ address: 'localhost:3000', currentStatus: connected, instanceRecord: { _id: 'peer', ...shown, _updatedAt: '1970-01-01T00:00:09.000Z' }, broadcastAuth: true }],
        },
        success: true,
      }),
    )
  })

  it('ignores what stands behind the path, and knows no other path', async () => {
    const url = await serve()
    expect((await fetch(`${url}${instancesPath}?x=1`, { headers })).status).toBe(200)
    for (const path of ['/', `${instancesPath}/`, '/api/v1/instances']) expect((await fetch(url + path, { headers })).status).toBe(404)
  })

  it('asks once a second at most what somebody may, and never remembers a refusal', async () => {
    let asked = 0
    let granted = false
    const url = await serve({ authorize: () => Promise.resolve((asked += 1) > 0 && granted) })
    const get = async (): Promise<number> => (await fetch(url + instancesPath, { headers })).status
    expect([await get(), await get(), asked]).toEqual([403, 403, 2])
    granted = true
    expect([await get(), await get(), asked]).toEqual([200, 200, 3])
  })

  it.each([
    ['refuses', () => Promise.reject(away())],
    ['steps down', () => Promise.reject(Object.assign(new Error('not primary'), { name: 'MongoServerError', code: 10_107 }))],
    ['hangs', () => never<string | undefined>()],
  ])('says within a second that MongoDB is away when it %s', async (_, authenticate) => {
    const before = performance.now()
    const response = await fetch((await serve({ authenticate })) + instancesPath, { headers })
    expect([response.status, await response.text()]).toEqual([503, '{"success":false,"error":"Service unavailable"}'])
    expect(performance.now() - before).toBeLessThan(1000)
  })

  it.each([
    ['refuses', () => Promise.reject(away())],
    ['hangs', () => never<InstanceRecord[]>()],
  ])('shows the last view while the records cannot be read because MongoDB %s', async (_, records) => {
    const response = await fetch((await serve({ cluster: { ...state, records } })) + instancesPath, { headers })
    expect(response.status).toBe(200)
    expect(await response.json()).toMatchObject({ instances: { current: { instanceRecord: [{ _id: 'self' }] }, connections: [{ instanceRecord: { _id: 'peer' } }] } })
  })

  it('leaves alone what somebody else has answered', async () => {
    const api = instancesApi({ cluster: state, authenticate: ({ userId }) => Promise.resolve(userId), authorize: () => Promise.resolve(true) })
    server = createServer((request, response) => {
      response.end('mine')
      void api(request, response)
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const response = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}${instancesPath}`, { headers })
    expect(await response.text()).toBe('mine')
  })

  it('says 500 when the answer cannot be written', async () => {
    const odd = { ...record('self'), extraInformation: { host: 'h', port: '1', big: 1n } }
    const response = await fetch((await serve({ cluster: { ...state, records: () => Promise.resolve([odd]) } })) + instancesPath, { headers })
    expect(response.status).toBe(500)
  })

  it('answers all the same when the logger throws', async () => {
    const logger = {
      error: (): never => {
        throw new Error('ENOSPC')
      },
    }
    const url = await serve({ logger, authenticate: () => Promise.reject(new Error('inside')) })
    const response = await fetch(url + instancesPath, { headers })
    expect(response.status).toBe(500)
  })

  it.each([
    ['3.10', { status: 'error', message: 'You must be logged in to do this.' }],
    ['4', { status: 'error', message: 'You must be logged in to do this.' }],
    ['6', { success: false, status: 'error', message: 'You must be logged in to do this.' }],
  ] as const)('refuses a stranger in the words of the Rocket.Chat whose format is %s', async (format, body) => {
    const response = await fetch((await serve({ format })) + instancesPath)
    expect([response.status, await response.json()]).toEqual([401, body])
  })

  it('is unavailable when who asks cannot be looked up as MongoDB is away, and that is no failure to be logged', async () => {
    const logged: unknown[] = []
    const response = await fetch((await serve({ authenticate: () => Promise.reject(away()), logger: { error: (...entry) => logged.push(entry) } })) + instancesPath, { headers })
    expect([response.status, logged]).toEqual([503, []])
  })

  it('shows no record of its own that is lost, and nobody who has none or no link', async () => {
    const [peer] = state.members()
    const members: ClusterState['members'] = () => [{ ...peer, id: 'unseen', record: undefined }, { ...peer, id: 'undialled', record: record('undialled'), link: undefined }].flatMap((member) => ({ status: 'joining', reason: undefined, since: new Date(0), link: undefined, ...member }))
    const response = await fetch((await serve({ cluster: { ...state, members, records: () => Promise.resolve([]) } })) + instancesPath, { headers })
    expect(await response.json()).toEqual({ instances: { current: { instanceRecord: [] }, connections: [] }, success: true })
    const six = await fetch((await serve({ format: '6', cluster: { ...state, members, records: () => Promise.resolve([record('self'), record('stranger')]) } })) + instancesPath, { headers })
    expect(((await six.json()) as { instances: unknown[] }).instances).toHaveLength(2)
  })

  it('logs a failure inside, and leaks nothing of it', async () => {
    const logged: unknown[] = []
    const authenticate = (): Promise<never> => Promise.reject(new Error('a bug'))
    const response = await fetch((await serve({ authenticate, logger: { error: (...entry) => logged.push(entry) } })) + instancesPath, { headers })
    expect([response.status, await response.text()]).toEqual([500, '{"success":false,"error":"Internal server error"}'])
    expect(logged).toEqual([[{ error: 'a bug' }, 'instances.get failed']])
  })
})

describe('ready', () => {
  it('says that the instance has left, once it has', async () => {
    let leave: () => void = () => undefined
    const url = await serve({ cluster: { ...state, closed: new Promise<void>((resolve) => (leave = resolve)) } })
    expect((await fetch(`${url}/ready`)).status).toBe(200)
    leave()
    const response = await fetch(`${url}/ready`)
    expect([response.status, await response.json()]).toEqual([503, { status: 'not ready', registry: 'left', links: { connected: 1, of: 1 } }])
  })

  it('is known by its path also where a whole URL is asked for, and an odd one is none', async () => {
    const { port } = new URL(await serve())
    for (const [target, status] of [['GET http://elsewhere.example/ready?x', 200], ['OPTIONS *', 404]] as const) {
      const socket = connect(Number(port), '127.0.0.1')
      socket.end(`${target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`)
      const chunks: Buffer[] = []
      for await (const chunk of socket) chunks.push(chunk as Buffer)
      expect(Buffer.concat(chunks).toString()).toMatch(new RegExp(`^HTTP/1.1 ${status} `))
    }
  })
})

describe('options', () => {
  it.each<[string, object]>([
    ['authenticate', { authenticate: 5 }], ['authorize', { authorize: {} }], ['logger', { logger: {} }], ['rateLimit', { rateLimit: 5 }], ['page', { page: 'no' }],
    ['format', { format: '5' }], ['origins', { origins: ['admin.example.org'] }], ['origins', { origins: ['https://admin.example.org/path'] }], ['ddpServer', { ddpServer: {} }],
    ['cluster', { cluster: {} }], ['rateLimit.max', { rateLimit: { max: 0 } }], ['rateLimit.windowMs', { rateLimit: { windowMs: 0.5 } }], ['httpForwardedCount', { httpForwardedCount: -1 }],
    ['metrics', { metrics: { token: 'words with spaces in it' } }], ['metrics', { metrics: { token: 'é'.repeat(20) } }], ['metrics', { metrics: { token: 'short' } }],
  ])('that cannot work are refused: %s', (name, options) => {
    const cannot = (): unknown => instancesApi({ cluster: state, ...options })
    expect(cannot).toThrow(expect.objectContaining({ name: 'InstancesApiError', code: 'invalid-option', message: expect.stringMatching(`^${name} `) as string }) as Error)
  })
})
