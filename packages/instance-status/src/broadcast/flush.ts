import { DDPError } from '@ddp-cluster/ddp-common'
import { type Clock, Timers } from '@ddp-cluster/ddp-common/internal'
import type { Connection as DialledConnection } from '@ddp-cluster/ddp-client/internal'
import type { DDPServer } from '@ddp-cluster/ddp-server'
import type { Connection } from '@ddp-cluster/ddp-server'
import { ClusterError } from '../errors.js'
import type { MemberChanges } from './member-changes.js'
import type { Pump } from './pump.js'
import type { Reader } from './reader.js'

export const flushMethod = 'cluster.flush'

/** Outcome of `flush()`: the members that have all events emitted before it, and those that have not. */
export interface FlushReport {
  /** Ids of members whose listeners were called with every event they listen to, or were told of a gap. */
  readonly reached: readonly string[]
  /** Ids of members that did not confirm in time, or left meanwhile. */
  readonly missed: readonly string[]
}

/** Nobody waits longer for a flush than this, whatever it was asked for, */
const longestFlushMs = 60_000
/** and no peer is asked more of them at once. */
const mostFlushes = 100

export interface FlushOptions {
  readonly ddpServer: Pick<DDPServer, 'method'>
  readonly clock: Clock
  readonly reader: Reader
  readonly pump: Pump
  readonly members: MemberChanges
  readonly requirePeer: (connection: Connection) => string
  /** The link that this instance dialled, while it is up. */
  readonly connectionTo: (memberId: string) => DialledConnection | undefined
}

/** Asks every member to answer when it has dispatched all that was emitted here, and answers those who ask. */
export class Flush {
  readonly #options: FlushOptions
  readonly #timers: Timers
  /** How many each member has yet to answer. */
  readonly #open = new Map<string, number>()

  constructor(options: FlushOptions) {
    this.#options = options
    this.#timers = new Timers(options.clock)
    const answer = (connection: Connection, request: unknown): Promise<void> => this.#answer(connection, request)
    options.ddpServer.method(flushMethod, function (request) {
      this.unblock()
      return answer(this.connection, request)
    })
  }

  /** Asks them all to say when they have read up to number `upTo`. */
  async flush(upTo: number, timeoutMs: number): Promise<FlushReport> {
    const { members, pump } = this.#options
    const deadline = this.#options.clock.now() + Math.min(timeoutMs, longestFlushMs)
    const ids = members.ids()
    pump.announce()
    const reached = new Set<string>()
    await Promise.all(ids.map(async (id) => {
      if (await this.#ask(id, upTo, deadline)) reached.add(id)
    }))
    return { reached: ids.filter((id) => reached.has(id)), missed: ids.filter((id) => !reached.has(id)) }
  }

  close(): void {
    this.#timers.clear()
  }

  /** Again over the next link when one is cut. */
  async #ask(id: string, upTo: number, deadline: number): Promise<boolean> {
    const { members, clock, connectionTo } = this.#options
    for (;;) {
      const left = deadline - clock.now()
      if (left <= 0 || !members.has(id)) return false
      const connection = connectionTo(id)
      try {
        if (connection && this.#mayAsk(id)) {
          await this.#call(id, connection, upTo, left)
          return true
        }
        await members.until(() => !members.has(id) || (connectionTo(id) !== undefined && this.#mayAsk(id)), left)
      } catch (error) {
        // A member that refused will refuse again; otherwise this instance has closed, or waited long enough.
        if (error instanceof DDPError || error instanceof ClusterError) return false
        // The connection has ended: the link is told of it a turn later.
        await new Promise((resolve) => setImmediate(resolve))
      }
    }
  }

  #mayAsk(id: string): boolean {
    return (this.#open.get(id) ?? 0) < mostFlushes
  }

  async #call(id: string, connection: DialledConnection, upTo: number, timeoutMs: number): Promise<void> {
    this.#open.set(id, (this.#open.get(id) ?? 0) + 1)
    try {
      await connection.call(flushMethod, [{ upTo }], { timeoutMs })
    } finally {
      const left = (this.#open.get(id) ?? 1) - 1
      if (left > 0) this.#open.set(id, left)
      else this.#open.delete(id)
      // A waiting flush may ask now.
      if (left === mostFlushes - 1) this.#options.members.changed()
    }
  }

  #answer(connection: Connection, request: unknown): Promise<void> {
    const { reader, requirePeer } = this.#options
    const peerId = requirePeer(connection)
    const upTo: unknown = typeof request === 'object' && request !== null && 'upTo' in request ? request.upTo : undefined
    if (typeof upTo !== 'number' || !Number.isSafeInteger(upTo) || upTo < 0) throw new DDPError('bad-request', 'cluster.flush takes { upTo }, a number')
    if (reader.waitingFor(peerId) >= mostFlushes) throw new DDPError('too-many', `${mostFlushes} flushes of one instance are under way`)
    return new Promise((resolve, reject) => {
      const end = (): void => {
        forget()
        cancel()
        stopWatching()
      }
      const cancel = this.#timers.after(longestFlushMs, () => {
        end()
        reject(new DDPError('timeout', `not read up to ${upTo} within ${longestFlushMs} ms`))
      })
      const stopWatching = connection.onClose(() => {
        end()
        resolve()
      })
      const forget = reader.whenReached(peerId, upTo, () => {
        setImmediate(end)
        resolve()
      })
    })
  }
}
