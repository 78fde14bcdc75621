import { once } from 'node:events'
import net from 'node:net'
import tls from 'node:tls'
import { createDDPServer } from '@ddp-cluster/ddp-server'
import { describe, expect, it, vi } from 'vitest'
import { askDDP, openSite, type Site } from './site.js'

/** A connection that speaks HTTP/1.1 by hand. */
class Wire {
  readonly #socket: net.Socket
  #read = ''
  #wake: () => void = () => undefined

  private constructor(socket: net.Socket) {
    this.#socket = socket
    socket.on('data', (data: Buffer) => {
      this.#read += data.toString()
      this.#wake()
    })
    socket.on('error', () => undefined)
    socket.on('close', () => this.#wake())
  }

  static async to({ origin, port }: Site): Promise<Wire> {
    const secure = origin.startsWith('https')
    const socket = secure ? tls.connect({ port, host: '127.0.0.1', rejectUnauthorized: false }) : net.connect(port, '127.0.0.1')
    await once(socket, secure ? 'secureConnect' : 'connect')
    return new Wire(socket)
  }

  send(...lines: string[]): void {
    this.#socket.write(lines.join('\r\n'))
  }

  /** Resolves with the text that came since the last time, up to `text`. */
  async until(text: string): Promise<string> {
    while (!this.#read.includes(text)) {
      if (this.#socket.closed) throw new Error(`closed before ${JSON.stringify(text)} came: ${JSON.stringify(this.#read)}`)
      await new Promise<void>((resolve) => (this.#wake = resolve))
    }
    const end = this.#read.indexOf(text) + text.length
    const before = this.#read.slice(0, end)
    this.#read = this.#read.slice(end)
    return before
  }

  end(): void {
    this.#socket.destroy()
  }
}

/** The headers that curl sends with --http2; the JDK's HttpClient sends them with a POST too. */
const h2c = ['Connection: Upgrade, HTTP2-Settings', 'Upgrade: h2c', 'HTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA']
const toWebSocket = ['Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13', 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==']

describe.each(['plain', 'TLS'] as const)('an endpoint on a %s server', (kind) => {
  it.each([['h2c', h2c], ['a WebSocket at a path that nobody has', toWebSocket]])('leaves an upgrade to %s to the application, as a request', async (_, headers) => {
    await using site = await openSite(kind)
    await using ddp = createDDPServer({ server: site.server })
    const wire = await Wire.to(site)
    wire.send('GET /page?x=1 HTTP/1.1', 'Host: x', ...headers, '', '')
    expect(await wire.until('GET /page?x=1 ')).toMatch(/^HTTP\/1\.1 200 OK\r\n/)
    // The connection lives on, for requests of either sort.
    wire.send('GET /next HTTP/1.1', 'Host: x', '', '')
    expect(await wire.until('GET /next ')).toMatch(/HTTP\/1\.1 200 OK\r\n/)
    wire.send('GET /again HTTP/1.1', 'Host: x', ...headers, '', '')
    expect(await wire.until('GET /again ')).toMatch(/HTTP\/1\.1 200 OK\r\n/)
    expect(ddp.sessions).toBe(0)
    wire.end()
  })

  it('leaves the body of such a request whole', async () => {
    await using site = await openSite(kind)
    await using _ = createDDPServer({ server: site.server })
    const wire = await Wire.to(site)
    wire.send('POST /a HTTP/1.1', 'Host: x', ...h2c, 'Content-Length: 10', '', 'hello')
    wire.send('world')
    expect(await wire.until('POST /a helloworld')).toMatch(/^HTTP\/1\.1 200 OK\r\n/)
    wire.send('POST /b HTTP/1.1', 'Host: x', ...h2c, 'Transfer-Encoding: chunked', 'Expect: 100-continue', '', '')
    await wire.until('HTTP/1.1 100 Continue\r\n\r\n')
    wire.send('5', 'hello', '0', '', '')
    expect(await wire.until('POST /b hello')).toMatch(/^HTTP\/1\.1 200 OK\r\n/)
    const large = 'x'.repeat(300_000)
    wire.send('POST /c HTTP/1.1', 'Host: x', ...h2c, `Content-Length: ${large.length}`, '', large)
    await wire.until(`POST /c ${large}`)
    wire.end()
  })
})

describe('an endpoint', () => {
  it('has requests on one connection answered in their order', async () => {
    await using site = await openSite('plain')
    site.server.removeAllListeners('request')
    const waiting: (() => void)[] = []
    site.server.on('request', (request, response) => {
      if (request.url === '/slow') waiting.push(() => response.end('slow is done'))
      else response.end(`${request.url} is done`)
    })
    await using _ = createDDPServer({ server: site.server })
    const wire = await Wire.to(site)
    wire.send('GET /slow HTTP/1.1', 'Host: x', '', 'GET /fast HTTP/1.1', 'Host: x', ...h2c, '', '')
    while (waiting.length === 0) await new Promise((resolve) => setImmediate(resolve))
    waiting[0]?.()
    const answers = await wire.until('/fast is done')
    expect(answers.indexOf('slow is done')).toBeGreaterThan(0)
    wire.end()
  })

  it('passes on a request without a socket, as tests of an application make them', async () => {
    await using site = await openSite('plain')
    await using _ = createDDPServer({ server: site.server })
    site.server.removeAllListeners('request')
    const urls: unknown[] = []
    site.server.on('request', ({ url }: { url: unknown }) => urls.push(url))
    expect(site.server.emit('request', { url: '/page', method: 'GET', headers: {} }, {})).toBe(true)
    expect(urls).toEqual(['/page'])
  })

  it('shares a server with one of another copy of this package, and upgrades that neither wants arrive as requests', async () => {
    vi.resetModules()
    const copy = await import('@ddp-cluster/ddp-server')
    expect(copy.createDDPServer).not.toBe(createDDPServer)
    await using site = await openSite('plain')
    const first = createDDPServer({ server: site.server, path: '/first' })
    const second = copy.createDDPServer({ server: site.server, path: '/second' })
    const arrivesAsRequest = async (): Promise<void> => {
      const wire = await Wire.to(site)
      wire.send('GET /page HTTP/1.1', 'Host: x', ...h2c, '', '')
      expect(await wire.until('GET /page ')).toMatch(/^HTTP\/1\.1 200 OK\r\n/)
      wire.end()
    }
    await arrivesAsRequest()
    for (const endpoint of [first, second]) endpoint.method('echo', (text) => text)
    for (const path of ['/first', '/second']) await askDDP(site, `${path}/websocket`)
    const listener = (_request: unknown, socket: net.Socket): void => void socket.end('HTTP/1.1 101 Switching Protocols\r\n\r\n')
    site.server.on('upgrade', listener)
    const wire = await Wire.to(site)
    wire.send('GET /page HTTP/1.1', 'Host: x', ...h2c, '', '')
    expect(await wire.until('\r\n\r\n')).toMatch(/^HTTP\/1\.1 101 /)
    site.server.off('upgrade', listener)
    // The other copy's gate is the first one now.
    await first.close()
    await arrivesAsRequest()
    await askDDP(site, '/second/websocket')
    await second.close()
    expect(site.server.listenerCount('upgrade')).toBe(0)
  })

  it('hands every other upgrade, its socket and its first bytes to whoever listens for upgrades', async () => {
    await using site = await openSite('plain')
    await using _ = createDDPServer({ server: site.server })
    site.server.on('upgrade', (request, socket, head: Buffer) => socket.end(`HTTP/1.1 101 Switching Protocols\r\n\r\n${request.headers.upgrade} ${request.headers.connection} ${head.toString()}`))
    const wire = await Wire.to(site)
    wire.send('GET /websocket HTTP/1.1', 'Host: x', ...h2c, '', 'first')
    expect(await wire.until('h2c Upgrade, HTTP2-Settings first')).toMatch(/^HTTP\/1\.1 101 /)
  })

  it('says at its address that it wants a WebSocket', async () => {
    await using site = await openSite('plain')
    await using _ = createDDPServer({ server: site.server })
    for (const path of ['/websocket', '/sockjs/websocket', '/sockjs/1/2/websocket']) {
      const answer = await fetch(site.origin + path)
      expect([answer.status, answer.headers.get('upgrade'), await answer.text()]).toEqual([426, 'websocket', expect.stringMatching(/^This address speaks DDP over WebSockets: .*\.\n$/)])
    }
    const answer = await fetch(`${site.origin}/websocket`, { method: 'HEAD' })
    expect([answer.status, await answer.text()]).toEqual([426, ''])
    const wire = await Wire.to(site)
    wire.send('GET /websocket HTTP/1.1', 'Host: x', ...h2c, '', '')
    expect(await wire.until('\r\n\r\n')).toMatch(/^HTTP\/1\.1 426 Upgrade Required\r\n/)
    wire.end()
  })

  it('leaves the server as it was', async () => {
    await using site = await openSite('plain')
    const before = { properties: Object.getOwnPropertyNames(site.server), listeners: site.server.listenerCount('upgrade') }
    const one = createDDPServer({ server: site.server })
    await using two = createDDPServer({ server: site.server, path: '/two' })
    two.method('echo', (text) => text)
    await one.close()
    await askDDP(site, '/two/websocket')
    await two.close()
    expect({ properties: Object.getOwnPropertyNames(site.server), listeners: site.server.listenerCount('upgrade') }).toEqual(before)
  })
})
