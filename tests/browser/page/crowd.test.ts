import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createDDPServer } from '@ddp-cluster/ddp-server'
import type { ClusterEvents, InstanceRecord, MemberView } from '@ddp-cluster/instance-status'
import { type ClusterState, instancesApi } from '@ddp-cluster/instances-api'
import type { Browser } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { launch, noBrowser } from '../page.js'
import { Operator } from './operator.js'

/** For what a busy machine may take its time. */
const soon = { timeout: 15_000, interval: 50 }
const login = { userId: 'me', authToken: 'right' }

/** An instance that says it has so many members; behind the API and the page nothing else is made up. */
class Crowd {
  readonly url: string
  readonly close: () => Promise<void>
  members: MemberView[]
  readonly #listeners = new Map<string, (payload: never) => void>()

  private constructor(url: string, members: MemberView[], close: () => Promise<void>) {
    this.url = url
    this.members = members
    this.close = close
  }

  static async open(count: number, rateLimit: { max: number; windowMs: number } | false = false): Promise<Crowd> {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const ddpServer = createDDPServer({ server })
    const crowd = new Crowd(`http://localhost:${(server.address() as AddressInfo).port}/cluster`, Array.from({ length: count - 1 }, (_, n) => member(n + 1)), async () => {
      await ddpServer.close()
      server.closeAllConnections()
      server.close()
    })
    const cluster = {
      id: 'i0', db: { collection: () => undefined }, ddpServer, closed: ddpServer.closed, self: { id: 'i0', record: record(0), registry: 'reachable', unreachableBy: [] },
      members: () => crowd.members, records: () => Promise.resolve([]), lastRecords: () => [], method: () => () => undefined, callAll: () => Promise.resolve([]),
      on: (event: string, listener: (payload: never) => void) => {
        crowd.#listeners.set(event, listener)
        return () => undefined
      },
      statistics: () => ({ heartbeat: { ageMs: 1 }, log: { head: 0, entries: 0, bytes: 0 }, events: { emitted: 0, received: 0, replayed: 0, lost: 0 }, bytes: { sent: 0, received: 0 }, authorizationFailures: 0, peers: [] }),
    } as unknown as ClusterState
    const api = instancesApi({ cluster, rateLimit, authenticate: ({ userId }) => Promise.resolve(userId), authorize: () => Promise.resolve(true) })
    server.on('request', (request, response) => void api(request, response))
    return crowd
  }

  tell<E extends keyof ClusterEvents>(event: E, payload: ClusterEvents[E]): void {
    this.#listeners.get(event)?.(payload as never)
  }
}

const record = (n: number): InstanceRecord => ({
  _id: `i${n}`, _createdAt: new Date(Date.now() - 60_000 + n), _updatedAt: new Date(), extraInformation: { host: `host-${n}.example.org`, port: '3000' }, name: 'a crowd', pid: n,
  cluster: { protocol: 1, expireAfterMs: 60_000, url: 'ws://localhost:1/websocket' },
})

function member(n: number): MemberView {
  return { id: `i${n}`, status: 'alive', reason: undefined, since: new Date(), record: record(n), link: { currentStatus: { status: 'connected', connected: true, retryCount: 0 }, authorized: true, lastError: undefined, roundTripMs: 1 } }
}

describe.skipIf(noBrowser !== undefined)(`the page of one that has a few members, or many${noBrowser === undefined ? '' : ` (${noBrowser})`}`, () => {
  let browser: Browser
  let crowd: Crowd
  let operator: Operator
  beforeAll(async () => {
    browser = await launch()
  }, 60_000)
  afterAll(() => browser?.close())
  afterEach(async () => {
    await operator.close()
    await crowd.close()
    expect(operator.complaints).toEqual([])
  })
  async function look(count: number, ...options: Parameters<typeof Operator.open> extends [unknown, unknown, ...infer Rest] ? Rest : never): Promise<void> {
    crowd = await Crowd.open(count)
    operator = await Operator.open(browser, crowd.url, ...options)
    await operator.logIn(login)
    await expect.poll(() => operator.page.locator('#connection').innerText(), soon).toBe('Live')
    await expect.poll(() => operator.page.locator('.node').count(), soon).toBe(count)
  }

  it.each([1, 2, 16, 100])('shows %i, fit for everybody, on a desk and on a phone', async (count) => {
    await look(count)
    expect(await operator.page.locator('#summary').innerText()).toContain(count === 1 ? 'One instance: this one.' : `${count} instances: this one, ${count - 1} alive`)
    expect(await operator.violations()).toEqual([])
    await operator.picture(`${count} instances`)
    await operator.page.setViewportSize({ width: 360, height: 740 })
    expect(await operator.overflows()).toBe(false)
    expect(await operator.violations()).toEqual([])
  }, 60_000)

  it('shows the first 25 of a hundred, those that need a look before the others, and all when asked', async () => {
    await look(100)
    expect((await operator.rows()).length).toBe(25)
    crowd.members = crowd.members.map((one) => (one.id === 'i77' ? { ...one, status: 'suspect', reason: 'the fibre was cut' } : one))
    crowd.tell('memberSuspected', { id: 'i77', record: record(77), reason: 'the fibre was cut' })
    await expect.poll(async () => (await operator.rows())[0], soon).toMatchObject({ id: 'i77', status: 'suspect', reason: 'the fibre was cut' })
    await operator.page.getByRole('button', { name: 'Show all 100' }).first().click()
    expect((await operator.rows()).length).toBe(100)
    await operator.page.getByRole('button', { name: 'Show the first 25' }).click()
    expect((await operator.rows()).length).toBe(25)
    expect(await operator.page.locator('#summary').innerText()).toBe('100 instances: this one, 98 alive, 1 suspect')
  })

  it('fits into any width, however long the names and reasons', async () => {
    await look(4)
    const reason = 'a-very-long-host-name-of-somebody-else.internal.example.org:38475 did not open a session within 10000 ms'
    crowd.members = crowd.members.map((one, n) => ({ ...one, id: 'x'.repeat(17 + n), status: 'suspect', reason, record: { ...record(n), _id: 'x'.repeat(17 + n), pid: 4_194_304, extraInformation: { host: 'a-very-long-host-name-of-somebody-else.internal.example.org', port: '38475' } }, link: { currentStatus: { status: 'waiting', connected: false, retryCount: 1234, retryTime: Date.now() + 5000, reason }, authorized: false, lastError: reason, roundTripMs: 12_345 } }))
    crowd.tell('memberSuspected', { id: 'x', record: record(1), reason })
    await expect.poll(async () => (await operator.rows())[0]?.['status'], soon).toBe('suspect')
    for (const width of [2560, 1600, 1280, 1241, 1240, 1024, 980, 768, 500, 360, 320]) {
      await operator.page.setViewportSize({ width, height: 800 })
      expect([width, await operator.overflows()]).toEqual([width, false])
    }
    await operator.page.setViewportSize({ width: 1280, height: 800 })
    await operator.picture('long names')
  })

  it('takes what an instance is called for words, whatever stands in it', async () => {
    const wicked = '<img src=x onerror=alert(1)><b>'
    await look(2)
    crowd.members = crowd.members.map((one) => ({ ...one, status: 'suspect', reason: wicked, record: { ...record(1), name: wicked, extraInformation: { host: wicked, port: '1' } } }))
    crowd.tell('memberSuspected', { id: 'i1', record: { ...record(1), extraInformation: { host: wicked, port: '1' } }, reason: wicked })
    await expect.poll(async () => (await operator.rows()).find(({ id }) => id === 'i1')?.['reason'], soon).toBe(wicked)
    expect(await operator.page.locator('b, img[src=x]').count()).toBe(0)
  })

  it('says what happened to the instance itself', async () => {
    await look(2)
    crowd.tell('registryLost', { error: new TypeError('x') })
    crowd.tell('stalled', { delayMs: 1234 })
    crowd.tell('unreachableSelf', { id: 'i1', record: record(1), reason: 'nobody listens there' })
    const happened = (): Promise<string> => operator.page.locator('#timeline').innerText()
    await expect.poll(happened, soon).toContain('This instance stood still for 1.2 s')
    await expect.poll(happened, soon).toContain('host-1.example.org:3000 does not reach this instance: nobody listens there')
    expect(await operator.page.locator('#problems').innerText()).toMatch(/MongoDB does not answer for \d+ s/)
    crowd.tell('registryRestored', {})
    await expect.poll(happened, soon).toContain('MongoDB answers this instance again')
    await expect.poll(() => operator.page.locator('#problems').innerText(), soon).toBe('')
  })

  it('lets in who came too often as soon as it may, by itself', async () => {
    crowd = await Crowd.open(2, { max: 2, windowMs: 2000 })
    operator = await Operator.open(browser, crowd.url)
    for (let request = 0; request < 2; request += 1) await fetch(new URL('api/v1/instances.get', crowd.url))
    await operator.logIn(login)
    await expect.poll(() => operator.page.locator('#connection').innerText(), soon).toMatch(/^Too many requests/)
    await expect.poll(() => operator.page.locator('#connection').innerText(), soon).toBe('Live')
  })
})
