import type { WireError } from './ddp-error.js'

// Messages of DDP version 1, by the names and fields of its specification. What EJSON encodes is already decoded here.

/** First message of a client: the version it proposes and those it supports. `session` and `receivedCount` ask to resume an earlier session (Meteor 3.5); other values are ignored. */
export interface ConnectMessage { msg: 'connect'; version: string; support: string[]; session?: unknown; receivedCount?: unknown }
/** Announcement that the client ends its session on purpose, and will not resume it (Meteor 3.5). */
export interface DisconnectMessage { msg: 'disconnect' }
/** Call of a method; `id` names the call in its answers. */
export interface MethodMessage { msg: 'method'; method: string; params?: unknown[]; id: string; randomSeed?: unknown }
/** Subscription to a publication; `id` names the subscription in its answers. */
export interface SubMessage { msg: 'sub'; id: string; name: string; params?: unknown[] }
/** End of a subscription. */
export interface UnsubMessage { msg: 'unsub'; id: string }

/** Question for a sign of life. The specification has a string as the `id`; any value comes back in the pong. */
export interface PingMessage { msg: 'ping'; id?: unknown }
/** Answer to a ping, with its `id`. */
export interface PongMessage { msg: 'pong'; id?: unknown }

/** Answer to an acceptable `connect`, with the id of the session. */
export interface ConnectedMessage { msg: 'connected'; session: string }
/** Answer to a `connect` of another version, with the version to propose instead. */
export interface FailedMessage { msg: 'failed'; version: string }
/** Answer to a message that the server could not understand. */
export interface ErrorMessage { msg: 'error'; reason: string; offendingMessage?: unknown }
/** Return value or error of a method. */
export interface ResultMessage { msg: 'result'; id: string; error?: WireError; result?: unknown }
/** Notice that all writes of these methods have been sent. */
export interface UpdatedMessage { msg: 'updated'; methods: string[] }
/** End of a subscription, by the server's error or as an answer to `unsub`. */
export interface NosubMessage { msg: 'nosub'; id: string; error?: WireError }
/** Notice that the first data of these subscriptions have been sent. */
export interface ReadyMessage { msg: 'ready'; subs: string[] }
/** Document that came into the client's set. */
export interface AddedMessage { msg: 'added'; collection: string; id: string; fields?: Record<string, unknown> }
/** Change of a document: new values of `fields`, and names of fields that are gone. */
export interface ChangedMessage { msg: 'changed'; collection: string; id: string; fields?: Record<string, unknown>; cleared?: string[] }
/** Document that left the client's set. */
export interface RemovedMessage { msg: 'removed'; collection: string; id: string }
/** Document that came into an ordered collection, before another one or at the end (`null`). */
export interface AddedBeforeMessage { msg: 'addedBefore'; collection: string; id: string; fields?: Record<string, unknown>; before: string | null }
/** Document of an ordered collection that moved before another one or to the end (`null`). */
export interface MovedBeforeMessage { msg: 'movedBefore'; collection: string; id: string; before: string | null }

/** Messages that change documents at the client. */
export type DataMessage =
  | AddedMessage
  | ChangedMessage
  | RemovedMessage
  | AddedBeforeMessage
  | MovedBeforeMessage

/** Messages that a client sends. */
export type ClientMessage = ConnectMessage | DisconnectMessage | MethodMessage | SubMessage | UnsubMessage | PingMessage | PongMessage

/** Messages that a server sends. */
export type ServerMessage =
  | ConnectedMessage
  | FailedMessage
  | ErrorMessage
  | ResultMessage
  | UpdatedMessage
  | NosubMessage
  | ReadyMessage
  | DataMessage
  | PingMessage
  | PongMessage

/** The version of DDP that clients propose, and servers prefer. */
export const ddpVersion = '1'
