import { ManualClock } from '@ddp-cluster/ddp-common/internal'
import { afterEach, describe, expect, it } from 'vitest'
import { DDPClient } from './client.js'
import { ScriptedServer } from './scripted-server.test-kit.js'
import type { Subscription } from './subscriptions.js'

/** Listeners that change the client's course from inside an event, at every event of a life with three reconnects. */

const reactions: Readonly<Record<string, (client: DDPClient, subscription: Subscription) => void>> = {
  'close()': (client) => void client.close(),
  'disconnect()': (client) => client.disconnect(),
  'reconnect()': (client) => client.reconnect(),
  'disconnect() and reconnect()': (client) => {
    client.disconnect()
    client.reconnect()
  },
  'stop()': (_client, subscription) => subscription.stop(),
  'login()': (client) => void client.login({ resume: 'other' }).catch(ignore),
  'logout()': (client) => void client.logout().catch(ignore),
  'call()': (client) => void client.call('reaction').catch(ignore),
  'subscribe()': (client) => void client.subscribe('reaction').ready.catch(ignore),
}
const events = ['connecting', 'connected', 'waiting', 'offline', 'userChanged', 'loginPending', 'added', 'changed', 'removed'] as const

/** Lives of a client: whether it logs in, whether the server resumes sessions, and how the server answers a renewed login. */
const lives = [
  { login: false, resumed: false, error: undefined }, { login: true, resumed: false, error: undefined }, { login: true, resumed: false, error: 500 },
  { login: true, resumed: false, error: 403 }, { login: true, resumed: true, error: undefined }, { login: false, resumed: true, error: undefined },
]
const ignore = (): void => undefined
const open: DDPClient[] = []

afterEach(async () => {
  for (const client of open.splice(0)) await client.close()
})

function answer(server: ScriptedServer, error?: number): void {
  for (const message of server.socket.take()) {
    if (message.msg === 'method' && message.method === 'login') {
      server.socket.say({ msg: 'result', id: message.id, ...(error === undefined ? { result: { id: 'me' } } : { error: { error, errorType: 'Meteor.Error' } }) }, { msg: 'updated', methods: [message.id] })
    }
    if (message.msg !== 'sub') continue
    const n = server.sockets.length
    server.socket.say({ msg: 'added', collection: 'c', id: `only ${n}` }, { msg: 'added', collection: 'c', id: 'always', fields: { n } }, { msg: 'ready', subs: [message.id] })
  }
}

/** Lives through one life, with one reaction to the event after `skip` others of its kind. */
async function live(event: (typeof events)[number], react: (client: DDPClient, subscription: Subscription) => void, life: (typeof lives)[number], skip: number, maxRetries: number): Promise<void> {
  const clock = new ManualClock()
  const server = new ScriptedServer()
  const client = new DDPClient({ url: 'ws://server.example/websocket', clock, heartbeatIntervalMs: 0 }, server.dial)
  open.push(client)
  const subscription = client.subscribe('docs')
  subscription.ready.catch(ignore)
  let seen = -1
  const fire = (): void => {
    if (seen >= 0 && seen++ === skip) react(client, subscription)
  }
  client.on('statusChanged', ({ status }) => {
    if (status === event) fire()
  })
  for (const name of ['userChanged', 'loginPending'] as const) if (name === event) client.on(name, fire)
  for (const name of ['added', 'changed', 'removed'] as const) if (name === event) client.collection('c').on(name, fire)
  server.socket.accept('A')
  if (life.login) client.login({ resume: 't' }).catch(ignore)
  answer(server)
  seen = 0
  client.apply('call', [], { maxRetries }).catch(ignore)
  for (let round = 0; round < 3; round += 1) {
    server.socket.drop()
    client.reconnect()
    server.socket.accept(life.resumed ? 'A' : `B${round}`)
    answer(server, life.error)
    answer(server)
  }
  client.disconnect()
  seen = -1
  client.disconnect()
  expect(client.status().status).toBe('offline')
  await client.close()
  expect(clock.pending).toBe(0)
}

describe.each(events)('a listener of %s', (event) => {
  it.each(Object.entries(reactions))('may call %s', async (_name, react) => {
    for (const life of lives) for (const skip of [0, 1, 2]) for (const maxRetries of [0, 1, 2]) await live(event, react, life, skip, maxRetries)
  })
})

describe('a listener that the loss of the connection might call', () => {
  /** A revival that waits for nothing but a call that may not be sent again. */
  function lastOfRevival(): { client: DDPClient; server: ScriptedServer } {
    const server = new ScriptedServer()
    const client = new DDPClient({ url: 'ws://server.example/websocket', clock: new ManualClock(), heartbeatIntervalMs: 0 }, server.dial)
    open.push(client)
    server.socket.accept('A')
    server.socket.say({ msg: 'added', collection: 'c', id: 'old' })
    client.apply('call', [], { maxRetries: 1 }).catch(ignore)
    server.socket.drop()
    client.reconnect()
    server.socket.accept('B')
    server.socket.say({ msg: 'added', collection: 'c', id: 'new' })
    return { client, server }
  }

  it('hears of documents when the session goes on, and of the status before', async () => {
    const { client, server } = lastOfRevival()
    const told: unknown[] = []
    client.on('statusChanged', ({ status }) => told.push(status))
    client.collection('c').on('removed', ({ id }) => told.push(id))
    server.socket.drop()
    expect(told).toEqual(['waiting'])
    client.reconnect()
    server.socket.accept('B')
    expect(told).toEqual(['waiting', 'connecting', 'connected', 'old'])
    expect([...client.collection('c')]).toEqual([{ _id: 'new' }])
    await client.close()
  })

  it('does not hear of documents of a session that was left on purpose', async () => {
    for (const leave of ['disconnect', 'close'] as const) {
      const { client, server } = lastOfRevival()
      const told: unknown[] = []
      client.collection('c').on('removed', ({ id }) => told.push(id))
      server.socket.drop()
      await Promise.resolve(client[leave]())
      expect(told).toEqual([])
      expect([...client.collection('c')]).toEqual([{ _id: 'old' }])
      await client.close()
    }
  })
})
