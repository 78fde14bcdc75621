import type { Duplex } from 'node:stream'
import type { RawData, WebSocket } from 'ws'

/** Bytes of a masked control frame around its payload. */
const controlFrameBytes = 6

/** Bytes that may lie between the end of a message and the end of what was read from the network with it. */
const oneReadBytes = 65_536

/**
 * Ends a WebSocket whose message is too long, for as long as the limit has not been lifted. ws has one limit for all sockets of a server, and for
 * all their life; bytes that have not become a message are counted here instead.
 */
export class FirstLimit {
  readonly #end: () => void

  constructor(webSocket: WebSocket, tcp: Duplex, maxBytes: number, onTooLong: () => void) {
    let unfinished = 0
    const count = (chunk: Buffer): void => {
      unfinished += chunk.length
      if (unfinished <= maxBytes + oneReadBytes) return
      this.#end()
      onTooLong()
      // The rest of the message is not read; ws destroys a socket that does not answer its goodbye.
      webSocket.pause()
    }
    const message = (data: RawData): void => {
      unfinished = 0
      if ((data as Buffer).length <= maxBytes) return
      this.#end()
      onTooLong()
    }
    const control = (data: Buffer): void => void (unfinished -= data.length + controlFrameBytes)
    this.#end = () => {
      tcp.off('data', count)
      webSocket.off('message', message).off('ping', control).off('pong', control)
    }
    tcp.on('data', count)
    // Before the owner's listener, which then finds the socket ended.
    webSocket.prependListener('message', message).on('ping', control).on('pong', control)
    webSocket.once('close', this.#end)
  }

  lift(): void {
    this.#end()
  }
}
