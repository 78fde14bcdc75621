import type { Connection } from './connection.js'
import type { PublishedId } from './document-ids.js'

/** Subscription of one client: `this` in the handler of a publication. After it has stopped, every function does nothing. */
export interface Publication {
  /** Id of the session's user when the subscription started, or `null`; another user starts it over. */
  readonly userId: string | null
  /** Connection of the subscriber. */
  readonly connection: Connection
  /** The id that the client gave its subscription; `null` in a publication without a name. */
  readonly subscriptionId: string | null
  /**
   * Adds a document to the published set. `id` is its `_id` as MongoDB has it: a string, a finite number, a boolean, `null` or an ObjectId, of this library or
   * of the driver (with the option `ids: 'raw'` a string only). `_id` among the fields is ignored. @throws DDPServerError `invalid-document`
   */
  added(collection: string, id: PublishedId, fields: Record<string, unknown>): void
  /** Fields of a document in the set changed; those that are `undefined` are gone. @throws DDPServerError `invalid-document` */
  changed(collection: string, id: PublishedId, fields: Record<string, unknown>): void
  /** A document left the set. @throws DDPServerError `invalid-document` */
  removed(collection: string, id: PublishedId): void
  /** The client has the whole set as it is now. */
  ready(): void
  /** Stops the subscription and tells the client why: a `DDPError` as it is, of anything else `500 Internal server error`. */
  error(error: unknown): void
  /** Stops the subscription: its documents are removed from the client as far as no other subscription publishes them. */
  stop(): void
  /** Calls `handler` once when the subscription stops, whoever stops it; at once if it has. Here to be released: timers, listeners, cursors. A rejected promise is logged as an exception is. */
  onStop(handler: () => unknown): void
  /** Lets the session's next message begin before this function has returned or its promise resolved. */
  unblock(): void
}

/** Called once for every subscription. What it returns is ignored, but a promise is waited for, and what it throws stops the subscription as `error()` does. */
export type PublicationHandler = (this: Publication, ...params: unknown[]) => unknown
