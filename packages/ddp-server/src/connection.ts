/** Why a session ended. Set once, by what happened first: the loss of its socket, if the client did not resume the session in time. */
export type ConnectionEndCause =
  /** `connection.close()` or `server.close()`. */
  | 'local'
  /** The client closed the WebSocket as it should. */
  | 'peer-closed'
  /** The client's kernel ended the TCP connection (FIN) without a WebSocket goodbye: its process is gone, or a proxy closed. */
  | 'ended'
  /** The TCP connection was reset (RST): its process is gone with data unread, or nobody knows the connection any more. */
  | 'reset'
  /** The network gave up on the TCP connection: packets are no longer answered. */
  | 'unreachable'
  /** No sign of life within `heartbeatIntervalMs + heartbeatTimeoutMs`. */
  | 'heartbeat-timeout'
  /** The client broke the WebSocket or SockJS protocol, or sent more than `maxMessageBytes`. */
  | 'protocol'
  /** More than `maxBufferedBytes` waited for the client. */
  | 'slow'

/** End of a session. */
export interface ConnectionEnd {
  /** Stable cause, for programs. */
  readonly cause: ConnectionEndCause
  /** WebSocket close code that was received or sent; absent where there was none. */
  readonly code?: number
  /** Explanation for people. */
  readonly reason: string
}

/** The client at the other end of a session, as methods, publications and `onConnection` see it. */
export interface Connection {
  /** The session's id, as the client was told it. Who knows it may resume the session after the loss of the client's socket (`resumeWithinMs`): keep it from other clients. */
  readonly id: string
  /** The address of the client when the session began, also after the session was resumed from another one; behind proxies see the option `httpForwardedCount`. */
  readonly clientAddress: string
  /** The headers of the upgrade request that the session began with, names in lower case; among them `origin`, which only browsers send. */
  readonly httpHeaders: Readonly<Record<string, string | undefined>>
  /**
   * Ends the session: its subscriptions stop, nothing more is sent, and the WebSocket is closed with `code` (1000) and `reason`. The client cannot resume it.
   * Calling it again does nothing. @throws DDPServerError `invalid-close` for a code that is not 1000, 1001, 1013 or from 3000 to 4999, and for a
   * reason of more than 123 bytes
   */
  close(code?: number, reason?: string): void
  /**
   * Calls `handler` once when the session has ended, also when it has already; returns a function that takes that back.
   * Nobody waits for a promise that it returns; what it throws, or that rejects with, is logged.
   */
  onClose(handler: (end: ConnectionEnd) => unknown): () => void
}
