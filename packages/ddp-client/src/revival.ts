import type { DataMessage, NosubMessage, ReadyMessage, UpdatedMessage } from '@ddp-cluster/ddp-common'

/** The messages whose effects are held back together, so that their order among each other stays. */
export type RevivalMessage = DataMessage | ReadyMessage | UpdatedMessage | NosubMessage

/** Messages that are held back at most: rather a flicker than a client without memory. */
const maxHeldMessages = 100_000

/**
 * After a reconnect the server tells everything anew. Until all that was ready before is ready again, and the methods that were sent again
 * are done, what it tells is held back, so that nobody sees a half-empty cache.
 */
export class Revival {
  readonly #subscriptions: Set<string>
  readonly #methods: Set<string>
  readonly #held: RevivalMessage[] = []
  #allAsked = false
  #isFull = false

  /** `methods` are those of earlier connections: what is called from now on is waited for by nobody, or calls that overlap would hold it up for ever. */
  constructor(subscriptions: Iterable<string>, methods: Iterable<string>) {
    this.#subscriptions = new Set(subscriptions)
    this.#methods = new Set(methods)
  }

  get done(): boolean {
    return this.#isFull || (this.#allAsked && this.#subscriptions.size === 0 && this.#methods.size === 0)
  }

  /** The session is logged in again, and all subscriptions and methods were sent on it. */
  noteAllAsked(): void {
    this.#allAsked = true
  }

  /** The connection was lost: a session that goes on is asked for the rest first. */
  noteLost(): void {
    this.#allAsked = false
  }

  /** Messages held back, in order. */
  get held(): readonly RevivalMessage[] {
    return this.#held
  }

  forgetMethod(id: string): void {
    this.#methods.delete(id)
  }

  forgetSubscription(id: string): void {
    this.#subscriptions.delete(id)
  }

  hold(message: RevivalMessage): void {
    this.#held.push(message)
    if (message.msg === 'ready') for (const id of message.subs) this.#subscriptions.delete(id)
    if (message.msg === 'nosub') this.#subscriptions.delete(message.id)
    if (message.msg === 'updated') for (const id of message.methods) this.#methods.delete(id)
    this.#isFull = this.#held.length >= maxHeldMessages
  }
}
