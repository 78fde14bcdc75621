import { createServer, type Server } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import type * as clientPackage from '@ddp-cluster/ddp-client'
import type { DDPClient, Subscription } from '@ddp-cluster/ddp-client'
import { DDPError } from '@ddp-cluster/ddp-common'
import { createDDPServer, type DDPServer, type Publication } from '@ddp-cluster/ddp-server'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { bundleForBrowser, type Bundle } from './bundle.js'
import { noBrowser, openPage, type TestPage } from './page.js'

// In the page; functions that are handed to it can use nothing else of this file.
declare const ddp: typeof clientPackage
declare const client: DDPClient
declare const subscription: Subscription
declare const log: string[]

/** For what a busy machine may take its time. */
const soon = { timeout: 10_000 }

/** The server that the page talks to. It can be started again on the same port. */
class Backend {
  readonly seen: unknown[] = []
  readonly rooms = new Set<Publication>()
  topic = 'first'
  port = 0
  readonly #tcp = new Set<Socket>()
  #http: Server | undefined
  #ddp: DDPServer | undefined

  get sessions(): number {
    return this.#ddp?.sessions ?? 0
  }

  async start(): Promise<void> {
    const { rooms, seen } = this
    const topic = (): string => this.topic
    const http = createServer()
    const server = createDDPServer({ server: http, login: (request) => ({ id: `user of ${(request as { resume: string }).resume}`, token: 'renewed' }) })
    server.method('echo', (...params) => {
      seen.push(...params)
      return params
    })
    server.method('refuse', () => {
      throw new DDPError('not-today', 'Come back tomorrow', { at: new Date(5) })
    })
    server.method('whoAmI', function () { return this.userId })
    server.publish('rooms', function () {
      rooms.add(this)
      this.onStop(() => rooms.delete(this))
      this.added('rooms', 'a', { topic: topic(), since: new Date(7), key: new Uint8Array([1, 2]) })
      this.added('rooms', 'b', { topic: 'always the same' })
      this.ready()
    })
    http.on('connection', (tcp) => {
      this.#tcp.add(tcp)
      tcp.once('close', () => this.#tcp.delete(tcp))
    })
    this.#http = http
    this.#ddp = server
    await new Promise<void>((resolve) => http.listen(this.port, 'localhost', resolve))
    this.port = (http.address() as AddressInfo).port
  }

  /** Cut off, the client gets no goodbye. */
  async stop(how: 'with a goodbye' | 'cut off' = 'with a goodbye'): Promise<void> {
    const http = this.#http
    this.#http = undefined
    if (http === undefined) return
    if (how === 'cut off') for (const tcp of this.#tcp) tcp.destroy()
    await this.#ddp?.close()
    http.closeAllConnections()
    await new Promise((resolve) => http.close(resolve))
  }
}

describe.skipIf(noBrowser !== undefined)(`in a real browser${noBrowser === undefined ? '' : ` (${noBrowser})`}`, () => {
  const backend = new Backend()
  let bundle: Bundle
  let tab: TestPage
  let url: string
  const pageLog = (): Promise<string[]> => tab.page.evaluate(() => log)

  beforeAll(async () => {
    bundle = await bundleForBrowser("import * as ddp from '@ddp-cluster/ddp-client'\nglobalThis.ddp = ddp")
    tab = await openPage(bundle.script)
  }, 60_000)
  afterAll(() => tab.close())
  beforeEach(async () => {
    backend.topic = 'first'
    await backend.start()
    url = `ws://localhost:${backend.port}/websocket`
  })
  afterEach(async () => {
    await backend.stop()
    expect(tab.complaints).toEqual([])
  })

  it('is the build that a bundler finds by the condition "browser"', async () => {
    expect(bundle.inputs).toContain('node_modules/@ddp-cluster/ddp-client/dist/index.browser.js')
    expect(bundle.inputs.filter((input) => /\/ws\/|ws-transport|^node:|browser-external/.test(input))).toEqual([])
    expect(await tab.page.evaluate(() => ['Buffer', 'process', 'require', 'setImmediate'].filter((name) => name in globalThis))).toEqual([])
  })

  it('calls methods, with dates and binary data both ways, and gets their errors', async () => {
    const seen = await tab.page.evaluate(async (to) => {
      const one = ddp.connect({ url: to })
      const statuses: string[] = []
      one.on('statusChanged', ({ status }) => statuses.push(status))
      const [date, bytes, number, text] = await one.call('echo', new Date(1_234), new Uint8Array([0, 128, 255]), Infinity, 'naïve \u{1F600}') as unknown[]
      const { error, reason, details } = await one.call('refuse').catch((thrown: unknown) => thrown) as InstanceType<typeof ddp.DDPError>
      await one.close()
      return {
        answer: [date instanceof Date && date.getTime(), bytes instanceof Uint8Array && [...bytes], number, text],
        error: [error, reason, details], statuses, closed: one.status(),
      }
    }, url)
    expect(seen.answer).toEqual([1_234, [0, 128, 255], Infinity, 'naïve \u{1F600}'])
    expect(backend.seen).toEqual([new Date(1_234), new Uint8Array([0, 128, 255]), Infinity, 'naïve \u{1F600}'])
    // Details are plain JSON on the wire, as Meteor writes them.
    expect(seen.error).toEqual(['not-today', 'Come back tomorrow', { at: '1970-01-01T00:00:00.005Z' }])
    expect(seen.statuses).toEqual(['connected', 'offline'])
    expect(seen.closed).toEqual({ status: 'offline', connected: false, retryCount: 0 })
    await expect.poll(() => backend.sessions, soon).toBe(0)
  })

  it('sees documents come, change and go', async () => {
    await tab.page.evaluate(async (to) => {
      Object.assign(globalThis, { client: ddp.connect({ url: to }), log: [] })
      const rooms = client.collection('rooms')
      rooms.on('changed', ({ id, document }) => log.push(`changed ${String(id)} to ${String(document.topic)}`))
      rooms.on('removed', ({ id }) => log.push(`removed ${String(id)}`))
      Object.assign(globalThis, { subscription: client.subscribe('rooms') })
      await subscription.ready
      for (const { _id, topic, since, key } of rooms) log.push(`${String(_id)}: ${String(topic)}, ${since instanceof Date}, ${key instanceof Uint8Array}`)
    }, url)
    for (const room of backend.rooms) {
      room.changed('rooms', 'a', { topic: 'second' })
      room.removed('rooms', 'b')
    }
    const before = ['a: first, true, true', 'b: always the same, false, false', 'changed a to second', 'removed b']
    await expect.poll(pageLog, soon).toEqual(before)
    await tab.page.evaluate(() => subscription.stop())
    await expect.poll(pageLog, soon).toEqual([...before, 'removed a'])
    await expect.poll(() => backend.rooms.size, soon).toBe(0)
    await tab.page.evaluate(() => client.close())
  })

  it.each(['with a goodbye', 'cut off'] as const)('comes back to a server that stopped (%s) and was started again, logged in, and tells only of what is different', async (how) => {
    await tab.page.evaluate(async (to) => {
      Object.assign(globalThis, { client: ddp.connect({ url: to }), log: [] })
      const rooms = client.collection('rooms')
      rooms.on('added', ({ id }) => log.push(`added ${String(id)}`))
      rooms.on('changed', ({ id, document }) => log.push(`changed ${String(id)} to ${String(document.topic)}`))
      rooms.on('removed', ({ id }) => log.push(`removed ${String(id)}`))
      client.on('statusChanged', ({ status }) => { if (status === 'connected') log.push(status) })
      client.on('userChanged', ({ userId }) => log.push(String(userId)))
      await client.login({ resume: 'a token' })
      await client.subscribe('rooms').ready
    }, url)
    await backend.stop(how)
    await expect.poll(() => tab.page.evaluate(() => client.status().connected), soon).toBe(false)
    expect(await tab.page.evaluate(() => client.collection('rooms').size)).toBe(2)
    backend.topic = 'while you were away'
    await backend.start()
    const user = await tab.page.evaluate(() => {
      client.reconnect()
      return client.call('whoAmI')
    })
    expect(user).toBe('user of renewed')
    const told = ['connected', 'user of a token', 'added a', 'added b', 'connected', 'user of renewed', 'changed a to while you were away']
    await expect.poll(pageLog, soon).toEqual(told)
    await tab.page.evaluate(() => client.close())
    await expect.poll(() => backend.sessions, soon).toBe(0)
  })

  it('dials as soon as the browser is online again, however long it would have waited', async () => {
    await tab.page.evaluate((to) => {
      Object.assign(globalThis, { client: ddp.connect({ url: to }), log: [] })
      let retryTime = 0
      client.on('statusChanged', (status) => {
        if (status.status === 'waiting') retryTime = status.retryTime
        if (status.status === 'connected') log.push(retryTime === 0 ? 'connected' : `connected, ${retryTime - Date.now() > 0 ? 'early' : 'in time'}`)
      })
      return client.call('echo')
    }, url)
    await backend.stop()
    await expect.poll(() => tab.page.evaluate(() => client.status()), soon).toMatchObject({ status: 'waiting', retryCount: 3 })
    await backend.start()
    const context = tab.page.context()
    await context.setOffline(true)
    await context.setOffline(false)
    await expect.poll(pageLog, soon).toEqual(['connected', 'connected, early'])
    await tab.page.evaluate(() => client.close())
  })
})
