import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createDDPServer } from '@ddp-cluster/ddp-server'
import { connect } from '@ddp-cluster/ddp-client'
import { instancesApi } from '@ddp-cluster/instances-api'
import { InstanceStatus } from '@ddp-cluster/instance-status'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { Fleet, linked, until } from '../cluster/fleet.js'

/** Functions that the application hands in may throw, reject, and throw what is no error: nothing ends the process, and everybody else goes on. */

const unheard: unknown[] = []
const note = (reason: unknown): void => void unheard.push(reason)
let fleet: Fleet
beforeEach(async () => {
  unheard.length = 0
  process.on('unhandledRejection', note)
  process.on('uncaughtException', note)
  fleet = await Fleet.open()
})
afterEach(async () => {
  await fleet.close()
  await new Promise((resolve) => setImmediate(resolve))
  process.off('unhandledRejection', note)
  process.off('uncaughtException', note)
  expect(unheard).toEqual([])
})

const key = ['th', 'en'].join('')
const brokenThenable: unknown = Object.defineProperty({}, key, { get: () => { throw new Error('a getter') } })
const rejectingThenable: unknown = { [key]: (_: unknown, reject: (reason: unknown) => void) => reject(null) }

/** An application may hand in functions of any type, and all of these fail. */
type Failing = () => never

/** Ways to fail. */
const failures: [string, Failing][] = [
  ['throws an error', () => { throw new Error('thrown') }],
  ['throws null', () => { throw null as unknown as Error }],
  ['throws what has no text', () => { throw Object.create(null) as Error }],
  ['throws an error whose message cannot be read', () => { throw Object.defineProperty(new Error('x'), 'message', { get: () => { throw new Error('a getter') } }) }],
  ['rejects', (() => Promise.reject(new Error('rejected'))) as unknown as Failing],
  ['rejects with null', (async () => { await Promise.resolve(); throw null as unknown as Error }) as unknown as Failing],
  ['rejects by a thenable of its own', () => rejectingThenable as never],
  ['returns what throws when it is looked at', () => brokenThenable as never],
]

const failingLogger = (fail: Failing): { debug: Failing; info: Failing; warn: Failing; error: Failing } => ({ debug: fail, info: fail, warn: fail, error: fail })

describe.each(failures)('application code that %s', (_, fail) => {
  it('as logger, listener, method and permission of a cluster harms nobody else', async () => {
    const options = { logger: failingLogger(fail) }
    const one = await fleet.join(options)
    const two = await fleet.join(options)
    for (const cluster of [one, two]) {
      for (const event of ['memberJoined', 'memberLeft', 'gap', 'registryLost'] as const) cluster.on(event, fail)
      cluster.onLeft(fail)
      cluster.method('fails', fail)
      cluster.stream('room').on('message', fail)
      cluster.stream('room').onAny(fail)
    }
    const lease = one.lease('lease')
    lease.on('acquired', fail)
    one.publishStream('public', { allowRead: fail, allowWrite: fail })
    const heard: unknown[] = []
    two.stream('room').on('message', (text) => void heard.push(text))
    await linked([one, two], 10_000)
    await two.stream('room').ready()
    one.stream('room').emit('message', 'text')
    await until(() => heard.length === 1 && lease.held, 10_000)
    await expect(one.call(two.id, 'fails')).rejects.toBeDefined()
    await expect(one.call(one.id, 'fails')).rejects.toBeDefined()
    const status = new InstanceStatus({ db: fleet.db, listen: {} })
    status.activeLogs(fail)
    await status.registerInstance('other')
    await status.unregisterInstance()
    const client = connect({ url: one.address.url })
    client.on('statusChanged', fail)
    await expect(client.call('stream-public', 'event')).rejects.toBeDefined()
    void client.close()
    expect((await two.flush()).missed).toEqual([])
  })

  it('as handler and hook of a DDP endpoint harms no other client', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const ddp = createDDPServer({ server, login: fail, logger: failingLogger(fail), allowedOrigins: fail })
    ddp.method('fails', fail)
    ddp.publish('fails', function () {
      this.onStop(fail)
      this.ready()
      return fail()
    })
    ddp.publish(null, fail)
    ddp.method('works', () => 'fine')
    ddp.onConnection((connection) => {
      connection.onClose(fail)
      return fail()
    })
    ddp.limitRate({ name: fail, type: 'subscription', count: 1000, intervalMs: 1000 })
    const client = connect({ url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}/websocket`, logger: failingLogger(fail) })
    await expect(client.call('login', {})).rejects.toBeDefined()
    await client.call('fails').catch(() => undefined)
    await client.subscribe('fails').ready.catch(() => undefined)
    expect(await client.call('works')).toBe('fine')
    const page = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}/websocket`, { origin: 'http://localhost' })
    const [refusal] = (await once(page, 'error')) as [Error]
    expect(refusal.message).toContain('403')
    void client.close()
    await ddp.close()
    server.close()
  })

  it('as check and logger of the HTTP adapter is answered with a failure', async () => {
    const cluster = await fleet.join()
    const answer = async (options: object): Promise<number> => {
      const { server, port } = await fleet.listen()
      const handler = instancesApi({ cluster, ddpServer: false, logger: { error: fail }, ...options })
      server.on('request', (request, response) => void handler(request, response))
      const response = await fetch(`http://127.0.0.1:${port}/api/v1/instances.get`, { headers: { 'x-auth-token': 'x', 'x-user-id': 'x' } })
      return response.status
    }
    expect(await answer({ authenticate: fail })).toBeGreaterThanOrEqual(401)
    expect(await answer({ authenticate: () => 'user', authorize: fail })).toBeGreaterThanOrEqual(403)
  })
})
