import { get } from 'node:http'
import { connect } from '@ddp-cluster/ddp-client'
import { ManualClock } from '@ddp-cluster/ddp-common/internal'
import { resumeLogin } from '@ddp-cluster/ddp-server'
import { describe, expect, it, onTestFinished } from 'vitest'
import { RawClient, startServer, type Message, type TestServer } from './server-harness.js'

/** What applications do wrong, or in their own way, and what a server has to make of it. */

/** Rejections that nobody handled, from here to the end of the test: each would have ended the process. */
function unhandledRejections(): unknown[] {
  const unhandled: unknown[] = []
  const note = (reason: unknown): void => void unhandled.push(reason)
  process.on('unhandledRejection', note)
  onTestFinished(() => void process.off('unhandledRejection', note))
  return unhandled
}

async function eventually(isSo: () => boolean): Promise<void> {
  for (let round = 0; round < 500 && !isSo(); round += 1) await new Promise((resolve) => setTimeout(resolve, 2))
  expect(isSo()).toBe(true)
}

const nested = (levels: number): unknown => JSON.parse(`${'['.repeat(levels)}${']'.repeat(levels)}`)

describe('handlers that are asynchronous', () => {
  it('and reject are logged, wherever they were given', async () => {
    const unhandled = unhandledRejections()
    await using server = await startServer({ resumeWithinMs: 0 })
    const failing = (where: string) => async (): Promise<never> => { throw new Error(where) }
    server.ddp.publish('p', function () {
      this.onStop(failing('onStop'))
      this.ready()
    })
    server.ddp.onConnection(async (connection) => {
      connection.onClose(failing('onClose'))
      connection.onClose(failing('another onClose'))
      await failing('onConnection')()
    })
    const client = await RawClient.connect(server.port)
    client.send({ msg: 'sub', id: '1', name: 'p' })
    await client.next('ready')
    await client.close()
    await eventually(() => server.logged.length === 4)
    const messages = server.logged.map(({ fields }) => (fields as { err: Error }).err.message)
    expect(messages.sort()).toEqual(['another onClose', 'onClose', 'onConnection', 'onStop'])
    await new Promise((resolve) => setImmediate(resolve))
    expect(unhandled).toEqual([])
  })
})

describe('a session that was not read because of its queue', () => {
  it('is read again once its publications have returned, whatever else happens', async () => {
    await using server = await startServer({ maxQueuedMessages: 2, heartbeatIntervalMs: 0 })
    let release = (): void => undefined
    const released = new Promise<void>((resolve) => { release = resolve })
    let begun = 0
    server.ddp.publish('slow', async function () {
      this.unblock()
      begun += 1
      await released
    })
    server.ddp.method('echo', (value) => value)
    const client = await RawClient.connect(server.port)
    client.send({ msg: 'sub', id: '1', name: 'slow' }, { msg: 'sub', id: '2', name: 'slow' })
    await eventually(() => begun === 2)
    client.send({ msg: 'method', id: 'm', method: 'echo', params: [1] })
    await new Promise((resolve) => setTimeout(resolve, 20))
    release()
    expect(await client.next('result')).toMatchObject({ id: 'm', result: 1 })
    client.tcp.destroy()
  })
})

describe('what cannot be sent to anybody', () => {
  async function reached(server: TestServer, act: (client: RawClient) => void): Promise<Message[]> {
    const client = await RawClient.connect(server.port)
    act(client)
    const messages = await client.settled()
    client.tcp.destroy()
    return messages.filter(({ msg }) => msg !== 'updated')
  }

  it.each<[string, (server: TestServer) => unknown]>([
    ['a value that is nested too deeply', () => nested(200)],
    ['more than may wait for a client', () => 'x'.repeat(100_001)],
    ['so many bytes in fewer characters', () => '\u20ac'.repeat(40_000)],
  ])('%s is refused where it comes from, and the session goes on', async (_name, make) => {
    await using server = await startServer({ maxBufferedBytes: 100_000 })
    const value = make(server)
    let thrown: unknown
    server.ddp.method('value', () => value)
    server.ddp.publish('value', function () {
      this.added('docs', '1', { good: true })
      try {
        this.added('docs', '2', { value })
      } catch (error) {
        thrown = error
      }
      this.ready()
    })
    const messages = await reached(server, (client) => client.send({ msg: 'method', id: 'm', method: 'value' }, { msg: 'sub', id: 's', name: 'value' }))
    expect(messages).toMatchObject([
      { msg: 'result', id: 'm', error: { error: 500 } }, { msg: 'added', id: '1' }, { msg: 'ready', subs: ['s'] },
    ])
    expect(thrown).toMatchObject({ name: 'DDPServerError', code: 'invalid-document' })
  })

  it('a document that contains itself is one as well', async () => {
    await using server = await startServer()
    let thrown: unknown
    server.ddp.publish('circular', function () {
      const fields: Record<string, unknown> = {}
      fields['self'] = fields
      try {
        this.added('docs', '1', fields)
      } catch (error) {
        thrown = error
      }
      this.ready()
    })
    expect(await reached(server, (client) => client.send({ msg: 'sub', id: 's', name: 'circular' }))).toMatchObject([{ msg: 'ready' }])
    expect(thrown).toMatchObject({ name: 'DDPServerError', code: 'invalid-document' })
  })

  it('a value of one user is none that keeps others away', async () => {
    await using server = await startServer()
    let stored: unknown
    server.ddp.method('store', (value) => { stored = value })
    server.ddp.publish('stored', function () {
      this.added('docs', '1', { data: { payload: stored } })
      this.ready()
    })
    const attacker = await RawClient.connect(server.port)
    for (const value of [nested(98), { _bsontype: 'ObjectId', toString: 1 }]) {
      expect(await attacker.call('store', value)).not.toHaveProperty('error')
      await using victim = connect({ url: `ws://127.0.0.1:${server.port}/websocket` })
      const seen: string[] = []
      victim.on('statusChanged', ({ status }) => void seen.push(status))
      const subscription = victim.subscribe('stored')
      await subscription.ready.catch(() => undefined)
      await victim.call('store', 0)
      expect(seen).toEqual(['connected'])
    }
    attacker.tcp.destroy()
  })

  it('names the call that was nested too deeply, and not its parameters', async () => {
    await using server = await startServer()
    expect(await reached(server, (client) => client.send({ msg: 'method', id: 'm', method: 'x', params: nested(200) }))).toMatchObject([
      { msg: 'error', offendingMessage: { msg: 'method', id: 'm' } },
    ])
  })
})

describe('listeners for requests of the application', () => {
  async function request(port: number, path: string): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      get({ port, path, agent: false }, (response) => response.resume().on('end', resolve)).on('error', reject)
    })
  }

  it('stay its own: to add, to add once, to count and to remove', async () => {
    await using server = await startServer()
    const { http, port } = server
    const called: string[] = []
    const listener = (): void => void called.push('listener')
    const [application] = http.listeners('request')
    expect(http.listenerCount('request')).toBe(1)
    http.on('request', listener)
    http.once('request', () => void called.push('once'))
    expect(http.listenerCount('request')).toBe(3)
    await request(port, '/sockjs/info')
    expect(called).toEqual([])
    await request(port, '/')
    await request(port, '/')
    expect(called).toEqual(['listener', 'once', 'listener'])
    http.off('request', listener)
    await request(port, '/')
    expect(called).toHaveLength(3)
    await server.ddp.close()
    expect(http.listeners('request')).toEqual([application])
    expect(Object.hasOwn(http, 'emit')).toBe(false)
  })
})

describe('a login', () => {
  it('waits ten seconds at most for publications that start over', async () => {
    const clock = new ManualClock()
    await using server = await startServer({ clock, heartbeatIntervalMs: 0 })
    server.ddp.publish('p', function () {
      if (this.userId === null) this.ready()
      else return new Promise(() => undefined)
    })
    server.ddp.method('become', async function (user) {
      await this.setUserId(user as string)
      return 'done'
    })
    const client = await RawClient.connect(server.port)
    client.send({ msg: 'sub', id: 's', name: 'p' })
    await client.next('ready')
    const pending = clock.pending
    const answer = client.call('become', 'me')
    await eventually(() => clock.pending > pending)
    clock.advance(9_999)
    expect(server.logged).toEqual([])
    clock.advance(1)
    expect(await answer).toMatchObject({ result: 'done' })
    expect(server.logged).toMatchObject([{ level: 'warn', fields: { waitedMs: 10_000 } }])
    expect(clock.pending).toBe(pending)
    client.tcp.destroy()
  })

  it('takes no token whose date is none, and one without a date', async () => {
    for (const [when, isTaken] of [[new Date(), true], [undefined, true], ['2020-01-01', false], [0, false], [null, false], [new Date(Number.NaN), false]] as const) {
      const findOne = (filter: Record<string, unknown>): Promise<unknown> =>
        Promise.resolve({ _id: 'me', services: { resume: { loginTokens: [{ hashedToken: Object.values(filter)[0], ...(when !== undefined && { when }) }] } } })
      await using server = await startServer({ login: resumeLogin({ findOne }) })
      const client = await RawClient.connect(server.port)
      const answer = await client.call('login', { resume: 'token' })
      expect([when, (answer['result'] as { id?: string } | undefined)?.id]).toEqual([when, isTaken ? 'me' : undefined])
      client.tcp.destroy()
    }
  })
})

describe('resumeLogin()', () => {
  it.each([Number.NaN, 0, -1, '90', null, 5n])('refuses a lifetime of %s', (lifetimeMs) => {
    expect(() => resumeLogin({ findOne: () => Promise.resolve(null) }, { lifetimeMs: lifetimeMs as number })).toThrow(expect.objectContaining({ code: 'invalid-option', message: expect.stringContaining('lifetimeMs') as string }) as Error)
  })

  it.each([Infinity, Number.MAX_VALUE])('answers a date that clients can read for a lifetime of %s', async (lifetimeMs) => {
    const findOne = (filter: Record<string, unknown>): Promise<unknown> =>
      Promise.resolve({ _id: 'me', services: { resume: { loginTokens: [{ hashedToken: Object.values(filter)[0], when: new Date(0) }] } } })
    await using server = await startServer({ login: resumeLogin({ findOne }, { lifetimeMs }) })
    const client = await RawClient.connect(server.port)
    const { result } = (await client.call('login', { resume: 'token' })) as { result: { tokenExpires: { $date: number } } }
    expect(result.tokenExpires.$date).toBeGreaterThan(Date.now())
    client.tcp.destroy()
  })
})

describe('what there is not', () => {
  it('is answered with 404 where an upgrade asks for it, and not in more words than it takes', async () => {
    await using server = await startServer()
    const status = await new Promise((resolve, reject) => {
      const headers = { Connection: 'Upgrade', Upgrade: 'websocket', 'Sec-WebSocket-Version': '13', 'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==' }
      get({ port: server.port, path: '/sockjs/a.b/c/websocket', headers, agent: false }, (response) => resolve(response.statusCode)).on('error', reject)
    })
    expect(status).toBe(404)
    const client = await RawClient.connect(server.port)
    client.send({ msg: 'method', id: 'm', method: 'x'.repeat(100_000) }, { msg: 'sub', id: 's', name: 'x'.repeat(100_000) })
    for (const message of await client.settled()) expect(JSON.stringify(message).length).toBeLessThan(1_000)
    client.tcp.destroy()
  })
})
