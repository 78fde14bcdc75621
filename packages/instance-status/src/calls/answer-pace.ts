import { type Clock, Timers } from '@ddp-cluster/ddp-common/internal'
import type { Connection } from '@ddp-cluster/ddp-server'
import { bufferedBytes } from '@ddp-cluster/ddp-server/internal'

/** Size up to which an answer need not wait: as many as can be at once are little too. */
const smallBytes = 4 * 1024
/** While more than this waits for a socket no further answer is given to it: the endpoint closes a session for which four times as much waits. */
const highWaterBytes = 4 * 1024 * 1024
const retryMs = 5

/** Gives large answers to a socket as it takes them. */
export class AnswerPace {
  readonly #timers: Timers
  /** Bytes allowed to leave in this turn that the socket may not have yet. */
  readonly #leaving = new WeakMap<Connection, number>()

  constructor(clock: Clock) {
    this.#timers = new Timers(clock)
  }

  /** Resolves when an answer of so many bytes may leave, and it leaves in this turn. */
  async room(connection: Connection, bytes: number): Promise<void> {
    if (bytes < smallBytes) return
    while (bufferedBytes(connection) + this.#leavingOf(connection) > highWaterBytes) await new Promise<void>((resolve) => this.#timers.after(retryMs, resolve))
    this.#leaving.set(connection, this.#leavingOf(connection) + bytes)
    setImmediate(() => this.#leaving.set(connection, this.#leavingOf(connection) - bytes))
  }

  /** Drops the waiting answers. */
  close(): void {
    this.#timers.clear()
  }

  #leavingOf(connection: Connection): number {
    return this.#leaving.get(connection) ?? 0
  }
}
