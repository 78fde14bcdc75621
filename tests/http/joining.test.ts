import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { type Cluster, ClusterError } from '@ddp-cluster/instance-status'
import { instancesApi, instancesPath, matrixPath, metricsPath } from '@ddp-cluster/instances-api'
import { Fleet, until } from '../cluster/fleet.js'
import { type Mounted, mounts } from './mounts.js'
import { addUsers, user } from './users.js'

let fleet: Fleet
let cluster: Cluster
let started: Mounted | undefined

beforeAll(async () => {
  fleet = await Fleet.open()
  cluster = await fleet.join({ name: 'rocket.chat' })
  await addUsers(fleet.db)
})
afterEach(async () => {
  await started?.close()
  started = undefined
})
afterAll(() => fleet.close())

interface Deferred {
  readonly promise: Promise<Cluster>
  resolve(cluster: Cluster): void
  reject(error: unknown): void
}

function deferred(): Deferred {
  let resolve: Deferred['resolve'] = () => undefined
  let reject: Deferred['reject'] = () => undefined
  const promise = new Promise<Cluster>((yes, no) => {
    resolve = yes
    reject = no
  })
  return { promise, resolve, reject }
}

const links = { connected: 0, of: 0 }

describe.each(mounts)('$name, mounted with the promise of joinCluster()', (mount) => {
  const get = (path: string): Promise<Response> => fetch((started?.url ?? '') + path, { headers: user })
  const ready = async (): Promise<unknown> => (await get('/ready')).json()

  it('answers 503 until it resolves, says why at /ready, and serves the cluster from then on', async () => {
    const joining = deferred()
    started = await mount.start({ cluster: joining.promise, metrics: true })
    for (const path of [instancesPath, matrixPath, metricsPath]) {
      const response = await get(path)
      expect([path, response.status, response.headers.get('retry-after'), await response.json()]).toEqual([path, 503, '1', { success: false, error: 'Service unavailable' }])
    }
    expect((await get('/ready')).status).toBe(503)
    expect(await ready()).toEqual({ status: 'not ready', registry: 'not joined', reason: 'the cluster is being joined', links })
    expect((await get('/health')).status).toBe(200)
    expect((await get('/cluster')).status).toBe(200)
    joining.resolve(cluster)
    await until(async () => (await get('/ready')).status === 200, 5000)
    expect((await get(instancesPath)).status).toBe(200)
    expect((await get(metricsPath)).status).toBe(200)
  })

  it('stays at 503 when it rejects, and tells strangers the code alone', async () => {
    const joining = deferred()
    const logged: unknown[] = []
    started = await mount.start({ cluster: joining.promise, logger: { error: (fields, message) => logged.push([fields, message]) } })
    joining.reject(new ClusterError('registry-unreachable', 'no answer of mongo-7.internal'))
    await until(async () => JSON.stringify(await ready()).includes('could not'), 5000)
    expect(await ready()).toEqual({ status: 'not ready', registry: 'not joined', reason: 'the cluster could not be joined: registry-unreachable', links })
    expect((await get(instancesPath)).status).toBe(503)
    expect(logged).toEqual([[{ error: 'no answer of mongo-7.internal' }, 'the cluster could not be joined']])
  })
})

it('an API looks at its options at once, also while the cluster is being joined', () => {
  const cluster = new Promise<Cluster>(() => undefined)
  expect(() => instancesApi({ cluster, format: '5' as never })).toThrow(expect.objectContaining({ code: 'invalid-option' }))
  expect(() => instancesApi({ cluster: {} as never })).toThrow(expect.objectContaining({ code: 'invalid-option' }))
})

it('an API whose promise resolves with something else, or rejects without a code, says so', async () => {
  const nothing: unknown = null
  for (const join of [async () => ({}) as Cluster, () => Promise.reject<Cluster>(new Error('no code')), async () => nothing as Cluster]) {
    const mounted = await mounts[0]?.start({ cluster: join() })
    await until(async () => (await (await fetch(`${mounted?.url}/ready`)).text()).includes('the cluster could not be joined'), 5000)
    await mounted?.close()
  }
})
