import type { Logger } from '@ddp-cluster/ddp-common'
import { type Clock, Timers } from '@ddp-cluster/ddp-common/internal'
import { ClusterError } from '../errors.js'
import type { Leases } from '../leases/leases.js'
import { type Lane, urgency } from '../registry/lane.js'
import { type Ending, Operations } from '../registry/operations.js'
import { Absences, type Finding } from './absences.js'
import { CleanUp, type DepartureHandler } from './clean-up.js'
import type { DepartureRows } from './departure-rows.js'

export interface DeparturesOptions {
  readonly rows: DepartureRows
  readonly lane: Lane
  readonly leases: Leases
  readonly isMember: (id: string) => boolean
  readonly heartbeatIntervalMs: number
  readonly clock: Clock
  readonly random: () => number
  readonly logger: Logger
}

/** First delay before checking whether another instance has cleaned up, in heartbeats; it grows from check to check, */
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
  readonly #operations: Operations
  readonly #absences = new Absences()
  readonly #handlers = new Set<DepartureHandler>()
  readonly #cleanUp: CleanUp
  #nextLook: { readonly at: number; readonly cancel: () => void } | undefined
  #rechecks = 0
  #state: 'open' | 'closed' = 'open'

  constructor(options: DeparturesOptions) {
    this.#options = options
    const { rows, lane, leases, heartbeatIntervalMs, clock, random, logger } = options
    this.#timers = new Timers(clock)
    this.#operations = new Operations({ clock, lane, urgency: urgency.upkeep })
    this.#cleanUp = new CleanUp({ rows, operations: this.#operations, leases, heartbeatIntervalMs, clock, random, logger, handlers: this.#handlers, look: () => this.#look() })
  }

  /** Makes the index that has departures forgotten: before each registration, as with the whole database it may have been dropped. */
  async ensureIndex(ending: Ending): Promise<void> {
    const { rows, logger } = this.#options
    await rows.ensureIndex(ending).catch((error: unknown) => {
      logger.warn({ error: String(error) }, 'the index that has departures forgotten after seven days could not be made')
    })
  }

  /** Writes the own row: before each registration, as others may depend on this instance from then on. */
  async enter(ending: Ending): Promise<void> {
    await this.#options.rows.enter(ending)
  }

  /** Notes the instances that left earlier, now that this one has joined and knows the members; also when nobody cleans up. */
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
    const goodbye = this.#operations.run(timeoutMs, 'saying goodbye', (ending) => this.#options.rows.sayGoodbye(ending))
    await Promise.allSettled([goodbye, this.#cleanUp.end(timeoutMs)])
    this.#operations.close()
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
    const all = await this.#operations.run(heartbeatIntervalMs, 'reading the departures', (ending) => rows.read(ending))
    const absent = all.filter(({ id, noted, recordMovedAt }) => !noted && recordMovedAt === undefined && !isMember(id))
    if (absent.length > 0) await this.#operations.run(heartbeatIntervalMs, 'noting departures', (ending) => rows.note(absent, ending))
    return this.#absences.note(all, isMember, clock.now())
  }
}
