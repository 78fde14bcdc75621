import type { Duplex } from 'node:stream'
import { type Clock, Timers } from '@ddp-cluster/ddp-common/internal'
import { refuseUpgrade } from './socket/refuse-upgrade.js'

/** Time that an upgrade waits for the application to be ready. A client whose upgrade is refused dials again by itself. */
const longestWaitMs = 5_000

/** Sockets that wait at once. */
const mostWaiting = 10_000

/** Bytes that clients sent after their upgrade requests, which they should not before the answer. */
const mostWaitingBytes = 1_048_576

interface Waiting {
  readonly enter: () => void
  readonly leave: () => void
  readonly refuse: () => void
}

/** Holds WebSocket upgrades unanswered until the application is ready: bounded in number, bytes and time, and refused with 503 beyond that. */
export class WaitingRoom {
  readonly #timers: Timers
  readonly #waiting = new Set<Waiting>()
  #bytes = 0

  constructor(clock: Clock) {
    this.#timers = new Timers(clock)
  }

  /** Number of sockets that wait. */
  get size(): number {
    return this.#waiting.size
  }

  /** Calls `enter` when the application is ready, unless the socket has ended or been refused before. */
  hold(tcp: Duplex, head: Buffer, enter: () => void): void {
    if (this.#waiting.size >= mostWaiting || this.#bytes + head.length > mostWaitingBytes) {
      refuseUpgrade(tcp, 503)
      return
    }
    this.#bytes += head.length
    const leave = (): void => {
      cancel()
      tcp.off('close', leave)
      if (this.#waiting.delete(waiting)) this.#bytes -= head.length
    }
    // An error without a listener would end the process; 'close' follows it.
    const ignore = (): void => undefined
    const waiting: Waiting = {
      leave,
      enter: () => {
        leave()
        tcp.off('error', ignore)
        if (!tcp.destroyed) enter()
      },
      refuse: () => {
        leave()
        refuseUpgrade(tcp, 503)
      },
    }
    const cancel = this.#timers.after(longestWaitMs, waiting.refuse)
    tcp.on('error', ignore)
    tcp.once('close', leave)
    this.#waiting.add(waiting)
  }

  /** Lets everybody in. */
  open(): void {
    for (const { enter } of this.#waiting) enter()
  }

  /** Refuses everybody. */
  close(): void {
    for (const { refuse } of this.#waiting) refuse()
    this.#timers.clear()
  }
}
