import type { Logger } from '@ddp-cluster/ddp-common'
import { backoffDelayMs, type Clock, Timers } from '@ddp-cluster/ddp-common/internal'
import type { LeaseKeeper } from '../leases/lease.js'
import type { Leases } from '../leases/leases.js'
import { type Operations, patienceMs } from '../registry/operations.js'
import { TimeLimit } from '../registry/time-limit.js'
import { textOf } from '../text-of.js'
import type { Finding } from './absences.js'
import type { DepartureRow, DepartureRows } from './departure-rows.js'

/** Instance that is gone for good, as a handler of `onLeft()` gets it. */
export interface Departure {
  /** Id of the instance. */
  readonly id: string
  /** Process id on its host. */
  readonly pid: number
  /** Facts of its record: `host`, `port`, and those that the application added. */
  readonly extraInformation: Readonly<Record<string, unknown>>
  /** Database time of its last registration. */
  readonly joinedAt: Date
  /** Fencing token of this clean-up. Tokens only grow: reject a write with a smaller one, it comes from an instance that was suspended meanwhile. */
  readonly token: number
  /** Signal that aborts when this instance must stop cleaning up: it closes, or another one may have begun anew. */
  readonly signal: AbortSignal
}

/**
 * Handler that cleans up after an instance. A handler that rejects is called again, with growing delays; no other departure is handled until it has settled. A handler
 * that settles after its `signal` aborted is called again too, on the instance that cleans up next.
 */
export type DepartureHandler = (departure: Departure) => unknown

export interface CleanUpOptions {
  readonly rows: DepartureRows
  readonly operations: Operations
  readonly leases: Leases
  readonly handlers: ReadonlySet<DepartureHandler>
  /** Reads all rows anew. */
  readonly look: () => Promise<Finding>
  readonly heartbeatIntervalMs: number
  readonly clock: Clock
  readonly random: () => number
  readonly logger: Logger
}

interface Failure {
  readonly attempts: number
  /** Monotonic. */
  readonly retryAt: number
}

const leaseName = 'cluster.departures'
const shortestTtlMs = 1000
const longestTtlMs = 15_000
const longestRetryMs = 60_000
/** A handler that takes longer holds up everyone else's departure: that is said, as nobody could begin anew while it may be at work. */
const handlerPatienceMs = 60_000

/** The one in the cluster that hands departures to the handlers: it holds a lease while there are any, and only then. */
export class CleanUp {
  readonly #options: CleanUpOptions
  readonly #timers: Timers
  readonly #limit: TimeLimit
  readonly #failures = new Map<string, Failure>()
  readonly #closing = new AbortController()
  #lease: LeaseKeeper | undefined
  #running: Promise<void> | undefined
  #wake: () => void = () => undefined

  constructor(options: CleanUpOptions) {
    this.#options = options
    this.#timers = new Timers(options.clock)
    this.#limit = new TimeLimit(options.clock)
  }

  /** Requests the lease, as some instance has to clean up; does nothing if it is requested already. */
  begin(): void {
    this.#wake()
    if (this.#lease || this.#closing.signal.aborted) return
    const ttlMs = Math.min(longestTtlMs, Math.max(shortestTtlMs, this.#options.heartbeatIntervalMs))
    const lease = this.#options.leases.openOwn(leaseName, ttlMs)
    this.#lease = lease
    lease.on('acquired', ({ token }) => {
      // A handler of the time before the lease was lost may be at work yet.
      this.#running = (this.#running ?? Promise.resolve()).then(() => this.#run(lease, token))
      const running = this.#running
      void running.then(() => {
        if (this.#running === running) this.#running = undefined
      })
    })
  }

  /** Releases the lease, as nothing is left to do. */
  rest(): void {
    if (this.isRunning) return
    void this.#lease?.release()
    this.#lease = undefined
  }

  /** Whether this instance is the one that cleans up. */
  get isRunning(): boolean {
    return this.#lease?.held === true || this.#running !== undefined
  }

  /** Aborts what runs and waits for it. If that takes longer than `timeoutMs` the lease is left to expire, so that nobody else begins before. Never rejects. */
  async end(timeoutMs: number): Promise<void> {
    this.#closing.abort()
    this.#wake()
    const inTime = await this.#limit.run(timeoutMs, 'a clean-up', this.#running ?? Promise.resolve()).then(() => true, () => false)
    if (inTime) await this.#lease?.release()
    else this.#lease?.abandon()
    this.#timers.clear()
    this.#limit.close()
  }

  /** Never rejects. */
  async #run(lease: LeaseKeeper, token: number): Promise<void> {
    const { look, logger, clock, heartbeatIntervalMs, handlers } = this.#options
    const lost = new AbortController()
    const forget = lease.on('lost', () => {
      lost.abort()
      this.#wake()
    })
    const signal = AbortSignal.any([lost.signal, this.#closing.signal])
    while (lease.token === token && !signal.aborted && handlers.size > 0) {
      try {
        const { gone, nextLookMs } = await look()
        const now = clock.now()
        for (const id of this.#failures.keys()) if (!gone.some((row) => row.id === id)) this.#failures.delete(id)
        const row = gone.find(({ id }) => (this.#failures.get(id)?.retryAt ?? now) <= now)
        const waits = [...gone.map(({ id }) => (this.#failures.get(id)?.retryAt ?? now) - now), ...(nextLookMs === undefined ? [] : [nextLookMs])]
        if (row) await this.#cleanUpAfter(row, lease, token, signal)
        else if (waits.length > 0) await this.#pause(Math.min(...waits), signal)
        else break
      } catch (error) {
        logger.warn({ error: String(error) }, 'MongoDB does not answer about departures')
        await this.#pause(heartbeatIntervalMs, signal)
      }
    }
    forget()
    // A lost lease is requested again by itself.
    if (lease.token !== token) return
    this.#lease = undefined
    await lease.release()
  }

  async #cleanUpAfter(row: DepartureRow, lease: LeaseKeeper, token: number, signal: AbortSignal): Promise<void> {
    const { rows, operations, heartbeatIntervalMs, handlers, logger, clock, random } = this.#options
    // Renewed in the last moment: it lives.
    if (!(await operations.run(patienceMs(heartbeatIntervalMs), 'deleting the record of a departed instance', (ending) => rows.reap(row, ending)))) return
    const { id, pid, extraInformation, joinedAt } = row
    const isOver = (): boolean => signal.aborted || lease.token !== token
    const stopWarning = this.#timers.after(handlerPatienceMs, () => logger.warn({ instance: id, patienceMs: handlerPatienceMs }, 'a handler of onLeft has not ended yet; other departures wait for it'))
    try {
      for (const handler of Array.from(handlers)) {
        if (isOver()) return
        await handler({ id, pid, extraInformation, joinedAt, token, signal })
      }
      // Whether the last came to its end, or stopped because it was asked to, nobody knows: whoever holds the lease next begins anew.
      if (isOver()) return
    } catch (error) {
      if (signal.aborted) return
      const attempts = (this.#failures.get(id)?.attempts ?? 0) + 1
      const delayMs = backoffDelayMs(attempts, random(), { maxMs: longestRetryMs })
      this.#failures.set(id, { attempts, retryAt: clock.now() + delayMs })
      logger.error({ instance: id, attempts, retryMs: Math.round(delayMs), error: textOf(error) }, 'a handler of onLeft failed; it is called again')
      return
    } finally {
      stopWarning()
    }
    this.#failures.delete(id)
    await operations.run(patienceMs(heartbeatIntervalMs), 'deleting the row of a departed instance', (ending) => rows.remove(row, ending))
    logger.info({ instance: id }, 'the clean-up after an instance is done')
  }

  #pause(ms: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return Promise.resolve()
    return new Promise((resolve) => {
      const cancel = this.#timers.after(ms, resolve)
      this.#wake = () => {
        cancel()
        resolve()
      }
    })
  }
}
