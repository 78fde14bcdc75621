import type { DataMessage } from '@ddp-cluster/ddp-common'
import { ownFields, validName, type Fields } from './fields.js'
import { MergeBox } from './merge-box.js'
import type { PublicationStrategy } from './publication-strategy.js'
import type { Subscription } from './subscription.js'

/**
 * What the publications of one session say, and who said it. Functions return what the client must be told.
 * Those that publications call throw a `DDPServerError` `invalid-document`.
 */
export class PublishedDocuments {
  readonly #strategyOf: (collection: string) => PublicationStrategy
  readonly #box: MergeBox<Subscription>

  constructor(strategyOf: (collection: string) => PublicationStrategy) {
    this.#strategyOf = strategyOf
    this.#box = new MergeBox(strategyOf)
  }

  added(subscription: Subscription, collection: string, id: string, fields: Fields): DataMessage | undefined {
    const own = ownFields(fields)
    const message = this.#box.added(subscription, validName(collection, 'collection'), validName(id, 'id'), own)
    if (this.#strategyOf(collection) !== 'NO_MERGE_NO_HISTORY') subscription.remember(collection, id)
    return message
  }

  changed(subscription: Subscription, collection: string, id: string, fields: Fields): DataMessage | undefined {
    return this.#box.changed(subscription, validName(collection, 'collection'), validName(id, 'id'), ownFields(fields))
  }

  removed(subscription: Subscription, collection: string, id: string): DataMessage | undefined {
    const message = this.#box.removed(subscription, validName(collection, 'collection'), validName(id, 'id'))
    subscription.forget(collection, id)
    return message
  }

  /** A subscription ends: all that it published goes, as far as no other one publishes it. */
  withdraw(subscription: Subscription): DataMessage[] {
    return [...subscription.documents.keys()].flatMap((collection) => this.#withdrawCollection(subscription, collection))
  }

  /**
   * A subscription starts over while nothing is shown: what it published in collections that are not merged goes now, or it would never go.
   * Merged collections are compared at the end, by `show()`.
   */
  withdrawUnmerged(subscription: Subscription): DataMessage[] {
    return [...subscription.documents.keys()]
      .filter((collection) => this.#strategyOf(collection) !== 'SERVER_MERGE')
      .flatMap((collection) => this.#withdrawCollection(subscription, collection))
  }

  /** Merged collections begin empty again, and the client is told nothing of them until `show()`. */
  hide(): void {
    this.#box.hide()
  }

  /** Ends `hide()`: the difference between what the client has and what it is to have now. */
  show(): DataMessage[] {
    return this.#box.show()
  }

  #withdrawCollection(subscription: Subscription, collection: string): DataMessage[] {
    const messages: DataMessage[] = []
    for (const id of subscription.documents.get(collection) ?? []) {
      const message = this.#box.removed(subscription, collection, id)
      if (message !== undefined) messages.push(message)
    }
    subscription.documents.delete(collection)
    return messages
  }
}
