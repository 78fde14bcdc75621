import type { ConnectionEnd } from './connection-end.js'
import { hostOf } from './host-of.js'
import type { Dial, Transport, TransportHandlers, TransportOptions } from './transport.js'

/** The part of the platform's WebSocket that is needed here; Node's own types have it only from version 22 on. */
interface PlatformWebSocket {
  readonly readyState: number
  addEventListener(type: 'open' | 'error', listener: () => void): void
  addEventListener(type: 'message', listener: (event: { readonly data: unknown }) => void): void
  addEventListener(type: 'close', listener: (event: { readonly code: number }) => void): void
  send(data: string): void
  close(code?: number): void
}

type State = 'dialling' | 'open' | 'leaving' | 'ended'

/** A transport on the platform's own WebSocket, for browsers. What the network did is hidden there: a lost connection is `ended` or `unreachable`. */
export const dialWebSocket: Dial = (options, handlers) => {
  try {
    return new BrowserTransport(options, handlers)
  } catch (error) {
    const end: ConnectionEnd = { cause: 'unreachable', reason: `Cannot dial ${hostOf(options.url)}`, ...(error instanceof Error && { error }) }
    queueMicrotask(() => handlers.onEnd(end))
    return { send: nothing, close: nothing, terminate: nothing }
  }
}

const nothing = (): void => undefined

class BrowserTransport implements Transport {
  readonly #host: string
  readonly #handlers: TransportHandlers
  readonly #socket: PlatformWebSocket
  readonly #maxMessageBytes: number
  #state: State = 'dialling'
  #decided: ConnectionEnd | undefined

  constructor(options: TransportOptions, handlers: TransportHandlers) {
    this.#host = hostOf(options.url)
    this.#handlers = handlers
    this.#maxMessageBytes = options.maxMessageBytes
    const { WebSocket } = globalThis as unknown as { WebSocket: new (url: string) => PlatformWebSocket }
    this.#socket = new WebSocket(options.url)
    this.#socket.addEventListener('open', () => this.#onOpen())
    this.#socket.addEventListener('message', (event) => this.#onMessage(event.data))
    // A close always follows, and says as much; but an error that nobody listens to is one to the platforms that are no browsers.
    this.#socket.addEventListener('error', nothing)
    this.#socket.addEventListener('close', (event) => this.#onClose(event.code))
  }

  send(text: string): void {
    if (this.#state === 'open') this.#socket.send(text)
  }

  close(): void {
    if (this.#state === 'ended' || this.#state === 'leaving') return
    this.#decided ??= { cause: 'local', reason: `The connection to ${this.#host} was closed by this side` }
    this.#state = 'leaving'
    this.#socket.close(1000)
  }

  /** A browser has no way to end a socket without the peer: it is left to it, and counts as ended. */
  terminate(): void {
    this.close()
    queueMicrotask(() => this.#onClose(1006))
  }

  #onOpen(): void {
    if (this.#state !== 'dialling') return
    this.#state = 'open'
    this.#handlers.onOpen()
  }

  #onMessage(data: unknown): void {
    if (this.#state !== 'open') return
    if (typeof data === 'string' && !this.#isTooLong(data)) {
      this.#handlers.onText(data, data.length)
      return
    }
    this.#decided = typeof data === 'string'
      ? { cause: 'too-long', reason: `${this.#host} sent a message of more than ${this.#maxMessageBytes} bytes (maxMessageBytes)` }
      : { cause: 'protocol', reason: `${this.#host} sent a binary frame; DDP is text` }
    this.terminate()
  }

  /** A character has three bytes at most. */
  #isTooLong(text: string): boolean {
    return text.length * 3 > this.#maxMessageBytes && new TextEncoder().encode(text).length > this.#maxMessageBytes
  }

  #onClose(closeCode: number): void {
    if (this.#state === 'ended') return
    const wasOpen = this.#state === 'open'
    this.#state = 'ended'
    this.#handlers.onEnd(this.#decided ?? this.#explain(wasOpen, closeCode))
  }

  #explain(wasOpen: boolean, closeCode: number): ConnectionEnd {
    if (!wasOpen) return { cause: 'unreachable', reason: `${this.#host} could not be reached as a WebSocket server` }
    if (closeCode === 1006) return { cause: 'ended', reason: `${this.#host} ended the connection without a close frame` }
    return { cause: 'peer-closed', reason: `${this.#host} closed the connection (${closeCode})`, closeCode }
  }
}
