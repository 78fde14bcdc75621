import type { Connection } from './connection.js'
import type { MethodHandler } from './method-invocation.js'
import type { PublicationHandler } from './publication.js'
import type { RateLimitRule } from './rate-limiter.js'
import type { PublicationStrategy } from './session/publication-strategy.js'

/** A DDP endpoint on an HTTP server. */
export interface DDPServer {
  /** Offers a method. @throws DDPServerError `method-taken` if there is one of that name */
  method(name: string, handler: MethodHandler): void
  /**
   * Offers a publication; with `null` as its name every client has it from the start, those that are connected already too.
   * @throws DDPServerError `publication-taken` if there is one of that name
   */
  publish(name: string | null, handler: PublicationHandler): void
  /** How much is remembered of what was sent of `collection`; `SERVER_MERGE` by default. Holds for sessions that have nothing of it yet. */
  setPublicationStrategy(collection: string, strategy: PublicationStrategy): void
  /** Answers calls that go beyond `rule` with `too-many-requests`; returns a function that takes the rule back. @throws DDPServerError `invalid-option` */
  limitRate(rule: RateLimitRule): () => void
  /** Calls `handler` for every client's session that begins, before its first message is looked at, and not again when the session is resumed; returns a function that takes that back. What it throws, or its promise rejects with, is logged. */
  onConnection(handler: (connection: Connection) => unknown): () => void
  /** Number of clients' sessions that are open now, those among them whose clients are away and may resume them (`resumeWithinMs`). Links of a cluster's instances are no sessions. */
  readonly sessions: number
  /**
   * Ends every session (WebSocket code 1001), takes its listeners off the HTTP server, which stays open, and resolves when all sockets are
   * closed: at the latest after `closeTimeoutMs`. Can be called again.
   */
  close(): Promise<void>
  /** Resolves when `close()` is through. */
  readonly closed: Promise<void>
  /** Closes the endpoint, for `await using`. */
  [Symbol.asyncDispose](): Promise<void>
}
