import { DDPError, type Logger } from '@ddp-cluster/ddp-common'
import { asReceived } from '@ddp-cluster/ddp-common/internal'
import { ClusterError } from '../errors.js'
import { inFewWords, textOf } from '../text-of.js'
import { encode, isMethodName, largestCallBytes } from './request.js'

/** Caller of a method between instances: `this` of the method. */
export interface CallOrigin {
  /** Id of the calling instance; the own id for a call to itself. */
  readonly from: string
}

/**
 * Method that instances of the cluster call. Its return value, or what its promise resolves to, is the answer; `this` tells who calls. A `DDPError` that it throws reaches the
 * caller as it is; of anything else the caller learns `500 Internal server error`, and the logger the rest. A result that EJSON cannot carry without loss
 * is `result-not-encodable`, one of more than 4 MiB `result-too-large`. Calls of one instance begin in their order
 * and run beside each other.
 */
export type PeerMethod = (this: CallOrigin, ...params: unknown[]) => unknown

/** How an instance says on the wire that it did not run a method; an application's errors are not named so. */
export const refusals = Object.freeze({ leaving: 'cluster.leaving', busy: 'cluster.busy' })

/** Resolves when an answer of so many bytes may leave. */
export type Room = (bytes: number) => Promise<void>

/** Calls of one instance that run at once. A session with more than twice as many would not be read. */
const runningPerPeer = 500

/** The methods that this instance offers to instances, and to nobody else: they are no methods of the DDP endpoint. */
export class PeerMethods {
  readonly #logger: Logger
  readonly #methods = new Map<string, PeerMethod>()
  readonly #running = new Map<string, number>()
  #state: 'joining' | 'open' | 'closed' = 'joining'
  #resolveOpened: () => void = () => undefined
  readonly #opened: Promise<void>
  #onIdle: (() => void) | undefined

  constructor(logger: Logger) {
    this.#logger = logger
    this.#opened = new Promise((resolve) => (this.#resolveOpened = resolve))
  }

  /** The application has had its chance to offer its methods: calls that came before run now. */
  open(): void {
    if (this.#state === 'joining') this.#state = 'open'
    this.#resolveOpened()
  }

  /** Refuses new calls and lets running ones go on. Resolves when none runs any more. */
  close(): Promise<void> {
    this.#state = 'closed'
    this.#resolveOpened()
    return this.#running.size === 0 ? Promise.resolve() : new Promise((resolve) => (this.#onIdle = resolve))
  }

  /** Throws a `ClusterError` `invalid-call` or `method-taken`. */
  add(name: string, handler: PeerMethod): () => void {
    if (!isMethodName(name) || typeof handler !== 'function') throw new ClusterError('invalid-call', 'a method has a name of at most 200 characters and a function')
    if (this.#methods.has(name)) throw new ClusterError('method-taken', `a method named "${name}" is offered to the instances already`)
    this.#methods.set(name, handler)
    return () => {
      if (this.#methods.get(name) === handler) this.#methods.delete(name)
    }
  }

  /** Runs a method for the instance `from`. Rejects with a `DDPError`, whatever happens. An answer waits for `room` for so many bytes. */
  async run(from: string, name: unknown, params: unknown, room: Room): Promise<unknown> {
    if (!isMethodName(name) || !Array.isArray(params)) throw new DDPError('bad-request', 'cluster.call takes the name of a method and an array')
    const running = this.#running.get(from) ?? 0
    if (running >= runningPerPeer) throw new DDPError(refusals.busy, `${runningPerPeer} calls of this instance are running already`)
    this.#running.set(from, running + 1)
    try {
      if (this.#state === 'joining') await this.#opened
      if (this.#state === 'closed') throw new DDPError(refusals.leaving, 'this instance is leaving the cluster')
      return await this.#answer(from, name, params as unknown[], room)
    } finally {
      this.#ended(from)
    }
  }

  async #answer(from: string, name: string, params: unknown[], room: Room): Promise<unknown> {
    const handler = this.#methods.get(name)
    if (!handler) throw new DDPError(404, `Method '${name}' not found`)
    let result: unknown
    try {
      result = await handler.apply({ from }, params)
    } catch (error) {
      // Both codes mean that a method did not run; only this instance may send them.
      if (error instanceof DDPError && error.error !== refusals.leaving && error.error !== refusals.busy) {
        await room(this.#sizeOf(error.toWire(), 'error', name, from))
        throw error
      }
      this.#logger.error({ method: name, from, error: textOf(error) }, 'a method that an instance called threw')
      throw internalError()
    }
    const bytes = this.#sizeOf(result, 'result', name, from)
    await room(bytes)
    return result
  }

  /** Throws a `DDPError` for what cannot be sent. */
  #sizeOf(answer: unknown, what: 'result' | 'error', method: string, from: string): number {
    const encoded = encode(answer, what)
    switch (encoded.kind) {
      case 'text':
        return encoded.bytes
      case 'too-large':
        throw new DDPError('result-too-large', `the ${what} takes ${encoded.bytes} bytes; at most ${largestCallBytes} are sent`)
      case 'not-encodable':
        this.#logger.error({ method, from, error: encoded.why }, `the ${what} of a method that an instance called cannot be sent`)
        throw new DDPError('result-not-encodable', `the ${what} of "${method}" cannot be sent: ${inFewWords(encoded.why)}`)
    }
  }

  #ended(from: string): void {
    const running = (this.#running.get(from) ?? 1) - 1
    if (running > 0) this.#running.set(from, running)
    else if (this.#running.delete(from) && this.#running.size === 0) this.#onIdle?.()
  }
}

/** A value as it arrives at another instance: a copy that shares nothing. */
export function asSent(value: unknown): unknown {
  return value === undefined ? undefined : asReceived(value)
}

const internalError = (): DDPError => new DDPError(500, 'Internal server error')
