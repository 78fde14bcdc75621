import type { Connection } from './connection.js'
import { socketOf } from './peer-connection.js'

/**
 * Sends a ready-made message, in order with everything else that the session sends; a Buffer (UTF-8) goes out as it is, so that one serves
 * many connections. It is not held back until the end of the turn, and `maxBufferedBytes` is not looked at: callers pace themselves by
 * `bufferedBytes()`.
 * `written`, if given, is called once the frame is needed no more: the kernel has it, or the socket has ended. Its memory may then be used again.
 * @returns `closed` if the session has ended, and nothing was sent
 */
export function sendFrame(connection: Connection, frame: Buffer | string, written?: () => void): 'sent' | 'closed' {
  const socket = socketOf(connection)
  if (socket === undefined) return 'closed'
  socket.send(frame, written)
  return 'sent'
}

/** Bytes that wait for the client to take them; 0 once the session has ended. */
export function bufferedBytes(connection: Connection): number {
  return socketOf(connection)?.bufferedAmount ?? 0
}
