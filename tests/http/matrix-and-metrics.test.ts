import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { Cluster } from '@ddp-cluster/instance-status'
import { instancesApi, type InstancesApiOptions, matrixPath, type MatrixView, metricsPath } from '@ddp-cluster/instances-api'
import { Fleet, linked, until } from '../cluster/fleet.js'
import { type Mounted, mounts } from './mounts.js'
import { addUsers, user } from './users.js'

let fleet: Fleet
let clusters: [Cluster, Cluster]
let started: Mounted | undefined

beforeAll(async () => {
  fleet = await Fleet.open()
  clusters = await Promise.all([fleet.join({ name: 'rocket.chat' }), fleet.join({ name: 'rocket.chat' })])
  // Both serve the API, so each can ask the other.
  for (const cluster of clusters) instancesApi({ cluster })
  await linked(clusters)
  await addUsers(fleet.db)
})
afterEach(async () => {
  await started?.close()
  started = undefined
})
afterAll(() => fleet.close())

const scrapeToken = 'a-token-for-prometheus-alone'

describe.each(mounts)('$name', (mount) => {
  async function ask(path: string, init: RequestInit = {}, options: Partial<InstancesApiOptions> = {}): Promise<Response & { read: string }> {
    started ??= await mount.start({ cluster: clusters[0], ...options })
    const response = await fetch(started.url + path, init)
    return Object.assign(response, { read: await response.text() })
  }

  describe('instances.matrix', () => {
    it('200: how everyone sees everyone, this instance first', async () => {
      const response = await ask(matrixPath, { headers: user })
      expect([response.status, response.headers.get('content-type'), response.headers.get('cache-control')]).toEqual([200, 'application/json', 'no-store'])
      const view = JSON.parse(response.read) as MatrixView
      expect(Object.keys(view)).toEqual(['success', 'at', 'instances'])
      expect(view.instances.map(({ id, local, ok }) => ({ id, local, ok }))).toEqual([{ id: clusters[0].id, local: true, ok: true }, { id: clusters[1].id, local: false, ok: true }])
      view.instances.forEach((row, index) => {
        if (!row.ok) throw new Error(row.message)
        const other = clusters[1 - index]
        expect(row.self).toMatchObject({ registry: 'reachable', unreachableBy: [], log: { head: 0 }, events: { emitted: 0 }, bytes: { sent: expect.any(Number) as number } })
        expect(row.members).toMatchObject([{ id: other?.id, address: `localhost:${other?.address.port}`, status: 'alive', link: { status: 'connected', connected: true, authorized: true }, log: { unsent: 0, lost: 0 } }])
      })
    })

    it('401, 403, 405, 429, 503, HEAD and OPTIONS as instances.get', async () => {
      const status = async (init: RequestInit): Promise<unknown[]> => {
        const { status: code, read, headers } = await ask(matrixPath, init, { rateLimit: { max: 4 } })
        return [code, read, headers.get('allow')]
      }
      expect(await status({})).toEqual([401, '{"status":"error","message":"You must be logged in to do this."}', null])
      expect(await status({ headers: { ...user, 'X-User-Id': 'guest' } })).toEqual([403, '{"success":false,"error":"unauthorized"}', null])
      expect(await status({ method: 'POST', headers: user })).toEqual([405, '{"status":"error","message":"API endpoint does not exist"}', 'GET, HEAD, OPTIONS'])
      expect(await status({ method: 'OPTIONS' })).toEqual([204, '', 'GET, HEAD, OPTIONS'])
      expect(await status({ method: 'HEAD', headers: user })).toEqual([200, '', null])
      expect((await status({ headers: user }))[0]).toBe(200)
      expect((await status({ headers: user }))[0]).toBe(429)
      await started?.close()
      started = undefined
      const away = Object.assign(new Error('connect ECONNREFUSED'), { name: 'MongoNetworkError' })
      const response = await ask(matrixPath, { headers: user }, { authenticate: () => Promise.reject(away) })
      expect([response.status, response.read]).toEqual([503, '{"success":false,"error":"Service unavailable"}'])
    })
  })

  describe('metrics', () => {
    it('are not there unless they are wanted', async () => {
      expect((await ask(metricsPath)).status).toBe(404)
    })

    it('401 without the token, and 429 for who guesses; no limit with it', async () => {
      const options = { metrics: { token: scrapeToken }, rateLimit: { max: 2 } }
      const get = async (authorization?: string): Promise<Response> => ask(metricsPath, authorization === undefined ? {} : { headers: { authorization } }, options)
      const refused = await get()
      expect([refused.status, refused.headers.get('www-authenticate')]).toEqual([401, 'Bearer'])
      expect((await get('Bearer wrong')).status).toBe(401)
      expect((await get(`Basic ${scrapeToken}`)).status).toBe(429)
      for (let scrape = 0; scrape < 4; scrape += 1) expect((await get(`Bearer ${scrapeToken}`)).status).toBe(200)
    })

    it('tell of members, links, events and the heartbeat in Prometheus text', async () => {
      const options = { metrics: true }
      const response = await ask(metricsPath, {}, options)
      expect([response.status, response.headers.get('content-type'), response.headers.get('cache-control')]).toEqual([200, 'text/plain; version=0.0.4; charset=utf-8', 'no-store'])
      for (const line of ['ddp_cluster_members{status="alive"} 1', 'ddp_cluster_members{status="suspect"} 0', 'ddp_cluster_links{status="connected"} 1', 'ddp_cluster_events_emitted_total 0', 'ddp_cluster_registry_reachable 1', 'ddp_cluster_authorization_failures_total 0']) {
        expect(response.read.split('\n')).toContain(line)
      }
      expect(response.read).toMatch(/^ddp_cluster_heartbeat_age_seconds [\d.e-]+$/m)
      expect(response.read).toMatch(/^ddp_cluster_event_loop_delay_seconds\{quantile="0.99"\} [\d.e-]+$/m)
      await until(async () => /^ddp_cluster_link_round_trip_seconds_count [1-9]/m.test((await ask(metricsPath, {}, options)).read), 5000)
      const head = await ask(metricsPath, { method: 'HEAD' }, options)
      expect([head.status, head.read]).toEqual([200, ''])
      expect((await ask(metricsPath, { method: 'OPTIONS' }, options)).status).toBe(204)
      expect((await ask(metricsPath, { method: 'POST' }, options)).status).toBe(405)
    })
  })
})

it.each([['too short', { token: 'short' }], ['no text', { token: 1 }], ['nothing', {}]])('refuses a token for metrics that is %s', (_, metrics) => {
  const options = { cluster: clusters[0], metrics } as unknown as InstancesApiOptions
  expect(() => instancesApi(options)).toThrow('metrics must be')
})

it('several instances in one process have metrics of their own', async () => {
  clusters[0].stream('numbers').emit('next', 1)
  const read = await Promise.all(clusters.map(async (cluster) => {
    const mounted = await mounts[0]?.start({ cluster, metrics: true })
    const text = await (await fetch(`${mounted?.url}${metricsPath}`)).text()
    await mounted?.close()
    return /^ddp_cluster_events_emitted_total (\d+)$/m.exec(text)?.[1]
  }))
  expect(read).toEqual(['1', '0'])
})

it('/metrics of a cluster that is closed: 503, and nothing is measured', async () => {
  const [once, never] = await Promise.all([fleet.join({ name: 'closing' }), fleet.join({ name: 'closing' })])
  const [first] = mounts
  for (const cluster of [once, never]) {
    const mounted = await first?.start({ cluster, metrics: true })
    try {
      if (cluster === once) expect((await fetch(`${mounted?.url}${metricsPath}`)).status).toBe(200)
      await cluster.close()
      const response = await fetch(`${mounted?.url}${metricsPath}`)
      expect([response.status, await response.text()]).toEqual([503, '{"success":false,"error":"Service unavailable"}'])
    } finally {
      await mounted?.close()
    }
  }
})
