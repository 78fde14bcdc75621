import type { Socket } from 'node:net'
import { connect, type DDPClient } from '@ddp-cluster/ddp-client'
import type { Connection, ConnectionEnd, Publication } from '@ddp-cluster/ddp-server'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { CutProxy } from '../cluster/cut-proxy.js'
import { startServer, type TestServer } from './server-harness.js'

/** Our client in front of our server, over a network that breaks: the session goes on. */

async function eventually(isSo: () => boolean): Promise<void> {
  for (let round = 0; round < 2_000 && !isSo(); round += 1) await new Promise((resolve) => setTimeout(resolve, 2))
  expect(isSo()).toBe(true)
}

let server: TestServer
let proxy: CutProxy
let client: DDPClient
let connections: Connection[]
let ends: ConnectionEnd[]
let statuses: string[]
let sockets: Set<Socket>

beforeEach(async () => {
  connections = []
  ends = []
  statuses = []
  server = await startServer({ login: () => ({ id: 'anna', token: 't' }) })
  server.ddp.onConnection((connection) => {
    connections.push(connection)
    connection.onClose((end) => ends.push(end))
  })
  sockets = new Set()
  server.http.on('connection', (socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  proxy = await CutProxy.before(server.port)
  client = connect({ url: `ws://127.0.0.1:${proxy.port}/websocket` })
  client.on('statusChanged', ({ status }) => statuses.push(status))
})
afterEach(async () => {
  await client.close()
  proxy.close()
  await server[Symbol.asyncDispose]()
})

/** Cuts the network, and resolves when both sides have noticed: what the server sends before that is lost, and the session with it. */
async function cut(): Promise<void> {
  const lost = [...sockets].map((socket) => new Promise((resolve) => socket.once('close', resolve)))
  const told = statuses.length
  proxy.cut()
  await Promise.all(lost)
  await eventually(() => statuses.length > told)
  for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve))
}

/** Resolves when the client is connected again. */
async function back(): Promise<void> {
  client.reconnect()
  await eventually(() => client.status().status === 'connected')
}

describe('a cut of the network', () => {
  it('costs no login, no subscription and no document', async () => {
    const publications: Publication[] = []
    let logins = 0
    server.ddp.publish('rooms', function () {
      publications.push(this)
      this.added('rooms', '1', { of: this.userId })
      this.ready()
    })
    server.ddp.method('who', function () { return this.userId })
    server.ddp.limitRate({ type: 'method', name: (name) => { if (name === 'login') logins += 1; return false }, count: 1, intervalMs: 1 })
    await client.login({ resume: 't' })
    const subscription = client.subscribe('rooms')
    await subscription.ready
    const told: string[] = []
    client.collection('rooms').on('added', ({ id }) => told.push(`added ${String(id)}`))
    client.collection('rooms').on('changed', ({ id }) => told.push(`changed ${String(id)}`))
    client.collection('rooms').on('removed', ({ id }) => told.push(`removed ${String(id)}`))
    await cut()
    publications[0]?.added('rooms', '2', {})
    publications[0]?.removed('rooms', '1')
    await eventually(() => told.length === 2)
    expect(told).toEqual(['added 2', 'removed 1'])
    expect(await client.call('who')).toBe('anna')
    expect([publications.length, logins, connections.length, ends, subscription.isReady, client.userId]).toEqual([1, 1, 1, [], true, 'anna'])
  })

  it('loses no result of a method that runs through it, and runs it once', async () => {
    let ran = 0
    let release = (): void => undefined
    const released = new Promise<void>((resolve) => { release = resolve })
    server.ddp.method('slow', async (value) => { ran += 1; await released; return value })
    const calls = [client.call('slow', 1), client.call('slow', 2)]
    await eventually(() => ran === 1)
    await cut()
    await back()
    release()
    expect(await Promise.all(calls)).toEqual([1, 2])
    expect([ran, connections.length]).toEqual([2, 1])
  })

  it('is survived again and again', async () => {
    let next = 0
    server.ddp.method('next', () => (next += 1))
    for (let round = 1; round <= 5; round += 1) {
      expect(await client.call('next')).toBe(round)
      await cut()
      await back()
    }
    expect([connections.length, ends, server.ddp.sessions]).toEqual([1, [], 1])
  })

  it('begins a new session once the old one has been closed by the application meanwhile', async () => {
    server.ddp.publish('rooms', function () { this.added('rooms', '1', {}); this.ready() })
    const subscription = client.subscribe('rooms')
    await subscription.ready
    await cut()
    connections[0]?.close(4000, 'enough')
    await eventually(() => connections.length === 2 && subscription.isReady)
    expect([ends.length, server.ddp.sessions, client.collection('rooms').size]).toEqual([1, 1, 1])
  })
})

it('a client that closes ends its session at once', async () => {
  server.ddp.method('echo', (value) => value)
  await client.call('echo', 1)
  await client.close()
  await eventually(() => ends.length === 1)
  expect(server.ddp.sessions).toBe(0)
})
