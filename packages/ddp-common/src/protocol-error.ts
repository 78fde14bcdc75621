import type { ErrorMessage } from './messages.js'

/**
 * Fault of a message that a peer sent:
 * - `invalid-json`: no JSON
 * - `not-an-object`: JSON, but no object
 * - `unknown-message`: no `msg`, or one that this side does not take
 * - `malformed`: a field that is missing or of the wrong type
 * - `too-deep`: nested deeper than the limit
 * - `undecodable`: an EJSON value in it makes no sense here, such as a custom type that is not known
 */
export type DDPProtocolErrorCode = 'invalid-json' | 'not-an-object' | 'unknown-message' | 'malformed' | 'too-deep' | 'undecodable'

/** A message that breaks the protocol. It concerns this one message only: the connection can go on. */
export class DDPProtocolError extends Error {
  override readonly name = 'DDPProtocolError'
  /** Stable code, for programs. */
  readonly code: DDPProtocolErrorCode
  /** Explanation for the peer, without internals of this side. */
  readonly reason: string
  readonly #offendingMessage: unknown

  constructor(code: DDPProtocolErrorCode, reason: string, offendingMessage?: unknown, options?: ErrorOptions) {
    super(`${reason} (${code})`, options)
    this.code = code
    this.reason = reason
    this.#offendingMessage = offendingMessage
  }

  /**
   * The message as plain JSON, not yet EJSON, where it could be parsed; of one that is too deep only what it was about (`msg`, `id`, `collection`).
   * It may hold secrets, so that loggers, which write down an error's own properties, do not find it.
   */
  get offendingMessage(): unknown {
    return this.#offendingMessage
  }

  /** The answer that the specification asks a server to give. */
  toMessage(): ErrorMessage {
    return { msg: 'error', reason: this.reason, ...(this.offendingMessage !== undefined && { offendingMessage: this.offendingMessage }) }
  }
}
