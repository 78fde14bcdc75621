import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { connect, type DDPClient } from '@ddp-cluster/ddp-client'
import { createDDPServer, type DDPServer } from '@ddp-cluster/ddp-server'
import EJSON from 'ejson'
import { afterEach, describe, expect, it } from 'vitest'
import { WebSocketServer, type WebSocket } from 'ws'

type Message = Record<string, unknown> & { msg?: string; id?: string; params?: unknown[] }

const closers: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close()
})

function open(url: string): DDPClient {
  const client = connect({ url })
  closers.push(() => client.close())
  return client
}

/** A DDP server in the fewest words, on ws and the npm package ejson: nothing of ours is in it. It keeps tasks, and publishes them. */
class TinyServer {
  readonly tasks = new Map<string, Record<string, unknown>>()
  readonly #sockets = new WebSocketServer({ port: 0, host: '127.0.0.1' })
  readonly #subscribers = new Map<WebSocket, Set<string>>()
  logins = 0

  static async start(): Promise<TinyServer> {
    const server = new TinyServer()
    await new Promise((resolve) => server.#sockets.once('listening', resolve))
    server.#sockets.on('connection', (socket) => {
      let userId: string | undefined
      server.#subscribers.set(socket, new Set())
      socket.on('close', () => server.#subscribers.delete(socket))
      socket.on('message', (data) => {
        const message = EJSON.parse((data as Buffer).toString()) as Message
        if (message.msg === 'method' && message.method === 'login') {
          const [{ resume } = {}] = message.params as [{ resume?: string }?]
          userId = resume === 'token' ? 'user' : undefined
          server.logins += 1
        }
        server.#answer(socket, message, userId)
      })
      socket.send('{"server_id":"0"}')
    })
    closers.push(async () => {
      server.dropAll()
      await new Promise((resolve) => server.#sockets.close(resolve))
    })
    return server
  }

  get url(): string {
    return `ws://127.0.0.1:${(this.#sockets.address() as AddressInfo).port}/websocket`
  }

  dropAll(): void {
    for (const socket of this.#sockets.clients) socket.terminate()
  }

  #send(socket: WebSocket, message: Message): void {
    socket.send(EJSON.stringify(message))
  }

  #answer(socket: WebSocket, message: Message, userId: string | undefined): void {
    const { id = '', msg = '' } = message
    switch (msg) {
      case 'connect': return this.#send(socket, { msg: 'connected', session: String(Math.random()) })
      case 'ping': return this.#send(socket, { msg: 'pong', id })
      case 'sub':
        if (message.name !== 'tasks') return this.#send(socket, { msg: 'nosub', id, error: { error: 404, reason: 'Subscription not found', errorType: 'Meteor.Error' } })
        this.#subscribers.get(socket)?.add(id)
        for (const [taskId, fields] of this.tasks) this.#send(socket, { msg: 'added', collection: 'tasks', id: taskId, fields })
        return this.#send(socket, { msg: 'ready', subs: [id] })
      case 'unsub':
        this.#subscribers.get(socket)?.delete(id)
        for (const taskId of this.tasks.keys()) this.#send(socket, { msg: 'removed', collection: 'tasks', id: taskId })
        return this.#send(socket, { msg: 'nosub', id })
      case 'method': {
        const outcome = this.#call(message, userId)
        this.#send(socket, { msg: 'result', id, ...outcome })
        return this.#send(socket, { msg: 'updated', methods: [id] })
      }
    }
  }

  #call({ method, params = [] }: Message, userId: string | undefined): { result?: unknown; error?: unknown } {
    switch (method) {
      case 'login': return userId === undefined ? { error: { error: 403, reason: 'You\'ve been logged out', errorType: 'Meteor.Error' } } : { result: { id: userId, token: 'token' } }
      case 'whoami': return { result: userId }
      case 'echo': return { result: params }
      case 'add': {
        const [title, due] = params
        const id = String(this.tasks.size + 1)
        const fields = { title, due }
        this.tasks.set(id, fields)
        for (const [socket, subs] of this.#subscribers) if (subs.size > 0) this.#send(socket, { msg: 'added', collection: 'tasks', id, fields })
        return { result: id }
      }
      default: return { error: { error: 404, reason: `Method '${String(method)}' not found`, errorType: 'Meteor.Error' } }
    }
  }
}

describe('our client and a server that has nothing of ours', () => {
  it('calls methods, with EJSON both ways, and gets errors', async () => {
    const server = await TinyServer.start()
    const client = open(server.url)
    const values = [1, 'two', null, new Date(3), new Uint8Array([4]), { $date: 5 }, { deep: [{ at: new Date(6) }] }, Infinity, /seven/g]
    expect(await client.call('echo', ...values)).toEqual(values)
    await expect(client.call('nothing')).rejects.toMatchObject({ error: 404, reason: 'Method \'nothing\' not found' })
  })

  it('subscribes, sees its own writes when a call is done, and stops', async () => {
    const server = await TinyServer.start()
    const client = open(server.url)
    const tasks = client.collection('tasks')
    const sub = client.subscribe('tasks')
    await sub.ready
    const id = await client.call('add', 'wash up', new Date(9)) as string
    expect(tasks.get(id)).toEqual({ _id: id, title: 'wash up', due: new Date(9) })
    sub.stop()
    await client.call('echo')
    expect(tasks.size).toBe(0)
    await expect(client.subscribe('nothing').ready).rejects.toMatchObject({ error: 404 })
  })

  it('comes back with its login and its data, without a flicker', async () => {
    const server = await TinyServer.start()
    const client = open(server.url)
    expect(await client.login({ resume: 'token' })).toMatchObject({ id: 'user' })
    await client.subscribe('tasks').ready
    await client.call('add', 'one')
    const events: string[] = []
    const tasks = client.collection('tasks')
    tasks.on('added', ({ id }) => events.push(`added ${String(id)}`)).on('removed', ({ id }) => events.push(`removed ${String(id)}`))
    server.tasks.set('2', { title: 'two' })
    server.dropAll()
    expect(await client.call('whoami')).toBe('user')
    expect([server.logins, events, [...tasks].map(({ title }) => title)]).toEqual([2, ['added 2'], ['one', 'two']])
    await expect(client.login({ resume: 'wrong' })).rejects.toMatchObject({ error: 403 })
  })
})

describe('our client and our server', () => {
  async function start(): Promise<{ http: Server; ddp: DDPServer; url: string }> {
    const http = createServer()
    await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
    const ddp = createDDPServer({ server: http })
    closers.push(async () => {
      await ddp.close()
      http.closeAllConnections()
      await new Promise((resolve) => http.close(resolve))
    })
    return { http, ddp, url: `ws://127.0.0.1:${(http.address() as AddressInfo).port}/websocket` }
  }

  it('understand each other', async () => {
    const { ddp, url } = await start()
    ddp.method('add', (a, b) => (a as number) + (b as number))
    ddp.publish('clock', function () {
      this.added('clock', 'now', { at: new Date(5), bytes: new Uint8Array([1]) })
      this.ready()
    })
    const client = open(url)
    expect(await client.call('add', 1, 2)).toBe(3)
    await client.subscribe('clock').ready
    expect([...client.collection('clock')]).toEqual([{ _id: 'now', at: new Date(5), bytes: new Uint8Array([1]) }])
    await expect(client.call('nothing')).rejects.toMatchObject({ error: 404 })
  })
})
