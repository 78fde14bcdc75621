import {
  DDPProtocolError, ddpVersion, parseServerMessage, randomId, stringifyMessage,
  type ClientMessage, type ConnectedMessage, type FailedMessage, type MessageLimits, type PingMessage, type PongMessage, type ServerMessage,
} from '@ddp-cluster/ddp-common'
import { HeartbeatTimer, Timers } from '@ddp-cluster/ddp-common/internal'
import { ConnectionError, type ConnectionEnd } from './connection-end.js'
import { hostOf } from './host-of.js'
import { closeTimeoutMs, type SessionSettings } from './options.js'
import { subjectOf, type Subject } from './subject.js'
import type { Dial, Transport } from './transport.js'

/** Messages that a session passes on: all but the handshake, the heartbeat and errors. */
export type SessionMessage = Exclude<ServerMessage, ConnectedMessage | FailedMessage | PingMessage | PongMessage | { msg: 'error' }>

/** Where an earlier session broke off: what a server needs to go on with it. */
export interface SessionPlace {
  readonly sessionId: string
  /** The messages that came over it, from its first `connected` on, without pings and pongs. */
  readonly receivedCount: number
}

export interface SessionHandlers {
  /** `resumed`: the server goes on with the earlier session that was asked for. */
  onConnected(sessionId: string, resumed: boolean): void
  onMessage(message: SessionMessage, bytes: number): void
  /** A message that is malformed, too deep, or cannot be decoded; the session goes on. */
  onMalformed(error: DDPProtocolError): void
  /** A call or a subscription that gets no answer any more: the peer did not take it, or its answer makes no sense. */
  onFailed(subject: Subject, error: ConnectionError): void
  /** The last thing that happens, exactly once; nothing of the session is left then. */
  onEnd(end: ConnectionEnd): void
}

type State =
  | { readonly kind: 'dialling' }
  /** The socket is open and `connect` was sent. */
  | { readonly kind: 'greeting' }
  | { readonly kind: 'connected'; readonly heartbeat: HeartbeatTimer }
  /** End decided by this side; the transport has not ended yet. */
  | { readonly kind: 'ending'; readonly end: ConnectionEnd }
  | { readonly kind: 'ended' }

/** Meteor's ids have 17 characters. A longer one than this is not kept to be sent again. */
const longestSessionId = 1_000

/** DDP session over one socket, from the dial to the end. The one-shot connection and the reconnecting client both stand on it. */
export class Session {
  readonly #settings: SessionSettings
  readonly #handlers: SessionHandlers
  readonly #timers: Timers
  readonly #transport: Transport
  readonly #host: string
  readonly #limits: MessageLimits
  /** Pings under way, by id. They are few: the heartbeat has one at most. */
  readonly #pings = new Map<string, { readonly sentAt: number; readonly answered: (roundTripMs: number) => void }>()
  readonly #earlier: SessionPlace | undefined
  #sessionId: string | undefined
  #receivedCount = 0
  #state: State = { kind: 'dialling' }
  #roundTripMs: number | undefined

  /** `earlier` asks the server to go on with that session; it may begin a new one instead. */
  constructor(settings: SessionSettings, dial: Dial, handlers: SessionHandlers, earlier?: SessionPlace) {
    this.#settings = settings
    this.#handlers = handlers
    this.#earlier = earlier
    this.#host = hostOf(settings.url)
    this.#limits = { maxDepth: settings.maxMessageDepth, undecodedCollection: settings.undecodedCollection, plainDetails: settings.plainDetails === true }
    this.#timers = new Timers(settings.clock)
    this.#timers.deadline(settings.connectTimeoutMs, () => {
      this.#giveUp({ cause: 'connect-timeout', reason: `${this.#host} did not open a session within ${settings.connectTimeoutMs} ms` })
    })
    this.#transport = dial(settings, {
      onOpen: () => this.#onOpen(),
      onText: (text, bytes) => this.#onText(text, bytes),
      onEnd: (end) => this.#onEnd(end),
    })
  }

  /** Round trip of the last ping that was answered. */
  get roundTripMs(): number | undefined {
    return this.#roundTripMs
  }

  /** Where the session is or ended, for another one to go on from; undefined if it never opened. */
  get place(): SessionPlace | undefined {
    return this.#sessionId === undefined ? undefined : { sessionId: this.#sessionId, receivedCount: this.#receivedCount }
  }

  /** Does nothing unless connected. */
  send(message: ClientMessage): void {
    if (this.#state.kind === 'connected') this.#transport.send(stringifyMessage(message, this.#limits))
  }

  /** Sends a message that is written already. */
  sendText(text: string): void {
    if (this.#state.kind === 'connected') this.#transport.send(text)
  }

  /** Sends a ping. The function returned forgets it. */
  ping(answered: (roundTripMs: number) => void = ignore): () => void {
    const id = randomId(8)
    this.#pings.set(id, { sentAt: this.#settings.clock.now(), answered })
    this.send({ msg: 'ping', id })
    return () => {
      this.#pings.delete(id)
    }
  }

  /** Ends the session on purpose, and says so: the server need not keep it. `onEnd` follows within `closeTimeoutMs`, also when the peer is silent. Can be called again. */
  close(): void {
    if (this.#state.kind === 'ending' || this.#state.kind === 'ended') return
    if (this.#state.kind !== 'dialling') this.#transport.send(stringifyMessage({ msg: 'disconnect' }))
    this.#leave({ cause: 'local', reason: `The connection to ${this.#host} was closed by this side` })
    this.#timers.after(closeTimeoutMs, () => this.#transport.terminate())
    this.#transport.close()
  }

  #onOpen(): void {
    if (this.#state.kind !== 'dialling') return
    this.#state = { kind: 'greeting' }
    const earlier = this.#earlier && { session: this.#earlier.sessionId, receivedCount: this.#earlier.receivedCount }
    this.#transport.send(stringifyMessage({ msg: 'connect', version: ddpVersion, support: [ddpVersion], ...earlier }))
  }

  #onText(text: string, bytes: number): void {
    if (this.#state.kind === 'connected') this.#state.heartbeat.heard()
    else if (this.#state.kind !== 'greeting') return
    // The server counts all that it sends but pings and pongs, also what is not understood here.
    this.#receivedCount += 1
    let message: ServerMessage | undefined
    try {
      message = parseServerMessage(text, this.#limits)
    } catch (error) {
      if (!(error instanceof DDPProtocolError)) throw error
      this.#onMalformed(error)
      return
    }
    if (message) this.#take(message, bytes)
  }

  #take(message: ServerMessage, bytes: number): void {
    switch (message.msg) {
      case 'ping':
        this.#receivedCount -= 1
        this.send(message.id === undefined ? { msg: 'pong' } : { msg: 'pong', id: message.id })
        return
      case 'pong':
        this.#receivedCount -= 1
        this.#onPong(message)
        return
      case 'connected':
        this.#onConnected(message)
        return
      case 'failed':
        if (this.#state.kind === 'greeting') {
          const reason = `${this.#host} speaks DDP ${JSON.stringify(message.version.slice(0, 20))}, and ${ddpVersion} is spoken here`
          this.#giveUp({ cause: 'failed-version', reason })
        }
        return
      case 'error':
        this.#settings.logger.warn({ host: this.#host, reason: message.reason }, 'The server did not understand a message')
        this.#fail(message.offendingMessage, new ConnectionError('refused', `The server did not take the message: ${message.reason}`))
        return
      case 'result':
      case 'updated':
      case 'nosub':
      case 'ready':
      case 'added':
      case 'changed':
      case 'removed':
      case 'addedBefore':
      case 'movedBefore':
        if (this.#state.kind === 'connected') this.#handlers.onMessage(message, bytes)
    }
  }

  #onConnected({ session: sessionId }: ConnectedMessage): void {
    if (this.#state.kind !== 'greeting') return
    const resumed = sessionId === this.#earlier?.sessionId
    this.#receivedCount = 1 + (resumed ? this.#earlier.receivedCount : 0)
    this.#timers.clear()
    const { clock, heartbeatIntervalMs, heartbeatTimeoutMs } = this.#settings
    let forget = ignore
    const heartbeat = new HeartbeatTimer({
      clock,
      intervalMs: heartbeatIntervalMs,
      timeoutMs: heartbeatTimeoutMs,
      sendPing: () => {
        forget()
        forget = this.ping()
      },
      onDead: () => this.#giveUp({ cause: 'heartbeat-timeout', reason: `${this.#host} has been silent for ${heartbeatTimeoutMs} ms after a ping` }),
    })
    if (sessionId !== '' && sessionId.length <= longestSessionId) this.#sessionId = sessionId
    this.#state = { kind: 'connected', heartbeat }
    this.#handlers.onConnected(sessionId, resumed)
  }

  #onPong(message: PongMessage): void {
    const { id } = message
    const ping = typeof id === 'string' ? this.#pings.get(id) : undefined
    if (typeof id !== 'string' || !ping) return
    this.#pings.delete(id)
    this.#roundTripMs = this.#settings.clock.now() - ping.sentAt
    ping.answered(this.#roundTripMs)
  }

  #onMalformed(error: DDPProtocolError): void {
    if (error.code === 'malformed' || error.code === 'undecodable' || (error.code === 'too-deep' && error.offendingMessage !== undefined)) {
      this.#settings.logger.warn({ host: this.#host, code: error.code, reason: error.reason }, 'The server sent a message that makes no sense')
      if (this.#state.kind === 'connected') this.#handlers.onMalformed(error)
      this.#fail(error.offendingMessage, new ConnectionError('bad-answer', `The answer makes no sense: ${error.message}`, { cause: error }))
    } else {
      this.#giveUp({ cause: 'protocol', reason: `${this.#host} does not speak DDP: ${error.message}`, error })
    }
  }

  #fail(message: unknown, error: ConnectionError): void {
    const subject = subjectOf(message)
    if (subject && this.#state.kind === 'connected') this.#handlers.onFailed(subject, error)
  }

  #giveUp(end: ConnectionEnd): void {
    this.#leave(end)
    this.#transport.terminate()
  }

  #leave(end: ConnectionEnd): void {
    this.#release()
    this.#state = { kind: 'ending', end }
  }

  #onEnd(end: ConnectionEnd): void {
    if (this.#state.kind === 'ended') return
    const decided = this.#state.kind === 'ending' ? this.#state.end : end
    this.#release()
    this.#state = { kind: 'ended' }
    this.#handlers.onEnd(decided)
  }

  #release(): void {
    if (this.#state.kind === 'connected') this.#state.heartbeat.stop()
    this.#timers.clear()
    this.#pings.clear()
  }
}

const ignore = (): void => undefined
