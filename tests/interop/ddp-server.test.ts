import { createHash } from 'node:crypto'
import { createRequire } from 'node:module'
import { DDPError } from '@ddp-cluster/ddp-common'
import { resumeLogin } from '@ddp-cluster/ddp-server'
import { startEmbeddedMongo, type EmbeddedMongo } from '@ddp-cluster/embedded-mongo'
import { MongoClient } from 'mongodb'
import WebSocket from 'ws'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { startServer, type TestServer } from '../conformance/server-harness.js'

/** The clients that people have, against our server. */

interface NpmDDP {
  readonly collections: Record<string, Record<string, Record<string, unknown>>>
  connect(connected: (error: unknown, wasReconnect: boolean) => void): void
  call(name: string, params: unknown[], result: (error: unknown, result: unknown) => void, updated?: () => void): void
  subscribe(name: string, params: unknown[], done: (error?: unknown) => void): string
  unsubscribe(id: string): void
  on(event: string, listener: (...details: unknown[]) => void): void
  close(): void
}
interface SimpleDDP {
  connect(): Promise<void>
  disconnect(): Promise<void>
  call(name: string, ...params: unknown[]): Promise<unknown>
  subscribe(name: string, ...params: unknown[]): { ready(): Promise<void>; stop(): Promise<unknown>; onNosub(handler: (message: unknown) => void): unknown }
  collection(name: string): { fetch(): Record<string, unknown>[] }
  on(event: string, listener: (...details: unknown[]) => void): unknown
}

const require = createRequire(import.meta.url)
const NpmDDPClient = require('ddp') as new (options: object) => NpmDDP
const SimpleDDPClient = require('simpleddp') as new (options: object) => SimpleDDP

const token = 'a resume token'
const hashedToken = createHash('sha256').update(token).digest('base64')

let mongo: EmbeddedMongo
let database: MongoClient
let server: TestServer
/** What any client published through the method `post` is in the publication `posts`. */
let post: (id: string, fields: Record<string, unknown> | undefined) => void

beforeAll(async () => {
  mongo = await startEmbeddedMongo()
  database = await MongoClient.connect(mongo.uri)
  await database.db('app').collection<{ _id: string }>('users').insertMany([
    { _id: 'anna', services: { resume: { loginTokens: [{ when: new Date(), hashedToken }, { when: new Date(), hashedToken: 'other' }] } } },
    { _id: 'bert', services: { resume: { loginTokens: [{ when: new Date(0), hashedToken: createHash('sha256').update('old').digest('base64') }] } } },
  ] as unknown as { _id: string }[])
})
afterAll(async () => {
  await database.close()
  await mongo.close()
})

beforeEach(async () => {
  server = await startServer({ login: resumeLogin(database.db('app').collection('users')) })
  const { ddp } = server
  const posts = new Map<string, Record<string, unknown>>()
  const readers = new Set<typeof post>()
  post = (id, fields) => {
    for (const reader of readers) reader(id, fields)
    if (fields === undefined) posts.delete(id)
    else posts.set(id, fields)
  }
  ddp.method('echo', (...params) => params[0])
  ddp.method('kind', (value) => (value as object).constructor.name)
  ddp.method('who', function () { return this.userId })
  ddp.method('refuse', () => { throw new DDPError('not-allowed', 'No.', { at: new Date(5) }) })
  ddp.method('crash', () => { throw new Error('secret') })
  ddp.method('post', (id, fields) => post(id as string, fields as Record<string, unknown>))
  ddp.method('cut', function () { setTimeout(() => this.connection.close(4000, 'cut')) })
  ddp.publish('posts', function () {
    for (const [id, fields] of posts) this.added('posts', id, fields)
    const reader: typeof post = (id, fields) => {
      if (fields === undefined) this.removed('posts', id)
      else if (posts.has(id)) this.changed('posts', id, fields)
      else this.added('posts', id, fields)
    }
    readers.add(reader)
    this.onStop(() => readers.delete(reader))
    this.ready()
  })
  ddp.publish('mine', function () {
    if (this.userId === null) throw new DDPError(403, 'Log in first')
    this.added('mine', this.userId, { at: new Date(5) })
    this.ready()
  })
})
afterEach(() => server[Symbol.asyncDispose]())

async function eventually(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 2))
}

describe.each([{ useSockJs: false }, { useSockJs: true }])('npm ddp, %o', (options) => {
  let client: NpmDDP
  let connects: boolean[]

  beforeEach(async () => {
    connects = []
    client = new NpmDDPClient({ host: '127.0.0.1', port: server.port, autoReconnectTimer: 10, ...options })
    await new Promise<void>((resolve, reject) => {
      client.connect((error, wasReconnect) => {
        connects.push(wasReconnect)
        if (error === undefined) resolve()
        else reject(new Error(JSON.stringify(error)))
      })
    })
  })
  afterEach(() => client.close())

  const call = (name: string, ...params: unknown[]): Promise<unknown> =>
    new Promise((resolve, reject) => client.call(name, params, (error, result) => {
      // oxlint-disable-next-line typescript/prefer-promise-reject-errors -- what this client gives for an error is a plain object
      if (error) reject(error)
      else resolve(result)
    }))
  const subscribe = (name: string, ...params: unknown[]): Promise<unknown> => new Promise((resolve) => client.subscribe(name, params, resolve))

  it('calls methods, with dates and binary', async () => {
    expect(await call('echo', { a: [1, 'two', null] })).toEqual({ a: [1, 'two', null] })
    expect(await call('echo', new Date(5))).toEqual(new Date(5))
    expect(await call('kind', new Date(5))).toBe('Date')
    expect(await call('kind', new Uint8Array([1, 2, 3]))).toBe('Uint8Array')
    expect(Buffer.from((await call('echo', new Uint8Array([1, 2, 3]))) as Uint8Array)).toEqual(Buffer.from([1, 2, 3]))
    await new Promise<void>((resolve) => client.call('echo', [1], () => undefined, resolve))
  })

  it('gets errors', async () => {
    await expect(call('refuse')).rejects.toMatchObject({ error: 'not-allowed', reason: 'No.', details: { at: '1970-01-01T00:00:00.005Z' } })
    await expect(call('crash')).rejects.toMatchObject({ error: 500, reason: 'Internal server error' })
    await expect(call('absent')).rejects.toMatchObject({ error: 404 })
    expect(await subscribe('mine')).toMatchObject({ error: 403 })
    expect(await subscribe('absent')).toMatchObject({ error: 404 })
  })

  it('subscribes', async () => {
    post('1', { n: 1, at: new Date(5) })
    expect(await subscribe('posts')).toBeUndefined()
    expect(client.collections['posts']).toEqual({ 1: { _id: '1', n: 1, at: new Date(5) } })
    await call('post', '2', { n: 2 })
    post('1', { n: 3, at: undefined })
    await eventually(() => client.collections['posts']?.['1']?.['n'] === 3)
    expect(client.collections['posts']).toEqual({ 1: { _id: '1', n: 3 }, 2: { _id: '2', n: 2 } })
    post('2', undefined)
    await eventually(() => client.collections['posts']?.['2'] === undefined)
  })

  it('logs in with a resume token, and out', async () => {
    expect(await call('login', { resume: token })).toMatchObject({ id: 'anna', token, tokenExpires: expect.any(Date) as Date })
    expect(await call('who')).toBe('anna')
    expect(await subscribe('mine')).toBeUndefined()
    expect(client.collections['mine']).toEqual({ anna: { _id: 'anna', at: new Date(5) } })
    await call('logout')
    expect(await call('who')).toBe(null)
    for (const [request, code] of [[{ resume: 'wrong' }, 403], [{ resume: 'old' }, 403], [{ resume: { $ne: null } }, 400], [{}, 400]] as const) {
      await expect(call('login', request)).rejects.toMatchObject({ error: code })
    }
    expect(await call('who')).toBe(null)
    await expect(call('login', { resume: token })).rejects.toMatchObject({ error: 'too-many-requests' })
  })

  it('reconnects', async () => {
    await call('cut')
    await eventually(() => connects.length > 1)
    expect(connects).toContain(true)
    expect(await call('echo', 'again')).toBe('again')
  })
})

describe('simpleddp', () => {
  let client: SimpleDDP

  beforeEach(async () => {
    client = new SimpleDDPClient({ endpoint: `ws://127.0.0.1:${server.port}/websocket`, SocketConstructor: WebSocket, reconnectInterval: 10 })
    await client.connect()
  })
  afterEach(() => client.disconnect())

  it('calls methods, with dates', async () => {
    expect(await client.call('echo', { a: [1, 'two', null] })).toEqual({ a: [1, 'two', null] })
    expect(await client.call('echo', new Date(5))).toEqual(new Date(5))
    expect(await client.call('kind', new Date(5))).toBe('Date')
    expect(await Promise.all(Array.from({ length: 100 }, (_, index) => client.call('echo', index)))).toEqual(Array.from({ length: 100 }, (_, index) => index))
  })

  it('gets errors', async () => {
    await expect(client.call('refuse')).rejects.toMatchObject({ error: 'not-allowed', reason: 'No.' })
    await expect(client.call('crash')).rejects.toMatchObject({ error: 500 })
    await expect(client.call('absent')).rejects.toMatchObject({ error: 404 })
  })

  it('subscribes, logs in, and keeps its subscription across a reconnect', async () => {
    post('1', { n: 1, at: new Date(5) })
    const subscription = client.subscribe('posts')
    await subscription.ready()
    expect(client.collection('posts').fetch()).toEqual([{ id: '1', n: 1, at: new Date(5) }])
    expect(await client.call('login', { resume: token })).toMatchObject({ id: 'anna' })
    await client.call('post', '2', { n: 2 })
    expect(client.collection('posts').fetch()).toHaveLength(2)
    const reconnected = new Promise<void>((resolve) => client.on('connected', () => resolve()))
    await client.call('cut')
    await reconnected
    post('3', { n: 3 })
    await eventually(() => client.collection('posts').fetch().some(({ id }) => id === '3'))
    expect(await client.call('echo', 'again')).toBe('again')
    await subscription.stop()
  })
})
