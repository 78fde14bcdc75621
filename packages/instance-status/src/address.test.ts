import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { type AddressSources, advertisedAddress } from './address.js'

let server: Server
async function listen(host: string): Promise<number> {
  server = createServer().listen(0, host)
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}
afterEach(() => void server.close())

const advertise = (sources: Partial<AddressSources> = {}) => advertisedAddress({ server, address: undefined, env: {}, ownServer: false, path: '', ...sources })

describe('the advertised address', () => {
  it('is what the server is bound to: loopback as localhost, all interfaces as the first external address', async () => {
    const port = await listen('127.0.0.1')
    expect(advertise()).toEqual({ host: 'localhost', port: String(port), url: `ws://localhost:${port}/websocket` })
    server.close()
    await listen('0.0.0.0')
    expect(advertise().host).toMatch(/^(localhost|\d+\.\d+\.\d+\.\d+)$/)
    expect(advertise().host).not.toBe('0.0.0.0')
  })

  it.each(['undefined', 'null', ' '])('is never %j, whoever says so', async (host) => {
    const port = await listen('127.0.0.1')
    expect(() => advertise({ address: { host, port } })).toThrow(expect.objectContaining({ code: 'invalid-option' }))
    if (host === 'undefined') expect(advertise({ env: { INSTANCE_IP: host } }).host).toBe('localhost')
  })

  it('is first what the application says, then what the environment says', async () => {
    await listen('127.0.0.1')
    const env = { INSTANCE_IP: '10.0.0.7', PORT: '3000' }
    expect(advertise({ env, path: '/chat' })).toEqual({ host: '10.0.0.7', port: '3000', url: 'ws://10.0.0.7:3000/chat/websocket' })
    expect(advertise({ env, address: { host: 'chat-1', port: 80 } })).toMatchObject({ host: 'chat-1', port: '80' })
    expect(advertise({ env, ownServer: true }).port).not.toBe('3000')
  })

  it('never has "undefined" in it', async () => {
    const port = await listen('127.0.0.1')
    expect(advertise({ env: { INSTANCE_IP: 'undefined', PORT: '' } })).toMatchObject({ host: 'localhost', port: String(port) })
  })

  it('puts IPv6 in brackets, once', async () => {
    await listen('127.0.0.1')
    for (const host of ['fd00::7', '[fd00::7]']) expect(advertise({ address: { host, port: 1 } })).toEqual({ host: '[fd00::7]', port: '1', url: 'ws://[fd00::7]:1/websocket' })
  })

  it('is never longer than peers accept in a record', async () => {
    const port = await listen('127.0.0.1')
    expect(advertise({ address: { host: 'h'.repeat(255), port } }).host).toHaveLength(255)
    expect(() => advertise({ address: { host: 'h'.repeat(256), port } })).toThrow(expect.objectContaining({ code: 'invalid-option' }))
    expect(() => advertise({ path: `/${'p'.repeat(2048)}` })).toThrow(expect.objectContaining({ code: 'invalid-option' }))
  })

  it('needs a server that listens, and values that make an address', async () => {
    server = createServer()
    expect(() => advertise()).toThrow(expect.objectContaining({ code: 'not-listening' }))
    expect(advertise({ address: { host: 'later', port: 80 } }).url).toBe('ws://later:80/websocket')
    await listen('127.0.0.1')
    expect(() => advertise({ address: { port: 70_000 } })).toThrow(expect.objectContaining({ code: 'invalid-option' }))
    expect(() => advertise({ address: { host: 'a b' } })).toThrow(expect.objectContaining({ code: 'invalid-option' }))
  })
})
