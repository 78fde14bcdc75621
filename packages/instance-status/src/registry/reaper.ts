import type { Logger } from '@ddp-cluster/ddp-common'
import type { Handles } from './handles.js'
import { type Ending, type Operations, patienceMs } from './operations.js'
import type { InstanceRecord } from './record.js'

/** Records that one operation deletes. */
const mostAtOnce = 500

/** Records beyond these are left to MongoDB's TTL index. */
const mostWaiting = 10_000

/** Deletes the records of instances that are gone, many at once, unless they have been renewed since they were seen. */
export class Reaper {
  readonly #handles: Handles
  readonly #operations: Operations
  readonly #heartbeatIntervalMs: number
  readonly #logger: Logger
  readonly #waiting = new Map<string, InstanceRecord>()
  #state: 'idle' | 'deleting' = 'idle'

  constructor(handles: Handles, operations: Operations, heartbeatIntervalMs: number, logger: Logger) {
    this.#handles = handles
    this.#operations = operations
    this.#heartbeatIntervalMs = heartbeatIntervalMs
    this.#logger = logger
  }

  reap(record: InstanceRecord): void {
    if (this.#waiting.size < mostWaiting) this.#waiting.set(record._id, record)
    if (this.#state === 'idle') void this.#delete()
  }

  /** Never rejects. */
  async #delete(): Promise<void> {
    this.#state = 'deleting'
    // Records that are reaped in the same turn are deleted together.
    await Promise.resolve()
    while (this.#waiting.size > 0) {
      const records = [...this.#waiting.values()].slice(0, mostAtOnce)
      for (const { _id } of records) this.#waiting.delete(_id)
      const seen = records.map(({ _id, _updatedAt }) => ({ _id, _updatedAt }))
      const remove = (ending: Ending): Promise<unknown> => this.#handles.instances.deleteMany({ $or: seen }, ending)
      await this.#operations.run(patienceMs(this.#heartbeatIntervalMs), 'the deletion of the records of departed instances', remove).catch((error: unknown) => {
        this.#logger.debug({ count: seen.length, error: String(error) }, 'the records of departed instances could not be deleted; MongoDB will expire them')
      })
    }
    this.#state = 'idle'
  }
}
