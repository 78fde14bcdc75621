import {
  DDPProtocolError, ddpVersion, parseClientMessage, randomId, stringifyMessage, type ClientMessage, type MessageLimits, type ServerMessage,
} from '@ddp-cluster/ddp-common'
import { HeartbeatTimer, isPlainObject, Timers } from '@ddp-cluster/ddp-common/internal'
import type { Connection, ConnectionEnd } from './connection.js'
import { DDPServerError } from './errors.js'
import { Intake } from './intake.js'
import type { ResolvedOptions } from './options.js'
import { PeerConnection, type ClientFacts, type Pace } from './peer-connection.js'
import type { PublicationHandler } from './publication.js'
import type { RateLimiter } from './rate-limiter.js'
import { SessionRunner } from './session-runner.js'
import { answerConnect, type DDPVersion } from './session/handshake.js'
import type { Registry } from './session/registry.js'
import { Session } from './session/session.js'
import type { MessageSocket, MessageSocketOwner } from './socket/message-socket.js'
import type { Turn, TurnMember } from './turn.js'

/** What the peers of one server share. */
export interface PeerHost {
  readonly options: ResolvedOptions
  readonly registry: Registry
  readonly rateLimiter: RateLimiter
  readonly turn: Turn
  opened(peer: Peer, connection: Connection): void
  /** The session is that of a cluster's instance. */
  admitted(peer: Peer): void
  sessionEnded(peer: Peer): void
  /** Comes after `sessionEnded`: resolves when the application's `onClose` handlers have settled. */
  farewell(settled: Promise<void>): void
  /** Comes last, after `sessionEnded` if there was a session. */
  socketEnded(peer: Peer): void
}

interface OpenState {
  readonly phase: 'open'
  readonly version: DDPVersion
  readonly session: Session
  readonly runner: SessionRunner
  readonly connection: PeerConnection
}

type PeerState = { readonly phase: 'greeting' } | OpenState | { readonly phase: 'ended' }

/** After so much for one client the rest waits until the others have had their turn of the event loop. */
const messagesPerBurst = 256
const beginningsPerBurst = 64
/** So much as well: to read some messages takes a thousand times as long as others. */
const msPerBurst = 10

interface Burst {
  readonly startedAt: number
  received: number
  begun: number
}

/** One client: its socket, what it may send and when, and its session. */
export class Peer implements MessageSocketOwner, TurnMember {
  readonly #host: PeerHost
  readonly #facts: ClientFacts
  readonly #socket: MessageSocket
  readonly #intake: Intake
  readonly #timers: Timers
  #limits: MessageLimits
  #state: PeerState = { phase: 'greeting' }
  #heartbeat: HeartbeatTimer | undefined
  #pace: Pace
  /** What has been done since control came from the event loop, if anything; at its end all that is to be sent leaves in one system call. */
  #burst: Burst | undefined
  #isInTurn = false
  #isAdvancing = false

  constructor(host: PeerHost, facts: ClientFacts, socket: MessageSocket) {
    this.#host = host
    this.#facts = facts
    this.#socket = socket
    this.#intake = new Intake(socket, (text) => this.#read(text))
    this.#timers = new Timers(host.options.clock)
    this.#limits = { maxDepth: host.options.maxMessageDepth, plainDetails: true }
    this.#pace = { intervalMs: host.options.heartbeatIntervalMs, timeoutMs: host.options.heartbeatTimeoutMs }
    // If the timer is late because we were stalled, the message may lie in the socket.
    this.#timers.deadline(host.options.connectTimeoutMs, () => this.#giveUpGreeting())
  }

  message(text: string): void {
    this.#intake.take(text)
  }

  #read(text: string): void {
    const state = this.#state
    if (state.phase === 'ended') return
    this.#heartbeat?.heard()
    this.#countReceived()
    let message: ClientMessage
    try {
      message = parseClientMessage(text, this.#limits)
    } catch (error) {
      if (!(error instanceof DDPProtocolError)) throw error
      this.#refuse(error)
      return
    }
    if (state.phase === 'greeting') {
      this.#greet(message, text)
    } else if (message.msg === 'connect') {
      this.#send({ msg: 'error', reason: 'Already connected', offendingMessage: JSON.parse(text) })
    } else if (state.version === 'pre1' && (message.msg === 'ping' || message.msg === 'pong')) {
      this.#send({ msg: 'error', reason: 'Bad request', offendingMessage: message })
    } else {
      state.runner.receive(message, text.length)
      this.#advance()
      // The client's sends wait until half of its queue is done. Until then its silence is of our making.
      if (state.session.isFull && this.#intake.paused !== 'queue') this.#intake.pause('queue')
    }
  }

  ended(end: ConnectionEnd): void {
    this.#finish(end)
    this.#host.socketEnded(this)
  }

  /** Ends the session from our side, if it has not ended. */
  close(code: number, reason: string): void {
    this.#end({ cause: 'local', code, reason })
  }

  startUniversal(handler: PublicationHandler): void {
    if (this.#state.phase === 'open') this.#state.runner.startUniversal([handler])
  }

  /** Starts subscriptions that run with one handler over with another. */
  replacePublication(released: PublicationHandler, handler: PublicationHandler): void {
    if (this.#state.phase === 'open') this.#state.runner.replacePublication(released, handler)
  }

  /** What had to wait for others goes on. */
  endTurn(): void {
    this.#isInTurn = false
    if (this.#state.phase === 'ended') return
    this.#advance()
    this.#resumeReading()
  }

  #giveUpGreeting(): void {
    if (this.#state.phase === 'greeting') this.#end({ cause: 'protocol', code: 1002, reason: 'no connect message in time' })
  }

  #greet(message: ClientMessage, text: string): void {
    if (message.msg !== 'connect') {
      // The client's own words: in `message` what they say in EJSON is decoded already.
      this.#send({ msg: 'error', reason: 'Must connect first', offendingMessage: JSON.parse(text) })
      return
    }
    const answer = answerConnect(message)
    if ('agreed' in answer) this.#open(answer.agreed)
    else this.#fail(answer.proposed)
  }

  #refuse(error: DDPProtocolError): void {
    const { offendingMessage } = error
    // A connect that makes no sense proposes nothing that is spoken here.
    if (this.#state.phase === 'greeting' && isPlainObject(offendingMessage) && offendingMessage['msg'] === 'connect') this.#fail(ddpVersion)
    else this.#send(error.toMessage())
  }

  #fail(version: string): void {
    this.#send({ msg: 'failed', version })
    this.#end({ cause: 'protocol', code: 1000, reason: 'no common version of DDP' })
  }

  #open(version: DDPVersion): void {
    const { options, options: { clock, logger }, registry, rateLimiter } = this.#host
    this.#timers.clear()
    const id = randomId()
    const session = new Session({ id, clientAddress: this.#facts.clientAddress, registry, rateLimiter, limits: options })
    const admit = (pace: Pace): void => {
      this.#pace = pace
      // Instances read each other's errors as EJSON.
      this.#limits = { maxDepth: options.maxMessageDepth }
      this.#startHeartbeat()
      this.#socket.liftFirstLimit()
      this.#host.admitted(this)
    }
    const connection = new PeerConnection({ id, facts: this.#facts, socket: this.#socket, logger, close: (code, reason) => this.close(code, reason), admit })
    const runner = new SessionRunner({
      session, connection, clock, logger, textOfId: options.textOfId, send: (message) => this.#tell(message), onProgress: () => this.#goOn(),
    })
    this.#state = { phase: 'open', version, session, runner, connection }
    this.#startHeartbeat()
    this.#send({ msg: 'connected', session: id })
    this.#host.opened(this, connection)
    runner.startUniversal(registry.universal)
  }

  /** Work has ended, or lets other work begin. If too much of it kept the client from being read, this may be the end of that. */
  #goOn(): void {
    this.#advance()
    if (this.#state.phase === 'open' && this.#intake.paused === 'queue') this.#joinBurst()
  }

  /** Reentrant: a handler that ends at once comes back here while its message is being begun. */
  #advance(): void {
    if (this.#isAdvancing || this.#state.phase !== 'open') return
    this.#isAdvancing = true
    try {
      const begun = this.#state.runner.advance(beginningsPerBurst - (this.#burst?.begun ?? 0))
      if (begun > 0) this.#joinBurst().begun += begun
    } finally {
      this.#isAdvancing = false
    }
  }

  /** Throws an `EJSONError` for what cannot be written, and a `DDPServerError` for what no client could be sent in one piece. */
  #tell(message: ServerMessage): void {
    if (this.#state.phase === 'ended') return
    const text = stringifyMessage(message, this.#limits)
    const { maxBufferedBytes } = this.#host.options
    if (text.length * 3 > maxBufferedBytes && Buffer.byteLength(text) > maxBufferedBytes) {
      throw new DDPServerError('too-long', `it has more than maxBufferedBytes (${maxBufferedBytes})`)
    }
    this.#sendText(text)
  }

  #send(message: ServerMessage): void {
    if (this.#state.phase !== 'ended') this.#sendText(stringifyMessage(message))
  }

  #sendText(text: string): void {
    this.#joinBurst()
    this.#socket.send(text)
    const { bufferedAmount } = this.#socket
    const { maxBufferedBytes, logger } = this.#host.options
    if (bufferedAmount > maxBufferedBytes) {
      logger.warn({ clientAddress: this.#facts.clientAddress, bufferedAmount, maxBufferedBytes }, 'more than maxBufferedBytes waited for a client, and it was closed with 1013')
      this.#end({ cause: 'slow', code: 1013, reason: 'the client reads too slowly' })
    }
  }

  #sendUpdated({ session }: OpenState): void {
    const updated = session.takeUpdated()
    if (updated !== undefined) this.#send(updated)
  }

  #joinBurst(): Burst {
    if (this.#burst === undefined) {
      this.#burst = { startedAt: this.#host.options.clock.now(), received: 0, begun: 0 }
      this.#socket.hold()
      process.nextTick(this.#endBurst)
    }
    return this.#burst
  }

  readonly #endBurst = (): void => {
    const begun = this.#burst?.begun ?? 0
    if (this.#state.phase === 'open') this.#sendUpdated(this.#state)
    this.#burst = undefined
    this.#socket.release()
    if (this.#state.phase === 'ended') return
    if (begun >= beginningsPerBurst || this.#intake.paused === 'turn') this.#joinTurn()
    else if (this.#intake.paused === 'queue') this.#resumeReading()
  }

  #joinTurn(): void {
    if (this.#isInTurn) return
    this.#isInTurn = true
    this.#host.turn.add(this)
  }

  #countReceived(): void {
    const burst = this.#joinBurst()
    burst.received += 1
    if (this.#intake.paused !== undefined) return
    if (burst.received >= messagesPerBurst || this.#host.options.clock.now() - burst.startedAt >= msPerBurst) this.#intake.pause('turn')
  }

  #resumeReading(): void {
    if (this.#state.phase === 'open' && this.#intake.paused === 'queue') {
      if (!this.#state.session.hasRoom) return
      this.#startHeartbeat()
    }
    this.#intake.resume()
  }

  #startHeartbeat(): void {
    this.#heartbeat?.stop()
    if (this.#state.phase === 'open' && this.#state.version === 'pre1') {
      // The client could not answer a ping: the kernel has to find out whether it is there.
      this.#socket.keepAlive(this.#pace.intervalMs)
      return
    }
    this.#heartbeat = new HeartbeatTimer({
      clock: this.#host.options.clock, ...this.#pace, sendPing: () => this.#send({ msg: 'ping' }),
      onDead: () => this.#onSilence(),
    })
  }

  /** While the socket is not read, silence says nothing; but that pings were sent has the kernel find out whether there is anybody. */
  #onSilence(): void {
    if (this.#intake.paused === 'queue') this.#startHeartbeat()
    else this.#end({ cause: 'heartbeat-timeout', code: 1001, reason: 'no sign of life' })
  }

  #end(end: ConnectionEnd & { readonly code: number }): void {
    if (this.#state.phase === 'ended') return
    if (this.#state.phase === 'open' && end.cause === 'local') this.#sendUpdated(this.#state)
    this.#finish(end)
    this.#socket.close(end.code, end.reason)
  }

  #finish(end: ConnectionEnd): void {
    const state = this.#state
    if (state.phase === 'ended') return
    this.#state = { phase: 'ended' }
    this.#timers.clear()
    this.#heartbeat?.stop()
    this.#intake.end()
    if (state.phase === 'greeting') return
    this.#host.sessionEnded(this)
    state.runner.end()
    this.#host.farewell(state.connection.ended(end))
  }
}
