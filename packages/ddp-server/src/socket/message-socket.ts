import type { ConnectionEnd } from '../connection.js'

/** A socket that carries text messages whole and in order: all that a session needs of a transport. */
export interface MessageSocket {
  /** Bytes handed over that the kernel has not taken yet. */
  readonly bufferedAmount: number
  /** Sends a text message; a Buffer holds its UTF-8 and is neither copied nor changed. After the socket has ended it does nothing. `written` is called when it is needed no more. */
  send(text: string | Buffer, written?: () => void): void
  /** Collects what is sent from here on, to hand it to the kernel at once on `release()`. */
  hold(): void
  release(): void
  /** Stops reading from the network (what has been read already still arrives), so that the client's own sends wait. */
  pause(): void
  resume(): void
  /** Says goodbye after what has been sent; the socket is destroyed if the client does not answer in time. */
  close(code: number, reason: string): void
  /** Lets messages be as long as the transport takes them: until then some transports take only short ones. */
  liftFirstLimit(): void
  /** Has the kernel end the socket when the client's no longer answers after so much silence, in milliseconds; 0: never. */
  keepAlive(afterMs: number): void
  /** Destroys the socket. */
  terminate(): void
}

/** Callbacks of a socket. None comes after `ended`. */
export interface MessageSocketOwner {
  message(text: string): void
  ended(end: ConnectionEnd): void
}
