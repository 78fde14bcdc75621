import type { Pace } from './peer-connection.js'

/** Way of a session to its client: a socket, or the stand-in for a lost one. */
export interface Outlet {
  /** Bytes that wait for the client to take them, without those of messages that were held while it was away. */
  readonly bufferedBytes: number
  /** Sends a message. */
  sendText(text: string): void
  /** Sends a message that was made elsewhere; a Buffer holds its UTF-8. `written` is called when it is needed no more. */
  sendFrame(frame: Buffer | string, written?: () => void): void
  /** Work of the session has ended, or lets other work begin: the session is to advance, now or at the end of the turn. */
  goOn(): void
  /** The session is that of a cluster's instance. */
  admit(pace: Pace): void
  /** Ends the session from our side. */
  close(code: number, reason: string): void
}
