import type { Connection } from './connection.js'

/** Context of a method call: `this` in its handler. */
export interface MethodInvocation {
  /** Id of the calling user: that of the session when the call began, or of `setUserId()` since; `null` if nobody is logged in. */
  readonly userId: string | null
  /** Connection of the caller. */
  readonly connection: Connection
  /** Always false: this is the server. */
  readonly isSimulation: false
  /** Seed that the client makes its random ids from, so that both sides can make the same ones; `null` if it sent none. */
  readonly randomSeed: unknown
  /**
   * Logs the session in (or out, with `null`): its subscriptions start over for that user, and the client is told the difference.
   * Resolves when they have returned, or are ready or unblocked, after ten seconds at most; the method's result waits for it anyway.
   * @throws DDPServerError `unblocked` after `unblock()`, since messages that came later may be running; `invalid-user-id` for anything but a string or `null`
   */
  setUserId(userId: string | null): Promise<void>
  /** Lets the session's next message begin before this method has ended. */
  unblock(): void
}

/**
 * Answers a method call with what it returns or what its promise resolves to. A `DDPError` that it throws reaches the client; of anything
 * else the client learns `500 Internal server error`, and the logger the rest.
 */
export type MethodHandler = (this: MethodInvocation, ...params: unknown[]) => unknown
