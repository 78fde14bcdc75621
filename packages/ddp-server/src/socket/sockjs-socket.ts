import { type Clock, Timers } from '@ddp-cluster/ddp-common/internal'
import type { ConnectionEnd } from '../connection.js'
import type { MessageSocket, MessageSocketOwner } from './message-socket.js'

/**
 * SockJS' framing over its WebSocket transport: the server sends `o` to begin with, `a["message",...]`, and `c[code,"reason"]` before it
 * closes; the client sends `["message",...]` or one bare JSON string. `h` says now and then, to proxies too, that the connection is in use.
 */
export function frameWithSockJS(socket: MessageSocket, clock: Clock, own: (socket: MessageSocket) => MessageSocketOwner): MessageSocketOwner {
  const timers = new Timers(clock)
  const beat = (): void => {
    timers.after(heartbeatIntervalMs, () => {
      socket.send('h')
      beat()
    })
  }
  socket.send('o')
  beat()
  const owner = own(new SockJSSocket(socket))
  let breach: ConnectionEnd | undefined
  return {
    message(text) {
      // SockJS ignores empty frames.
      if (text === '' || breach !== undefined) return
      const messages = unframe(text)
      if (messages !== undefined) {
        for (const message of messages) owner.message(message)
        return
      }
      breach = { cause: 'protocol', code: 1002, reason: 'broken SockJS framing' }
      socket.close(1002, breach.reason)
    },
    ended(end) {
      timers.clear()
      owner.ended(breach ?? end)
    },
  }
}

/** Interval of SockJS heartbeats: Meteor's `heartbeat_delay`. */
const heartbeatIntervalMs = 45_000

function unframe(text: string): string[] | undefined {
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch {
    return undefined
  }
  const messages: unknown[] = Array.isArray(parsed) ? parsed : [parsed]
  return messages.every((message) => typeof message === 'string') ? messages : undefined
}

class SockJSSocket implements MessageSocket {
  readonly #inner: MessageSocket

  constructor(inner: MessageSocket) {
    this.#inner = inner
  }

  get bufferedAmount(): number {
    return this.#inner.bufferedAmount
  }

  send(text: string | Buffer, written?: () => void): void {
    this.#inner.send(`a[${JSON.stringify(text.toString())}]`, written)
  }

  hold(): void {
    this.#inner.hold()
  }

  release(): void {
    this.#inner.release()
  }

  pause(): void {
    this.#inner.pause()
  }

  resume(): void {
    this.#inner.resume()
  }

  close(code: number, reason: string): void {
    this.#inner.send(`c${JSON.stringify([code, reason])}`)
    this.#inner.close(code, reason)
  }

  liftFirstLimit(): void {
    this.#inner.liftFirstLimit()
  }

  keepAlive(afterMs: number): void {
    this.#inner.keepAlive(afterMs)
  }

  terminate(): void {
    this.#inner.terminate()
  }
}
