import { createRequire } from 'node:module'
import WebSocket from 'ws'
import { type DataMessage, Documents, eventually, type OpenSdk, type Sdk, user } from './sdk.js'

const require = createRequire(import.meta.url)

interface Asteroid2 {
  readonly ddp: { on(event: string, listener: (message: DataMessage) => void): unknown }
  on(event: string, listener: () => void): void
  call(name: string, ...params: unknown[]): Promise<unknown>
  subscribe(name: string, ...params: unknown[]): { on(event: string, listener: (error: unknown) => void): void }
  loginWithPassword(credentials: object): Promise<unknown>
  disconnect(): void
}

export const asteroid2: Sdk = {
  name: 'asteroid 2.0',
  subscribesAgain: true,
  logsInAgain: true,
  async open(port): Promise<OpenSdk> {
    const Asteroid = (require('asteroid') as { createClass(): new (options: object) => Asteroid2 }).createClass()
    const asteroid = new Asteroid({ endpoint: `ws://127.0.0.1:${port}/websocket`, SocketConstructor: WebSocket, reconnectInterval: 20 })
    const documents = new Documents()
    let connects = 0
    asteroid.on('connected', () => (connects += 1))
    asteroid.ddp.on('added', (message) => documents.added(message))
    asteroid.ddp.on('changed', (message) => documents.changed(message))
    const subscribe = (name: string, ...params: unknown[]): Promise<unknown> =>
      new Promise((resolve, reject) => {
        const subscription = asteroid.subscribe(name, ...params)
        subscription.on('ready', resolve)
        subscription.on('error', reject)
      })
    await eventually(() => connects > 0)
    return {
      subscribe,
      call: (name, ...params) => asteroid.call(name, ...params),
      login: () => asteroid.loginWithPassword({ username: user.name, password: user.password }),
      listen: (event) => subscribe('stream-room', event, false),
      heard: documents.heard,
      posts: () => documents.posts(),
      connects: () => connects,
      close: () => asteroid.disconnect(),
    }
  },
}
