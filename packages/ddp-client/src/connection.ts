import { DDPError, type ClientMessage, type WireError } from '@ddp-cluster/ddp-common'
import { Timers } from '@ddp-cluster/ddp-common/internal'
import { closedError, ConnectionError, type ConnectionEnd } from './connection-end.js'
import { deferred } from './deferred.js'
import { sessionSettings, type ConnectionOptions, type SessionSettings } from './options.js'
import { Session, type SessionMessage } from './session.js'
import type { Subject } from './subject.js'
import type { Dial } from './transport.js'

export interface CallOptions {
  /** How long to wait for the answer. Default: as long as the connection lives. */
  readonly timeoutMs?: number | undefined
}

/** A subscription on one connection. */
export interface ConnectionSubscription {
  readonly id: string
  /** Resolves with the server's `ready`; rejects with a `DDPError` or a `ConnectionError` when it ends before that. */
  readonly ready: Promise<void>
  /** Resolves when it is over: with the server's error, or with `undefined` after an end without one (also of the connection). */
  readonly ended: Promise<DDPError | undefined>
  stop(): void
}

/** DDP connection that is dialled once and never again. */
export interface Connection {
  /** The id of the session; rejects with a `ConnectionError` `closed` that has the `end`. Need not be looked at. */
  readonly opened: Promise<string>
  /** Resolves once, when nothing of the connection is left. */
  readonly closed: Promise<ConnectionEnd>
  /** Round trip in milliseconds of the last heartbeat or ping. */
  readonly roundTripMs: number | undefined
  /** Calls a method. Rejects with the peer's `DDPError` or a `ConnectionError`. What is called before the session opens waits for it. */
  call(method: string, params: readonly unknown[], options?: CallOptions): Promise<unknown>
  /** Subscribes; the data come to `onMessage`. */
  subscribe(name: string, params: readonly unknown[]): ConnectionSubscription
  /** Round trip in milliseconds. Rejects with a `ConnectionError`: `timeout` after `timeoutMs` (the heartbeat's timeout by default), or `closed`. */
  ping(timeoutMs?: number): Promise<number>
  /** Ends it; `closed` settles soon, also when the peer is silent. Calls under way reject now. Can be called again. */
  close(): void
}

/** Dials `options.url`. Throws a `RangeError` for a bad number in the options; all else comes by `opened` and `closed`. */
export function connectOnce(options: ConnectionOptions, dial: Dial): Connection {
  return new DDPConnection({ ...sessionSettings(options), undecodedCollection: options.undecodedCollection }, options, dial)
}

interface Pending {
  readonly resolve: (value: unknown) => void
  readonly reject: (error: Error) => void
}

interface Subscribed extends Pending {
  readonly end: (error: DDPError | undefined) => void
}

type State =
  /** Messages wait here for the session to open. */
  | { readonly kind: 'opening'; readonly waiting: ClientMessage[] }
  | { readonly kind: 'open' }
  | { readonly kind: 'closed'; readonly error: ConnectionError }

class DDPConnection implements Connection {
  readonly opened: Promise<string>
  readonly closed: Promise<ConnectionEnd>
  readonly #settings: SessionSettings
  readonly #options: ConnectionOptions
  readonly #timers: Timers
  readonly #session: Session
  readonly #pending = new Map<string, Pending>()
  readonly #subscriptions = new Map<string, Subscribed>()
  readonly #opening = deferred<string>()
  readonly #closing = deferred<ConnectionEnd>()
  #state: State = { kind: 'opening', waiting: [] }
  #lastId = 0

  constructor(settings: SessionSettings, options: ConnectionOptions, dial: Dial) {
    this.#settings = settings
    this.#options = options
    this.#timers = new Timers(settings.clock)
    this.opened = this.#opening.promise
    this.closed = this.#closing.promise
    this.#session = new Session(settings, dial, {
      onConnected: (sessionId) => this.#onConnected(sessionId),
      onMessage: (message, bytes) => this.#onMessage(message, bytes),
      onMalformed: (error) => this.#options.onMalformed?.(error),
      onFailed: (subject, error) => this.#onFailed(subject, error),
      onEnd: (end) => this.#onEnd(end),
    })
  }

  get roundTripMs(): number | undefined {
    return this.#session.roundTripMs
  }

  call(method: string, params: readonly unknown[], options?: CallOptions): Promise<unknown> {
    const id = this.#nextId()
    const { promise, resolve, reject } = deferred()
    if (this.#state.kind === 'closed') {
      reject(this.#state.error)
      return promise
    }
    const forget = options?.timeoutMs === undefined ? ignore : this.#timers.deadline(options.timeoutMs, () => {
      this.#pending.get(id)?.reject(new ConnectionError('timeout', `The method ${method} was not answered within ${options.timeoutMs} ms`))
    })
    const settle = (act: () => void): void => {
      this.#pending.delete(id)
      forget()
      act()
    }
    this.#pending.set(id, { resolve: (value) => settle(() => resolve(value)), reject: (error) => settle(() => reject(error)) })
    try {
      this.#send({ msg: 'method', id, method, params: params as unknown[] })
    } catch (error) {
      // EJSON cannot write the parameters.
      this.#pending.get(id)?.reject(error as Error)
    }
    return promise
  }

  subscribe(name: string, params: readonly unknown[]): ConnectionSubscription {
    const id = this.#nextId()
    const ready = deferred<void>()
    const ended = deferred<DDPError | undefined>()
    const subscription = { id, ready: ready.promise, ended: ended.promise, stop: () => this.#stop(id) }
    if (this.#state.kind === 'closed') {
      ready.reject(this.#state.error)
      ended.resolve(undefined)
      return subscription
    }
    this.#send({ msg: 'sub', id, name, params: params as unknown[] })
    this.#subscriptions.set(id, { resolve: () => ready.resolve(), reject: ready.reject, end: ended.resolve })
    return subscription
  }

  ping(timeoutMs: number = this.#settings.heartbeatTimeoutMs): Promise<number> {
    const { promise, resolve, reject } = deferred<number>()
    if (this.#state.kind !== 'open') {
      reject(this.#state.kind === 'closed' ? this.#state.error : new ConnectionError('closed', 'The connection is not open yet'))
      return promise
    }
    const id = this.#nextId()
    const settle = (act: () => void): void => {
      this.#pending.delete(id)
      forgetTimer()
      forgetPing()
      act()
    }
    const forgetTimer = this.#timers.deadline(timeoutMs, () => settle(() => reject(new ConnectionError('timeout', `No pong within ${timeoutMs} ms`))))
    const forgetPing = this.#session.ping((roundTripMs) => settle(() => resolve(roundTripMs)))
    this.#pending.set(id, { resolve: ignore, reject: (error) => settle(() => reject(error)) })
    return promise
  }

  close(): void {
    if (this.#state.kind !== 'closed') this.#settleAll(new ConnectionError('closed', 'The connection was closed by this side'))
    this.#session.close()
  }

  #nextId(): string {
    this.#lastId += 1
    return String(this.#lastId)
  }

  #send(message: ClientMessage): void {
    if (this.#state.kind === 'open') this.#session.send(message)
    else if (this.#state.kind === 'opening') this.#state.waiting.push(message)
  }

  #stop(id: string): void {
    const subscribed = this.#subscriptions.get(id)
    if (!subscribed) return
    this.#subscriptions.delete(id)
    this.#send({ msg: 'unsub', id })
    subscribed.reject(new ConnectionError('closed', 'The subscription was stopped'))
    subscribed.end(undefined)
  }

  #onConnected(sessionId: string): void {
    if (this.#state.kind !== 'opening') return
    const { waiting } = this.#state
    this.#state = { kind: 'open' }
    for (const message of waiting) this.#session.send(message)
    this.#opening.resolve(sessionId)
  }

  #onMessage(message: SessionMessage, bytes: number): void {
    switch (message.msg) {
      case 'result':
        this.#onResult(message.id, message.result, message.error)
        return
      case 'ready':
        for (const id of message.subs) this.#subscriptions.get(id)?.resolve(undefined)
        return
      case 'nosub':
        this.#onNosub(message.id, message.error)
        return
      case 'updated':
        return
      case 'added':
      case 'changed':
      case 'removed':
      case 'addedBefore':
      case 'movedBefore':
        this.#options.onMessage?.(message, bytes)
    }
  }

  #onResult(id: string, result: unknown, error: WireError | undefined): void {
    const pending = this.#pending.get(id)
    if (error) pending?.reject(DDPError.fromWire(error))
    else pending?.resolve(result)
  }

  #onNosub(id: string, error: WireError | undefined): void {
    const reason = error ? DDPError.fromWire(error) : undefined
    this.#endSubscription(id, reason, reason ?? new ConnectionError('closed', 'The server ended the subscription'))
  }

  #onFailed({ kind, id }: Subject, error: ConnectionError): void {
    if (kind === 'call') this.#pending.get(id)?.reject(error)
    else this.#endSubscription(id, undefined, error)
  }

  #endSubscription(id: string, error: DDPError | undefined, reason: Error): void {
    const subscribed = this.#subscriptions.get(id)
    if (!subscribed) return
    this.#subscriptions.delete(id)
    subscribed.reject(reason)
    subscribed.end(error)
  }

  #onEnd(end: ConnectionEnd): void {
    this.#settleAll(closedError(end))
    this.#opening.reject(closedError(end))
    this.#closing.resolve(end)
  }

  #settleAll(error: ConnectionError): void {
    this.#state = { kind: 'closed', error }
    for (const pending of this.#pending.values()) pending.reject(error)
    for (const subscribed of this.#subscriptions.values()) {
      subscribed.reject(error)
      subscribed.end(undefined)
    }
    this.#subscriptions.clear()
    this.#timers.clear()
  }
}

const ignore = (): void => undefined
