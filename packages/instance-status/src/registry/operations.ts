import { type Clock, Timers } from '@ddp-cluster/ddp-common/internal'
import { ClusterError } from '../errors.js'
import type { Lane, Urgency } from './lane.js'

/**
 * Options that end an operation; every call of the driver gets them. The driver's types know `signal` for reads and commands alone, but the driver
 * (from 6.13) heeds it for every operation: it leaves the wait for a server or a connection, and closes the connection on which it waits for an answer.
 */
export interface Ending {
  readonly signal: AbortSignal
  /** For the server, which goes on with an operation although its client is gone. */
  readonly maxTimeMS: number
}

const leastPatienceMs = 5000

/** Time limit of operations other than heartbeats. */
export const patienceMs = (heartbeatIntervalMs: number): number => Math.max(heartbeatIntervalMs, leastPatienceMs)

export interface OperationsOptions {
  readonly clock: Clock
  readonly lane: Lane
  readonly urgency: Urgency
}

/** Runs the operations of one owner on a lane. Each ends by a time limit, which counts from when it is asked for, or when the owner closes. */
export class Operations {
  readonly #options: OperationsOptions
  readonly #timers: Timers
  readonly #underWay = new Set<(why: ClusterError) => void>()
  #state: 'open' | 'closed' = 'open'

  constructor(options: OperationsOptions) {
    this.#options = options
    this.#timers = new Timers(options.clock)
  }

  /**
   * Resolves or rejects as `operate` does, which may call the driver several times, one call after the other.
   *
   * @throws {ClusterError} `registry-unreachable` — after `limitMs`; `closed` — when the owner has closed.
   */
  run<T>(limitMs: number, what: string, operate: (ending: Ending) => Promise<T>): Promise<T> {
    if (this.#state === 'closed') return Promise.reject(closed(what))
    const { lane, urgency } = this.#options
    const abort = new AbortController()
    return new Promise((resolve, reject) => {
      const settled = (): void => {
        cancelLimit()
        this.#underWay.delete(end)
      }
      const end = (why: ClusterError): void => {
        settled()
        withdraw()
        abort.abort(why)
        reject(why)
      }
      this.#underWay.add(end)
      const cancelLimit = this.#timers.deadline(limitMs, () => end(new ClusterError('registry-unreachable', `MongoDB did not answer ${what} within ${Math.round(limitMs)} ms`)))
      const begin = (): Promise<unknown> => {
        // A driver that throws at once must not keep the lane.
        const working = (async () => operate({ signal: abort.signal, maxTimeMS: Math.ceil(limitMs) }))().finally(settled)
        working.then(resolve, reject)
        return working
      }
      const withdraw = lane.take(urgency, begin)
    })
  }

  /** Ends every operation at once, and those that are asked for later. */
  close(): void {
    this.#state = 'closed'
    for (const end of this.#underWay) end(closed('an operation'))
  }
}

const closed = (what: string): ClusterError => new ClusterError('closed', `The cluster was closed before MongoDB answered ${what}`)
