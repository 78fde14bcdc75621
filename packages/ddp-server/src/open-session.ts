import { randomId, stringifyMessage, type MessageLimits, type ServerMessage } from '@ddp-cluster/ddp-common'
import type { Connection, ConnectionEnd } from './connection.js'
import { DDPServerError } from './errors.js'
import type { ResolvedOptions } from './options.js'
import type { Outlet } from './outlet.js'
import { PeerConnection, type ClientFacts, type Insides, type Pace } from './peer-connection.js'
import type { PublicationHandler } from './publication.js'
import type { RateLimiter } from './rate-limiter.js'
import { SessionRunner } from './session-runner.js'
import type { DDPVersion } from './session/handshake.js'
import type { Registry } from './session/registry.js'
import { Session, type SessionMessage } from './session/session.js'

/** Context shared by the sessions of one server. */
export interface SessionHost {
  readonly options: ResolvedOptions
  readonly registry: Registry
  readonly rateLimiter: RateLimiter
  sessionEnded(session: OpenSession): void
  /** Comes after `sessionEnded`: resolves when the application's `onClose` handlers have settled. */
  farewell(settled: Promise<void>): void
}

export interface OpenSessionOptions {
  readonly version: DDPVersion
  readonly facts: ClientFacts
  readonly outlet: Outlet
}

/** A session from its `connect` on: what survives the loss of a socket. By what it sends its owner decides. */
export class OpenSession implements Insides {
  readonly id = randomId()
  readonly version: DDPVersion
  readonly #host: SessionHost
  readonly #connection: PeerConnection
  readonly #session: Session
  readonly #runner: SessionRunner
  #outlet: Outlet
  #limits: MessageLimits
  /** Messages for the client since `connected`, that one too, as the client counts them: all but ping and pong. */
  #count = 0
  /** `leaving`: it ends with the socket that it has. */
  #state: 'open' | 'leaving' | 'ended' = 'open'

  constructor(host: SessionHost, { version, facts, outlet }: OpenSessionOptions) {
    const { id } = this
    const { options, options: { clock, logger }, registry, rateLimiter } = host
    this.version = version
    this.#host = host
    this.#outlet = outlet
    this.#limits = { maxDepth: options.maxMessageDepth, plainDetails: true }
    this.#session = new Session({ id, clientAddress: facts.clientAddress, registry, rateLimiter, limits: options })
    this.#connection = new PeerConnection({ id, facts, insides: this, logger, close: (code, reason) => this.#outlet.close(code, reason) })
    this.#runner = new SessionRunner({
      session: this.#session, connection: this.#connection, clock, logger, textOfId: options.textOfId, send: (message) => this.#tell(message), onProgress: () => this.#outlet.goOn(),
    })
  }

  get connection(): Connection {
    return this.#connection
  }

  get isFull(): boolean {
    return this.#session.isFull
  }

  get hasRoom(): boolean {
    return this.#session.hasRoom
  }

  /** Whether the session may outlive its socket. */
  get isResumable(): boolean {
    return this.#state === 'open'
  }

  /** Number of messages for the client so far, as the client counts them. */
  get count(): number {
    return this.#count
  }

  get bufferedBytes(): number {
    return this.#outlet.bufferedBytes
  }

  receive(message: SessionMessage, length: number): void {
    if (message.msg === 'disconnect') this.#leave()
    else this.#runner.receive(message, length)
  }

  /** Begins up to `share` messages that may begin now; answers how many it began. */
  advance(share: number): number {
    return this.#runner.advance(share)
  }

  startUniversal(handlers: readonly PublicationHandler[]): void {
    this.#runner.startUniversal(handlers)
  }

  /** Starts subscriptions that run with one handler over with another. */
  replacePublication(released: PublicationHandler, handler: PublicationHandler): void {
    this.#runner.replacePublication(released, handler)
  }

  /** Sends what is no answer of a handler's. */
  send(message: ServerMessage): void {
    if (this.#state !== 'ended') this.#speak(message, stringifyMessage(message))
  }

  /** Says of which methods all writes are out. */
  sendUpdated(): void {
    const updated = this.#session.takeUpdated()
    if (updated !== undefined) this.send(updated)
  }

  sendFrame(frame: Buffer | string, written?: () => void): void {
    this.#count += 1
    this.#outlet.sendFrame(frame, written)
  }

  admit(pace: Pace): void {
    this.#leave()
    // Instances read each other's errors as EJSON.
    this.#limits = { maxDepth: this.#host.options.maxMessageDepth }
    this.#outlet.admit(pace)
  }

  /** The socket is lost: has what the client asked for ready to be recognized when it asks again; false where that is too much, and the session has to end. */
  expectRepetition(): boolean {
    return this.#session.expectRepetition()
  }

  /** The socket is lost: the session goes on, and `outlet` has what it says. */
  lose(outlet: Outlet): void {
    this.#outlet = outlet
    outlet.goOn()
  }

  /** The client is back, on another socket: it is sent what was `held` for it meanwhile, and the session goes on by the outlet's `goOn()`. */
  resume(outlet: Outlet, held: readonly (Buffer | string)[]): void {
    this.#outlet = outlet
    this.send({ msg: 'connected', session: this.id })
    for (const message of held) outlet.sendFrame(message)
  }

  end(end: ConnectionEnd): void {
    if (this.#state === 'ended') return
    this.#state = 'ended'
    this.#host.sessionEnded(this)
    this.#runner.end()
    this.#host.farewell(this.#connection.ended(end))
  }

  #leave(): void {
    if (this.#state === 'open') this.#state = 'leaving'
  }

  /** Throws an `EJSONError` for what cannot be written, and a `DDPServerError` for what no client could be sent in one piece. */
  #tell(message: ServerMessage): void {
    if (this.#state === 'ended') return
    const text = stringifyMessage(message, this.#limits)
    const { maxBufferedBytes } = this.#host.options
    if (text.length * 3 > maxBufferedBytes && Buffer.byteLength(text) > maxBufferedBytes) {
      throw new DDPServerError('too-long', `it has more than maxBufferedBytes (${maxBufferedBytes})`)
    }
    this.#speak(message, text)
  }

  #speak({ msg }: ServerMessage, text: string): void {
    if (msg !== 'pong') this.#count += 1
    this.#outlet.sendText(text)
  }
}
