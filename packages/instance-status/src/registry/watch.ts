import type { ChangeStream, Document, Timestamp } from 'mongodb'
import type { Logger } from '@ddp-cluster/ddp-common'
import type { Clock, Timers } from '@ddp-cluster/ddp-common/internal'
import type { Handles, StringIdDocument } from './handles.js'
import { type Ending, type Operations, patienceMs } from './operations.js'
import { type InstanceRecord, toRecord } from './record.js'

export interface WatchEvents {
  /** `databaseNow`: the database's time at which it was, in milliseconds since the epoch, a second less at most. */
  inserted(record: InstanceRecord, databaseNow: number | undefined): void
  deleted(id: string): void
  /** A stream stands now that was not there before, or something changed that the stream does not tell in full: read everything. */
  readNeeded(): void
}

/**
 * Everything but heartbeats: an update that touches `_updatedAt` alone reaches nobody.
 * What is no update has no updated fields, and null is unlike any list.
 */
const pipeline = [
  { $match: { $expr: { $ne: [{ $map: { input: { $objectToArray: '$updateDescription.updatedFields' }, in: '$$this.k' } }, ['_updatedAt']] } } },
]

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
  #stream: ChangeStream<StringIdDocument> | undefined
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

  /** Opens the stream from the deployment's present time on, so that a read made after this one misses nothing. */
  async open(): Promise<void> {
    const ping = ({ signal }: Ending): Promise<Document> => this.#handles.db.command({ ping: 1 }, { signal })
    const { operationTime } = (await this.#operations.run(patienceMs(this.#heartbeatIntervalMs), 'the opening of the change stream', ping)) as { operationTime?: Timestamp }
    if (this.#closed) return
    // An empty answer need not come often.
    const options = { maxAwaitTimeMS: this.#heartbeatIntervalMs }
    const stream = this.#handles.instances.watch(pipeline, operationTime ? { ...options, startAtOperationTime: operationTime } : options)
    this.#stream = stream
    this.#openedAt = this.#clock.now()
    stream.on('change', (change) => {
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
    })
    stream.on('error', (error) => this.#lost(stream, error))
    stream.on('close', () => this.#lost(stream, undefined))
  }

  /** Tells nothing and opens no other stream any more. */
  stop(): void {
    this.#closed = true
  }

  async close(): Promise<void> {
    this.#closed = true
    await this.#stream?.close()
  }

  /** The driver has resumed by token what it could; what reaches us here is over. */
  #lost(stream: ChangeStream<StringIdDocument>, error: Error | undefined): void {
    if (this.#closed || this.#stream !== stream) return
    this.#stream = undefined
    if (this.#clock.now() - this.#openedAt >= steadyMs) this.#losses = 0
    const log = this.#losses === 0 ? 'warn' : 'debug'
    this.#logger[log]({ error: error?.message }, 'the change stream on the registry ended; opening another, and polling until one stands')
    // The next one is opened when this one has given back its connection: its killCursors may hang.
    void stream.close().catch(() => undefined).then(() => this.#reopen())
  }

  /** Later each time, up to a heartbeat; and every time all is read, as nobody tells of what changed. */
  #reopen(): void {
    if (this.#closed) return
    const delayMs = Math.min(firstRetryMs * 2 ** this.#losses, Math.max(firstRetryMs, this.#heartbeatIntervalMs))
    this.#losses += 1
    this.#timers.after(delayMs, () => {
      void this.open()
        .catch((error: unknown) => {
          if (this.#closed) return
          this.#logger.debug({ error: String(error) }, 'the change stream on the registry could not be opened yet')
          this.#reopen()
        })
        .then(() => this.#events.readNeeded())
    })
  }
}
