import { readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import { connect } from '@ddp-cluster/ddp-client'
import { openConnection } from '@ddp-cluster/ddp-client/internal'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { WebSocketServer } from 'ws'

/** A certificate for localhost that signed itself, and its key: for this test alone, good for nothing else. */
const fixture = (name: string): string => readFileSync(new URL(`client-fixtures/${name}`, import.meta.url), 'utf8')
const cert = fixture('localhost.cert.pem')
const key = fixture('localhost.key.pem')

describe('TLS', () => {
  let server: Server
  let port = 0
  let headers: unknown
  /** The TCP socket under the last connection, and what to do with it. */
  let tcp: Socket | undefined
  let cut: (socket: Socket) => void = () => undefined

  beforeEach(async () => {
    server = createServer({ cert, key })
    server.on('connection', (socket: Socket) => {
      tcp = socket
    })
    const sockets = new WebSocketServer({ server })
    sockets.on('connection', (socket, request) => {
      headers = request.headers['x-colour']
      socket.on('error', () => undefined)
      socket.on('message', (data) => {
        if ((data as Buffer).toString().includes('"connect"')) socket.send('{"msg":"connected","session":"s"}')
        else if (tcp) cut(tcp)
      })
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    port = (server.address() as AddressInfo).port
  })
  afterEach(async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })

  it('takes an authority and a server name, and headers go along', async () => {
    const client = connect({ url: `wss://127.0.0.1:${port}/`, tls: { ca: cert, servername: 'localhost' }, headers: { 'X-Colour': 'red' } })
    await new Promise((resolve) => client.once('statusChanged', resolve))
    expect([client.status().connected, headers]).toEqual([true, 'red'])
    await client.close()
  })

  it('does not trust a stranger, nor a certificate for another name', async () => {
    const stranger = openConnection({ url: `wss://localhost:${port}/` })
    expect(await stranger.closed).toMatchObject({ cause: 'tls', reason: expect.stringContaining('SELF_SIGNED') as string })
    const other = openConnection({ url: `wss://127.0.0.1:${port}/`, tls: { ca: cert } })
    expect(await other.closed).toMatchObject({ cause: 'tls', reason: expect.stringContaining('ALTNAME') as string })
  })

  it.each([['ended', (socket: Socket) => socket.destroy()], ['reset', (socket: Socket) => socket.resetAndDestroy()]] as const)('tells an end from a reset: %s', async (cause, how) => {
    cut = how
    const connection = openConnection({ url: `wss://localhost:${port}/`, tls: { ca: cert } })
    await connection.opened
    connection.call('end', []).catch(() => undefined)
    expect(await connection.closed).toMatchObject({ cause })
  })

  it('is refused, not failed, where nobody listens', async () => {
    await new Promise((resolve) => server.close(resolve))
    expect(await openConnection({ url: `wss://127.0.0.1:${port}/` }).closed).toMatchObject({ cause: 'refused' })
    await new Promise<void>((resolve) => server.listen(0, resolve))
  })
})
