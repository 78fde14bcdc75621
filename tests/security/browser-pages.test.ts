import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openConnection } from '@ddp-cluster/ddp-client/internal'
import type { Cluster } from '@ddp-cluster/instance-status'
import { instancesApi, instancesPath, matrixPath } from '@ddp-cluster/instances-api'
import { Fleet } from '../cluster/fleet.js'
import { addUsers, token, user } from '../http/users.js'

/** What a page of another origin can have the browser of a logged-in operator do. */

const evil = 'https://evil.example'
const admin = 'https://admin.example.org'

let fleet: Fleet
let cluster: Cluster
let url: string
let closed: string
beforeAll(async () => {
  fleet = await Fleet.open()
  await addUsers(fleet.db)
  const { server, port } = await fleet.listen()
  cluster = await fleet.join({ server, address: { host: 'localhost', port } })
  const api = instancesApi({ cluster, origins: [admin] })
  server.on('request', (request, response) => void api(request, response))
  url = `http://127.0.0.1:${port}`
  const other = await fleet.listen()
  const closedApi = instancesApi({ cluster, ddpServer: false })
  other.server.on('request', (request, response) => void closedApi(request, response))
  closed = `http://127.0.0.1:${other.port}`
})
afterAll(() => fleet.close())

const cookies = `meteor_login_token=${token}; rc_token=${token}; rc_uid=admin; X-Auth-Token=${token}; X-User-Id=admin`

describe('over HTTP', () => {
  it.each([instancesPath, matrixPath])('%s takes no credentials that a browser adds by itself, nor such as stand in a link or a form', async (path) => {
    const inLink = `?X-Auth-Token=${token}&X-User-Id=admin&authToken=${token}&userId=admin`
    expect((await fetch(url + path, { headers: { cookie: cookies, origin: evil } })).status).toBe(401)
    expect((await fetch(url + path + inLink, { headers: { cookie: cookies } })).status).toBe(401)
    const basic = Buffer.from(`admin:${token}`).toString('base64')
    expect((await fetch(url + path, { headers: { authorization: `Basic ${basic}` } })).status).toBe(401)
    for (const type of ['application/x-www-form-urlencoded', 'text/plain', 'multipart/form-data; boundary=x']) {
      const form = { method: 'POST', headers: { 'content-type': type, cookie: cookies, origin: evil, 'x-http-method-override': 'GET' }, body: inLink.slice(1) }
      expect((await fetch(url + path, form)).status).toBe(405)
    }
  })

  it('the answer, and a preflight, names no origin that was not allowed, and never allows cookies', async () => {
    for (const base of [url, closed]) {
      for (const origin of [evil, 'null', `${admin}.evil.example`, 'http://admin.example.org', `${admin}:8443`, base === closed ? admin : evil]) {
        for (const method of ['GET', 'OPTIONS', 'POST']) {
          const response = await fetch(base + instancesPath, { method, headers: { ...user, origin, 'access-control-request-method': 'GET', 'access-control-request-headers': 'x-auth-token' } })
          expect([...response.headers.keys()].filter((name) => name.startsWith('access-control-'))).toEqual([])
        }
      }
    }
    const allowed = await fetch(url + instancesPath, { headers: { ...user, origin: admin } })
    expect(allowed.headers.get('access-control-allow-origin')).toBe(admin)
    expect(allowed.headers.get('access-control-allow-credentials')).toBeNull()
    expect(allowed.headers.get('vary')).toBe('origin')
  })

  it('the page cannot be put into a frame of another, nor does it take scripts from elsewhere', async () => {
    const { headers } = await fetch(`${url}/cluster`)
    expect(headers.get('content-security-policy')).toMatch(/default-src 'none'.*frame-ancestors 'none'/)
    expect(headers.get('x-content-type-options')).toBe('nosniff')
  })
})

describe('over a WebSocket', () => {
  it('who comes with the operator\'s cookies is nobody, and no peer', async () => {
    const connection = openConnection({ url: cluster.address.url, headers: { origin: evil, cookie: cookies } })
    const refusal = (work: Promise<unknown>): Promise<unknown> => work.then(() => 'taken', (error: unknown) => (error as { error?: unknown }).error)
    expect(await refusal(connection.call('instances/get', []))).toBe(401)
    expect(await refusal(connection.subscribe('instances', []).ready)).toBe(401)
    expect(await refusal(connection.call('cluster.challenge', [{}]))).toBe('unauthorized')
    for (const method of ['cluster.prove', 'cluster.call', 'cluster.goodbye', 'cluster.flush', 'cluster.interest']) expect(await refusal(connection.call(method, []))).toBe('unauthorized')
    expect(await refusal(connection.subscribe('cluster.broadcast', [{}]).ready)).toBe('unauthorized')
    connection.close()
  })
})
