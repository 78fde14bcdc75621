/** Every code that a `ClusterError` of this package carries, with what it means. Codes are stable; messages are not. */
export type ClusterErrorCode =
  /** An option or environment variable is missing, of the wrong type, or contradicts another. */
  | 'invalid-option'
  /** The HTTP server is not listening yet, so that there is no address to advertise. */
  | 'not-listening'
  /** Several worker processes share the port, so that a peer could not choose which one it reaches. */
  | 'shared-port'
  /** There is a DDP endpoint at this path of the HTTP server already. */
  | 'path-taken'
  /** The server for peers alone (the option `listen`) could not be opened. */
  | 'listen-failed'
  /** MongoDB did not answer in time, or refused. */
  | 'registry-unreachable'
  /** An event is larger than `maxEventBytes`. It got no number and went nowhere. */
  | 'event-too-large'
  /** An argument of an event is no EJSON value. It got no number and went nowhere. */
  | 'event-not-encodable'
  /** `close()` was called. */
  | 'closed'

/** What this package throws and rejects with. `cause` keeps what lay beneath. */
export class ClusterError extends Error {
  override readonly name = 'ClusterError'
  readonly code: ClusterErrorCode

  constructor(code: ClusterErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}
