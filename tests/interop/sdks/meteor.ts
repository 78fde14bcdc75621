import WebSocket from 'ws'
import { loadBundled } from './bundle.js'
import { type DataMessage, Documents, eventually, type OpenSdk, type Sdk, user } from './sdk.js'

interface MeteorSdk {
  on(event: string, listener: (message: DataMessage) => void): unknown
  call(name: string, ...params: unknown[]): Promise<unknown>
  subscribe(name: string, ...params: unknown[]): { ready(): Promise<unknown> }
  connect(): Promise<unknown>
  disconnect(): Promise<unknown>
}

/** The successor of `simpleddp`. */
export const meteorSdk: Sdk = {
  name: 'meteor-sdk',
  subscribesAgain: true,
  logsInAgain: false,
  async open(port): Promise<OpenSdk> {
    const bundle = (await loadBundled('meteor-sdk')) as { default: new (options: object) => MeteorSdk }
    const client = new bundle.default({ endpoint: `ws://127.0.0.1:${port}/websocket`, SocketConstructor: WebSocket, reconnectInterval: 20 })
    const documents = new Documents()
    let connects = 0
    client.on('connected', () => (connects += 1))
    client.on('added', (message) => documents.added(message))
    client.on('changed', (message) => documents.changed(message))
    await eventually(() => connects > 0)
    return {
      call: (name, ...params) => client.call(name, ...params),
      login: async () => ((await client.call('login', { resume: user.token })) as { id: string }).id,
      subscribe: (name, ...params) => client.subscribe(name, ...params).ready(),
      listen: (event) => client.subscribe('stream-room', event, false).ready(),
      heard: documents.heard,
      posts: () => documents.posts(),
      connects: () => connects,
      close: () => client.disconnect(),
    }
  },
}

interface MeteorRN {
  readonly ddp: { readonly eventInterface: { on(event: string, listener: (message: DataMessage) => void): unknown } }
  connect(endpoint: string, options: object): void
  disconnect(): void
  call(name: string, ...params: unknown[]): void
  loginWithPassword(name: string, password: string, done: (error: unknown) => void): void
  userId(): string | undefined
  subscribe(name: string, ...params: unknown[]): unknown
  getData(): { readonly ddp: MeteorRN['ddp'] }
}

/** Storage and components of React Native, which the client asks for when it is loaded. */
const reactNative = {
  react: 'module.exports = {}',
  'react-native': 'module.exports = {}',
  '@react-native-async-storage/async-storage': 'module.exports = {}',
  '@react-native-community/netinfo': 'module.exports = {}',
}

/** Meteor's client for React Native, without its components. */
export const meteorReactNative: Sdk = {
  name: '@meteorrn/core',
  subscribesAgain: true,
  logsInAgain: true,
  async open(port): Promise<OpenSdk> {
    const { default: Meteor } = (await loadBundled('@meteorrn/core', reactNative)) as { default: MeteorRN }
    const stored = new Map<string, string>()
    const AsyncStorage = {
      getItem: (key: string) => Promise.resolve(stored.get(key) ?? null),
      setItem: (key: string, value: string) => Promise.resolve(void stored.set(key, value)),
      removeItem: (key: string) => Promise.resolve(void stored.delete(key)),
    }
    Meteor.connect(`ws://127.0.0.1:${port}/websocket`, { AsyncStorage, NetInfo: null, SocketConstructor: WebSocket, reconnectInterval: 20 })
    const documents = new Documents()
    let connects = 0
    const { eventInterface } = Meteor.getData().ddp
    eventInterface.on('connected', () => (connects += 1))
    eventInterface.on('added', (message) => documents.added(message))
    eventInterface.on('changed', (message) => documents.changed(message))
    const subscribe = (name: string, ...params: unknown[]): Promise<void> =>
      new Promise((resolve, reject) => void Meteor.subscribe(name, ...params, { onReady: resolve, onStop: reject, onError: reject }))
    await eventually(() => connects > 0)
    return {
      subscribe,
      call: (name, ...params) => new Promise((resolve, reject) => Meteor.call(name, ...params, (error: Error | undefined, result: unknown) => (error ? reject(error) : resolve(result)))),
      login: async () => {
        await new Promise<void>((resolve, reject) => Meteor.loginWithPassword(user.name, user.password, (error) => (error === undefined || error === null ? resolve() : reject(new Error('no login', { cause: error })))))
        return Meteor.userId()
      },
      listen: (event) => subscribe('stream-room', event, false),
      heard: documents.heard,
      posts: () => documents.posts(),
      connects: () => connects,
      close: () => Meteor.disconnect(),
    }
  },
}
