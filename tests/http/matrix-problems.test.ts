import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { DDPError } from '@ddp-cluster/ddp-common'
import type { Cluster } from '@ddp-cluster/instance-status'
import { instancesApi, matrixPath, type MatrixView } from '@ddp-cluster/instances-api'
import { Fleet, linked, until } from '../cluster/fleet.js'
import { type Mounted, mounts } from './mounts.js'

let fleet: Fleet
let asked: Cluster
let mounted: Mounted | undefined
beforeEach(async () => {
  fleet = await Fleet.open()
  asked = await fleet.join()
  mounted = await mounts[0]?.start({ cluster: asked, rateLimit: false, authenticate: ({ userId }) => Promise.resolve(userId), authorize: () => Promise.resolve(true) })
})
afterEach(async () => {
  await mounted?.close()
  await fleet.close()
})

const gather = async (): Promise<MatrixView> => {
  const response = await fetch(`${mounted?.url}${matrixPath}`, { headers: { 'X-Auth-Token': 't', 'X-User-Id': 'u' } })
  expect(response.status).toBe(200)
  return (await response.json()) as MatrixView
}

it('names who does not answer, who cannot, and whose answer makes no sense', async () => {
  const [silent, none, odd] = await Promise.all([fleet.join(), fleet.join(), fleet.join()])
  silent.method('instances.view', () => new Promise(() => undefined))
  odd.method('instances.view', () => ({ members: 'many' }))
  await linked([asked, silent, none, odd])
  const startedAt = performance.now()
  const { instances } = await gather()
  expect(performance.now() - startedAt).toBeLessThan(2000)
  const problems = new Map(instances.map((row) => [row.id, row.ok ? 'ok' : row.problem]))
  expect(problems).toEqual(new Map([[asked.id, 'ok'], [silent.id, 'timeout'], [none.id, '404'], [odd.id, 'bad-answer']]))
})

it('shows of what an instance answers no more than is documented, and nothing that is not of its type', async () => {
  const other = await fleet.join()
  let answer: () => unknown = () => undefined
  other.method('instances.view', () => answer())
  await linked([asked, other])
  const log = { head: 1, entries: 1, bytes: 1 }
  const self = { registry: 'reachable', unreachableBy: [], heartbeatAgeMs: 1, log, events: { emitted: 1, received: 1, replayed: 1, lost: 1 }, bytes: { sent: 1, received: 1 } }
  const link = { status: 'connected', connected: true, authorized: true, retryCount: 0 }
  const member = { id: 'x', address: 'x:1', status: 'alive', since: new Date(0), link }
  const good = { name: 'test', pid: 1, address: 'x:1', self, members: [member] }
  const rowFor = async (value: unknown): Promise<MatrixView['instances'][number] | undefined> => {
    answer = () => {
      if (value instanceof Error) throw value
      return value
    }
    // Who asks within the same second gets the same answer.
    await until(async () => (await gather()).instances.length === 2, 5000)
    const before = (await gather()).at
    let view = await gather()
    await until(async () => (view = await gather()).at > before, 5000)
    return view.instances.find(({ id }) => id === other.id)
  }
  const shown = { ok: true, ...good, address: `localhost:${other.address.port}`, members: [{ ...member, since: '1970-01-01T00:00:00.000Z' }] }
  expect(await rowFor({ ...good, secret: 'x', self: { ...self, ['__proto__']: { polluted: true } }, members: [{ ...member, link: { ...link, odd: [] } }] })).toMatchObject(shown)
  const row = await rowFor({ ...good, name: 'n'.repeat(300_000), ['__proto__']: { polluted: true }, odd: new Uint8Array(1000), self: { ...self, odd: 1 } })
  expect(row).toEqual({ id: other.id, local: false, ...shown, name: 'n'.repeat(500) })
  expect(await rowFor(new DDPError('e'.repeat(1000), 'r'.repeat(100_000)))).toMatchObject({ ok: false, problem: 'e'.repeat(500) })
  expect(await rowFor({ ...good, members: Array.from({ length: 1001 }, () => member) })).toMatchObject({ ok: false, problem: 'bad-answer' })
}, 20_000)

it('answers within two seconds while a process of the cluster stands still, and names it', async () => {
  const [host] = fleet.client.options.hosts
  const child = fork(fileURLToPath(new URL('neighbour-process.ts', import.meta.url)), {
    execArgv: ['--import', 'tsx', '--conditions=@ddp-cluster/source'],
    env: { ...process.env, MONGO_URL: process.env['MONGO_URL'] || `mongodb://${String(host)}`, DB: fleet.db.databaseName },
  })
  try {
    const [id] = (await once(child, 'message')) as [string]
    await until(() => asked.members().some((member) => member.id === id && member.status === 'alive'), 10_000)
    expect((await gather()).instances.map((row) => row.ok)).toEqual([true, true])
    child.kill('SIGSTOP')
    await until(async () => {
      const startedAt = performance.now()
      const { instances } = await gather()
      expect(performance.now() - startedAt).toBeLessThan(2000)
      const row = instances.find((one) => one.id === id)
      return row?.ok === false && ['timeout', 'suspect'].includes(row.problem)
    }, 10_000)
  } finally {
    child.kill('SIGKILL')
  }
}, 40_000)

it('asks the others once, however many look at one moment', async () => {
  const other = await fleet.join()
  let calls = 0
  other.method('instances.view', () => (calls += 1))
  await linked([asked, other])
  await Promise.all(Array.from({ length: 20 }, gather))
  expect(calls).toBe(1)
})

it('one instance can be served by several APIs', () => {
  expect(() => instancesApi({ cluster: asked })).not.toThrow()
})
