import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import net, { type Socket } from 'node:net'
import { deflateRawSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { WebSocketServer } from 'ws'
import { RawClient, startServer, type TestServer } from '../conformance/server-harness.js'

/** What can be said below DDP, by somebody who reads nothing and never comes to an end. */

/** A masked frame, as a client sends it. */
function frame(firstByte: number, payload: Buffer): Buffer {
  const mask = randomBytes(4)
  const header = payload.length < 126 ? Buffer.from([firstByte, 0x80 | payload.length]) : Buffer.from([firstByte, 0xff, 0, 0, 0, 0, 0, 0, 0, 0])
  if (payload.length >= 126) header.writeUInt32BE(payload.length, 6)
  return Buffer.concat([header, mask, payload.map((byte, at) => byte ^ (mask[at % 4] ?? 0))])
}

async function accepted(server: TestServer): Promise<{ client: RawClient; socket: Socket }> {
  const connection = once(server.http, 'connection')
  const client = await RawClient.open(server.port)
  const [socket] = (await connection) as [Socket]
  return { client, socket }
}

describe('compression', () => {
  /** The headers with which an upgrade is answered that offers it. */
  const offered = async (port: number, path: string): Promise<{ tcp: Socket; answer: string }> => {
    const tcp = net.connect(port, '127.0.0.1')
    tcp.on('error', () => undefined)
    tcp.write(`GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n`)
    const [answer] = (await once(tcp, 'data')) as [Buffer]
    return { tcp, answer: answer.toString() }
  }

  it('is never agreed to, and a bomb is no message', async () => {
    await using server = await startServer()
    const { tcp, answer } = await offered(server.port, '/websocket')
    expect(answer).toMatch(/^HTTP\/1\.1 101/)
    expect(answer).not.toMatch(/extensions/i)
    // A hundred megabytes in a hundred kilobytes; the first reserved bit says that it is compressed.
    const bomb = deflateRawSync(Buffer.alloc(100_000_000, 'x'))
    tcp.write(frame(0xc1, bomb))
    const [goodbye] = (await once(tcp, 'data')) as [Buffer]
    expect([goodbye[0], goodbye.readUInt16BE(2)]).toEqual([0x88, 1002])
    tcp.destroy()
  })

  it('of an application\'s own WebSockets on the same server is its own', async () => {
    await using server = await startServer()
    const own = new WebSocketServer({ noServer: true, perMessageDeflate: true })
    server.http.on('upgrade', (request, tcp, head) => {
      if (request.url === '/own') own.handleUpgrade(request, tcp, head, () => undefined)
    })
    const theirs = await offered(server.port, '/own')
    expect(theirs.answer).toMatch(/extensions: permessage-deflate/i)
    const ours = await offered(server.port, '/websocket')
    expect(ours.answer).not.toMatch(/extensions/i)
    for (const { tcp } of [theirs, ours]) tcp.destroy()
    own.close()
    for (const client of own.clients) client.terminate()
  })
})

describe('who reads nothing', () => {
  it('and pings without end is ended, and the pongs are not kept', async () => {
    await using server = await startServer()
    const { client, socket } = await accepted(server)
    const ended = once(socket, 'close')
    client.tcp.pause()
    const pings = Buffer.concat(Array.from({ length: 8_000 }, () => frame(0x89, Buffer.alloc(125))))
    client.tcp.write(pings)
    while (socket.bytesRead < 100_000 && !socket.destroyed) await new Promise((resolve) => setImmediate(resolve))
    expect(socket.writableLength).toBeLessThan(100_000)
    client.tcp.resume()
    await ended
    client.tcp.destroy()
  })
})

describe('a message', () => {
  it('in a hundred thousand pieces of one byte is ended long before', async () => {
    await using server = await startServer()
    const { client } = await accepted(server)
    const piece = frame(0x00, Buffer.from('x'))
    client.tcp.write(Buffer.concat([frame(0x01, Buffer.from('x')), ...Array.from({ length: 100_000 }, () => piece)]))
    expect((await client.closed).code).toBe(1008)
  })

  it('that announces more than may be read is ended before it comes', async () => {
    await using server = await startServer({ maxMessageBytes: 1000 })
    const { client } = await accepted(server)
    const header = Buffer.from([0x81, 0xff, 0, 0, 0, 0, 0x7f, 0, 0, 0, 1, 2, 3, 4])
    client.tcp.write(header)
    expect((await client.closed).code).toBe(1009)
  })
})
