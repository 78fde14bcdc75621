import { createHash } from 'node:crypto'
import { inspect } from 'node:util'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { connect } from '@ddp-cluster/ddp-client'
import type { Cluster } from '@ddp-cluster/instance-status'
import { type InstancesApiOptions, instancesPath, matrixPath, metricsPath } from '@ddp-cluster/instances-api'
import { Fleet, linked } from '../cluster/fleet.js'
import { RawPeer } from '../cluster/raw-peer.js'
import { mounts } from './mounts.js'
import { addUsers, credentials, hashedToken, token, user } from './users.js'

const secret = 'the-secret-of-the-cluster-that-nobody-may-see'
const scrapeToken = 'the-token-that-only-prometheus-has'
const hidden = [token, hashedToken, secret, scrapeToken, createHash('sha256').update(scrapeToken).digest('base64'), createHash('sha256').update(token).digest('hex')]

let fleet: Fleet
let clusters: Cluster[]
/** All that came out: answers with their headers, DDP messages, log lines and errors. */
const told: string[] = []
const note = (...what: unknown[]): void => void told.push(inspect(what, { depth: 20, maxStringLength: null, maxArrayLength: null }))
const logger = { debug: note, info: note, warn: note, error: note }

beforeAll(async () => {
  fleet = await Fleet.open()
  await addUsers(fleet.db)
  clusters = await Promise.all([fleet.join({ secret, logger }), fleet.join({ secret, logger })])
  await linked(clusters)
})
afterAll(() => fleet.close())

const away = (): Promise<never> => Promise.reject(Object.assign(new Error('connect ECONNREFUSED'), { name: 'MongoNetworkError' }))
/** Failures that tell what they should not, as those of an application may, are not ours to mend: these do not. */
const broken = (): Promise<never> => Promise.reject(new TypeError('x is not a function'))
const ways: [string, Partial<InstancesApiOptions>][] = [['as it is', {}], ['MongoDB is away', { authenticate: away }], ['something is broken', { authenticate: broken }], ['asked too often', { rateLimit: { max: 1 } }]]

it.each(mounts.flatMap((mount) => ways.map(([way, options]) => [mount.name, way, mount, options] as const)))('%s, %s: no answer holds a token or a secret', async (_, __, mount, options) => {
  const before = told.length
  const mounted = await mount.start({ cluster: clusters[0] as Cluster, logger, metrics: { token: scrapeToken }, ...options })
  try {
    const shown = [{}, user, { ...user, 'X-User-Id': 'guest' }, { ...user, 'X-Auth-Token': hashedToken }, { ...user, authorization: `Bearer ${scrapeToken}` }, { authorization: `Bearer ${token}` }, { 'X-Auth-Token': secret, 'X-User-Id': 'admin' }]
    for (const path of [instancesPath, matrixPath, metricsPath, '/health', '/ready', '/cluster', '/cluster/page.js', `/nothing?${token}`]) {
      for (const headers of shown) {
        for (const method of ['GET', 'HEAD', 'OPTIONS', 'POST']) {
          const response = await fetch(mounted.url + path, { method, headers: { ...headers, origin: 'https://admin.example.org' } })
          told.push([response.status, ...response.headers].join('\n') + (path.startsWith('/nothing') ? '' : await response.text()))
        }
      }
    }
  } finally {
    await mounted.close()
  }
  expect(told.length - before).toBeGreaterThanOrEqual(8 * 7 * 4)
  for (const text of hidden) expect(told.filter((line) => line.includes(text))).toEqual([])
})

it('what DDP clients and strangers are told holds none either', async () => {
  const [cluster] = clusters as [Cluster]
  const client = connect({ url: cluster.address.url })
  try {
    for (const shown of [credentials, { ...credentials, userId: 'guest' }, { ...credentials, authToken: hashedToken }, undefined, token]) {
      await client.call('instances/get', shown).then(note, note)
      await client.subscribe('instances', shown).ready.then(note, note)
    }
    for (const name of ['instances', 'instances.timeline']) note([...client.collection(name)])
    expect([...client.collection('instances')].length).toBe(2)
    for (const guess of ['wrong'.repeat(10), token.repeat(2)]) await RawPeer.prove(cluster, { secret: guess }).then(note, note)
    await expect(fleet.join({ secret: 'short' })).rejects.toThrow('secret must be')
    note(cluster.self, cluster.members(), cluster.statistics())
  } finally {
    await client.close()
  }
  expect(told.length).toBeGreaterThan(8 * 7 * 4 * 16)
  for (const text of hidden) expect(told.filter((line) => line.includes(text))).toEqual([])
})
