/** An error as it stands in a DDP message (`result.error`, `nosub.error`). */
export interface WireError {
  readonly error: string | number
  readonly reason?: string | null
  readonly message?: string | null
  readonly details?: unknown
  readonly errorType: 'Meteor.Error'
}

/**
 * The one error that crosses the wire: what a method or publication throws to tell its caller something.
 * Anything else that is thrown there reaches the caller as a redacted `500 Internal server error`.
 * Shape and message are those of Meteor's `Meteor.Error`.
 */
export class DDPError extends Error {
  override readonly name = 'DDPError'
  readonly errorType = 'Meteor.Error'
  /** What went wrong, for programs: a short string such as `not-found`, or a number as in HTTP. */
  readonly error: string | number
  /** What went wrong, for people. */
  readonly reason: string | undefined
  /** Anything more; any EJSON value. */
  readonly details: unknown

  constructor(error: string | number, reason?: string, details?: unknown) {
    super(reason === undefined ? `[${error}]` : `${reason} [${error}]`)
    this.error = error
    this.reason = reason
    this.details = details
  }

  /** The error that a peer sent. */
  static fromWire(wire: WireError): DDPError {
    return new DDPError(wire.error, wire.reason ?? undefined, wire.details)
  }

  toWire(): WireError {
    return {
      error: this.error,
      ...(this.reason !== undefined && { reason: this.reason }),
      message: this.message,
      ...(this.details !== undefined && { details: this.details }),
      errorType: 'Meteor.Error',
    }
  }
}
