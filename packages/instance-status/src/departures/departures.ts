import type { Logger } from '@ddp-cluster/ddp-common'
import { type Clock, Timers } from '@ddp-cluster/ddp-common/internal'
import { ClusterError } from '../errors.js'
import type { Leases } from '../leases/leases.js'
import { TimeLimit } from '../registry/time-limit.js'
import { Absences, type Finding } from './absences.js'
import { CleanUp, type DepartureHandler } from './clean-up.js'
import type { DepartureRows } from './departure-rows.js'

export interface DeparturesOptions {
  readonly rows: DepartureRows
  readonly leases: Leases
  readonly isMember: (id: string) => boolean
  readonly heartbeatIntervalMs: number
  readonly clock: Clock
  readonly random: () => number
  readonly logger: Logger
}

/** Who waits for another to clean up looks whether that is done: after a quarter of a heartbeat, then later and later, */
const firstRecheck = 0.25
/** and at last this often. */
const longestRecheckMs = 60_000

/** Of many who hear at once that somebody left, not all look at once: most find that it is done. A share of the heartbeat. */
const spread = 0.1

/**
 * Knows who is gone for good, and has it cleaned up after: each is handed to every handler, on one instance at a time, until all have resolved. At rest it
 * costs nothing: it looks when somebody left, and when it begins.
 */
export class Departures {
  readonly #options: DeparturesOptions
  readonly #timers: Timers
  readonly #limit: TimeLimit
  readonly #absences = new Absences()
  readonly #handlers = new Set<DepartureHandler>()
  readonly #cleanUp: CleanUp
  #indexed: Promise<void> | undefined
  #nextLook: { readonly at: number; readonly cancel: () => void } | undefined
  #rechecks = 0
  #state: 'open' | 'closed' = 'open'

  constructor(options: DeparturesOptions) {
    this.#options = options
    const { rows, leases, heartbeatIntervalMs, clock, random, logger } = options
    this.#timers = new Timers(clock)
    this.#limit = new TimeLimit(clock)
    this.#cleanUp = new CleanUp({ rows, leases, heartbeatIntervalMs, clock, random, logger, handlers: this.#handlers, look: () => this.#look() })
  }

  /** Writes the own row: before each registration, as others may depend on this instance from then on. */
  async enter(): Promise<void> {
    const { rows, logger } = this.#options
    this.#indexed ??= rows.ensureIndex().catch((error: unknown) => {
      logger.warn({ error: String(error) }, 'the index that has departures forgotten after seven days could not be made')
    })
    await this.#indexed
    await rows.enter()
  }

  /** This instance has joined, and knows who is a member: those who left before are noted, also when nobody cleans up. */
  joined(): void {
    this.#lookIn(0)
  }

  /** Throws a `ClusterError` `closed` or `invalid-option`. */
  onLeft(handler: DepartureHandler): () => void {
    if (this.#state === 'closed') throw new ClusterError('closed', 'the cluster was closed; nobody is cleaned up after any more')
    if (typeof handler !== 'function') throw new ClusterError('invalid-option', 'onLeft() takes a function')
    // A wrapper, so that a handler that is given twice is called twice.
    const entry: DepartureHandler = (departure) => handler(departure)
    this.#handlers.add(entry)
    this.#lookIn(0)
    return () => void this.#handlers.delete(entry)
  }

  /** An instance is no member any more. */
  left(id: string): void {
    this.#absences.left(id)
    const { random, heartbeatIntervalMs } = this.#options
    if (this.#handlers.size > 0) this.#lookIn(random() * heartbeatIntervalMs * spread)
  }

  /** Says goodbye in the own row, and ends a clean-up that runs here. Takes no longer than `timeoutMs`, and never rejects. */
  async close(timeoutMs: number): Promise<void> {
    if (this.#state === 'closed') return
    this.#state = 'closed'
    this.#timers.clear()
    const goodbye = this.#limit.run(timeoutMs, 'saying goodbye', this.#options.rows.sayGoodbye())
    await Promise.allSettled([goodbye, this.#cleanUp.end(timeoutMs)])
    this.#limit.close()
  }

  /** Looks once, soon enough for everybody who asked for it. */
  #lookIn(delayMs: number): void {
    const at = this.#options.clock.now() + delayMs
    if (this.#state === 'closed' || (this.#nextLook && this.#nextLook.at <= at)) return
    this.#nextLook?.cancel()
    const cancel = this.#timers.after(delayMs, () => {
      this.#nextLook = undefined
      void this.#lookAndSee()
    })
    this.#nextLook = { at, cancel }
  }

  /** Never rejects. */
  async #lookAndSee(): Promise<void> {
    const { logger, heartbeatIntervalMs } = this.#options
    try {
      const { gone, nextLookMs } = await this.#look()
      if (this.#handlers.size === 0) return
      if (gone.length > 0) this.#cleanUp.begin()
      else this.#cleanUp.rest()
      this.#rechecks = gone.length > 0 ? this.#rechecks + 1 : 0
      if (nextLookMs !== undefined) this.#lookIn(nextLookMs)
      if (gone.length > 0 && !this.#cleanUp.isRunning) this.#lookIn(Math.min(longestRecheckMs, heartbeatIntervalMs * firstRecheck * 2 ** this.#rechecks))
    } catch (error) {
      logger.debug({ error: String(error) }, 'departures could not be looked at yet')
      this.#lookIn(heartbeatIntervalMs)
    }
  }

  async #look(): Promise<Finding> {
    const { rows, isMember, clock, heartbeatIntervalMs } = this.#options
    const all = await this.#limit.run(heartbeatIntervalMs, 'reading the departures', rows.read())
    const absent = all.filter(({ id, noted, recordMovedAt }) => !noted && recordMovedAt === undefined && !isMember(id))
    if (absent.length > 0) await this.#limit.run(heartbeatIntervalMs, 'noting departures', rows.note(absent))
    return this.#absences.note(all, isMember, clock.now())
  }
}
