import { DDPError, stringifyMessage, type MessageLimits, type MethodMessage } from '@ddp-cluster/ddp-common'
import type { Timers } from '@ddp-cluster/ddp-common/internal'
import { ConnectionError } from './connection-end.js'
import type { LoginMethod } from './login.js'
import { MethodQueue, type Method, type MethodOutcome } from './method-queue.js'
import { longestMs } from './options.js'

/** Options of `apply()`. */
export interface ApplyOptions {
  /** Send the call only after all earlier calls have finished, and later calls only after this one has. @defaultValue false */
  readonly wait?: boolean | undefined
  /**
   * Never sent twice: when the connection is lost before the result, the call rejects with the `DDPError` `invocation-failed`, also if the session goes on later, as nobody knows
   * whether the call reached the server; when it is lost after the result, the call settles with that at once. Default: false.
   */
  readonly noRetry?: boolean | undefined
  /** How often it may be sent again after lost connections before it fails like that. A session that goes on is sent it again, too, unless the server has said something of it. @defaultValue Infinity */
  readonly maxRetries?: number | undefined
  /** How long to wait for the answer, also while there is no connection; then the call rejects with the `ConnectionError` `timeout`. @defaultValue none */
  readonly timeoutMs?: number | undefined
  /** Travels with the call, for servers that make ids from it. Default: none. */
  readonly randomSeed?: string | undefined
}

interface Call extends Method {
  readonly resolve: (result: unknown) => void
  readonly reject: (error: Error) => void
  /** Of a login or a logout alone: called with the result as soon as it is there, before its writes are. */
  readonly onResult: ((outcome: MethodOutcome) => void) | undefined
  readonly forgetTimer: () => void
}

/** The calls of a client: the queue, and the promises and time limits that belong to it. */
export class MethodCalls {
  readonly #queue = new MethodQueue<Call>()
  /** Calls whose result came over an earlier session; they finish when the data of the present one are there. */
  readonly #half = new Set<string>()
  readonly #timers: Timers
  readonly #limits: MessageLimits
  readonly #maxOutstanding: number
  /** Something finished or was given up: more may be sendable now. */
  readonly #onRemoved: (id: string) => void

  constructor(timers: Timers, limits: MessageLimits, maxOutstanding: number, onRemoved: (id: string) => void) {
    this.#timers = timers
    this.#limits = limits
    this.#maxOutstanding = maxOutstanding
    this.#onRemoved = onRemoved
  }

  /**
   * Queues a call; `onResult` hears of the result before the promise settles. Rejects when there are too many, with a `RangeError` when the
   * limits make no sense, and with what EJSON throws when it cannot write the parameters.
   */
  add(id: string, name: string, params: readonly unknown[], options: ApplyOptions = {}, onResult?: (outcome: MethodOutcome) => void): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (this.#queue.size >= this.#maxOutstanding) {
        throw new ConnectionError('too-many', `${this.#maxOutstanding} calls are under way already (maxOutstandingCalls)`)
      }
      checkLimits(options)
      const { wait = false, noRetry = false, maxRetries = Number.POSITIVE_INFINITY, timeoutMs, randomSeed } = options
      const text = this.#text(id, name, params, randomSeed)
      const forgetTimer = timeoutMs === undefined ? ignore : this.#timers.deadline(timeoutMs, () => {
        this.fail(id, new ConnectionError('timeout', `The method ${name} was not answered within ${timeoutMs} ms`))
      })
      this.#queue.add({ id, text, wait, retries: noRetry ? 0 : maxRetries, resolve, reject, onResult, forgetTimer })
    })
  }

  /** Before all others, on a new connection; it is not sent again by itself, and ends by `forget`. */
  addFirst(id: string, { name, params }: LoginMethod, onResult: (outcome: MethodOutcome) => void): void {
    const text = JSON.stringify({ msg: 'method', id, method: name, params })
    this.#queue.addFirst({ id, text, wait: true, retries: 0, resolve: ignore, reject: ignore, onResult, forgetTimer: ignore })
  }

  /** Moves the first login or logout that is still to be sent before all other calls, on a new connection. Returns its id, or undefined if there is none. */
  moveLoginFirst(): string | undefined {
    const id = this.#queue.findUnsent(({ onResult }) => onResult !== undefined)?.id
    if (id !== undefined) this.#queue.moveFirst(id)
    return id
  }

  /** Calls that were sent on the present session and have no result. */
  underWay(): readonly Method[] {
    return this.#queue.underWay()
  }

  /** Ids of calls that were sent on an earlier session and have no result. */
  sentBefore(): readonly string[] {
    return this.#queue.sentBefore()
  }

  takeSendable(): readonly Method[] {
    return this.#queue.takeSendable()
  }

  noteResult(id: string, outcome: MethodOutcome): void {
    this.#queue.get(id)?.onResult?.(outcome)
    const finished = this.#queue.noteResult(id, outcome)
    if (finished) this.#settle(id, finished)
  }

  noteUpdated(id: string): void {
    const finished = this.#queue.noteUpdated(id)
    if (finished) this.#settle(id, finished)
  }

  noteLost(): void {
    const { failed, finished } = this.#queue.noteLost()
    const error = new DDPError('invocation-failed', 'The connection was lost before the result came, and the method may not be sent again')
    for (const id of failed) this.fail(id, error)
    for (const [id, outcome] of finished) this.#settle(id, outcome)
  }

  /** Notes that a new session begins. */
  noteNewSession(): void {
    for (const id of this.#queue.noteNewSession()) this.#half.add(id)
  }

  /** Notes that the session goes on. */
  noteResumed(): void {
    this.#queue.noteResumed()
  }

  noteRevived(): void {
    for (const id of this.#half) this.noteUpdated(id)
    this.#half.clear()
  }

  /** Gives a call up. */
  fail(id: string, error: Error): void {
    const call = this.#remove(id)
    call?.reject(error)
    if (call) this.#onRemoved(id)
  }

  /** Takes out what `addFirst` put in. */
  forget(id: string): void {
    this.#remove(id)
  }

  failAll(error: Error): void {
    for (const id of this.#queue.ids()) this.fail(id, error)
  }

  #text(id: string, method: string, params: readonly unknown[], randomSeed: string | undefined): string {
    const message: MethodMessage = { msg: 'method', id, method, params: params as unknown[] }
    return stringifyMessage(randomSeed === undefined ? message : { ...message, randomSeed }, this.#limits)
  }

  #settle(id: string, outcome: MethodOutcome): void {
    const call = this.#remove(id)
    if (outcome.error) call?.reject(DDPError.fromWire(outcome.error))
    else call?.resolve(outcome.result)
    this.#onRemoved(id)
  }

  #remove(id: string): Call | undefined {
    const call = this.#queue.remove(id)
    call?.forgetTimer()
    this.#half.delete(id)
    return call
  }
}

function checkLimits({ timeoutMs, maxRetries }: ApplyOptions): void {
  if (timeoutMs !== undefined && !(timeoutMs >= 0 && timeoutMs <= longestMs)) {
    throw new RangeError(`timeoutMs must be a number from 0 to ${longestMs}, not ${String(timeoutMs)}; leave it out to wait for ever`)
  }
  if (maxRetries !== undefined && !(maxRetries === Infinity || (Number.isInteger(maxRetries) && maxRetries >= 0))) {
    throw new RangeError(`maxRetries must be a whole number from 0, or Infinity, not ${String(maxRetries)}`)
  }
}

const ignore = (): void => undefined
