import type { IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { WebSocketServer, type RawData, type ServerOptions, type WebSocket } from 'ws'
import type { ConnectionEnd } from '../connection.js'
import { FirstLimit } from './first-limit.js'
import type { MessageSocket, MessageSocketOwner } from './message-socket.js'

export interface WebSocketAcceptorOptions {
  readonly maxMessageBytes: number
  readonly closeTimeoutMs: number
  /** Longest message of a socket before `liftFirstLimit()`; `maxMessageBytes` by default. */
  readonly maxFirstMessageBytes?: number
}

/** Turns an upgrade request into a socket. `own` is asked for the owner as soon as there is one, before anything can arrive. */
export type AcceptWebSocket = (request: IncomingMessage, tcp: Duplex, head: Buffer, own: (socket: MessageSocket) => MessageSocketOwner) => void

/** The binding to ws; nothing else in this package knows it. */
export function webSocketAcceptor({ maxMessageBytes, closeTimeoutMs, maxFirstMessageBytes }: WebSocketAcceptorOptions): AcceptWebSocket {
  // `closeTimeout` is ws' own (8.19) and documented, but not yet in its types.
  const options: ServerOptions & { readonly closeTimeout: number } = {
    noServer: true,
    clientTracking: false,
    // Compression would cost a zlib context a session and a copy a message, and would send from behind a thread pool.
    perMessageDeflate: false,
    maxPayload: maxMessageBytes,
    closeTimeout: closeTimeoutMs,
  }
  const acceptor = new WebSocketServer(options)
  return (request, tcp, head, own) => {
    acceptor.handleUpgrade(request, tcp, head, (webSocket) => bind(webSocket, tcp, own, maxFirstMessageBytes))
  }
}

function bind(webSocket: WebSocket, tcp: Duplex, own: (socket: MessageSocket) => MessageSocketOwner, maxFirstBytes: number | undefined): void {
  const firstLimit = maxFirstBytes === undefined ? undefined : new FirstLimit(webSocket, tcp, maxFirstBytes, () => fail(1009, 'Max payload size exceeded'))
  const socket = new WsSocket(webSocket, tcp, firstLimit)
  const owner = own(socket)
  // ws announces a broken connection as code 1006 alone; how TCP ended is seen on the socket that node:http handed over.
  let ending: ConnectionEnd | undefined
  tcp.once('end', () => {
    ending ??= { cause: 'ended', reason: 'the connection was ended without a WebSocket goodbye' }
  })
  tcp.once('error', (error: NodeJS.ErrnoException) => {
    ending ??= endByError(error)
  })
  webSocket.on('error', (error) => {
    ending ??= { cause: 'protocol', reason: error.message }
  })
  webSocket.on('message', (data: RawData, isBinary: boolean) => {
    if (ending?.cause === 'protocol') return
    if (!isBinary) {
      owner.message(textOf(data))
      return
    }
    fail(1003, 'text messages only')
  })
  function fail(code: number, reason: string): void {
    ending = { cause: 'protocol', code, reason }
    webSocket.close(code, reason)
  }
  webSocket.on('close', (code, reason) => {
    const goodbye: ConnectionEnd | undefined = code === 1006 ? undefined : { cause: 'peer-closed', code, reason: reason.toString() }
    owner.ended(ending?.cause === 'protocol' ? ending : (goodbye ?? ending ?? { cause: 'reset', reason: 'the connection was destroyed' }))
  })
}

/** ws gives text as one Buffer, since neither `binaryType` nor fragments change that. */
function textOf(data: RawData): string {
  return Buffer.isBuffer(data) ? data.toString() : Buffer.concat(Array.isArray(data) ? data : [Buffer.from(data)]).toString()
}

function endByError(error: NodeJS.ErrnoException): ConnectionEnd {
  const wasReset = error.code === 'ECONNRESET' || error.code === 'EPIPE' || error.code === 'ECONNABORTED'
  return { cause: wasReset ? 'reset' : 'unreachable', reason: error.code ?? error.message }
}

const asText = Object.freeze({ binary: false })

class WsSocket implements MessageSocket {
  readonly #webSocket: WebSocket
  readonly #tcp: Duplex
  readonly #firstLimit: FirstLimit | undefined

  constructor(webSocket: WebSocket, tcp: Duplex, firstLimit: FirstLimit | undefined) {
    this.#webSocket = webSocket
    this.#tcp = tcp
    this.#firstLimit = firstLimit
  }

  get bufferedAmount(): number {
    return this.#webSocket.bufferedAmount
  }

  send(text: string | Buffer, written?: () => void): void {
    this.#webSocket.send(text, asText, written)
  }

  hold(): void {
    this.#tcp.cork()
  }

  release(): void {
    this.#tcp.uncork()
  }

  pause(): void {
    this.#webSocket.pause()
  }

  resume(): void {
    this.#webSocket.resume()
  }

  close(code: number, reason: string): void {
    // A paused socket would never read the client's answer.
    if (this.#webSocket.isPaused) this.#webSocket.resume()
    this.#webSocket.close(code, reason)
  }

  liftFirstLimit(): void {
    this.#firstLimit?.lift()
  }

  keepAlive(afterMs: number): void {
    if (this.#tcp instanceof Socket) this.#tcp.setKeepAlive(afterMs > 0, afterMs)
  }

  terminate(): void {
    this.#webSocket.terminate()
  }
}
