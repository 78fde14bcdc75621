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
  /** State of the subscription at the server of the present session. */
  state: 'unsent' | 'sent' | 'ready'
  readonly onReady: () => void
  readonly onEnd: (error: DDPError | undefined, reason: Error) => void
}

/** Most ids that are remembered of subscriptions that are over. */
const mostRemembered = 1_000

/** The subscriptions that a client wants, whether there is a connection or not. */
export class Subscriptions {
  readonly #entries = new Map<string, Entry>()
  /** Stopped subscriptions whose end the server of the present session has not confirmed. */
  readonly #stopping = new Set<string>()
  /** Subscriptions that the server of the present session has ended, or that have failed here. A resumed session may have been sent them twice, and run them again. */
  readonly #ended = new Set<string>()
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
      if (wasSent) remember(this.#stopping, id)
      this.#onStop(id)
    }
    return { id, name, ready: ready.promise, ended: ended.promise, stop, get isReady() { return entry.ready } }
  }

  /** Texts of subscriptions to send, in order: all on a new session, on a resumed one those that are not ready. They count as sent from here on. */
  takeTexts(): string[] {
    const due = [...this.#entries].filter(([id, { state }]) => state !== 'ready' && !this.#ended.has(id)).map(([, entry]) => entry)
    for (const entry of due) entry.state = 'sent'
    return due.map(({ text }) => text)
  }

  /** Notes that a subscription was sent on the present session. */
  noteSent(id: string): void {
    const entry = this.#entries.get(id)
    if (entry) entry.state = 'sent'
  }

  /** The server has said `ready`, even if nobody is told yet. Returns those that it had ended before, and runs again: they are to be stopped. */
  noteAnswered(ids: readonly string[]): readonly string[] {
    const again: string[] = []
    for (const id of ids) {
      const entry = this.#entries.get(id)
      if (this.#ended.delete(id)) {
        remember(this.#stopping, id)
        again.push(id)
      } else if (entry?.state === 'sent') {
        entry.state = 'ready'
      }
    }
    return again
  }

  /** The server has ended one, or confirmed its end, even if nobody is told yet. */
  noteStopped(id: string): void {
    this.#stopping.delete(id)
    if (this.#entries.has(id)) remember(this.#ended, id)
  }

  /** A new session, of which the server knows nothing. */
  noteNewSession(): void {
    for (const entry of this.#entries.values()) entry.state = 'unsent'
    this.#stopping.clear()
    this.#ended.clear()
  }

  /** Subscriptions that the server may still take for wanted. */
  stopping(): Iterable<string> {
    return this.#stopping
  }

  /** Subscriptions that were sent on the present session and are not ready on it, in order. */
  *unanswered(): Generator<string, undefined> {
    for (const [id, { state }] of this.#entries) if (state === 'sent' && !this.#ended.has(id)) yield id
    return undefined
  }

  /** Subscriptions that were sent on the present session, with their texts. */
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

  /** Ends a subscription that can be no more. */
  fail(id: string, reason: ConnectionError): void {
    if (this.#entries.has(id)) remember(this.#ended, id)
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
    entry.ready = false
    entry.onEnd(error, reason)
    return true
  }
}

function remember(ids: Set<string>, id: string): void {
  ids.add(id)
  if (ids.size <= mostRemembered) return
  const [oldest] = ids
  if (oldest !== undefined) ids.delete(oldest)
}
