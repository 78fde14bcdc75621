import type { MethodInvocation } from './method-invocation.js'

/** What `login` answers, as Meteor's clients expect it; more may be in it. */
export interface LoginResult {
  /** The user's id. */
  readonly id: string
  /** What to log in with the next time, as `{ resume: token }`. */
  readonly token?: string
  /** Until when the token is good. Meteor's server always says so, and some clients throw without it. */
  readonly tokenExpires?: Date
  readonly [more: string]: unknown
}

/**
 * Decides who a client is by the argument of its `login` call (any EJSON value, not yet validated). Throws a `DDPError` to refuse.
 * The session's user is set from the answer, and its subscriptions start over before the client has it.
 */
export type LoginHandler = (this: MethodInvocation, request: unknown) => LoginResult | Promise<LoginResult>
