/** Error in a DDP message (`result.error`, `nosub.error`), with the fields that Meteor's server sends. */
export interface WireError {
  /** Mark of errors that clients may see. */
  readonly isClientSafe?: true
  /** Code of the error, for programs. */
  readonly error: string | number
  /** Explanation, for people. */
  readonly reason?: string | null
  /** Further information, as the server encoded it. */
  readonly details?: unknown
  /** Reason and code in one text. */
  readonly message?: string | null
  /** Constant of Meteor's errors. */
  readonly errorType: 'Meteor.Error'
}

/**
 * The error that crosses the wire: what a method or publication throws to tell its caller something.
 * Anything else that is thrown there reaches the caller as a redacted `500 Internal server error`, unless it says `isClientSafe: true` itself.
 * Shape and message are those of Meteor's `Meteor.Error`.
 */
export class DDPError extends Error {
  override readonly name = 'DDPError'
  /** Constant of Meteor's errors. */
  readonly errorType = 'Meteor.Error'
  /** A server may tell its clients of this error, as it is. */
  readonly isClientSafe = true
  /** Code for programs: a short string such as `not-found`, or a number as in HTTP. */
  readonly error: string | number
  /** Explanation for people. */
  readonly reason: string | undefined
  /**
   * Anything more. A server writes it to its clients as plain JSON, which is what Meteor's does and what its clients read: a Date arrives as an ISO 8601
   * text, binary data and custom types as whatever `JSON.stringify` makes of them. Between the instances of a cluster it is any EJSON value.
   */
  readonly details: unknown

  constructor(error: string | number, reason?: string, details?: unknown) {
    super(reason ? `${reason} [${error}]` : `[${error}]`)
    this.error = error
    this.reason = reason
    this.details = details
  }

  /** The error that a peer sent. */
  static fromWire(wire: WireError): DDPError {
    return new DDPError(wire.error, wire.reason ?? undefined, wire.details)
  }

  /** Error as it stands in a DDP message. */
  toWire(): WireError {
    return {
      isClientSafe: true,
      error: this.error,
      ...(this.reason !== undefined && { reason: this.reason }),
      ...(this.details !== undefined && { details: this.details }),
      message: this.message,
      errorType: 'Meteor.Error',
    }
  }
}
