import type { WireError } from './ddp-error.js'

/** The messages of DDP version 1, by the names and fields of its specification. What EJSON encodes is already decoded here. */

/** `session` and `receivedCount` ask to resume an earlier session (Meteor 3.5); clients of other servers put anything into `session`, which is then ignored. */
export interface ConnectMessage { msg: 'connect'; version: string; support: string[]; session?: unknown; receivedCount?: unknown }
/** The client ends its session on purpose: nobody is to wait for it to come back (Meteor 3.5). */
export interface DisconnectMessage { msg: 'disconnect' }
export interface MethodMessage { msg: 'method'; method: string; params?: unknown[]; id: string; randomSeed?: unknown }
export interface SubMessage { msg: 'sub'; id: string; name: string; params?: unknown[] }
export interface UnsubMessage { msg: 'unsub'; id: string }

/** The specification has a string as the `id`; whatever was sent is sent back. */
export interface PingMessage { msg: 'ping'; id?: unknown }
export interface PongMessage { msg: 'pong'; id?: unknown }

export interface ConnectedMessage { msg: 'connected'; session: string }
export interface FailedMessage { msg: 'failed'; version: string }
export interface ErrorMessage { msg: 'error'; reason: string; offendingMessage?: unknown }
export interface ResultMessage { msg: 'result'; id: string; error?: WireError; result?: unknown }
export interface UpdatedMessage { msg: 'updated'; methods: string[] }
export interface NosubMessage { msg: 'nosub'; id: string; error?: WireError }
export interface ReadyMessage { msg: 'ready'; subs: string[] }
export interface AddedMessage { msg: 'added'; collection: string; id: string; fields?: Record<string, unknown> }
export interface ChangedMessage { msg: 'changed'; collection: string; id: string; fields?: Record<string, unknown>; cleared?: string[] }
export interface RemovedMessage { msg: 'removed'; collection: string; id: string }
export interface AddedBeforeMessage { msg: 'addedBefore'; collection: string; id: string; fields?: Record<string, unknown>; before: string | null }
export interface MovedBeforeMessage { msg: 'movedBefore'; collection: string; id: string; before: string | null }

/** What changes documents at the client. */
export type DataMessage =
  | AddedMessage
  | ChangedMessage
  | RemovedMessage
  | AddedBeforeMessage
  | MovedBeforeMessage

/** What a client may send. */
export type ClientMessage = ConnectMessage | DisconnectMessage | MethodMessage | SubMessage | UnsubMessage | PingMessage | PongMessage

/** What a server may send. */
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
