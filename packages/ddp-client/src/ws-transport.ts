import { connect as connectTcp, type Socket } from 'node:net'
import { connect as connectTls, type ConnectionOptions as TlsConnectOptions } from 'node:tls'
import { WebSocket, type ClientOptions, type RawData } from 'ws'
import type { ConnectionEnd } from './connection-end.js'
import { hostOf } from './host-of.js'
import { SocketWitness } from './socket-witness.js'
import type { Dial, Transport, TransportHandlers, TransportOptions } from './transport.js'

type State =
  | { readonly kind: 'dialling' }
  | { readonly kind: 'open' }
  /** End decided by this side; nothing is passed on any more. */
  | { readonly kind: 'leaving' }
  | { readonly kind: 'ended' }

/** A transport on `ws`, for Node. */
export const dialWebSocket: Dial = (options, handlers) => {
  try {
    return new WsTransport(options, handlers)
  } catch (error) {
    // ws throws for a URL that is none, and node:http for a header that is none.
    const reason = `Cannot dial ${hostOf(options.url)}: ${error instanceof SyntaxError ? 'this is no WebSocket URL' : 'an option is not valid'}`
    setImmediate(() => handlers.onEnd({ cause: 'unreachable', reason, ...(error instanceof Error && { error }) }))
    return { send: nothing, close: nothing, terminate: nothing }
  }
}

const nothing = (): void => undefined

/** With more in one system call the server has nothing to do while they are gathered: 64 calls under way then go half as fast. */
const messagesPerWrite = 16

const asText = Object.freeze({ binary: false })

class WsTransport implements Transport {
  readonly #host: string
  readonly #maxMessageBytes: number
  readonly #secure: boolean
  readonly #handlers: TransportHandlers
  readonly #witness: SocketWitness
  readonly #socket: WebSocket
  /** TCP or TLS, below the WebSocket. */
  #stream: Socket | undefined
  /** Messages since the last write. */
  #gathered = 0
  #state: State = { kind: 'dialling' }
  /** Last report of ws, and the first explanation that only ws has. */
  #error: Error | undefined
  #rejection: ConnectionEnd | undefined

  constructor(options: TransportOptions, handlers: TransportHandlers) {
    const { protocol } = new URL(options.url)
    if (!['ws:', 'wss:', 'http:', 'https:'].includes(protocol)) throw new SyntaxError('The protocol of the URL must be ws, wss, http or https')
    this.#secure = protocol === 'wss:' || protocol === 'https:'
    this.#host = hostOf(options.url)
    this.#maxMessageBytes = options.maxMessageBytes
    this.#handlers = handlers
    this.#witness = new SocketWitness(this.#host)
    this.#socket = new WebSocket(options.url, {
      ...(options.tls as ClientOptions | undefined),
      ...(options.headers && { headers: options.headers }),
      maxPayload: options.maxMessageBytes,
      perMessageDeflate: false,
      createConnection: this.#createConnection as NonNullable<ClientOptions['createConnection']>,
    })
    this.#socket.on('open', () => this.#onOpen())
    this.#socket.on('message', (data, isBinary) => this.#onMessage(data, isBinary))
    this.#socket.on('unexpected-response', (_request, response) => this.#onRejected(response.statusCode ?? 0))
    this.#socket.on('error', (error) => this.#onError(error))
    this.#socket.on('close', (code) => this.#onClose(code))
  }

  send(text: string): void {
    if (this.#state.kind !== 'open') return
    // Messages sent until control goes back to the event loop leave in few system calls.
    if (this.#gathered === 0) {
      this.#stream?.cork()
      process.nextTick(this.#flush)
    }
    this.#gathered += 1
    // From a Buffer ws makes one piece of header and payload, of a string two.
    this.#socket.send(Buffer.from(text), asText)
    if (this.#gathered === messagesPerWrite) this.#flush()
  }

  close(): void {
    if (this.#state.kind === 'dialling') this.terminate()
    else if (this.#state.kind === 'open') {
      this.#state = { kind: 'leaving' }
      this.#socket.close(1000)
    }
  }

  terminate(): void {
    if (this.#state.kind === 'ended') return
    this.#state = { kind: 'leaving' }
    this.#socket.terminate()
  }

  readonly #flush = (): void => {
    if (this.#gathered === 0) return
    this.#gathered = 0
    this.#stream?.uncork()
  }

  /** Socket factory for node:http: the socket that it would make, watched from its first moment. */
  readonly #createConnection = (options: TlsConnectOptions & { host: string; port: number }): ReturnType<typeof connectTcp> => {
    const { host, port } = options
    const secure = this.#secure
    const servername = options.servername || (/^[\d.]+$|:/.test(host) ? '' : host)
    const socket = secure ? connectTls({ ...options, path: undefined, servername }) : connectTcp({ host, port: Number(port) })
    this.#stream = socket
    this.#witness.watch(socket, secure, () => this.#onStreamEnd())
    return socket
  }

  #onOpen(): void {
    if (this.#state.kind !== 'dialling') return
    this.#state = { kind: 'open' }
    this.#handlers.onOpen()
  }

  #onMessage(data: RawData, isBinary: boolean): void {
    if (this.#state.kind !== 'open') return
    if (!isBinary) {
      this.#handlers.onText((data as Buffer).toString(), (data as Buffer).length)
      return
    }
    this.#rejection = { cause: 'protocol', reason: `${this.#host} sent a binary frame; DDP is text` }
    this.terminate()
  }

  #onError(error: Error): void {
    this.#error ??= error
    // ws has told the peer what was wrong with its frame, and would wait for its goodbye.
    if (isFrameError(error)) setImmediate(() => this.#socket.terminate())
  }

  #onRejected(statusCode: number): void {
    this.#rejection = { cause: 'rejected', reason: `${this.#host} answered ${statusCode} instead of opening a WebSocket` }
    this.#socket.terminate()
  }

  /** The peer says nothing more. Its kernel may not take the rest of what we have to say either, so nothing is waited for. */
  #onStreamEnd(): void {
    setImmediate(() => this.#socket.terminate())
  }

  #onClose(code: number): void {
    if (this.#state.kind === 'ended') return
    const { kind } = this.#state
    this.#state = { kind: 'ended' }
    this.#handlers.onEnd(this.#rejection ?? (kind === 'leaving' ? this.#local() : this.#explain(code)))
  }

  #local(): ConnectionEnd {
    return { cause: 'local', reason: `The connection to ${this.#host} was closed by this side` }
  }

  #explain(closeCode: number): ConnectionEnd {
    const error = this.#error
    // The peer may have answered our refusal in kind.
    if (error && isTooLong(error)) return { cause: 'too-long', reason: `${this.#host} sent a message of more than ${this.#maxMessageBytes} bytes (maxMessageBytes)`, error }
    if (closeCode !== 1006) return { cause: 'peer-closed', reason: `${this.#host} closed the connection (${closeCode})`, closeCode }
    // A frame that is none is found out before the socket is ended for it.
    if (error && isFrameError(error)) return { cause: 'protocol', reason: `${this.#host} broke the WebSocket protocol (${error.message})`, error }
    return this.#witness.explain(error) ?? {
      cause: 'protocol',
      reason: `${this.#host} did not answer as a WebSocket server (${error?.message ?? 'no reason given'})`,
      ...(error && { error }),
    }
  }
}

function isTooLong(error: NodeJS.ErrnoException): boolean {
  return error.code === 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH'
}

function isFrameError(error: Error): boolean {
  const { code } = error as NodeJS.ErrnoException
  return typeof code === 'string' && code.startsWith('WS_ERR_')
}
