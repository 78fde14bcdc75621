import type { ClientMessage } from '@ddp-cluster/ddp-common'
import { backoffDelayMs, Timers } from '@ddp-cluster/ddp-common/internal'
import type { ConnectionEnd, ConnectionError } from './connection-end.js'
import type { SessionSettings } from './options.js'
import { Session, type SessionMessage, type SessionPlace } from './session.js'
import { mayFollow, type ClientStatus } from './status.js'
import type { Subject } from './subject.js'
import type { Dial, WatchNetwork } from './transport.js'

export interface ReconnectingHandlers {
  onStatus(status: ClientStatus): void
  /** A session is open: the last one, which the server has kept (`resumed`), or a new one that knows nothing of those before. */
  onConnected(resumed: boolean): void
  onMessage(message: SessionMessage): void
  onFailed(subject: Subject, error: ConnectionError): void
  /**
   * The connection was lost; without an `end` this side has ended it. The server may have kept the session and is asked for it, unless this
   * side has ended it or says `forgetSession()`.
   */
  onLost(end?: ConnectionEnd): void
}

type State =
  | { readonly kind: 'connecting'; readonly session: Session; readonly retryCount: number }
  | { readonly kind: 'connected'; readonly session: Session; readonly since: number; readonly retryCount: number }
  | { readonly kind: 'waiting'; readonly retryCount: number }
  | { readonly kind: 'idle' }
  | { readonly kind: 'closed' }

/** A session that lived for so long was a success; one that ended before counts as a failed attempt, or a server that drops everybody would be stormed. */
const successAfterMs = 10_000

/** Sequence of sessions: dials, waits as Meteor does, dials again. */
export class ReconnectingSession {
  readonly #settings: SessionSettings
  readonly #dial: Dial
  readonly #handlers: ReconnectingHandlers
  readonly #timers: Timers
  readonly #unwatchNetwork: () => void
  /** Sessions that this side has closed, and that have not ended yet. */
  readonly #ending = new Set<Session>()
  /** Where the last session broke off, until another is open. */
  #earlier: SessionPlace | undefined
  #onAllEnded: (() => void) | undefined
  #state: State = { kind: 'idle' }
  #status: ClientStatus = offline

  constructor(settings: SessionSettings, dial: Dial, watchNetwork: WatchNetwork, handlers: ReconnectingHandlers) {
    this.#settings = settings
    this.#dial = dial
    this.#handlers = handlers
    this.#timers = new Timers(settings.clock)
    this.#unwatchNetwork = watchNetwork(() => this.#dialNow())
  }

  get status(): ClientStatus {
    return this.#status
  }

  get roundTripMs(): number | undefined {
    return this.#state.kind === 'connected' ? this.#state.session.roundTripMs : undefined
  }

  /** Does nothing unless connected. */
  send(message: ClientMessage): void {
    if (this.#state.kind === 'connected') this.#state.session.send(message)
  }

  /** Sends a message that is written already. */
  sendText(text: string): void {
    if (this.#state.kind === 'connected') this.#state.session.sendText(text)
  }

  /** Begins a new session with the next connection, whether or not the server has kept the last one. */
  forgetSession(): void {
    this.#earlier = undefined
  }

  /** Tries now instead of waiting; does nothing when connected or trying already. */
  reconnect(): void {
    if (this.#state.kind === 'idle') this.#connect(0)
    else this.#dialNow()
  }

  /** Goes offline until `reconnect()`. */
  disconnect(): void {
    if (this.#state.kind !== 'closed') this.#leave({ kind: 'idle' })
  }

  /** Goes offline for good; resolves when nothing is left. */
  close(): Promise<void> {
    this.#unwatchNetwork()
    if (this.#state.kind !== 'closed') this.#leave({ kind: 'closed' })
    return new Promise((resolve) => {
      const before = this.#onAllEnded
      this.#onAllEnded = () => {
        before?.()
        resolve()
      }
      this.#noteEnded()
    })
  }

  #dialNow(): void {
    if (this.#state.kind === 'waiting') this.#connect(this.#state.retryCount)
  }

  #connect(retryCount: number): void {
    this.#timers.clear()
    const session: Session = new Session(this.#settings, this.#dial, {
      onConnected: (_id, resumed) => this.#onConnected(session, resumed),
      onMessage: (message) => {
        if (this.#owns(session)) this.#handlers.onMessage(message)
      },
      onMalformed: ignore,
      onFailed: (subject, error) => {
        if (this.#owns(session)) this.#handlers.onFailed(subject, error)
      },
      onEnd: (end) => this.#onEnd(session, end),
    }, this.#earlier)
    this.#state = { kind: 'connecting', session, retryCount }
    this.#tell({ status: 'connecting', connected: false, retryCount })
  }

  #owns(session: Session): boolean {
    return (this.#state.kind === 'connecting' || this.#state.kind === 'connected') && this.#state.session === session
  }

  #onConnected(session: Session, resumed: boolean): void {
    if (this.#state.kind !== 'connecting' || !this.#owns(session)) return
    this.#earlier = undefined
    this.#state = { kind: 'connected', session, since: this.#settings.clock.now(), retryCount: this.#state.retryCount }
    this.#tell({ status: 'connected', connected: true, retryCount: 0 })
    if (this.#owns(session)) this.#handlers.onConnected(resumed)
  }

  #onEnd(session: Session, end: ConnectionEnd): void {
    const state = this.#state
    if (this.#ending.delete(session)) this.#noteEnded()
    if ((state.kind !== 'connecting' && state.kind !== 'connected') || state.session !== session) return
    if (end.cause === 'failed-version') {
      this.#state = { kind: 'idle' }
      this.#tell({ status: 'failed', connected: false, retryCount: state.retryCount, reason: end.reason })
      return
    }
    const succeeded = state.kind === 'connected' && this.#settings.clock.now() - state.since >= successAfterMs
    this.#wait(succeeded ? 0 : state.retryCount, end, state)
  }

  #wait(failures: number, end: ConnectionEnd, before: State): void {
    const delayMs = backoffDelayMs(failures, Math.random())
    const retryCount = failures + 1
    const waiting: State = { kind: 'waiting', retryCount }
    this.#state = waiting
    this.#timers.after(delayMs, () => this.#connect(retryCount))
    // First: whoever hears of the status may already ask for something, which must not pass for lost.
    if (before.kind === 'connected') {
      this.#earlier = before.session.place
      this.#handlers.onLost(end)
      // A handler may have left or dialled, and has told its own status then.
      if (this.#state !== waiting) return
    }
    this.#tell({ status: 'waiting', connected: false, retryCount, retryTime: Math.round(this.#settings.clock.wallNow() + delayMs), reason: end.reason })
  }

  #leave(next: Extract<State, { kind: 'idle' | 'closed' }>): void {
    const before = this.#state
    this.#timers.clear()
    this.#earlier = undefined
    this.#state = next
    if (before.kind === 'connecting' || before.kind === 'connected') {
      this.#ending.add(before.session)
      before.session.close()
    }
    if (before.kind === 'connected') this.#handlers.onLost()
    if (this.#state === next) this.#tell(offline)
  }

  #noteEnded(): void {
    if (this.#ending.size === 0) this.#onAllEnded?.()
  }

  #tell(status: ClientStatus): void {
    if (status.status !== 'connecting' && status.status === this.#status.status) return
    if (!mayFollow(this.#status.status, status.status)) throw new Error(`The status ${this.#status.status} cannot become ${status.status}`)
    this.#status = status
    this.#handlers.onStatus(status)
  }
}

const ignore = (): void => undefined

const offline: ClientStatus = { status: 'offline', connected: false, retryCount: 0 }
