import { DDPError } from '@ddp-cluster/ddp-common'

/** Codes of a `DDPServerError`; stable, for programs. */
export type DDPServerErrorCode =
  | 'closed'
  | 'invalid-close'
  | 'invalid-document'
  | 'invalid-option'
  | 'invalid-user-id'
  | 'method-taken'
  | 'path-taken'
  | 'publication-taken'
  | 'too-long'
  | 'unblocked'

/** Length at which an unknown name is cut in an error: the client knows what it asked for. */
const longestNameTold = 100

/** Thrown to the application that uses the server in a way that cannot work. It never crosses the wire: a client sees `500`. */
export class DDPServerError extends Error {
  override readonly name = 'DDPServerError'
  /** Stable code, for programs. */
  readonly code: DDPServerErrorCode

  constructor(code: DDPServerErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

export const methodNotFound = (name: string): DDPError => new DDPError(404, `Method '${name.slice(0, longestNameTold)}' not found`)
export const publicationNotFound = (name: string): DDPError => new DDPError(404, `Subscription '${name.slice(0, longestNameTold)}' not found`)
export const internalError = (): DDPError => new DDPError(500, 'Internal server error')
export const tooManySubscriptions = (limit: number, length: number): DDPError =>
  new DDPError('too-many-subscriptions', `A session may have ${limit} subscriptions at once, asked for in ${length} characters. Stop some before you start another.`)
