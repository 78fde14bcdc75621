import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { DDPError } from '@ddp-cluster/ddp-common'
import { createDDPServer, type LoginHandler, resumeLogin } from '@ddp-cluster/ddp-server'
import { type EmbeddedMongo, startEmbeddedMongo } from '@ddp-cluster/embedded-mongo'
import { joinCluster } from '@ddp-cluster/instance-status'
import { type Db, MongoClient } from 'mongodb'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { asteroid2 } from './sdks/asteroid.js'
import { ddpJs05, ddpJs2 } from './sdks/ddp-js.js'
import { meteorReactNative, meteorSdk } from './sdks/meteor.js'
import { rocketChatDDPClient, rocketChatSdk } from './sdks/rocket-chat.js'
import { eventually, type OpenSdk, user } from './sdks/sdk.js'

/** An application that such clients are written for: methods, a publication, a stream, and logins with a password or a personal access token. */
interface Application {
  readonly port: number
  emit(event: string, ...args: unknown[]): void
  close(): Promise<void>
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')

let mongo: EmbeddedMongo
let database: MongoClient
beforeAll(async () => {
  mongo = await startEmbeddedMongo()
  database = await MongoClient.connect(mongo.uri)
  const loginTokens = [{ type: 'personalAccessToken', name: 'bot', hashedToken: createHash('sha256').update(user.token).digest('base64') }]
  await database.db('sdks').collection<{ _id: string }>('users').insertOne({ _id: user.id, services: { resume: { loginTokens } } } as unknown as { _id: string })
})
afterAll(async () => {
  await database.close()
  await mongo.close()
})

/** Takes what accounts-password takes, and resume tokens. */
function loginOf(db: Db): LoginHandler {
  const resume = resumeLogin(db.collection('users'))
  return function (request) {
    const { password, user: who } = request as { password?: unknown; user?: { username?: unknown } }
    if (password === undefined) return resume.call(this, request)
    const digest = typeof password === 'string' ? sha256(password) : (password as { digest?: unknown }).digest
    if (who?.username !== user.name || digest !== sha256(user.password)) throw new DDPError(403, 'Incorrect password')
    return { id: user.id, token: user.token, tokenExpires: new Date(Date.now() + 86_400_000), type: 'password' }
  }
}

async function start(port = 0): Promise<Application> {
  const db = database.db('sdks')
  const server = createServer()
  const ddp = createDDPServer({ server, login: loginOf(db) })
  ddp.method('echo', (value) => value)
  ddp.method('who', function () {
    return this.userId
  })
  ddp.method('refuse', () => {
    throw new DDPError('not-allowed', 'No.', { at: 5 })
  })
  ddp.publish('posts', function (first) {
    this.added('posts', '1', { text: first, likes: 0 })
    this.changed('posts', '1', { likes: 1 })
    this.ready()
  })
  // Left in meteor-sdk's subscribe() by its authors.
  ddp.method('foo', () => undefined)
  ddp.publish('meteor.loginServiceConfiguration', function () {
    this.ready()
  })
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  const cluster = await joinCluster({ db, name: 'sdks', ddpServer: ddp })
  const room = cluster.publishStream('room', { allowRead: 'all', allowWrite: 'none' })
  return {
    port: (server.address() as AddressInfo).port,
    emit: (event, ...args) => void room.emit(event, ...args),
    async close() {
      await cluster.close()
      await ddp.close()
      server.closeAllConnections()
      const closed = once(server, 'close')
      server.close()
      await closed
    },
  }
}

describe.each([rocketChatSdk, rocketChatDDPClient, ddpJs05, ddpJs2, asteroid2, meteorSdk, meteorReactNative])('$name, with its code as published', (sdk) => {
  let application: Application
  let client: OpenSdk
  beforeEach(async () => {
    application = await start()
    client = await sdk.open(application.port)
  })
  afterEach(async () => {
    await client.close()
    await application.close()
  })

  it('calls methods and hears of their errors', async () => {
    expect(await client.call('echo', { a: [1, 'two', null] })).toEqual({ a: [1, 'two', null] })
    await expect(client.call('refuse')).rejects.toMatchObject({ error: 'not-allowed', reason: 'No.', details: { at: 5 } })
    await expect(client.call('absent')).rejects.toMatchObject({ error: 404 })
  })

  it('logs in', async () => {
    await client.login()
    expect(await client.call('who')).toBe(user.id)
  })

  it('subscribes, and has the documents when it is ready', async () => {
    await client.subscribe('posts', 'hello')
    await eventually(() => (client.posts()['1'] as { likes?: unknown } | undefined)?.likes === 1)
    expect(client.posts()).toEqual({ 1: expect.objectContaining({ text: 'hello', likes: 1 }) as object })
  })

  it('hears a stream', async () => {
    await client.listen('general')
    application.emit('other', 'nobody')
    application.emit('general', 'hello', { likes: 1 })
    await eventually(() => client.heard.length > 0)
    expect(client.heard).toEqual([['hello', { likes: 1 }]])
  })

  it('goes on after the server was restarted', async () => {
    await client.login()
    await client.listen('general')
    const { port } = application
    await application.close()
    application = await start(port)
    await eventually(() => client.connects() === 2)
    expect(await client.call('echo', 'again')).toBe('again')
    if (sdk.logsInAgain) await expect.poll(() => client.call('who'), { timeout: 10_000 }).toBe(user.id)
    else expect(await client.call('who')).toBeNull()
    if (!sdk.subscribesAgain) await client.listen('general')
    // Its subscription may follow the call: what is emitted before is for nobody.
    for (let n = 0; client.heard.length === 0; n += 1) {
      application.emit('general', n)
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    expect(client.heard[0]).toEqual([expect.any(Number)])
  })
})
