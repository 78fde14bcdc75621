import type { AddressInfo } from 'node:net'
import { randomId } from '@ddp-cluster/ddp-common'
import { connect, type DDPClient, type DDPClientOptions } from '@ddp-cluster/ddp-client'
import { WebSocketServer, type WebSocket } from 'ws'

export type Message = Record<string, unknown>

/** One connection of the client, seen from a server that knows of DDP only what the test says. */
export class Peer {
  readonly #socket: WebSocket
  readonly #inbox: Message[] = []
  readonly #waiting: (() => void)[] = []

  constructor(socket: WebSocket) {
    this.#socket = socket
    socket.on('message', (data) => {
      this.#inbox.push(JSON.parse((data as Buffer).toString()) as Message)
      for (const wake of this.#waiting.splice(0)) wake()
    })
  }

  say(...messages: Message[]): void {
    for (const message of messages) this.sayText(JSON.stringify(message))
  }

  sayText(text: string): void {
    this.#socket.send(text)
  }

  /** The next message, whatever it is. */
  async next(): Promise<Message> {
    for (;;) {
      const message = this.#inbox.shift()
      if (message) return message
      await new Promise<void>((resolve) => this.#waiting.push(resolve))
    }
  }

  /** Takes the client's `connect` and opens a session, a new one unless told otherwise. */
  async greet(session: string = randomId()): Promise<Message> {
    const greeting = await this.next()
    this.say({ msg: 'connected', session })
    return greeting
  }

  drop(): void {
    this.#socket.terminate()
  }

  close(): void {
    this.#socket.close()
  }
}

/** A WebSocket server without any DDP in it, and our client in front of it. */
export class ScriptedServer implements AsyncDisposable {
  readonly #server: WebSocketServer
  readonly #clients: DDPClient[] = []
  readonly #peers: Peer[] = []
  readonly #waiting: (() => void)[] = []

  private constructor(server: WebSocketServer) {
    this.#server = server
    server.on('connection', (socket) => {
      this.#peers.push(new Peer(socket))
      for (const wake of this.#waiting.splice(0)) wake()
    })
  }

  static async start(): Promise<ScriptedServer> {
    const server = new WebSocketServer({ port: 0, host: '127.0.0.1' })
    await new Promise((resolve) => server.once('listening', resolve))
    return new ScriptedServer(server)
  }

  /** Our client, dialling this server. */
  client(options: Partial<DDPClientOptions> = {}): DDPClient {
    const client = connect({ url: `ws://127.0.0.1:${(this.#server.address() as AddressInfo).port}/websocket`, ...options })
    this.#clients.push(client)
    return client
  }

  /** The next connection that came. */
  async peer(): Promise<Peer> {
    for (;;) {
      const peer = this.#peers.shift()
      if (peer) return peer
      await new Promise<void>((resolve) => this.#waiting.push(resolve))
    }
  }

  /** Our client with an open session, and the server's side of it. */
  async connected(session?: string): Promise<{ client: DDPClient; peer: Peer }> {
    const client = this.client()
    const open = new Promise((resolve) => client.once('statusChanged', resolve))
    const peer = await this.peer()
    await peer.greet(session)
    await open
    return { client, peer }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#clients.map((client) => client.close()))
    for (const socket of this.#server.clients) socket.terminate()
    await new Promise((resolve) => this.#server.close(resolve))
  }
}
