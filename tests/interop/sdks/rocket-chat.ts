import { createRequire } from 'node:module'
import WebSocket from 'ws'
import { type DataMessage, Documents, type OpenSdk, type Sdk, user } from './sdk.js'

const require = createRequire(import.meta.url)

interface Driver {
  connect(options: object): Promise<Asteroid06>
  login(credentials: object): Promise<string>
  subscribe(topic: string, event: string): Promise<unknown>
  useLog(logger: object): void
}

interface Asteroid06 {
  readonly ddp: { _autoreconnect: boolean; readonly _socket: { close(): void }; on(event: string, listener: (message: DataMessage) => void): void }
  on(event: string, listener: () => void): void
  subscribe(name: string, ...params: unknown[]): { readonly ready: Promise<unknown> }
  apply(name: string, params: unknown[]): { readonly result: Promise<unknown>; readonly updated: Promise<unknown> }
}

const silent = Object.fromEntries(['debug', 'info', 'warn', 'warning', 'error'].map((level) => [level, () => undefined]))

/**
 * The driver of Rocket.Chat's bots. Logs in with a password, and again by itself after a reconnect. Its `asteroid` is release 0.6.1 in place of the fork that
 * no registry has (pnpm-workspace.yaml).
 */
export const rocketChatSdk: Sdk = {
  name: '@rocket.chat/sdk 0.2.9',
  subscribesAgain: true,
  logsInAgain: true,
  async open(port): Promise<OpenSdk> {
    const { driver } = require('@rocket.chat/sdk') as { driver: Driver }
    driver.useLog(silent)
    let connects = 1
    const asteroid = await driver.connect({ host: `127.0.0.1:${port}`, useSsl: false, timeout: 60_000 })
    asteroid.on('reconnected', () => (connects += 1))
    const documents = new Documents()
    asteroid.ddp.on('added', (message) => documents.added(message))
    asteroid.ddp.on('changed', (message) => documents.changed(message))
    return {
      async call(name, ...params) {
        const { result, updated } = asteroid.apply(name, params)
        // Rejects as well, with nothing.
        updated.catch(() => undefined)
        return result
      },
      login: () => driver.login({ username: user.name, password: user.password }),
      subscribe: (name, ...params) => asteroid.subscribe(name, ...params).ready,
      listen: (event) => driver.subscribe('stream-room', event),
      heard: documents.heard,
      posts: () => documents.posts(),
      connects: () => connects,
      close: () => {
        asteroid.ddp._autoreconnect = false
        asteroid.ddp._socket.close()
      },
    }
  },
}

interface DDPSDK {
  readonly connection: { connect(): Promise<unknown>; close(): void; on(event: string, listener: () => void): void }
  readonly client: {
    subscribe(name: string, ...params: unknown[]): { ready(): Promise<unknown> }
    onCollection(name: string, listener: (message: DataMessage) => void): unknown
  }
  readonly account: { readonly uid: string | undefined; loginWithToken(token: string): Promise<unknown> }
  call(name: string, ...params: unknown[]): Promise<unknown>
  stream(name: string, event: string, listener: (...args: unknown[]) => void): { ready(): Promise<unknown> }
}

/** The client of Rocket.Chat's own web application: it reads `tokenExpires` of every login, and throws without it. */
export const rocketChatDDPClient: Sdk = {
  name: '@rocket.chat/ddp-client',
  subscribesAgain: true,
  logsInAgain: true,
  async open(port): Promise<OpenSdk> {
    // Node.js 20 has none of its own.
    ;(globalThis as { WebSocket?: unknown }).WebSocket ??= WebSocket
    const { DDPSDK: Sdk } = require('@rocket.chat/ddp-client') as { DDPSDK: { create(url: string, retry: object): DDPSDK } }
    const sdk = Sdk.create(`ws://127.0.0.1:${port}`, { retryCount: 1000, retryTime: 1 })
    const documents = new Documents()
    let connects = 0
    sdk.connection.on('connected', () => (connects += 1))
    sdk.client.onCollection('posts', (message) => {
      if (message.msg === 'added') documents.added(message)
      else documents.changed(message)
    })
    await sdk.connection.connect()
    return {
      call: (name, ...params) => sdk.call(name, ...params),
      login: async () => {
        await sdk.account.loginWithToken(user.token)
        return sdk.account.uid
      },
      subscribe: (name, ...params) => sdk.client.subscribe(name, ...params).ready(),
      listen: (event) => sdk.stream('room', event, (...args) => documents.heard.push(args)).ready(),
      heard: documents.heard,
      posts: () => documents.posts(),
      connects: () => connects,
      close: () => sdk.connection.close(),
    }
  },
}
