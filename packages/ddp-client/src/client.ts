import { stringifyMessage, type DDPProtocolError } from '@ddp-cluster/ddp-common'
import { Timers } from '@ddp-cluster/ddp-common/internal'
import { EventEmitter } from 'eventemitter3'
import type { Collection } from './collection.js'
import { ConnectionError } from './connection-end.js'
import { LiveData } from './live-data.js'
import { loginResult, type LoginMethod, type LoginResult } from './login.js'
import { MethodCalls, type ApplyOptions } from './method-calls.js'
import type { MethodOutcome } from './method-queue.js'
import { clientSettings, type DDPClientOptions } from './options.js'
import { ReconnectingSession } from './reconnecting-session.js'
import type { SessionMessage } from './session.js'
import type { ClientStatus } from './status.js'
import { Subscriptions, type Subscription } from './subscriptions.js'
import type { Dial, WatchNetwork } from './transport.js'

export interface DDPClientEvents {
  statusChanged: (status: ClientStatus) => void
  /** A login, a logout, or a login that was refused after a reconnect. */
  userChanged: (user: { readonly userId: string | undefined; readonly error?: Error }) => void
}

/** How far the present connection has got. Methods are sent from `login` on (the login is the first), subscriptions from `open` on. */
type Stage = 'down' | 'login' | 'open'

/** A DDP client that keeps its connection, its login, its subscriptions and their documents across reconnects, as Meteor's does. */
export class DDPClient extends EventEmitter<DDPClientEvents> {
  readonly #connection: ReconnectingSession
  readonly #data: LiveData
  readonly #calls: MethodCalls
  readonly #subscriptions: Subscriptions
  readonly #timers: Timers
  readonly #reportThrown: (error: unknown) => void
  #stage: Stage = 'down'
  #hadSession = false
  #closed: ConnectionError | undefined
  #login: LoginMethod | undefined
  #userId: string | undefined
  #lastId = 0

  /** Starts to connect. Throws a `RangeError` for a bad number in the options. */
  constructor(options: DDPClientOptions, dial: Dial, watchNetwork: WatchNetwork = nothingToWatch) {
    super()
    const settings = clientSettings(options)
    this.#reportThrown = (error) => settings.logger.error({ err: error }, 'A listener of a client threw')
    this.#timers = new Timers(settings.clock)
    this.#calls = new MethodCalls(this.#timers, settings.maxOutstandingCalls, (id) => {
      // In this order: what is sent now belongs to the data that a reconnect waits for.
      this.#sendMethods()
      this.#data.forgetMethod(id)
    })
    this.#subscriptions = new Subscriptions((id) => {
      if (this.#stage === 'open') this.#connection.send({ msg: 'unsub', id })
      this.#data.forgetSubscription(id)
    })
    this.#data = new LiveData(settings.logger, {
      onReady: (id) => this.#subscriptions.noteReady(id),
      onUpdated: (id) => this.#calls.noteUpdated(id),
      onNosub: (message) => this.#subscriptions.noteNosub(message),
      onRevived: () => this.#calls.noteRevived(),
    })
    this.#connection = new ReconnectingSession(settings, dial, watchNetwork, {
      onStatus: (status) => this.#tell(() => this.emit('statusChanged', status)),
      onConnected: () => this.#onConnected(),
      onMessage: (message) => this.#onMessage(message),
      onMalformed: (error) => this.#onMalformed(error),
      onLost: () => this.#onLost(),
    })
    this.#connection.reconnect()
  }

  status(): ClientStatus {
    return this.#connection.status
  }

  /** The user that this client is logged in as. */
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

  /** As `call`, with options. */
  apply(name: string, params: readonly unknown[], options?: ApplyOptions): Promise<unknown> {
    return this.#apply(name, params, options)
  }

  /** Subscribes, now or as soon as there is a connection, and again after every reconnect, until `stop()`. Throws what EJSON cannot write. */
  subscribe(name: string, ...params: unknown[]): Subscription {
    const id = this.#nextId()
    const text = stringifyMessage({ msg: 'sub', id, name, params })
    const subscription = this.#subscriptions.add(id, name, text)
    if (this.#closed) this.#subscriptions.endAll(this.#closed)
    else if (this.#stage === 'open') this.#connection.sendText(text)
    return subscription
  }

  /** The documents of a collection; the same object for the same name. */
  collection(name: string): Collection {
    return this.#data.collection(name)
  }

  /** Logs in with the method `login`: `{ resume: token }`, or whatever the server takes. Done again by itself after a reconnect. */
  login(credentials: Record<string, unknown>): Promise<LoginResult> {
    return this.loginWith('login', credentials)
  }

  /** Logs in with a method of one's own, which answers as `login` does: `{ id, token?, tokenExpires? }`. */
  async loginWith(name: string, ...params: unknown[]): Promise<LoginResult> {
    const result = await this.#apply(name, params, { wait: true }, (outcome) => {
      const login = outcome.error ? undefined : loginResult(outcome.result)
      if (login) this.#setUser(login.id, login.token === undefined ? { name, params } : { name: 'login', params: [{ resume: login.token }] })
    })
    const login = loginResult(result)
    if (!login) throw new ConnectionError('bad-answer', `The method ${name} did not answer with the id of a user`)
    return login
  }

  /** Logs out; the connection stays. */
  async logout(): Promise<void> {
    await this.#apply('logout', [], { wait: true }, (outcome) => {
      if (!outcome.error) this.#setUser(undefined, undefined)
    })
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

  #onConnected(): void {
    if (this.#hadSession) this.#data.startRevival(this.#subscriptions.readyIds())
    this.#hadSession = true
    if (!this.#login) {
      this.#open()
      return
    }
    this.#stage = 'login'
    const id = this.#nextId()
    this.#calls.addFirst(id, this.#login.name, this.#login.params, (outcome) => {
      this.#onLoggedInAgain(outcome)
      this.#calls.fail(id, new ConnectionError('closed', 'Answered'))
      this.#open()
    })
    this.#sendMethods()
  }

  #onLoggedInAgain(outcome: MethodOutcome): void {
    const login = outcome.error ? undefined : loginResult(outcome.result)
    if (login) this.#setUser(login.id, login.token === undefined ? this.#login : { name: 'login', params: [{ resume: login.token }] })
    else this.#setUser(undefined, undefined, new ConnectionError('bad-answer', 'The server did not take the login again after a reconnect', { cause: outcome.error }))
  }

  /** The login is done, or there is none: the methods that were left, then the subscriptions. */
  #open(): void {
    this.#stage = 'open'
    this.#sendMethods()
    for (const text of this.#subscriptions.texts()) this.#connection.sendText(text)
    this.#data.finishRevivalIfDone()
  }

  #sendMethods(): void {
    if (this.#stage === 'down') return
    for (const { id, text } of this.#calls.takeSendable()) {
      this.#data.waitForMethod(id)
      this.#connection.sendText(text)
    }
  }

  #onMessage(message: SessionMessage): void {
    if (message.msg === 'result') this.#calls.noteResult(message.id, message)
    else this.#data.take(message)
  }

  #onMalformed(error: DDPProtocolError): void {
    const { msg, id } = error.offendingMessage as { msg?: unknown; id?: unknown }
    if (msg !== 'result' || typeof id !== 'string') return
    this.#calls.fail(id, new ConnectionError('bad-answer', `The answer makes no sense: ${error.message}`, { cause: error }))
  }

  #onLost(): void {
    this.#stage = 'down'
    this.#data.stopRevival()
    this.#calls.noteLost()
  }

  #setUser(userId: string | undefined, login: LoginMethod | undefined, error?: Error): void {
    const changed = userId !== this.#userId
    this.#userId = userId
    this.#login = login
    if (changed) this.#tell(() => this.emit('userChanged', { userId, ...(error && { error }) }))
  }

  #tell(emit: () => void): void {
    try {
      emit()
    } catch (error) {
      this.#reportThrown(error)
    }
  }
}

/** Where nobody tells of networks that come back. */
const nothingToWatch: WatchNetwork = () => () => undefined
