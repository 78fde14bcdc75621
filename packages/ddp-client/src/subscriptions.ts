import { DDPError, type NosubMessage } from '@ddp-cluster/ddp-common'
import { ConnectionError } from './connection-end.js'
import { deferred } from './deferred.js'
import type { Subject } from './subject.js'

/** A subscription of a client, which outlives its connections. */
export interface Subscription {
  /** Id of the subscription in messages. */
  readonly id: string
  /** Name of the publication. */
  readonly name: string
  /** Resolves when the first data are there; rejects with a `DDPError`, or a `ConnectionError`, when it ends before that. */
  readonly ready: Promise<void>
  /** Resolves when it is over: with the server's error, or with `undefined` when it was stopped or ended without one. */
  readonly ended: Promise<DDPError | undefined>
  /** Whether the first data are there, on the present connection or an earlier one. */
  readonly isReady: boolean
  /** Ends it; the server takes back the documents that no other subscription needs. Can be called again. */
  stop(): void
}

interface Entry {
  readonly text: string
  /** Somebody was told so, whether or not it is ready again on the present session. */
  ready: boolean
  /** What the server of the present session knows of it. */
  state: 'unsent' | 'sent' | 'ready'
  readonly onReady: () => void
  readonly onEnd: (error: DDPError | undefined, reason: Error) => void
}

/** So many are remembered of a server that confirms no end. */
const mostStopping = 1_000

/** The subscriptions that a client wants, whether there is a connection or not. */
export class Subscriptions {
  readonly #entries = new Map<string, Entry>()
  /** Those that were stopped, and whose end the server of the present session has not confirmed. */
  readonly #stopping = new Set<string>()
  readonly #onStop: (id: string) => void

  /** `onStop` is called when a subscription was stopped here. */
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
      state: 'unsent',
      onReady: () => ready.resolve(),
      onEnd: (error, reason) => {
        ready.reject(error ?? reason)
        ended.resolve(error)
      },
    }
    this.#entries.set(id, entry)
    const stop = (): void => {
      const wasSent = entry.state !== 'unsent'
      if (!this.#end(id, undefined, new ConnectionError('closed', 'The subscription was stopped'))) return
      if (wasSent) this.#noteStopping(id)
      this.#onStop(id)
    }
    return { id, name, ready: ready.promise, ended: ended.promise, stop, get isReady() { return entry.ready } }
  }

  /** What to send of them, in order: all of a new session, and of one that goes on those that are not ready. They count as sent from here on. */
  takeTexts(): string[] {
    const due = [...this.#entries.values()].filter(({ state }) => state !== 'ready')
    for (const entry of due) entry.state = 'sent'
    return due.map(({ text }) => text)
  }

  /** One of them was sent on the present session. */
  noteSent(id: string): void {
    const entry = this.#entries.get(id)
    if (entry) entry.state = 'sent'
  }

  /** The server has said `ready`, even if nobody is told yet. */
  noteAnswered(ids: readonly string[]): void {
    for (const id of ids) {
      const entry = this.#entries.get(id)
      if (entry?.state === 'sent') entry.state = 'ready'
    }
  }

  /** The server has confirmed the end of one. */
  noteStopped(id: string): void {
    this.#stopping.delete(id)
  }

  /** A new session, of which the server knows nothing. */
  noteNewSession(): void {
    for (const entry of this.#entries.values()) entry.state = 'unsent'
    this.#stopping.clear()
  }

  /** Those that the server may still think are wanted. */
  stopping(): Iterable<string> {
    return this.#stopping
  }

  /** Those that were sent on the present session, and are not ready on it, in order. */
  *unanswered(): Generator<string, undefined> {
    for (const [id, { state }] of this.#entries) if (state === 'sent') yield id
    return undefined
  }

  /** The same with what was sent. */
  sent(): (Subject & { readonly text: string })[] {
    return [...this.unanswered()].map((id) => ({ kind: 'subscription', id, text: this.#entries.get(id)?.text ?? '' }))
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

  #noteStopping(id: string): void {
    this.#stopping.add(id)
    if (this.#stopping.size <= mostStopping) return
    const [oldest] = this.#stopping
    if (oldest !== undefined) this.#stopping.delete(oldest)
  }

  #end(id: string, error: DDPError | undefined, reason: Error): boolean {
    const entry = this.#entries.get(id)
    if (!entry) return false
    this.#entries.delete(id)
    entry.ready = false
    entry.onEnd(error, reason)
    return true
  }
}
