import { DDPProtocolError, ddpVersion, parseClientMessage, stringifyMessage, type ClientMessage, type MessageLimits, type ServerMessage } from '@ddp-cluster/ddp-common'
import { HeartbeatTimer, isPlainObject, Timers } from '@ddp-cluster/ddp-common/internal'
import type { Absence } from './absence.js'
import type { ConnectionEnd } from './connection.js'
import { Intake } from './intake.js'
import { OpenSession, type SessionHost } from './open-session.js'
import type { Outlet } from './outlet.js'
import type { ClientFacts, Pace } from './peer-connection.js'
import type { ResumableSessions } from './resumable-sessions.js'
import { answerConnect, type DDPVersion } from './session/handshake.js'
import type { MessageSocket, MessageSocketOwner } from './socket/message-socket.js'
import type { Turn, TurnMember } from './turn.js'

/** Context shared by the peers of one server. */
export interface PeerHost extends SessionHost {
  readonly turn: Turn
  /** Sessions that clients may resume; undefined where none may be resumed. */
  readonly resumable: ResumableSessions | undefined
  /** A session has begun. */
  opened(session: OpenSession): void
  /** The session is that of a cluster's instance. */
  admitted(peer: Peer, session: OpenSession): void
  /** Comes last, after `sessionEnded` if the session ended with the socket. */
  socketEnded(peer: Peer): void
}

type PeerState = { readonly phase: 'greeting' } | { readonly phase: 'open'; readonly session: OpenSession } | { readonly phase: 'ended' }

/** After so much for one client the rest waits until the others have had their turn of the event loop. */
const messagesPerBurst = 256
const beginningsPerBurst = 64
/** Time limit of a burst: some messages take a thousand times as long to read as others. */
const msPerBurst = 10

interface Burst {
  readonly startedAt: number
  received: number
  begun: number
}

/** Socket of a client: the pace of its messages, and the session that it carries. */
export class Peer implements MessageSocketOwner, TurnMember, Outlet {
  readonly #host: PeerHost
  readonly #facts: ClientFacts
  readonly #socket: MessageSocket
  readonly #intake: Intake
  readonly #timers: Timers
  readonly #limits: MessageLimits
  #state: PeerState = { phase: 'greeting' }
  #heartbeat: HeartbeatTimer | undefined
  #pace: Pace
  /** Work since control came from the event loop, if any; at its end all output leaves in one system call. */
  #burst: Burst | undefined
  /** Bytes on the wire of what was held for the client while it was away, as far as they may wait still. Within bounds already: it is not slow for them. */
  #replayedBytes = 0
  #isInTurn = false
  #isAdvancing = false

  constructor(host: PeerHost, facts: ClientFacts, socket: MessageSocket) {
    this.#host = host
    this.#facts = facts
    this.#socket = socket
    this.#intake = new Intake(socket, (text) => this.#read(text))
    this.#timers = new Timers(host.options.clock)
    this.#limits = { maxDepth: host.options.maxMessageDepth }
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
    } else {
      this.#receive(state.session, message, text)
    }
  }

  #receive(session: OpenSession, message: ClientMessage, text: string): void {
    if (message.msg === 'connect') {
      this.#send({ msg: 'error', reason: 'Already connected', offendingMessage: JSON.parse(text) })
    } else if (session.version === 'pre1' && (message.msg === 'ping' || message.msg === 'pong')) {
      this.#send({ msg: 'error', reason: 'Bad request', offendingMessage: message })
    } else {
      session.receive(message, text.length)
      this.#advance()
      // The client's sends wait until half of its queue is done. Until then its silence is of our making.
      if (session.isFull && this.#intake.paused !== 'queue') this.#intake.pause('queue')
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

  get bufferedBytes(): number {
    const { bufferedAmount } = this.#socket
    if (this.#replayedBytes > bufferedAmount) this.#replayedBytes = bufferedAmount
    return bufferedAmount - this.#replayedBytes
  }

  sendText(text: string): void {
    if (this.#state.phase === 'ended') return
    this.#joinBurst()
    this.#socket.send(text)
    const bufferedAmount = this.bufferedBytes
    const { maxBufferedBytes, logger } = this.#host.options
    if (bufferedAmount > maxBufferedBytes) {
      logger.warn({ clientAddress: this.#facts.clientAddress, bufferedAmount, maxBufferedBytes }, 'more than maxBufferedBytes waited for a client, and it was closed with 1013')
      this.#end({ cause: 'slow', code: 1013, reason: 'the client reads too slowly' })
    }
  }

  sendFrame(frame: Buffer | string, written?: () => void): void {
    this.#socket.send(frame, written)
  }

  /** If too much work kept the client from being read, this may be the end of that. */
  goOn(): void {
    this.#advance()
    if (this.#state.phase === 'open' && this.#intake.paused === 'queue') this.#joinBurst()
  }

  admit(pace: Pace): void {
    if (this.#state.phase !== 'open') return
    this.#pace = pace
    this.#startHeartbeat()
    this.#socket.liftFirstLimit()
    this.#host.admitted(this, this.#state.session)
  }

  /** Goes on with what had to wait for other clients. */
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
    if ('proposed' in answer) {
      this.#fail(answer.proposed)
      return
    }
    const absence = this.#host.resumable?.claim(message, answer.agreed)
    if (absence === undefined) this.#open(answer.agreed)
    else this.#resume(absence)
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
    const session = new OpenSession(this.#host, { version, facts: this.#facts, outlet: this })
    this.#carry(session)
    session.send({ msg: 'connected', session: session.id })
    this.#host.opened(session)
    session.startUniversal(this.#host.registry.universal)
  }

  #resume({ session, held }: Absence): void {
    this.#carry(session)
    session.resume(this, held)
    this.#replayedBytes = this.#socket.bufferedAmount
    this.goOn()
  }

  #carry(session: OpenSession): void {
    this.#timers.clear()
    this.#state = { phase: 'open', session }
    this.#startHeartbeat()
  }

  /** Reentrant: a handler that ends at once comes back here while its message is being begun. */
  #advance(): void {
    if (this.#isAdvancing || this.#state.phase !== 'open') return
    this.#isAdvancing = true
    try {
      const begun = this.#state.session.advance(beginningsPerBurst - (this.#burst?.begun ?? 0))
      if (begun > 0) this.#joinBurst().begun += begun
    } finally {
      this.#isAdvancing = false
    }
  }

  /** Messages of a session count, but for pings; those before there is one do not. */
  #send(message: ServerMessage): void {
    if (this.#state.phase === 'open' && message.msg !== 'ping') this.#state.session.send(message)
    else this.sendText(stringifyMessage(message))
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
    if (this.#state.phase === 'open') this.#state.session.sendUpdated()
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
    if (this.#state.phase === 'open' && this.#state.session.version === 'pre1') {
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
    if (this.#state.phase === 'open' && end.cause === 'local') this.#state.session.sendUpdated()
    this.#finish(end)
    this.#socket.close(end.code, end.reason)
  }

  #finish(end: ConnectionEnd): void {
    const state = this.#state
    if (state.phase === 'ended') return
    this.#state = { phase: 'ended' }
    this.#timers.clear()
    this.#heartbeat?.stop()
    const unread = this.#intake.end()
    // Out of turn, as Meteor does: whatever waited before it, the client does not come back.
    if (state.phase === 'open' && unread.some((text) => this.#isDisconnect(text))) state.session.receive({ msg: 'disconnect' }, 0)
    if (state.phase === 'greeting' || this.#host.resumable?.keep(state.session, end) === true) return
    state.session.end(end)
  }

  #isDisconnect(text: string): boolean {
    if (!text.includes('"disconnect"')) return false
    try {
      return parseClientMessage(text, this.#limits).msg === 'disconnect'
    } catch (error) {
      if (!(error instanceof DDPProtocolError)) throw error
      return false
    }
  }
}
