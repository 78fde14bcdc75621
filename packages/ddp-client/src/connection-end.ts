/**
 * Why a connection is over:
 * - `local`: this side closed it
 * - `refused`: the host is there, nothing listens on the port
 * - `unreachable`: the host or its name could not be reached at all
 * - `rejected`: the answer to the upgrade was HTTP, but not 101
 * - `tls`: no trust, or no common ground, between the two TLS ends
 * - `connect-timeout`: no session within `connectTimeoutMs`
 * - `failed-version`: the server speaks no DDP version that is spoken here
 * - `heartbeat-timeout`: the peer was silent
 * - `peer-closed`: the peer sent a close frame
 * - `ended`: the peer's kernel ended the TCP stream without a close frame (FIN)
 * - `reset`: the peer's kernel reset it (RST)
 * - `protocol`: what came was no WebSocket, or no DDP
 * - `too-long`: a message came that is longer than `maxMessageBytes`
 */
export type ConnectionEndCause =
  | 'local' | 'refused' | 'unreachable' | 'rejected' | 'tls' | 'connect-timeout' | 'failed-version'
  | 'heartbeat-timeout' | 'peer-closed' | 'ended' | 'reset' | 'protocol' | 'too-long'

/** End of a connection. */
export interface ConnectionEnd {
  /** Stable cause, for programs. */
  readonly cause: ConnectionEndCause
  /** Sentence for an operator. It names the host, never a secret. */
  readonly reason: string
  /** Code of the close frame, with `peer-closed`. */
  readonly closeCode?: number
  /** Error of the socket or of TLS, if any. */
  readonly error?: Error
}

/**
 * - `closed`: the connection ended, or could not be opened; `end` says how
 * - `timeout`: no answer in time
 * - `bad-answer`: an answer came that makes no sense, or is deeper or longer than is taken here
 * - `refused`: the peer did not take the message: it is too deep or too long for it, or makes no sense to it
 * - `too-many`: more is under way than the options allow
 */
export type ConnectionErrorCode = 'closed' | 'timeout' | 'bad-answer' | 'refused' | 'too-many'

/** Rejection of a call or subscription that the peer did not answer. An error that the peer sent is a `DDPError`. */
export class ConnectionError extends Error {
  override readonly name = 'ConnectionError'
  /** Stable code, for programs. */
  readonly code: ConnectionErrorCode
  /** End of the connection, with `closed`, once it is known. */
  readonly end: ConnectionEnd | undefined

  constructor(code: ConnectionErrorCode, message: string, options?: { readonly end?: ConnectionEnd; readonly cause?: unknown }) {
    super(message, options?.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.end = options?.end
  }
}

export function closedError(end: ConnectionEnd): ConnectionError {
  return new ConnectionError('closed', end.reason, { end, cause: end.error })
}
