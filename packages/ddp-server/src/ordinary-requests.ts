import { type IncomingMessage, Server, type ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import type { ApplicationServer } from './application-server.js'

type ConnectionListener = (this: ApplicationServer, socket: Duplex) => void

/** Reads HTTP/1.1 from a socket for the server that is `this`: Node.js' own listener, which every `node:http` server begins with. */
const [readRequests] = new Server().listeners('connection') as ConnectionListener[]

/**
 * Turns upgrades that nobody wants into ordinary requests.
 * Before version 24.9 Node.js decides by its listeners alone whether a request is an upgrade, so that `Upgrade: h2c` arrives as one as soon as
 * anybody listens. It has given up the socket by then. Reading the same bytes once more, without the word `upgrade`, leaves body, `Expect`,
 * pipelining, limits and time limits to Node.js.
 */
export class OrdinaryRequests {
  readonly #server: ApplicationServer
  /** The last answer on each socket: of pipelined requests, the one after which the next may be read. */
  readonly #answers = new WeakMap<Duplex, ServerResponse>()

  constructor(server: ApplicationServer) {
    this.#server = server
  }

  /** A request goes to the application, which will write `response`. Requests that tests of the application make up may have no socket. */
  answeredBy(tcp: Duplex | undefined, response: ServerResponse): void {
    if (tcp) this.#answers.set(tcp, response)
  }

  /** Has Node.js read an upgrade again, as a request. */
  makeOf(request: IncomingMessage, tcp: Duplex, head: Buffer): void {
    const before = this.#answers.get(tcp)
    if (before === undefined || before.closed || before.destroyed) {
      this.#read(request, tcp, head)
      return
    }
    // Nobody listens to the socket meanwhile, and an error without a listener would end the process.
    const ignore = (): void => undefined
    tcp.on('error', ignore)
    before.once('close', () => {
      tcp.off('error', ignore)
      this.#read(request, tcp, head)
    })
  }

  #read(request: IncomingMessage, tcp: Duplex, head: Buffer): void {
    if (tcp.destroyed) return
    tcp.unshift(Buffer.concat([Buffer.from(headOf(request), 'latin1'), head]))
    if (readRequests === undefined) this.#server.emit('connection', tcp)
    else readRequests.call(this.#server, tcp)
  }
}

/** The request line and headers as they came, but for the word that makes it an upgrade. */
function headOf({ method, url, httpVersion, rawHeaders }: IncomingMessage): string {
  const lines = [`${method} ${url} HTTP/${httpVersion}`]
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at] ?? ''
    const value = rawHeaders[at + 1] ?? ''
    const kept = name.toLowerCase() === 'connection' ? withoutUpgrade(value) : value
    if (kept !== undefined) lines.push(`${name}: ${kept}`)
  }
  return `${lines.join('\r\n')}\r\n\r\n`
}

function withoutUpgrade(connection: string): string | undefined {
  const others = connection.split(',').map((option) => option.trim()).filter((option) => option.toLowerCase() !== 'upgrade')
  return others.length === 0 ? undefined : others.join(', ')
}
