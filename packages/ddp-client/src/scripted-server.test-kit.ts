import { parseClientMessage, randomId, stringifyMessage, type ClientMessage, type ServerMessage } from '@ddp-cluster/ddp-common'
import type { ConnectionEnd } from './connection-end.js'
import type { Dial, TransportHandlers } from './transport.js'

/** Dialled transport without a network: the messages of the client, and the server's end. */
export class ScriptedSocket {
  readonly sent: ClientMessage[] = []
  readonly #handlers: TransportHandlers
  #open = false
  #ended = false

  constructor(handlers: TransportHandlers) {
    this.#handlers = handlers
  }

  get ended(): boolean {
    return this.#ended
  }

  /** Opens the socket and, unless told otherwise, a new session. */
  accept(session: string | null = randomId()): void {
    this.#open = true
    this.#handlers.onOpen()
    if (session !== null) this.say({ msg: 'connected', session })
  }

  say(...messages: ServerMessage[]): void {
    for (const message of messages) this.sayText(stringifyMessage(message))
  }

  sayText(text: string): void {
    if (this.#open) this.#handlers.onText(text, Buffer.byteLength(text))
  }

  drop(end: ConnectionEnd = { cause: 'reset', reason: 'The server reset the connection' }): void {
    if (this.#ended) return
    this.#open = false
    this.#ended = true
    this.#handlers.onEnd(end)
  }

  /** Messages of the client since the last look, without the handshake, the heartbeat and the goodbye. */
  take(): ClientMessage[] {
    return this.sent.splice(0).filter(({ msg }) => msg !== 'connect' && msg !== 'disconnect' && msg !== 'ping' && msg !== 'pong')
  }

  hear(text: string): void {
    if (this.#open) this.sent.push(parseClientMessage(text, { maxDepth: 1_000 }))
  }

  /** The client has ended it; the transport tells so a moment later. */
  endSoon(): void {
    this.#open = false
    queueMicrotask(() => this.drop({ cause: 'local', reason: 'Closed by this side' }))
  }
}

/** A network in which nothing happens until the test says so. */
export class ScriptedServer {
  readonly sockets: ScriptedSocket[] = []

  readonly dial: Dial = (_options, handlers) => {
    const socket = new ScriptedSocket(handlers)
    this.sockets.push(socket)
    return { send: (text) => socket.hear(text), close: () => socket.endSoon(), terminate: () => socket.endSoon() }
  }

  /** The last socket that was dialled. */
  get socket(): ScriptedSocket {
    const socket = this.sockets.at(-1)
    if (!socket) throw new Error('Nothing was dialled')
    return socket
  }
}
