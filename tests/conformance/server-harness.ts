import { createServer, type Server } from 'node:http'
import net, { type AddressInfo, type Socket } from 'node:net'
import type { Logger } from '@ddp-cluster/ddp-common'
import { createDDPServer, type DDPServer, type DDPServerOptions } from '@ddp-cluster/ddp-server'
import WebSocket from 'ws'

export type Message = Record<string, unknown>
export type Transport = 'websocket' | 'sockjs'

export interface LogEntry {
  readonly level: keyof Logger
  readonly fields: object
  readonly message: string
}

export interface TestServer extends AsyncDisposable {
  readonly http: Server
  readonly port: number
  readonly ddp: DDPServer
  readonly logged: LogEntry[]
}

/** A DDP endpoint on an HTTP server of its own, on a free port. The application behind it answers 404 to everything. */
export async function startServer(options: Omit<DDPServerOptions, 'server'> = {}): Promise<TestServer> {
  const http = createServer((_request, response) => response.writeHead(404).end('the application'))
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
  const logged: LogEntry[] = []
  const log = (level: keyof Logger) => (fields: object, message: string) => void logged.push({ level, fields, message })
  const logger: Logger = { debug: log('debug'), info: log('info'), warn: log('warn'), error: log('error') }
  const ddp = createDDPServer({ logger, ...options, server: http })
  return {
    http, ddp, logged, port: (http.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      await ddp.close()
      http.closeAllConnections()
      await new Promise((resolve) => http.close(resolve))
    },
  }
}

/** A client that knows of DDP only how to carry messages, so that a test can say anything and sees everything. */
export class RawClient {
  /** What came and was not looked at yet. */
  readonly inbox: Message[] = []
  /** Number of messages that came, as Meteor's client counts them: all but ping and pong. */
  received = 0
  /** The session that the server opened last. */
  session: string | undefined
  readonly closed: Promise<{ code: number; reason: string }>
  readonly webSocket: WebSocket
  readonly tcp: Socket
  readonly #transport: Transport
  #waiting: (() => void)[] = []
  #hasClosed = false

  private constructor(webSocket: WebSocket, tcp: Socket, transport: Transport) {
    this.webSocket = webSocket
    this.tcp = tcp
    this.#transport = transport
    webSocket.on('message', (data: Buffer) => this.#frame(data.toString()))
    webSocket.on('error', () => undefined)
    this.closed = new Promise((resolve) => {
      webSocket.on('close', (code, reason) => {
        this.#hasClosed = true
        this.#wake()
        resolve({ code, reason: reason.toString() })
      })
    })
  }

  /** Opens the transport and says nothing yet. */
  static async open(port: number, transport: Transport = 'websocket', options: { headers?: Record<string, string>; path?: string } = {}): Promise<RawClient> {
    const path = options.path ?? (transport === 'websocket' ? '/websocket' : '/sockjs/123/abcdefgh/websocket')
    const tcp = net.connect(port, '127.0.0.1')
    tcp.on('error', () => undefined)
    const webSocket = new WebSocket(`ws://127.0.0.1:${port}${path}`, { createConnection: () => tcp, headers: options.headers })
    const client = new RawClient(webSocket, tcp, transport)
    await new Promise<void>((resolve, reject) => {
      webSocket.once('open', resolve)
      webSocket.once('error', reject)
    })
    return client
  }

  /** Opens a session. */
  static async connect(port: number, transport: Transport = 'websocket', options: { headers?: Record<string, string> } = {}): Promise<RawClient> {
    const client = await RawClient.open(port, transport, options)
    client.send({ msg: 'connect', version: '1', support: ['1'] })
    await client.next('connected')
    return client
  }

  send(...messages: Message[]): void {
    for (const message of messages) this.sendText(JSON.stringify(message))
  }

  sendText(text: string): void {
    this.webSocket.send(this.#transport === 'sockjs' ? JSON.stringify([text]) : text)
  }

  /** The next message, or the next one with that `msg`: others before it are dropped. */
  async next(msg?: string): Promise<Message> {
    for (;;) {
      const at = this.inbox.findIndex((message) => msg === undefined || message['msg'] === msg)
      const found = this.inbox[at]
      if (found !== undefined) {
        this.inbox.splice(0, at + 1)
        return found
      }
      if (this.#hasClosed) throw new Error(`closed while waiting for ${msg ?? 'a message'}; got ${JSON.stringify(this.inbox)}`)
      await new Promise<void>((resolve) => this.#waiting.push(resolve))
    }
  }

  /** Everything that comes before the answer to a ping, which the server gives after all it has to say so far. */
  async settled(): Promise<Message[]> {
    const id = `settled-${Math.random()}`
    // Twice: what comes at the end of what the server does in one go, as `updated` does, comes after the first answer.
    this.send({ msg: 'ping', id })
    await this.#until((message) => message['msg'] === 'pong' && message['id'] === id)
    this.send({ msg: 'ping', id: `${id}-again` })
    await this.#until((message) => message['msg'] === 'pong' && message['id'] === `${id}-again`)
    return this.inbox.splice(0).filter((message) => !(message['msg'] === 'pong' && typeof message['id'] === 'string' && message['id'].startsWith(id)))
  }

  async call(method: string, ...params: unknown[]): Promise<Message> {
    const id = `call-${Math.random()}`
    this.send({ msg: 'method', method, params, id })
    await this.#until((message) => message['msg'] === 'result' && message['id'] === id)
    const at = this.inbox.findIndex((message) => message['msg'] === 'result' && message['id'] === id)
    const [result] = this.inbox.splice(at, 1)
    return result ?? {}
  }

  async close(): Promise<void> {
    this.webSocket.close()
    await this.closed
  }

  async #until(isIt: (message: Message) => boolean): Promise<void> {
    while (!this.inbox.some(isIt)) {
      if (this.#hasClosed) throw new Error(`closed; got ${JSON.stringify(this.inbox)}`)
      await new Promise<void>((resolve) => this.#waiting.push(resolve))
    }
  }

  #frame(text: string): void {
    if (this.#transport === 'websocket') {
      this.#take(JSON.parse(text) as Message)
    } else if (text.startsWith('a')) {
      for (const message of JSON.parse(text.slice(1)) as string[]) this.#take(JSON.parse(message) as Message)
    } else {
      this.inbox.push({ frame: text })
    }
    this.#wake()
  }

  #take(message: Message): void {
    const { msg, session } = message
    if (msg === 'connected') this.session = session as string
    if (msg !== 'ping' && msg !== 'pong') this.received += 1
    this.inbox.push(message)
  }

  #wake(): void {
    const waiting = this.#waiting
    this.#waiting = []
    for (const resolve of waiting) resolve()
  }
}

function openSockets({ http }: TestServer): Promise<number> {
  return new Promise((resolve, reject) => {
    http.getConnections((error, count) => {
      if (error) reject(error)
      else resolve(count)
    })
  })
}

/** Ends a client's socket, once everything that was sent has arrived, and resolves when the server has noticed. */
export async function loseSocket(server: TestServer, client: RawClient, how: (client: RawClient) => void = ({ tcp }) => void tcp.resetAndDestroy()): Promise<void> {
  await client.settled()
  const open = await openSockets(server)
  how(client)
  await client.closed
  while ((await openSockets(server)) >= open) await new Promise((resolve) => setTimeout(resolve, 2))
  // ws tells of the end some turns after the kernel's.
  for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve))
}
