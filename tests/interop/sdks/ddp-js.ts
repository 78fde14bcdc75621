import { createRequire } from 'node:module'
import WebSocket from 'ws'
import { type DataMessage, Documents, eventually, type OpenSdk, type Sdk, user } from './sdk.js'

const require = createRequire(import.meta.url)

interface Answer {
  readonly id: string
  readonly error?: unknown
  readonly result?: unknown
}

interface DDP2 {
  on(event: string, listener: (message: never) => void): DDP2
  method(name: string, params: unknown[]): string
  sub(name: string, params: unknown[]): string
  disconnect(): void
}

/** The low-level client beneath `asteroid` 2: its user matches answers to ids. */
export const ddpJs2: Sdk = {
  name: 'ddp.js 2.2',
  subscribesAgain: false,
  logsInAgain: false,
  async open(port): Promise<OpenSdk> {
    const DDP = (require('ddp.js') as { default: new (options: object) => DDP2 }).default
    const ddp = new DDP({ endpoint: `ws://127.0.0.1:${port}/websocket`, SocketConstructor: WebSocket, reconnectInterval: 20 })
    const documents = new Documents()
    const results = new Map<string, Answer>()
    const ready = new Set<string>()
    let connects = 0
    ddp.on('connected', () => (connects += 1))
    ddp.on('added', (message: DataMessage) => documents.added(message))
    ddp.on('changed', (message: DataMessage) => documents.changed(message))
    ddp.on('result', (message: Answer) => results.set(message.id, message))
    ddp.on('ready', ({ subs }: { subs: string[] }) => subs.forEach((id) => ready.add(id)))
    const call = async (name: string, ...params: unknown[]): Promise<unknown> => {
      const id = ddp.method(name, params)
      await eventually(() => results.has(id))
      const answer = results.get(id)
      // oxlint-disable-next-line typescript/only-throw-error -- what this client gives for an error is a plain object
      if (answer?.error) throw answer.error
      return answer?.result
    }
    const subscribe = async (name: string, ...params: unknown[]): Promise<void> => {
      const id = ddp.sub(name, params)
      await eventually(() => ready.has(id))
    }
    await eventually(() => connects > 0)
    return opened(documents, { call, subscribe, connects: () => connects, close: () => ddp.disconnect() })
  },
}

interface DDP05 {
  _autoreconnect: boolean
  readonly _socket: { close(): void }
  on(event: string, listener: (message: DataMessage) => void): void
  method(name: string, params: unknown[], onResult: (error: unknown, result: unknown) => void): void
  sub(name: string, params: unknown[], onReady: () => void, onStop: undefined, onError: (error: unknown) => void): void
}

/** The low-level client beneath `asteroid` 0.6, and so beneath `@rocket.chat/sdk`: it speaks DDP `pre2` alone. */
export const ddpJs05: Sdk = {
  name: 'ddp.js 0.5',
  subscribesAgain: false,
  logsInAgain: false,
  async open(port): Promise<OpenSdk> {
    const DDP = require('ddp.js-0.5') as new (options: object) => DDP05
    const ddp = new DDP({ endpoint: `ws://127.0.0.1:${port}/websocket`, SocketConstructor: WebSocket })
    const documents = new Documents()
    let connects = 0
    for (const event of ['connected', 'reconnected']) ddp.on(event, () => (connects += 1))
    ddp.on('added', (message) => documents.added(message))
    ddp.on('changed', (message) => documents.changed(message))
    const call = (name: string, ...params: unknown[]): Promise<unknown> =>
      new Promise((resolve, reject) => ddp.method(name, params, (error, result) => {
        // oxlint-disable-next-line typescript/prefer-promise-reject-errors -- what this client gives for an error is a plain object
        if (error) reject(error)
        else resolve(result)
      }))
    const subscribe = (name: string, ...params: unknown[]): Promise<void> => new Promise((resolve, reject) => ddp.sub(name, params, resolve, undefined, reject))
    await eventually(() => connects > 0)
    const close = (): void => {
      ddp._autoreconnect = false
      ddp._socket.close()
    }
    return opened(documents, { call, subscribe, connects: () => connects, close })
  },
}

/** Completes a client that has methods and subscriptions alone: login and stream by what goes over the wire. */
function opened(documents: Documents, parts: Pick<OpenSdk, 'call' | 'subscribe' | 'connects' | 'close'>): OpenSdk {
  return {
    ...parts,
    login: async () => ((await parts.call('login', { resume: user.token })) as { id: string }).id,
    listen: (event) => parts.subscribe('stream-room', event, false),
    heard: documents.heard,
    posts: () => documents.posts(),
  }
}
