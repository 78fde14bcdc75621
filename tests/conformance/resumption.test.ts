import type { Socket } from 'node:net'
import { connect, type ClientStatus, type DDPClient } from '@ddp-cluster/ddp-client'
import type { Connection, DDPServerOptions, Publication } from '@ddp-cluster/ddp-server'
import { afterEach, describe, expect, it } from 'vitest'
import { startServer, type TestServer } from './server-harness.js'

/** Our client and our server, over sockets that are cut. */

/** A server with one publication, whose documents the test changes, and a method that ends when the test says so. */
class Site {
  readonly publications = new Set<Publication>()
  readonly connections: Connection[] = []
  /** Handlers that were called, in order. */
  readonly done: string[]
  readonly #server: TestServer
  readonly #sockets = new Set<Socket>()
  #finishSlow: () => void = () => undefined

  private constructor(server: TestServer, done: string[]) {
    this.#server = server
    this.done = done
    server.http.on('connection', (socket) => {
      this.#sockets.add(socket)
      socket.once('close', () => this.#sockets.delete(socket))
    })
    const { publications } = this
    server.ddp.onConnection((connection) => {
      done.push('connection')
      this.connections.push(connection)
      connection.onClose(() => done.push('close'))
    })
    server.ddp.publish('docs', function () {
      done.push('docs')
      publications.add(this)
      this.onStop(() => publications.delete(this))
      this.added('c', 'a', { n: 0 })
      this.ready()
    })
    server.ddp.method('who', function () { return this.userId })
    server.ddp.method('slow', () => {
      done.push('slow')
      return new Promise((resolve) => {
        this.#finishSlow = () => resolve('finished')
      })
    })
  }

  static async start(options: Omit<DDPServerOptions, 'server'> = {}): Promise<Site> {
    const done: string[] = []
    const login = (request: unknown): { id: string; token: string } => {
      done.push('login')
      return { id: 'me', token: (request as { resume: string }).resume }
    }
    return new Site(await startServer({ ...options, login }), done)
  }

  get sessions(): number {
    return this.#server.ddp.sessions
  }

  client(): DDPClient {
    return connect({ url: `ws://127.0.0.1:${this.#server.port}/websocket` })
  }

  /** The network drops everybody without a word. */
  cut(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy()
  }

  finishSlow(): void {
    this.#finishSlow()
  }

  async close(): Promise<void> {
    await this.#server[Symbol.asyncDispose]()
  }
}

const closing: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

async function setUp(options?: Omit<DDPServerOptions, 'server'>): Promise<{ site: Site; client: DDPClient; heard: unknown[] }> {
  const site = await Site.start(options)
  closing.push(() => site.close())
  const client = site.client()
  closing.push(() => client.close())
  await client.login({ resume: 'token' })
  await client.subscribe('docs').ready
  const heard: unknown[] = []
  client.collection('c').on('added', ({ id }) => heard.push(['added', id]))
  client.collection('c').on('changed', ({ id, document }) => heard.push(['changed', id, document['n']]))
  client.collection('c').on('removed', ({ id }) => heard.push(['removed', id]))
  return { site, client, heard }
}

/** Resolves with the next status of that name. */
const reaches = (client: DDPClient, name: ClientStatus['status']): Promise<void> => new Promise((resolve) => {
  const look = ({ status }: ClientStatus): void => {
    if (status !== name) return
    client.off('statusChanged', look)
    resolve()
  }
  client.on('statusChanged', look)
})

/** The connection is lost, and `meanwhile` happens before the client is back, which it is at once. */
async function lose({ site, client }: { site: Site; client: DDPClient }, meanwhile: () => void = () => undefined): Promise<void> {
  const [lost, back] = [reaches(client, 'waiting'), reaches(client, 'connected')]
  site.cut()
  await lost
  meanwhile()
  client.reconnect()
  await back
}

describe('a session that loses its socket', () => {
  it('goes on: one login, one publication, and what was published meanwhile arrives', async () => {
    const { site, client, heard } = await setUp()
    const [publication] = site.publications
    await lose({ site, client }, () => {
      publication?.changed('c', 'a', { n: 1 })
      publication?.added('c', 'b', { n: 2 })
    })
    expect(await client.call('who')).toBe('me')
    publication?.removed('c', 'b')
    expect(await client.call('who')).toBe('me')
    expect(heard).toEqual([['changed', 'a', 1], ['added', 'b'], ['removed', 'b']])
    expect([site.done, site.sessions]).toEqual([['connection', 'login', 'docs'], 1])
  })

  it('goes on as often as it is cut', async () => {
    const { site, client, heard } = await setUp()
    const [publication] = site.publications
    for (let n = 1; n <= 5; n += 1) {
      await lose({ site, client }, () => publication?.changed('c', 'a', { n }))
      expect(await client.call('who')).toBe('me')
    }
    expect(heard).toEqual([1, 2, 3, 4, 5].map((n) => ['changed', 'a', n]))
    expect(site.done).toEqual(['connection', 'login', 'docs'])
  })

  it('runs a method once, whenever it ends', async () => {
    for (const end of ['meanwhile', 'afterwards'] as const) {
      const { site, client } = await setUp()
      const call = client.call('slow')
      while (!site.done.includes('slow')) await new Promise(setImmediate)
      await lose({ site, client }, () => { if (end === 'meanwhile') site.finishSlow() })
      if (end === 'afterwards') site.finishSlow()
      expect(await call).toBe('finished')
      expect(site.done.filter((what) => what === 'slow')).toEqual(['slow'])
    }
  })

  it('takes what was asked for and ended while there was no connection', async () => {
    const { site, client } = await setUp()
    const subscription = client.subscribe('docs')
    await subscription.ready
    let call: Promise<unknown> | undefined
    await lose({ site, client }, () => {
      subscription.stop()
      call = client.call('who')
    })
    expect(await call).toBe('me')
    expect(site.publications.size).toBe(1)
    expect([...client.collection('c')]).toEqual([{ _id: 'a', n: 0 }])
  })

  it('is a new one where the server keeps none, and the client has all again', async () => {
    const { site, client, heard } = await setUp({ resumeWithinMs: 0 })
    await lose({ site, client })
    expect(await client.call('who')).toBe('me')
    expect(site.done).toEqual(['connection', 'login', 'docs', 'close', 'connection', 'login', 'docs'])
    expect(heard).toEqual([])
  })

  it('is a new one after the application closed the old one meanwhile', async () => {
    const { site, client } = await setUp()
    await lose({ site, client }, () => site.connections[0]?.close(4000, 'enough'))
    expect(await client.call('who')).toBe('me')
    expect(site.done).toEqual(['connection', 'login', 'docs', 'close', 'connection', 'login', 'docs'])
    expect(site.sessions).toBe(1)
  })

  it('is over at once when the client leaves on purpose', async () => {
    const { site, client } = await setUp()
    await client.close()
    for (let turn = 0; turn < 1_000 && site.sessions > 0; turn += 1) await new Promise(setImmediate)
    expect([site.sessions, site.done.at(-1)]).toEqual([0, 'close'])
  })
})
