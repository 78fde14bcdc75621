import type { MethodInvocation } from './method-invocation.js'

/** Answer of `login`, as Meteor's clients expect it; further fields are passed on. */
export interface LoginResult {
  /** Id of the user. */
  readonly id: string
  /** Token for the next login, as `{ resume: token }`. */
  readonly token?: string
  /** Time up to which the token is good. Meteor's server always says so, and some clients throw without it. */
  readonly tokenExpires?: Date
  readonly [more: string]: unknown
}

/**
 * Decides who a client is by the argument of its `login` call (any EJSON value, not yet validated). Throws a `DDPError` to refuse.
 * The session's user is set from the answer, and its subscriptions start over before the client has it.
 */
export type LoginHandler = (this: MethodInvocation, request: unknown) => LoginResult | Promise<LoginResult>
