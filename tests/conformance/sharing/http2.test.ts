import { once } from 'node:events'
import http2 from 'node:http2'
import type { AddressInfo } from 'node:net'
import { createDDPServer } from '@ddp-cluster/ddp-server'
import { describe, expect, it } from 'vitest'
import { ask, askDDP, type Site, tlsOptions } from './site.js'
import { WebSocketServer } from 'ws'

/** Resolves with a server's answer over HTTP/2. */
async function getOverHTTP2({ origin }: Site, path: string): Promise<{ status: number | undefined; text: string }> {
  const session = http2.connect(origin, { rejectUnauthorized: false })
  const stream = session.request({ ':path': path }).setEncoding('utf8')
  let text = ''
  stream.on('data', (data: string) => (text += data))
  const [[headers]] = await Promise.all([once(stream, 'response') as Promise<[http2.IncomingHttpHeaders & http2.IncomingHttpStatusHeader]>, once(stream, 'end')])
  session.close()
  return { status: headers[':status'], text }
}

describe('an endpoint on http2.createSecureServer({ allowHTTP1: true })', () => {
  it('takes WebSockets, and leaves HTTP/2 and other upgrades to the application', async () => {
    const server = http2.createSecureServer({ ...tlsOptions, allowHTTP1: true }, (request, response) => void response.end(`${request.url} over ${request.httpVersion}`))
    await once(server.listen(0, '127.0.0.1'), 'listening')
    const { port } = server.address() as AddressInfo
    const site = { origin: `https://localhost:${port}`, port }
    await using ddp = createDDPServer({ server })
    ddp.method('echo', (text) => text)
    await askDDP(site, '/websocket')
    expect(await getOverHTTP2(site, '/page')).toEqual({ status: 200, text: '/page over 2.0' })
    expect(await getOverHTTP2(site, '/websocket')).toEqual({ status: 426, text: expect.stringContaining('DDP over WebSockets') as string })
    await expect(ask(site, '/else', 'hello')).rejects.toThrow('200')
    const other = new WebSocketServer({ server: server as never, path: '/graphql' }).on('connection', (socket) => socket.on('message', (data: Buffer) => socket.send(data.toString())))
    expect(await ask(site, '/graphql', 'hello')).toBe('hello')
    await askDDP(site, '/websocket')
    other.close()
    await ddp.close()
    const closed = once(server, 'close')
    server.close()
    await closed
  })
})

describe('an endpoint', () => {
  it.each([
    ['http2.createServer()', () => http2.createServer(), /HTTP\/1\.1.*allowHTTP1/],
    ['http2.createSecureServer() without HTTP/1.1', () => http2.createSecureServer(tlsOptions), /allowHTTP1: true/],
    ['something else', () => ({}), /node:http/],
  ])('refuses %s with the reason', (_, make, reason) => {
    expect(() => createDDPServer({ server: make() as never })).toThrow(expect.objectContaining({ code: 'invalid-option', message: expect.stringMatching(reason) as string }))
  })
})
