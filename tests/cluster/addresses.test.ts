import { once } from 'node:events'
import { createServer } from 'node:http'
import http2 from 'node:http2'
import type { AddressInfo } from 'node:net'
import { type ClusterError, joinCluster, type JoinOptions } from '@ddp-cluster/instance-status'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { tlsOptions } from '../conformance/sharing/site.js'
import { Fleet, linked } from './fleet.js'

let fleet: Fleet
const closing: (() => unknown)[] = []
beforeEach(async () => {
  fleet = await Fleet.open()
})
afterEach(async () => {
  await fleet.close()
  for (const close of closing.splice(0)) close()
})

describe('instances reach each other', () => {
  it('over TLS at http2.createSecureServer({ allowHTTP1: true })', async () => {
    const clusters = await Promise.all([0, 1].map(async () => {
      const server = http2.createSecureServer({ ...tlsOptions, allowHTTP1: true }).listen(0, '127.0.0.1')
      closing.push(() => server.close())
      await once(server, 'listening')
      return fleet.track(await joinCluster({ db: fleet.db, name: 'test', server, tls: { ca: tlsOptions.cert }, address: { host: 'localhost', port: (server.address() as AddressInfo).port } }))
    }))
    expect(clusters[0]?.address.url).toMatch(/^wss:/)
    await linked(clusters)
  })

  it('at a server that is bound to ::1 alone', async () => {
    const clusters = await Promise.all([0, 1].map(async () => {
      const server = createServer().listen(0, '::1')
      closing.push(() => server.close())
      await once(server, 'listening')
      return fleet.track(await joinCluster({ db: fleet.db, name: 'test', server }))
    }))
    expect(clusters[0]?.address.host).toBe('[::1]')
    await linked(clusters)
  })
})

describe('joinCluster() refuses', () => {
  it.each<[string, () => Partial<JoinOptions>, RegExp]>([
    ['http2.createServer()', () => ({ server: http2.createServer() as never }), /http2\.createServer\(\), which takes no HTTP\/1\.1/],
    ['an HTTP/2 server without HTTP/1.1', () => ({ server: http2.createSecureServer(tlsOptions) }), /allowHTTP1: true/],
    ['a name with half a character', () => ({ name: 'chat\ud800', listen: {} }), /name must not contain a lone surrogate: "chat\\ud800"/],
    ['a path with half a character', () => ({ path: '/chat\ud800', listen: {} }), /path must not contain a lone surrogate/],
  ])('%s, and says why', async (_, options, reason) => {
    const error: unknown = await joinCluster({ db: fleet.db, name: 'test', ...options() }).catch((rejected: unknown) => rejected)
    expect(error).toMatchObject({ code: 'invalid-option' } satisfies Partial<ClusterError>)
    expect((error as Error).message).toMatch(reason)
  })
})
