import type { Document, Timestamp } from 'mongodb'
import type { Logger } from '@ddp-cluster/ddp-common'
import type { Clock, Timers } from '@ddp-cluster/ddp-common/internal'
import { CommandFeed } from './command-feed.js'
import type { Deployment } from './deployment.js'
import { type Change, type Feed, type FeedEvents, streamFeed } from './feed.js'
import type { Handles } from './handles.js'
import { type Ending, type Operations, patienceMs } from './operations.js'
import { type InstanceRecord, toRecord } from './record.js'

export interface WatchEvents {
  /** `databaseNow`: the database's time at which it was, in milliseconds since the epoch, a second less at most. */
  inserted(record: InstanceRecord, databaseNow: number | undefined): void
  deleted(id: string): void
  /** A stream stands now that was not there before, or something changed that the stream does not tell in full: read everything. */
  readNeeded(): void
}

/** A stream that was lost is opened again after this, and then twice as much each time. */
const firstRetryMs = 1000
/** A stream that has stood for so long was no refusal. */
const steadyMs = 10_000

/** Follows the collection by a change stream, and opens another whenever one is lost. */
export class Watch {
  readonly #handles: Handles
  readonly #timers: Timers
  readonly #events: WatchEvents
  readonly #logger: Logger
  readonly #name: string
  readonly #heartbeatIntervalMs: number
  readonly #operations: Operations
  /** How often it was lost since a stream last stood for a while. */
  #losses = 0
  #openedAt = Number.NEGATIVE_INFINITY
  readonly #clock: Clock
  #feed: Feed | undefined
  #closed = false

  constructor(handles: Handles, timers: Timers, events: WatchEvents, options: { name: string; clock: Clock; heartbeatIntervalMs: number; operations: Operations; logger: Logger }) {
    this.#handles = handles
    this.#timers = timers
    this.#events = events
    this.#name = options.name
    this.#clock = options.clock
    this.#heartbeatIntervalMs = options.heartbeatIntervalMs
    this.#operations = options.operations
    this.#logger = options.logger
  }

  /** Opens a stream. A read that is made after it stands misses nothing. */
  async open(deployment: Exclude<Deployment, 'standalone'>): Promise<void> {
    const events: FeedEvents = {
      changed: (change) => this.#changed(change),
      ended: (error) => this.#lost(deployment, error),
    }
    await (deployment === 'sharded' ? this.#openStream(events) : this.#openCommandFeed(events))
    this.#openedAt = this.#clock.now()
  }

  async #openStream(events: FeedEvents): Promise<void> {
    const from = await this.#operationTime()
    if (!this.#closed) this.#feed = streamFeed(this.#handles, from, this.#heartbeatIntervalMs, events)
  }

  /** The feed is known before its first command, so that `close()` ends that, too. */
  async #openCommandFeed(events: FeedEvents): Promise<void> {
    if (this.#closed) return
    const feed = new CommandFeed(this.#handles, this.#heartbeatIntervalMs, this.#clock, events)
    this.#feed = feed
    try {
      await feed.open()
    } catch (error) {
      this.#feed = undefined
      throw error
    }
  }

  /** Tells nothing and opens no other stream any more. */
  stop(): void {
    this.#closed = true
  }

  /** Never rejects. */
  async close(limitMs: number): Promise<void> {
    this.#closed = true
    await this.#feed?.close(limitMs)
  }

  #changed(change: Change): void {
    if (this.#closed) return
    switch (change.operationType) {
      case 'insert':
      case 'replace': {
        const record = toRecord(change.fullDocument)
        if (record?.name === this.#name) this.#events.inserted(record, change.clusterTime && change.clusterTime.getHighBitsUnsigned() * 1000)
        break
      }
      case 'delete':
        this.#events.deleted(change.documentKey._id)
        break
      default:
        this.#events.readNeeded()
    }
  }

  /** The driver opens its stream only later: from the deployment's present time on. */
  async #operationTime(): Promise<Timestamp | undefined> {
    const ping = ({ signal }: Ending): Promise<Document> => this.#handles.db.command({ ping: 1 }, { signal })
    const { operationTime } = await this.#operations.run(patienceMs(this.#heartbeatIntervalMs), 'the opening of the change stream', ping)
    return operationTime as Timestamp | undefined
  }

  /** The stream ended for good: resuming by token has failed. */
  #lost(deployment: Exclude<Deployment, 'standalone'>, error: unknown): void {
    if (this.#closed) return
    this.#feed = undefined
    if (this.#clock.now() - this.#openedAt >= steadyMs) this.#losses = 0
    const log = this.#losses === 0 ? 'warn' : 'debug'
    this.#logger[log]({ error: error instanceof Error ? error.message : undefined }, 'the change stream on the registry ended; opening another, and polling until one stands')
    this.#reopen(deployment)
  }

  /** Later each time, up to a heartbeat; and every time all is read, as nobody tells of what changed. */
  #reopen(deployment: Exclude<Deployment, 'standalone'>): void {
    if (this.#closed) return
    const delayMs = Math.min(firstRetryMs * 2 ** this.#losses, Math.max(firstRetryMs, this.#heartbeatIntervalMs))
    this.#losses += 1
    this.#timers.after(delayMs, () => {
      void this.open(deployment)
        .catch((error: unknown) => {
          if (this.#closed) return
          this.#logger.debug({ error: String(error) }, 'the change stream on the registry could not be opened yet')
          this.#reopen(deployment)
        })
        .then(() => this.#events.readNeeded())
    })
  }
}
