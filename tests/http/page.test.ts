import { pagePaths } from '@ddp-cluster/instances-page'
import { afterEach, describe, expect, it } from 'vitest'
import type { ClusterState, InstancesApiOptions } from '@ddp-cluster/instances-api'
import { type Mounted, mounts } from './mounts.js'

/** The page says nothing of a cluster, and asks nothing of it. */
const nothing = (): void => undefined
const cluster = {
  id: 'self', db: { collection: nothing }, ddpServer: { method: nothing, publish: nothing }, members: () => [], method: () => nothing, on: () => nothing, closed: new Promise(nothing),
} as unknown as ClusterState

/** All that is sent to somebody who opens the page, compressed. */
const largestPageBytes = 100_000

let started: Mounted | undefined
afterEach(async () => {
  await started?.close()
  started = undefined
})

describe.each(mounts)('the page on $name', (mount) => {
  const { ownsAll } = mount
  async function ask(path: string, init: RequestInit = {}, options: Partial<InstancesApiOptions> = {}): Promise<Response & { read: Buffer }> {
    started ??= await mount.start({ cluster, ...options })
    const response = await fetch(started.url + path, { redirect: 'manual', ...init })
    return Object.assign(response, { read: Buffer.from(await response.arrayBuffer()) })
  }

  it.each([
    ['/cluster', 'text/html; charset=utf-8', '<!doctype html>'],
    ['/cluster/page.js', 'text/javascript; charset=utf-8', ''],
    ['/cluster/page.css', 'text/css; charset=utf-8', ''],
    ['/cluster/icon.svg', 'image/svg+xml', '<svg'],
  ])('serves %s, under a policy that lets it do nothing but talk to its own server', async (path, type, beginning) => {
    const response = await ask(`${path}?anything`)
    expect([response.status, response.headers.get('content-type')]).toEqual([200, type])
    expect(response.read.toString().startsWith(beginning)).toBe(true)
    expect(response.headers.get('content-security-policy')).toBe(
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
    )
    expect(response.headers.get('x-content-type-options')).toBe('nosniff')
    expect(response.headers.get('referrer-policy')).toBe('no-referrer')
    expect(response.headers.get('cache-control')).toBe('no-cache')
  })

  it('says that a browser has it already', async () => {
    const etag = (await ask('/cluster')).headers.get('etag') ?? ''
    expect(etag).toMatch(/^W\/"[\w-]{22}"$/)
    for (const known of [etag, `"other", ${etag}`, etag.slice(2), '*']) {
      const again = await ask('/cluster', { headers: { 'if-none-match': known } })
      expect([again.status, again.read.length, again.headers.get('etag')]).toEqual([304, 0, etag])
    }
    expect((await ask('/cluster', { headers: { 'if-none-match': '"other"' } })).status).toBe(200)
  })

  it('compresses for who takes that', async () => {
    const plain = await ask('/cluster/page.js', { headers: { 'accept-encoding': 'gzip;q=0, identity' } })
    expect([plain.headers.get('content-encoding'), plain.headers.get('content-length')]).toEqual([null, String(plain.read.length)])
    const zipped = await ask('/cluster/page.js', { headers: { 'accept-encoding': 'br;q=1.0, gzip;q=0.8' } })
    expect([zipped.headers.get('content-encoding'), zipped.headers.get('vary')]).toEqual(['gzip', 'accept-encoding'])
    expect(Number(zipped.headers.get('content-length'))).toBeLessThan(plain.read.length / 2)
    expect(zipped.read.equals(plain.read)).toBe(true)
  })

  it('HEAD: as GET, without a body; OPTIONS and other methods as everywhere', async () => {
    const head = await ask('/cluster', { method: 'HEAD' })
    expect([head.status, head.read.length, Number(head.headers.get('content-length')) > 1000]).toEqual([200, 0, true])
    const options = await ask('/cluster', { method: 'OPTIONS' })
    expect([options.status, options.headers.get('allow')]).toEqual([204, 'GET, HEAD, OPTIONS'])
    for (const method of ['POST', 'PUT', 'PATCH', 'DELETE']) {
      const refused = await ask('/cluster', { method })
      expect([refused.status, refused.headers.get('allow')]).toEqual([405, 'GET, HEAD, OPTIONS'])
    }
  })

  it('is not there with page: false', async () => {
    const response = await ask('/cluster', {}, { page: false })
    expect(response.status).toBe(404)
    expect(response.read.toString().includes('API endpoint does not exist')).toBe(ownsAll)
  })

  it(`weighs less than ${largestPageBytes / 1000} kB in all`, async () => {
    const sizes = await Promise.all(pagePaths.map(async (path) => {
      started ??= await mount.start({ cluster })
      const response = await ask(path, { headers: { 'accept-encoding': 'gzip' } })
      expect(response.headers.get('content-encoding')).toBe('gzip')
      return Number(response.headers.get('content-length'))
    }))
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(largestPageBytes)
  })
})
