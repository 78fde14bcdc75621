import { createRequire } from 'node:module'
import { connect } from '@ddp-cluster/ddp-client'
import WebSocket from 'ws'

/** A client that stays over all restarts, and what went wrong for it. */
export interface Watcher {
  readonly name: string
  /** The last incarnation of the server that it heard of over its subscription. */
  readonly heard: number
  readonly problems: readonly string[]
  /** Resolves with the user that the server takes the client for. */
  user(): Promise<unknown>
  close(): unknown
}

interface Notes {
  heard: number
  readonly problems: string[]
}

interface NpmDDP {
  connect(connected?: (error: unknown) => void): void
  call(name: string, params: unknown[], result: (error: unknown, result?: unknown) => void): void
  subscribe(name: string, params: unknown[], done: (error?: unknown) => void): string
  on(event: 'message', listener: (text: string) => void): void
  close(): void
}
interface SimpleDDP {
  connect(): Promise<void>
  disconnect(): Promise<void>
  call(name: string, ...params: unknown[]): Promise<unknown>
  subscribe(name: string, ...params: unknown[]): unknown
  on(event: string, listener: (message: { id?: string; collection?: string; fields?: { args?: unknown[] }; error?: unknown }) => void): unknown
}

const require = createRequire(import.meta.url)
const NpmDDPClient = require('ddp') as new (options: object) => NpmDDP
const SimpleDDPClient = require('simpleddp') as new (options: object) => SimpleDDP

const redialMs = 50

/** Meteor's error for a call whose connection was lost: it says nothing of the login. */
const isLost = (error: unknown): boolean => /disconnected|lost|closed/i.test(error instanceof Error ? error.message : JSON.stringify(error))

const words = (error: unknown): string => (error instanceof Error ? error.message : JSON.stringify(error))

function hear(notes: Notes, collection: string | undefined, args: unknown): void {
  if (collection === 'stream-room' && Array.isArray(args) && typeof args[0] === 'number') notes.heard = args[0]
}

function ours(port: number, token: string): Watcher {
  const notes: Notes = { heard: 0, problems: [] }
  const client = connect({ url: `ws://127.0.0.1:${port}/websocket` })
  // Connections that last a moment, as here, have it wait longer and longer.
  let redialling: ReturnType<typeof setTimeout> | undefined
  client.on('statusChanged', ({ status }) => {
    clearTimeout(redialling)
    if (status === 'waiting') redialling = setTimeout(() => client.reconnect(), redialMs)
  })
  client.on('userChanged', ({ error }) => {
    if (error) notes.problems.push(`login: ${error.message}`)
  })
  client.login({ resume: token }).catch((error: unknown) => notes.problems.push(`login: ${words(error)}`))
  for (const subscription of [client.subscribe('clock'), client.subscribe('stream-room', 'tick', true)]) {
    void subscription.ready.catch(() => undefined)
    void subscription.ended.then((error) => {
      if (error) notes.problems.push(`nosub of ${subscription.name}: ${error.message}`)
    })
  }
  const room = client.collection('stream-room')
  for (const event of ['added', 'changed'] as const) room.on(event, ({ document }) => hear(notes, 'stream-room', document['args']))
  return watching('ddp-client', notes, () => client.call('whoAmI'), async () => {
    await client.close()
    clearTimeout(redialling)
  })
}

function npmDDP(port: number, token: string): Watcher {
  const notes: Notes = { heard: 0, problems: [] }
  const client = new NpmDDPClient({ url: `ws://127.0.0.1:${port}/websocket`, autoReconnectTimer: redialMs })
  client.on('message', (text) => {
    const { msg, collection, fields, error } = JSON.parse(text) as { msg: string; collection?: string; fields?: { args?: unknown }; error?: unknown }
    if (msg === 'nosub') notes.problems.push(`nosub: ${words(error)}`)
    if (msg === 'changed') hear(notes, collection, fields?.args)
  })
  let redialling: ReturnType<typeof setTimeout> | undefined
  client.connect((refused) => {
    // npm ddp dials again by itself when a connection is lost, and not when one is refused.
    if (refused) {
      redialling = setTimeout(() => client.connect(), redialMs)
      return
    }
    client.call('login', [{ resume: token }], (error) => {
      if (error && !isLost(error)) notes.problems.push(`login: ${words(error)}`)
    })
    for (const params of [['clock', []], ['stream-room', ['tick', false]]] as const) client.subscribe(params[0], [...params[1]], () => undefined)
  })
  const user = (): Promise<unknown> => new Promise((resolve) => client.call('whoAmI', [], (error, result) => resolve(error ? undefined : result)))
  return watching('npm ddp', notes, user, () => {
    clearTimeout(redialling)
    client.close()
  })
}

function simpleDDP(port: number, token: string): Watcher {
  const notes: Notes = { heard: 0, problems: [] }
  const client = new SimpleDDPClient({ endpoint: `ws://127.0.0.1:${port}/websocket`, SocketConstructor: WebSocket, reconnectInterval: redialMs })
  client.on('nosub', ({ error }) => {
    // Without one it answers an `unsub`, which this client sends before it subscribes again.
    if (error !== undefined) notes.problems.push(`nosub: ${words(error)}`)
  })
  client.on('changed', ({ collection, fields }) => hear(notes, collection, fields?.args))
  client.on('connected', () => {
    client.call('login', { resume: token }).catch((error: unknown) => {
      if (!isLost(error)) notes.problems.push(`login: ${words(error)}`)
    })
  })
  client.subscribe('clock')
  client.subscribe('stream-room', 'tick', false)
  void client.connect().catch(() => undefined)
  return watching('simpleddp', notes, () => client.call('whoAmI').catch(() => undefined), () => client.disconnect())
}

function watching(name: string, notes: Notes, user: () => Promise<unknown>, close: () => unknown): Watcher {
  return {
    name,
    problems: notes.problems,
    get heard() {
      return notes.heard
    },
    user,
    close,
  }
}

export const clients: readonly ((port: number, token: string) => Watcher)[] = [ours, npmDDP, simpleDDP]
