import { getField, isDoc } from '../bson/value.js'
import { maxMessageBytes } from '../commands/hello.js'
import { runCommand } from '../commands/registry.js'
import { InvalidMessage, encodeReply, parseMessage } from './message.js'
import type { Socket } from 'node:net'
import type { Doc } from '../bson/value.js'
import type { Logger } from '../logger.js'
import type { Server } from '../server-state.js'
import type { Message } from './message.js'

/** Socket of one client: cuts frames out of its bytes and answers them one after the other. */
export class Connection {
  readonly #socket: Socket
  readonly #server: Server
  readonly #logger: Logger
  readonly #gone = new AbortController()
  #pending: Buffer[] = []
  #pendingBytes = 0
  readonly #queue: Message[] = []
  #state: 'idle' | 'busy' | 'closed' = 'idle'
  #nextId = 1
  #appName: string | undefined

  constructor(socket: Socket, server: Server, logger: Logger) {
    this.#socket = socket
    this.#server = server
    this.#logger = logger
    socket.setNoDelay(true)
    socket.on('data', (bytes: Buffer) => this.#receive(bytes))
    socket.on('error', () => this.close())
    socket.on('close', () => this.close())
  }

  close(): void {
    if (this.#state === 'closed') return
    this.#state = 'closed'
    this.#gone.abort()
    this.#queue.length = 0
    this.#pending = []
    this.#socket.destroy()
  }

  #receive(bytes: Buffer): void {
    this.#pending.push(bytes)
    this.#pendingBytes += bytes.length
    try {
      for (let frame = this.#nextFrame(); frame; frame = this.#nextFrame()) this.#queue.push(parseMessage(frame))
    } catch (cause) {
      if (!(cause instanceof InvalidMessage)) {
        this.#fail(cause)
        return
      }
      this.#logger.warn({ reason: cause.message }, 'a client sent what is no message')
      this.close()
      return
    }
    if (this.#state === 'idle') this.#work().catch((cause: unknown) => this.#fail(cause))
  }

  /** An internal error ends this connection, and nothing else. */
  #fail(cause: unknown): void {
    this.#logger.error({ err: cause }, 'a connection failed in an unexpected way')
    this.close()
  }

  #nextFrame(): Buffer | undefined {
    if (this.#pendingBytes < 16) return undefined
    let head = this.#pending[0]
    if (!head) return undefined
    if (head.length < 16) head = this.#join()
    const size = head.readInt32LE(0)
    if (size < 16 || size > maxMessageBytes) throw new InvalidMessage(`a message of ${size} bytes`)
    if (this.#pendingBytes < size) return undefined
    const all = head.length >= size ? head : this.#join()
    const rest = all.subarray(size)
    if (rest.length > 0) this.#pending[0] = rest
    else this.#pending.shift()
    this.#pendingBytes -= size
    return all.subarray(0, size)
  }

  #join(): Buffer {
    const all = Buffer.concat(this.#pending)
    this.#pending = [all]
    return all
  }

  async #work(): Promise<void> {
    this.#state = 'busy'
    for (let message = this.#queue.shift(); message; message = this.#queue.shift()) {
      await this.#answer(message)
      if (this.#isClosed()) return
    }
    this.#state = 'idle'
  }

  #isClosed(): boolean {
    return this.#state === 'closed'
  }

  async #answer(message: Message): Promise<void> {
    this.#learnName(message.command)
    let responseTo = message.requestId
    for (;;) {
      const { reply, closes } = await runCommand(this.#server, message.command, this.#gone.signal, this.#appName, (cause) => {
        this.#logger.error({ err: cause }, 'a command failed in an unexpected way')
      })
      if (this.#isClosed()) return
      if (closes) {
        this.close()
        return
      }
      if (message.wantsNoReply) return
      const streams = message.allowsExhaust && isAwaitable(message.command) && !Object.hasOwn(reply, 'code')
      const id = this.#nextId++
      this.#socket.write(encodeReply(message, id, responseTo, reply, streams))
      if (!streams) return
      responseTo = id
    }
  }

  #learnName(command: Doc): void {
    const client = getField(command, 'client')
    const application = isDoc(client) ? getField(client, 'application') : undefined
    const name = isDoc(application) ? getField(application, 'name') : undefined
    if (typeof name === 'string') this.#appName ??= name
  }
}

/** A `hello` that waits for a change of the topology: the monitors of the drivers let it stream. */
const isAwaitable = (command: Doc): boolean => {
  const [name = ''] = Object.keys(command)
  return (name === 'hello' || name === 'isMaster' || name === 'ismaster') && Object.hasOwn(command, 'topologyVersion')
}
