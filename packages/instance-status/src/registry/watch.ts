import type { ChangeStream, Timestamp } from 'mongodb'
import type { Logger } from '@ddp-cluster/ddp-common'
import type { Timers } from '@ddp-cluster/ddp-common/internal'
import type { Handles, StringIdDocument } from './handles.js'
import { type InstanceRecord, toRecord } from './record.js'

export interface WatchEvents {
  inserted(record: InstanceRecord): void
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

/** Follows the collection by a change stream, and opens another whenever one is lost. */
export class Watch {
  readonly #handles: Handles
  readonly #timers: Timers
  readonly #events: WatchEvents
  readonly #logger: Logger
  readonly #name: string
  readonly #retryDelayMs: number
  readonly #maxAwaitMs: number
  #stream: ChangeStream<StringIdDocument> | undefined
  #closed = false

  constructor(handles: Handles, timers: Timers, events: WatchEvents, options: { name: string; retryDelayMs: number; maxAwaitMs: number; logger: Logger }) {
    this.#handles = handles
    this.#timers = timers
    this.#events = events
    this.#name = options.name
    this.#retryDelayMs = options.retryDelayMs
    this.#maxAwaitMs = options.maxAwaitMs
    this.#logger = options.logger
  }

  /** Opens the stream from the deployment's present time on, so that a read made after this one misses nothing. */
  async open(): Promise<void> {
    const { operationTime } = (await this.#handles.db.command({ ping: 1 })) as { operationTime?: Timestamp }
    if (this.#closed) return
    // A stream waits for as long as it takes: no time limit of ours applies to it, and an empty-handed answer need not come often.
    const options = { timeoutMS: 0, maxAwaitTimeMS: this.#maxAwaitMs }
    const stream = this.#handles.instances.watch(pipeline, operationTime ? { ...options, startAtOperationTime: operationTime } : options)
    this.#stream = stream
    stream.on('change', (change) => {
      switch (change.operationType) {
        case 'insert':
        case 'replace': {
          const record = toRecord(change.fullDocument)
          if (record?.name === this.#name) this.#events.inserted(record)
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

  async close(): Promise<void> {
    this.#closed = true
    await this.#stream?.close()
  }

  /** The driver has resumed by token what it could; what reaches us here is over. */
  #lost(stream: ChangeStream<StringIdDocument>, error: Error | undefined): void {
    if (this.#closed || this.#stream !== stream) return
    this.#stream = undefined
    this.#logger.warn({ error: error?.message }, 'the change stream on the registry ended; opening another')
    void stream.close().catch(() => undefined)
    this.#reopen()
  }

  #reopen(): void {
    this.#timers.after(this.#retryDelayMs, () => {
      void this.open().then(
        () => this.#events.readNeeded(),
        (error: unknown) => {
          if (this.#closed) return
          this.#logger.debug({ error: String(error) }, 'the change stream on the registry could not be opened yet')
          this.#reopen()
        },
      )
    })
  }
}
