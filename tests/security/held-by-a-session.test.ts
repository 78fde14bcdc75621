import { once } from 'node:events'
import type { Socket } from 'node:net'
import { describe, expect, it } from 'vitest'
import { RawClient, startServer, type TestServer } from '../conformance/server-harness.js'

/** What one client without any rights can have the server keep for it. */

const megabyte = 'x'.repeat(1_000_000)
const options = { maxMessageBytes: 2_500_000, maxBufferedBytes: 4_000_000 }

async function connected(server: TestServer): Promise<{ client: RawClient; socket: Socket }> {
  const accepted = once(server.http, 'connection')
  const client = await RawClient.connect(server.port)
  const [socket] = (await accepted) as [Socket]
  return { client, socket }
}

describe('calls that wait', () => {
  it('are held by their bytes, not by their number alone; the rest waits at the client, and none is lost', async () => {
    await using server = await startServer(options)
    let release = (): void => undefined
    const released = new Promise<void>((resolve) => { release = resolve })
    server.ddp.method('wait', () => released)
    server.ddp.method('measure', (text) => (text as string).length)
    const { client, socket } = await connected(server)
    client.send({ msg: 'method', method: 'wait', id: 'wait' })
    for (let count = 0; count < 30; count += 1) client.send({ msg: 'method', method: 'measure', id: String(count), params: [megabyte] })
    // It has read as much as it will: twice in a row nothing came.
    for (let before = -1; before < 4_000_000 || socket.bytesRead > before;) {
      before = socket.bytesRead
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    expect(socket.bytesRead).toBeLessThan(7_000_000)
    release()
    for (const id of ['wait', ...Array.from({ length: 30 }, (_, count) => String(count))]) expect(await client.next('result')).toMatchObject({ id })
    client.tcp.destroy()
  })
})

describe('subscriptions', () => {
  it('are as many as their names, ids and parameters leave room for', async () => {
    await using server = await startServer(options)
    server.ddp.method('become', async function (userId) { await this.setUserId(userId as string) })
    server.ddp.publish('anything', function () { this.ready() })
    const { client } = await connected(server)
    const subscribe = async (id: string): Promise<unknown> => {
      client.send({ msg: 'sub', id, name: 'anything', params: [megabyte] })
      const { msg, error } = await client.next()
      return (error as { error?: unknown } | undefined)?.error ?? msg
    }
    for (const id of ['1', '2', '3']) expect(await subscribe(id)).toBe('ready')
    expect(await subscribe('4')).toBe('too-many-subscriptions')
    client.send({ msg: 'unsub', id: '2' })
    await client.next('nosub')
    expect(await subscribe('5')).toBe('ready')
    // They are the same for another user.
    await client.call('become', 'anna')
    await client.settled()
    expect(await subscribe('6')).toBe('too-many-subscriptions')
    client.send({ msg: 'unsub', id: '1' })
    await client.next('nosub')
    expect(await subscribe(`7${megabyte}`)).toBe('too-many-subscriptions')
    expect(await subscribe('8')).toBe('ready')
    client.tcp.destroy()
  })
})

describe('handlers of publications', () => {
  it('count until they have ended, also after their subscription stopped', async () => {
    await using server = await startServer({ maxQueuedMessages: 50 })
    let running = 0
    let most = 0
    let release = (): void => undefined
    const released = new Promise<void>((resolve) => { release = resolve })
    server.ddp.publish('waits', async function () {
      running += 1
      most = Math.max(most, running)
      this.unblock()
      await released
      running -= 1
    })
    const { client, socket } = await connected(server)
    const filling = 'x'.repeat(1000)
    for (let id = 0; id < 2000; id += 1) {
      client.send({ msg: 'sub', id: String(id), name: 'waits', params: [filling] })
      client.send({ msg: 'unsub', id: String(id) })
    }
    for (let before = -1; before < 20_000 || socket.bytesRead > before;) {
      before = socket.bytesRead
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    expect(most).toBeLessThanOrEqual(50)
    release()
    client.send({ msg: 'method', method: 'none', id: 'last' })
    await client.next('result')
    expect(most).toBeLessThanOrEqual(50)
    client.tcp.destroy()
  })
})

describe('changes of user', () => {
  it('start the publications of one session over only while few of their handlers run', async () => {
    await using server = await startServer({ maxQueuedMessages: 100 })
    let running = 0
    let most = 0
    server.ddp.publish('waits', async function () {
      running += 1
      most = Math.max(most, running)
      this.unblock()
      await new Promise(() => undefined)
    })
    server.ddp.method('become', async function (userId) {
      await this.setUserId(userId as string)
    })
    const { client, socket } = await connected(server)
    for (let id = 0; id < 60; id += 1) client.send({ msg: 'sub', id: String(id), name: 'waits' })
    for (let id = 0; id < 30; id += 1) client.send({ msg: 'method', method: 'become', id: `m${id}`, params: [`user ${id}`] })
    for (let before = -1; before < 2000 || socket.bytesRead > before;) {
      before = socket.bytesRead
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    await client.next('result')
    expect(most).toBeLessThanOrEqual(160)
    client.tcp.destroy()
  })
})

describe('logout', () => {
  it('is limited as login is, and starts nothing over for nobody', async () => {
    await using server = await startServer({ login: () => ({ id: 'anna' }) })
    let starts = 0
    server.ddp.publish('anything', function () {
      starts += 1
      this.ready()
    })
    const { client } = await connected(server)
    client.send({ msg: 'sub', id: '1', name: 'anything' })
    await client.next('ready')
    const outcomes: unknown[] = []
    for (let id = 0; id < 8; id += 1) {
      client.send({ msg: 'method', method: 'logout', id: String(id) })
      outcomes.push(((await client.next('result'))['error'] as { error?: unknown } | undefined)?.error)
    }
    expect(outcomes).toEqual([undefined, undefined, undefined, undefined, undefined, 'too-many-requests', 'too-many-requests', 'too-many-requests'])
    expect(starts).toBe(1)
    client.tcp.destroy()
  })
})
