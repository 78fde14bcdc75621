import type { Connection } from './connection.js'
import { insidesOf } from './peer-connection.js'

/**
 * Sends a ready-made message, in order with everything else that the session sends; a Buffer (UTF-8) goes out as it is, so that one serves
 * many connections. It is not held back until the end of the turn, and `maxBufferedBytes` is not looked at: callers pace themselves by
 * `bufferedBytes()`. While the client is away and may resume the session, the
 * message is kept with the others: a Buffer as it is, unless `written` is given, and then a copy. Do not change a Buffer that was given without `written`.
 * `written`, if given, is called once the frame is needed no more: the kernel has it, it was copied, or the socket has ended. Its memory may then be used again.
 * @returns `closed` if the session has ended, and nothing was sent
 */
export function sendFrame(connection: Connection, frame: Buffer | string, written?: () => void): 'sent' | 'closed' {
  const insides = insidesOf(connection)
  if (insides === undefined) return 'closed'
  insides.sendFrame(frame, written)
  return 'sent'
}

/** Bytes that wait for the client to take them, without those of messages that were held while it was away; 0 once the session has ended. */
export function bufferedBytes(connection: Connection): number {
  return insidesOf(connection)?.bufferedBytes ?? 0
}
