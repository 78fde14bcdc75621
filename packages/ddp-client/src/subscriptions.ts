import { DDPError, type NosubMessage } from '@ddp-cluster/ddp-common'
import { ConnectionError } from './connection-end.js'
import { deferred } from './deferred.js'
import type { Subject } from './subject.js'

/** A subscription of a client, which outlives its connections. */
export interface Subscription {
  readonly id: string
  readonly name: string
  /** Resolves when the first data are there; rejects with a `DDPError`, or a `ConnectionError`, when it ends before that. */
  readonly ready: Promise<void>
  /** Resolves when it is over: with the server's error, or with `undefined` when it was stopped or ended without one. */
  readonly ended: Promise<DDPError | undefined>
  readonly isReady: boolean
  /** Ends it; the server takes back the documents that no other subscription needs. Can be called again. */
  stop(): void
}

interface Entry {
  readonly text: string
  ready: boolean
  readonly onReady: () => void
  readonly onEnd: (error: DDPError | undefined, reason: Error) => void
}

/** The subscriptions that a client wants, whether there is a connection or not. */
export class Subscriptions {
  readonly #entries = new Map<string, Entry>()
  readonly #unanswered = new Set<string>()
  readonly #onStop: (id: string) => void

  /** `onStop` is called when a subscription that the server knows of was stopped. */
  constructor(onStop: (id: string) => void) {
    this.#onStop = onStop
  }

  /** `text` is the message to send, now and after every reconnect. */
  add(id: string, name: string, text: string): Subscription {
    const ready = deferred<void>()
    const ended = deferred<DDPError | undefined>()
    const entry: Entry = {
      text,
      ready: false,
      onReady: () => ready.resolve(),
      onEnd: (error, reason) => {
        ready.reject(error ?? reason)
        ended.resolve(error)
      },
    }
    this.#entries.set(id, entry)
    const stop = (): void => {
      if (this.#end(id, undefined, new ConnectionError('closed', 'The subscription was stopped'))) this.#onStop(id)
    }
    return { id, name, ready: ready.promise, ended: ended.promise, stop, get isReady() { return entry.ready } }
  }

  /** What to send on a new connection, in order; they count as sent from here on. */
  takeTexts(): string[] {
    for (const id of this.#entries.keys()) this.#unanswered.add(id)
    return [...this.#entries.values()].map((entry) => entry.text)
  }

  /** One of them was sent on the present connection. */
  noteSent(id: string): void {
    this.#unanswered.add(id)
  }

  /** The server has said `ready`, even if nobody is told yet. */
  noteAnswered(ids: readonly string[]): void {
    for (const id of ids) this.#unanswered.delete(id)
  }

  noteLost(): void {
    this.#unanswered.clear()
  }

  /** Those that were sent on the present connection, and are not ready on it, in order. */
  unanswered(): Iterable<string> {
    return this.#unanswered
  }

  /** All that may have been sent on the present connection. */
  sent(): (Subject & { readonly text: string })[] {
    return [...this.#entries].map(([id, { text }]) => ({ kind: 'subscription', id, text }))
  }

  readyIds(): string[] {
    return [...this.#entries].filter(([, entry]) => entry.ready).map(([id]) => id)
  }

  noteReady(id: string): void {
    const entry = this.#entries.get(id)
    if (!entry || entry.ready) return
    entry.ready = true
    entry.onReady()
  }

  noteNosub(message: NosubMessage): void {
    const error = message.error && DDPError.fromWire(message.error)
    this.#end(message.id, error, new ConnectionError('closed', 'The server ended the subscription'))
  }

  /** It can be no more. */
  fail(id: string, reason: ConnectionError): void {
    this.#end(id, undefined, reason)
  }

  /** The client is closed. */
  endAll(reason: ConnectionError): void {
    for (const id of this.#entries.keys()) this.#end(id, undefined, reason)
  }

  #end(id: string, error: DDPError | undefined, reason: Error): boolean {
    const entry = this.#entries.get(id)
    if (!entry) return false
    this.#entries.delete(id)
    this.#unanswered.delete(id)
    entry.ready = false
    entry.onEnd(error, reason)
    return true
  }
}
