import { type Clock, Timers } from '@ddp-cluster/ddp-common/internal'
import type { DataMessage, Logger } from '@ddp-cluster/ddp-common'
import { type Connection, type ConnectionEnd, openConnection, type TlsOptions } from '@ddp-cluster/ddp-client/internal'
import type { EndedBy, Ending } from '../membership/facts.js'
import { instanceHeader } from '@ddp-cluster/ddp-server/internal'
import { AuthorizationError, introduce } from './dial.js'
import type { DialTurns } from './dial-turns.js'
import { type LinkState, statusOf } from './link-state.js'
import type { LinkStatus } from './link-status.js'
import { inFewWords } from '../text-of.js'
import { busyMs, hungMs, leastRedialMs, redialAfter } from './redial.js'

/** Context shared by all links of one instance. */
export interface LinkContext {
  readonly cluster: string
  readonly selfId: string
  readonly secrets: () => readonly string[]
  readonly turns: DialTurns
  readonly nextAttempt: () => number
  readonly authTimeoutMs: number
  readonly heartbeatIntervalMs: number
  readonly heartbeatTimeoutMs: number
  readonly maxMessageBytes: number
  readonly undecodedCollection: string
  readonly tls: TlsOptions | undefined
  readonly clock: Clock
  readonly random: () => number
  readonly logger: Logger
  readonly events: LinkEvents
}

export interface LinkEvents {
  /** The peer and we have proven ourselves on a fresh session; resolves when all that the link is for has been asked for there. */
  greet(peerId: string, connection: Connection): Promise<void>
  /** Messages that the peer publishes, in order. */
  message(peerId: string, message: DataMessage, bytes: number): void
  /** The peer is being dialled, as its turn has come. */
  begun(peerId: string): void
  /** `again`: after failures. */
  up(peerId: string, again: boolean): void
  down(peerId: string, ending: Ending): void
  failed(peerId: string, ending: Ending): void
  /** The answering peer rejected our proof, or gave a wrong one. */
  unauthorized(peerId: string): void
  /** The peer said that it leaves. */
  goodbye(peerId: string): void
}

/** The WebSocket close code (of the private range) with which an instance that leaves ends the sessions that others dialled. */
export const goodbyeCode = 4001

/** A peer that said goodbye closes the connection itself, or has this long for it. */
const longestFarewellMs = 1000

/** The link that this instance dials to one peer: one socket at a time, dialled again for as long as the peer is a member. */
export class Link {
  readonly peerId: string
  readonly url: string
  readonly #context: LinkContext
  readonly #timers: Timers
  #state: LinkState = { kind: 'closed' }
  #retryCount = 0
  #rejections = 0
  #dialledAt = Number.NEGATIVE_INFINITY
  #lastError: string | undefined

  constructor(peerId: string, url: string, context: LinkContext) {
    this.peerId = peerId
    this.url = url
    this.#context = context
    this.#timers = new Timers(context.clock)
    this.#queue()
  }

  get status(): LinkStatus {
    return statusOf(this.#state, this.#retryCount, this.#lastError)
  }

  /** The connection over which the peer proved itself and gives us what it publishes; undefined while there is none. */
  get connection(): Connection | undefined {
    return this.#state.kind === 'connected' ? this.#state.connection : undefined
  }

  /** Milliseconds that the peer took to answer the last ping on this connection. */
  get roundTripMs(): number | undefined {
    return this.connection?.roundTripMs
  }

  /** The last thing that went wrong, kept after it has been mended. */
  get lastError(): string | undefined {
    return this.#lastError
  }

  /** Something suggests that the peer can be reached again: it is dialled soon, not when its turn would come. */
  hurry(): void {
    const state = this.#state
    if (state.kind !== 'waiting' && state.kind !== 'failed') return
    const now = this.#context.clock.now()
    const soonest = Math.max(now, this.#dialledAt + leastRedialMs)
    if (state.dueAt <= soonest) return
    state.cancel()
    this.#state = { ...state, dueAt: soonest, cancel: this.#timers.after(soonest - now, () => this.#queue()) }
  }

  /** Proves the first of the secrets again, which is another one now, and soon. */
  secretsChanged(): void {
    this.#rejections = 0
    this.hurry()
  }

  /** The peer reached us: it is dialled before others are, and a dial that has hung for long, since before the network healed, is begun anew. */
  hurryFirst(): void {
    const state = this.#state
    if (state.kind === 'queued' && state.urgency === 'usual') {
      state.leave()
      this.#queue('urgent')
      return
    }
    // A first dial only takes its time.
    if (state.kind !== 'dialling' || this.#retryCount === 0 || this.#context.clock.now() - this.#dialledAt < hungMs) return this.hurry()
    state.done()
    this.#queue('urgent')
    state.connection.close()
  }

  /** Hangs up for good; nothing is told any more. */
  close(): void {
    const state = this.#state
    this.#state = { kind: 'closed' }
    this.#timers.clear()
    if (state.kind === 'queued') state.leave()
    if (state.kind === 'dialling' || state.kind === 'greeting') state.done()
    if ('connection' in state) state.connection.close()
  }

  /** Hangs up, but leaves it to a peer that is connected to close the connection, as who leaves does, so that what it sent last is not lost; `onEnd` when that is over. */
  retire(onEnd: () => void): void {
    const state = this.#state
    if (state.kind !== 'connected') {
      this.close()
      onEnd()
      return
    }
    this.#state = { kind: 'retired', connection: state.connection }
    this.#timers.clear()
    this.#timers.after(longestFarewellMs, () => this.close())
    void state.connection.closed.then(() => {
      this.#timers.clear()
      onEnd()
    })
  }

  #queue(urgency: 'urgent' | 'usual' = 'usual'): void {
    let leave: () => void = () => undefined
    this.#state = { kind: 'queued', urgency, leave: () => leave() }
    leave = this.#context.turns.take(() => this.#dial(() => leave()), urgency)
  }

  #dial(done: () => void): void {
    const { heartbeatIntervalMs, heartbeatTimeoutMs, maxMessageBytes, undecodedCollection, tls, clock, logger, events, authTimeoutMs, selfId } = this.#context
    const connection = openConnection({
      url: this.url,
      headers: { [instanceHeader]: selfId },
      connectTimeoutMs: authTimeoutMs,
      heartbeatIntervalMs,
      heartbeatTimeoutMs,
      maxMessageBytes,
      undecodedCollection,
      clock,
      logger,
      ...(tls && { tls }),
      onMessage: (message, bytes) => {
        if (this.#isProven(connection) || this.#isRetired(connection)) events.message(this.peerId, message, bytes)
      },
    })
    this.#dialledAt = clock.now()
    this.#state = { kind: 'dialling', connection, done }
    this.#endTurnWhenHung(done)
    events.begun(this.peerId)
    void connection.closed.then((end) => {
      if (!this.#owns(connection)) return
      if (end.closeCode === goodbyeCode && this.#isProven(connection)) events.goodbye(this.peerId)
      if (this.#owns(connection)) this.#dropped(endingOf(end), undefined)
    })
    this.#meet(connection, done).then(
      () => this.#up(connection, done),
      // A connection that ended by itself has told so above, and knows better why.
      (error: unknown) => setImmediate(() => this.#giveUp(connection, error)),
    )
  }

  /** Give the turn away when the peer is silent, unless this process itself is slow: then silence says nothing, and more dials would make it slower. */
  #endTurnWhenHung(done: () => void): void {
    const { clock } = this.#context
    const dueAt = clock.now() + hungMs
    this.#timers.after(hungMs, () => {
      if (clock.now() - dueAt > busyMs) this.#endTurnWhenHung(done)
      else done()
    })
  }

  async #meet(connection: Connection, done: () => void): Promise<void> {
    const { cluster, selfId, secrets, nextAttempt, authTimeoutMs, events } = this.#context
    await connection.opened
    // While a secret is rotated the peer may know only one of ours: each refusal goes on to the next.
    const known = secrets()
    const secret = known[this.#rejections % known.length] ?? ''
    await introduce(connection, { cluster, from: selfId, to: this.peerId, attempt: nextAttempt(), secret, timeoutMs: authTimeoutMs })
    if (!this.#owns(connection)) return
    this.#state = { kind: 'greeting', connection, done }
    const late = new AuthorizationError('timeout', `the peer did not answer the subscription within ${authTimeoutMs} ms`)
    const cancel = this.#timers.deadline(authTimeoutMs, () => this.#giveUp(connection, late))
    await events.greet(this.peerId, connection).finally(cancel)
  }

  #giveUp(connection: Connection, error: unknown): void {
    if (!this.#owns(connection)) return
    const { code, answeredBy } = error instanceof AuthorizationError ? error : { code: 'failed', answeredBy: undefined }
    if (code === 'unauthorized' || code === 'impostor') this.#context.events.unauthorized(this.peerId)
    const reason = inFewWords(`${code}: ${error instanceof Error ? error.message : String(error)}`)
    this.#dropped({ by: 'other', reason, ...(answeredBy !== undefined && { answeredBy }) }, code)
    connection.close()
  }

  #up(connection: Connection, done: () => void): void {
    if (!this.#owns(connection)) return
    done()
    this.#state = { kind: 'connected', connection }
    const again = this.#retryCount > 0
    this.#retryCount = 0
    this.#measure(connection)
    this.#context.events.up(this.peerId, again)
  }

  /** The heartbeat itself asks only a peer that is silent. */
  #measure(connection: Connection): void {
    if (this.connection !== connection) return
    connection.ping().catch(() => undefined)
    this.#timers.after(this.#context.heartbeatIntervalMs, () => this.#measure(connection))
  }

  #dropped(ending: Ending, code: string | undefined): void {
    const { clock, random, events, logger } = this.#context
    const before = this.#state
    if (before.kind === 'dialling' || before.kind === 'greeting') before.done()
    this.#lastError = ending.reason
    // While a secret is rotated a refusal may be of one of ours alone.
    const rotating = code === 'unauthorized' && (this.#rejections += 1) % this.#context.secrets().length !== 0
    const { kind, delayMs } = redialAfter(rotating ? undefined : code, this.#retryCount, random())
    this.#retryCount += 1
    const cancel = this.#timers.after(delayMs, () => this.#queue())
    const next = { dueAt: clock.now() + delayMs, reason: ending.reason, cancel }
    this.#state = kind === 'failed' ? { kind, ...next } : { kind, ...next, retryTime: Math.round(clock.wallNow() + delayMs) }
    logger.debug({ peer: this.peerId, url: this.url, reason: ending.reason }, 'a link is down')
    if (before.kind === 'connected') events.down(this.peerId, ending)
    else events.failed(this.peerId, ending)
  }

  /** Whether this is the connection that the link stands on: what arrives on an older one is ignored. */
  #owns(connection: Connection): boolean {
    const state = this.#state
    return (state.kind === 'dialling' || state.kind === 'greeting' || state.kind === 'connected') && state.connection === connection
  }

  #isRetired(connection: Connection): boolean {
    return this.#state.kind === 'retired' && this.#state.connection === connection
  }

  /** Whether it is, and the peer has proven itself on it. */
  #isProven(connection: Connection): boolean {
    return this.#owns(connection) && this.#state.kind !== 'dialling'
  }
}

function endingOf(end: ConnectionEnd): Ending {
  return { by: endedBy(end.cause), reason: end.reason }
}

function endedBy(cause: ConnectionEnd['cause']): EndedBy {
  if (cause === 'ended' || cause === 'reset') return 'kernel'
  if (cause === 'refused') return 'refused'
  return cause === 'heartbeat-timeout' || cause === 'connect-timeout' ? 'silence' : 'other'
}
