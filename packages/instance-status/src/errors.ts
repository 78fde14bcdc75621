/** Every code that a `ClusterError` of this package carries, with what it means. Codes are stable; messages are not. */
export type ClusterErrorCode =
  /** An option or environment variable is missing, of the wrong type, or contradicts another. */
  | 'invalid-option'
  /** The HTTP server did not listen within 10 seconds, so that there is no address to advertise. */
  | 'not-listening'
  /** Several worker processes share the port, so that a peer could not choose which one it reaches. */
  | 'shared-port'
  /** Another DDP endpoint stands at this path of the HTTP server. */
  | 'path-taken'
  /** The server for peers alone (the option `listen`) could not be opened. */
  | 'listen-failed'
  /** MongoDB did not answer in time, or refused. */
  | 'registry-unreachable'
  /** An event is larger than `maxEventBytes`. It got no number and went nowhere. */
  | 'event-too-large'
  /** An argument of an event is a value that EJSON cannot carry without loss, which the message names by its path. The event got no number and went nowhere. */
  | 'event-not-encodable'
  /** 100,000 events that listeners emitted wait for the listeners here. The event got no number and went nowhere. */
  | 'too-many-events'
  /** A call, or a method that is offered, makes no sense: its name, parameters or options. Nothing was sent. */
  | 'invalid-call'
  /** A parameter of a call is a value that EJSON cannot carry without loss, which the message names by its path, or nested too deep. Nothing was sent. */
  | 'call-not-encodable'
  /** The parameters of a call take more than 4 MiB. Nothing was sent. */
  | 'call-too-large'
  /** 10,000 calls wait for answers here, or 500 of this instance run over there. It was not run. */
  | 'too-many-calls'
  /** A method of this name is offered to the instances already. */
  | 'method-taken'
  /** The addressed instance is no member, or is leaving. The method did not run, and the event got no number. */
  | 'left'
  /** The called instance is unreachable at the moment; `reason` says why. Nothing was sent. */
  | 'suspect'
  /** The answer did not come in time. A method may have run, or run yet. */
  | 'timeout'
  /** The link was lost before the answer came. The method may have run. */
  | 'outcome-unknown'
  /** `registerInstance()` was called while this instance was registered. */
  | 'already-registered'
  /** `close()` was called. */
  | 'closed'

/** Error of the cluster. `code` says what went wrong; `cause` is the error beneath, if any. */
export class ClusterError extends Error {
  override readonly name = 'ClusterError'
  /** Stable code, for programs. */
  readonly code: ClusterErrorCode

  constructor(code: ClusterErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

/** The error of `joinCluster()` when leaving was asked for while it ran. */
export const closedMeanwhile = (cause?: unknown): ClusterError => new ClusterError('closed', 'the cluster was closed while it was joined', { cause })

/** Rejection of a call that the called member did not answer. An error that the member's method threw is a `DDPError`. */
export class CallError extends ClusterError {
  /** Id of the instance that was called. */
  readonly instanceId: string
  /** Reason why the instance cannot be reached, with `suspect`. */
  readonly reason: string | undefined

  constructor(code: ClusterErrorCode, instanceId: string, message: string, options: ErrorOptions & { reason?: string } = {}) {
    super(code, message, options.cause === undefined ? undefined : { cause: options.cause })
    this.instanceId = instanceId
    this.reason = options.reason
  }
}
