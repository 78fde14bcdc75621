import { stringifyMessage, type Logger, type MessageLimits } from '@ddp-cluster/ddp-common'
import { Timers, unknownProperty, type Clock } from '@ddp-cluster/ddp-common/internal'
import type { Collection } from './collection.js'
import { ConnectionError, type ConnectionEnd } from './connection-end.js'
import { mongoIds, rawIds } from './document-ids.js'
import { GuardedEmitter } from './guarded-emitter.js'
import { LiveData } from './live-data.js'
import { LoginRenewal } from './login-renewal.js'
import { loginMethod, loginResult, type LoginMethod, type LoginResult } from './login.js'
import { MethodCalls, type ApplyOptions } from './method-calls.js'
import type { MethodOutcome } from './method-queue.js'
import { clientSettings, type DDPClientOptions } from './options.js'
import { ReconnectingSession } from './reconnecting-session.js'
import type { SessionMessage } from './session.js'
import type { ClientStatus } from './status.js'
import type { Subject } from './subject.js'
import { Subscriptions, type Subscription } from './subscriptions.js'
import { tooLong } from './too-long.js'
import type { Dial, WatchNetwork } from './transport.js'

/** Events of a `DDPClient`, each with its payload. */
export interface DDPClientEvents {
  /** New connection status. */
  statusChanged: (status: ClientStatus) => void
  /** A login, a logout, or a login that the server refused after a reconnect (`error`). After `loginPending` it tells how that ended, also when the user stays the same. */
  userChanged: (user: { readonly userId: string | undefined; readonly error?: Error }) => void
  /**
   * After a reconnect the server did not take the login, for a reason that has nothing to do with the token: too many requests, an error of its own, no answer.
   * The login is sent again at `retryTime`, in milliseconds since the epoch. Until `userChanged` the client keeps its `userId`, and subscriptions and calls wait.
   */
  loginPending: (login: { readonly userId: string; readonly error: Error; readonly retryTime: number }) => void
}

const applyOptionNames = Object.keys({ wait: 0, noRetry: 0, maxRetries: 0, timeoutMs: 0, randomSeed: 0 } satisfies Record<keyof ApplyOptions, unknown>)

/** How far the present connection has got. In `login` the first method, which is the login, may be sent; from `open` on all methods and subscriptions may. */
type Stage = 'down' | 'login' | 'login-pending' | 'open'

interface Takeover {
  readonly id: string
  /** The user of the session is known, by this login or logout or by one just before. */
  isKnown: boolean
}

/** A DDP client that keeps its connection, its login, its subscriptions and their documents across reconnects, as Meteor's does. */
export class DDPClient extends GuardedEmitter<DDPClientEvents> {
  readonly #connection: ReconnectingSession
  readonly #data: LiveData
  readonly #calls: MethodCalls
  readonly #subscriptions: Subscriptions
  readonly #clock: Clock
  readonly #timers: Timers
  readonly #limits: MessageLimits
  readonly #logger: Logger
  #stage: Stage = 'down'
  #hadSession = false
  #closed: ConnectionError | undefined
  #login: LoginMethod | undefined
  #userId: string | undefined
  /** Listeners were told of `loginPending`, and not yet how that ended. */
  #isLoginPending = false
  readonly #renewal: LoginRenewal
  /** Set while a login or logout of the application has the place of the renewed login: the others wait until it is over. */
  #takeover: Takeover | undefined
  #lastId = 0

  /** Starts to connect. Throws a `RangeError` for a bad number in the options. */
  constructor(options: DDPClientOptions, dial: Dial, watchNetwork: WatchNetwork = nothingToWatch) {
    super(Object.keys({ statusChanged: 0, userChanged: 0, loginPending: 0 } satisfies Record<keyof DDPClientEvents, unknown>))
    const settings = clientSettings(options)
    this.#logger = settings.logger
    this.#clock = settings.clock
    this.#timers = new Timers(settings.clock)
    this.#limits = { maxDepth: settings.maxMessageDepth }
    this.#calls = new MethodCalls(this.#timers, this.#limits, settings.maxOutstandingCalls, (id) => {
      if (id === this.#takeover?.id) this.#endTakeover(this.#takeover)
      else this.#sendMethods()
      this.#data.forgetMethod(id)
    })
    this.#subscriptions = new Subscriptions((id) => {
      if (this.#stage === 'open') this.#connection.send({ msg: 'unsub', id })
      this.#data.forgetSubscription(id)
    })
    this.#data = new LiveData(settings.ids === 'raw' ? rawIds : mongoIds, settings.logger, {
      onReady: (id) => this.#subscriptions.noteReady(id),
      onUpdated: (id) => this.#calls.noteUpdated(id),
      onNosub: (message) => this.#subscriptions.noteNosub(message),
      onRevived: () => this.#calls.noteRevived(),
    })
    this.#renewal = new LoginRenewal(this.#timers, {
      send: (login) => this.#sendLogin(login),
      drop: (id) => this.#calls.forget(id),
      onTaken: (result, login) => this.#endRenewal(result.id, nextLogin(result, login)),
      onRefused: (error) => this.#endRenewal(undefined, undefined, error),
      onPending: (error, delayMs) => this.#onLoginPending(error, delayMs),
    })
    this.#connection = new ReconnectingSession(settings, dial, watchNetwork, {
      onStatus: (status) => void this.emit('statusChanged', status),
      onConnected: (resumed) => (resumed ? this.#goOn() : this.#onNewSession()),
      onMessage: (message) => this.#onMessage(message),
      onFailed: (subject, error) => this.#fail(subject, error),
      onLost: (end) => this.#onLost(end),
    })
    this.#connection.reconnect()
  }

  /** Connection status, in the shape of `Meteor.status()`. */
  status(): ClientStatus {
    return this.#connection.status
  }

  /** Id of the user that this client is logged in as, or undefined. */
  get userId(): string | undefined {
    return this.#userId
  }

  /** Round trip in milliseconds of the last heartbeat on the present connection. */
  get roundTripMs(): number | undefined {
    return this.#connection.roundTripMs
  }

  /** Calls a method and waits for its result and for its writes to have arrived. Rejects with the server's `DDPError` or a `ConnectionError`. */
  call(name: string, ...params: unknown[]): Promise<unknown> {
    return this.apply(name, params)
  }

  /** Calls a method as `call` does, with options. Rejects with a `TypeError` for an unknown option. */
  apply(name: string, params: readonly unknown[], options?: ApplyOptions): Promise<unknown> {
    const unknown = unknownProperty('option of apply()', options, applyOptionNames)
    return unknown === undefined ? this.#apply(name, params, options) : Promise.reject(new TypeError(unknown))
  }

  /** Subscribes, now or as soon as there is a connection, and again after every reconnect, until `stop()`. Throws what EJSON cannot write. */
  subscribe(name: string, ...params: unknown[]): Subscription {
    const id = this.#nextId()
    const text = stringifyMessage({ msg: 'sub', id, name, params }, this.#limits)
    const subscription = this.#subscriptions.add(id, name, text)
    if (this.#closed) this.#subscriptions.endAll(this.#closed)
    else if (this.#stage === 'open') {
      this.#subscriptions.noteSent(id)
      this.#connection.sendText(text)
    }
    return subscription
  }

  /** The documents of a collection; the same object for the same name. */
  collection(name: string): Collection {
    return this.#data.collection(name)
  }

  /**
   * Logs in with the method `login`: `{ resume: token }`, or whatever the server takes. Done again by itself after a reconnect. While the login of before is pending
   * (`loginPending`), this one takes its place: calls and subscriptions that waited are sent when it has succeeded, as the new user.
   */
  login(credentials: Record<string, unknown>): Promise<LoginResult> {
    return this.loginWith('login', credentials)
  }

  /** Logs in with a method of one's own, which answers as `login` does: `{ id, token?, tokenExpires? }`. */
  async loginWith(name: string, ...params: unknown[]): Promise<LoginResult> {
    const method = loginMethod(name, params)
    const settled = this.#apply(name, params, { wait: true }, (outcome) => {
      const login = outcome.error ? undefined : loginResult(outcome.result)
      if (login) this.#onUserKnown(login.id, nextLogin(login, method))
    })
    if (this.#stage === 'login-pending') this.#takeOver()
    const login = loginResult(await settled)
    if (!login) throw new ConnectionError('bad-answer', `The method ${name} did not answer with the id of a user`)
    return login
  }

  /**
   * Logs out; the connection stays. Before a login that is done again after a reconnect is taken, `userId` becomes undefined at once, and calls and subscriptions that waited
   * are sent without a user as soon as the server has logged out.
   */
  async logout(): Promise<void> {
    const settled = this.#apply('logout', [], { wait: true }, (outcome) => {
      if (!outcome.error) this.#onUserKnown(undefined, undefined)
    })
    if (this.#isRenewing() && !this.#takeover && this.#takeOver()) this.#setUser(undefined, undefined)
    await settled
  }

  /** Tries to connect now rather than at `retryTime`, or again after `disconnect()`. */
  reconnect(): void {
    this.#connection.reconnect()
  }

  /** Goes offline. Calls and subscriptions wait for `reconnect()`. */
  disconnect(): void {
    this.#connection.disconnect()
  }

  /** Goes offline for good: calls reject with `closed`, subscriptions end. Resolves when no socket or timer is left. Can be called again. */
  async close(): Promise<void> {
    this.#closed ??= new ConnectionError('closed', 'The client was closed')
    const ended = this.#connection.close()
    this.#calls.failAll(this.#closed)
    this.#subscriptions.endAll(this.#closed)
    this.#timers.clear()
    await ended
  }

  /** Closes the client, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #apply(name: string, params: readonly unknown[], options?: ApplyOptions, onResult?: (outcome: MethodOutcome) => void): Promise<unknown> {
    if (this.#closed) return Promise.reject(this.#closed)
    const settled = this.#calls.add(this.#nextId(), name, params, options, onResult)
    this.#sendMethods()
    return settled
  }

  #nextId(): string {
    this.#lastId += 1
    return String(this.#lastId)
  }

  /** The server has kept the last session, and what it had to say meanwhile follows: login, subscriptions and documents are what they were. */
  #goOn(): void {
    this.#calls.noteResumed()
    for (const id of this.#subscriptions.stopping()) this.#connection.send({ msg: 'unsub', id })
    this.#open()
  }

  #onNewSession(): void {
    this.#calls.noteNewSession()
    this.#subscriptions.noteNewSession()
    if (this.#hadSession) this.#data.startRevival(this.#subscriptions.readyIds(), this.#calls.sentBefore())
    this.#hadSession = true
    if (this.#login) this.#renewal.start(this.#login)
    else this.#open()
  }

  #sendLogin(login: LoginMethod): string {
    const id = this.#nextId()
    this.#stage = 'login'
    this.#calls.addFirst(id, login, (outcome) => this.#renewal.noteOutcome(id, outcome))
    this.#sendMethods()
    return id
  }

  #onLoginPending(error: Error, delayMs: number): void {
    this.#stage = 'login-pending'
    this.#logger.warn({ reason: error.message, delayMs }, 'The server did not take the login after a reconnect, and will be asked again')
    if (this.#takeOver() || this.#userId === undefined) return
    this.#isLoginPending = true
    this.emit('loginPending', { userId: this.#userId, error, retryTime: Math.round(this.#clock.wallNow() + delayMs) })
  }

  #isRenewing(): boolean {
    return this.#stage === 'login' || this.#stage === 'login-pending'
  }

  #endRenewal(userId: string | undefined, login: LoginMethod | undefined, error?: Error): void {
    this.#setUser(userId, login, error)
    // Unless a listener has disconnected, or logged out.
    if (this.#isRenewing()) this.#open()
  }

  /** Sends the first login or logout that the application has called in the place of the renewed login. Returns false if there is none. */
  #takeOver(isKnown = false): boolean {
    const id = this.#calls.moveLoginFirst()
    if (id === undefined) return false
    this.#renewal.stop()
    this.#takeover = { id, isKnown }
    this.#stage = 'login'
    this.#sendMethods()
    return true
  }

  #endTakeover({ isKnown }: Takeover): void {
    this.#takeover = undefined
    if (this.#takeOver(isKnown)) return
    if (isKnown) {
      this.#open()
    } else if (this.#login) {
      this.#renewal.start(this.#login)
    } else {
      // The logout was refused, and the server may have taken the login before it: a new session is nobody's.
      this.#connection.disconnect()
      this.#connection.reconnect()
    }
  }

  /** The session is logged in, if it is to be: the methods that were left, then the subscriptions. */
  #open(): void {
    this.#stage = 'open'
    this.#sendMethods()
    for (const text of this.#subscriptions.takeTexts()) this.#connection.sendText(text)
    this.#data.noteAllAsked()
  }

  #sendMethods(): void {
    if (this.#stage === 'down' || this.#stage === 'login-pending') return
    for (const { text } of this.#calls.takeSendable()) this.#connection.sendText(text)
  }

  #onMessage(message: SessionMessage): void {
    if (message.msg === 'result') {
      this.#calls.noteResult(message.id, message)
      // Its `updated` may be held back until all that waits for it is done.
      if (message.id === this.#takeover?.id) this.#calls.noteUpdated(message.id)
      return
    }
    if (message.msg === 'ready') this.#subscriptions.noteAnswered(message.subs)
    if (message.msg === 'nosub') this.#subscriptions.noteStopped(message.id)
    this.#data.take(message)
  }

  #fail({ kind, id }: Subject, error: ConnectionError): void {
    if (kind === 'call') {
      if (!this.#renewal.noteFailed(id, error)) this.#calls.fail(id, error)
    } else {
      this.#subscriptions.fail(id, error)
      this.#data.forgetSubscription(id)
    }
  }

  #onLost(end?: ConnectionEnd): void {
    // A session that was not logged in yet begins anew.
    if (this.#stage !== 'open' || !end) {
      this.#connection.forgetSession()
      this.#data.stopRevival()
    }
    this.#data.noteLost()
    this.#stage = 'down'
    this.#takeover = undefined
    this.#renewal.stop()
    if (end) for (const { subject, error } of tooLong(end, this.#calls.underWay(), this.#subscriptions)) this.#fail(subject, error)
    this.#calls.noteLost()
  }

  /** A login or logout of the application has succeeded. */
  #onUserKnown(userId: string | undefined, login: LoginMethod | undefined): void {
    if (this.#takeover) this.#takeover.isKnown = true
    this.#setUser(userId, login)
  }

  #setUser(userId: string | undefined, login: LoginMethod | undefined, error?: Error): void {
    const changed = userId !== this.#userId || this.#isLoginPending
    this.#isLoginPending = false
    this.#userId = userId
    this.#login = login
    if (changed) this.emit('userChanged', { userId, ...(error && { error }) })
  }

  protected override noteThrown(error: unknown): void {
    this.#logger.error({ err: error }, 'A listener of a client threw')
  }
}

/** How to log in after a reconnect: with the token if there is one, else as before. */
function nextLogin({ token }: LoginResult, before: LoginMethod): LoginMethod {
  return token === undefined ? before : loginMethod('login', [{ resume: token }])
}

/** Where nobody tells of networks that come back. */
const nothingToWatch: WatchNetwork = () => () => undefined
