import type { Document } from 'mongodb'
import { isRandomId } from '@ddp-cluster/ddp-common'
import type { Handles } from '../registry/handles.js'
import type { Ending } from '../registry/operations.js'
import type { OwnFacts } from '../registry/own-record.js'

/** Row about an instance for the clean-up after it: written before the instance registers, deleted when every handler is done. */
export interface DepartureRow {
  readonly id: string
  readonly pid: number
  readonly extraInformation: Readonly<Record<string, unknown>>
  /** Database time of its last registration: the row of one that registers again is another row. */
  readonly joinedAt: Date
  readonly heartbeatIntervalMs: number
  /** Whether the instance said goodbye. */
  readonly goodbye: boolean
  /** Somebody noted that it is gone: from then on the row is forgotten in seven days. */
  readonly noted: boolean
  /** The `_updatedAt` of its record, in milliseconds since the epoch; undefined when there is no record. */
  readonly recordMovedAt: number | undefined
}

const forgottenAfterSeconds = 7 * 24 * 60 * 60

/** More rows than this are looked at when these are done. */
const rowsAtOnce = 1000

/** The collection `<collectionName>_departures`, as one instance uses it. */
export class DepartureRows {
  readonly #handles: Handles
  readonly #facts: OwnFacts
  readonly #heartbeatIntervalMs: number

  constructor(handles: Handles, facts: OwnFacts, heartbeatIntervalMs: number) {
    this.#handles = handles
    this.#facts = facts
    this.#heartbeatIntervalMs = heartbeatIntervalMs
  }

  /** MongoDB forgets rows that nobody cleans up after; those of instances that live have no `leftAt`. */
  async ensureIndex(ending: Ending): Promise<void> {
    await this.#handles.departures.createIndex({ leftAt: 1 }, { expireAfterSeconds: forgottenAfterSeconds, ...ending })
  }

  /** Writes the own row, as of now. */
  async enter(ending: Ending): Promise<void> {
    const { _id, name, pid, extraInformation } = this.#facts
    const set = { name: { $literal: name }, pid, extraInformation: { $literal: extraInformation }, heartbeatIntervalMs: this.#heartbeatIntervalMs, joinedAt: '$$NOW' }
    await this.#handles.departures.updateOne({ _id }, [{ $set: set }, { $unset: ['leftAt', 'goodbye'] }], { upsert: true, ...ending })
  }

  /** Says in the own row that this instance left. */
  async sayGoodbye(ending: Ending): Promise<void> {
    await this.#handles.departures.updateOne({ _id: this.#facts._id }, { $set: { goodbye: true }, $currentDate: { leftAt: true } }, ending)
  }

  /** Everyone else's rows, with what the registry has of them: one read. */
  async read(ending: Ending): Promise<DepartureRow[]> {
    const { departures, instances } = this.#handles
    const documents = await departures
      .aggregate(
        [
          { $match: { name: this.#facts.name, _id: { $ne: this.#facts._id } } },
          { $sort: { joinedAt: 1 } },
          { $limit: rowsAtOnce },
          { $lookup: { from: instances.collectionName, localField: '_id', foreignField: '_id', as: 'record' } },
          { $set: { recordMovedAt: { $arrayElemAt: ['$record._updatedAt', 0] }, record: '$$REMOVE' } },
        ],
        // A single batch: a getMore takes no signal.
        { batchSize: rowsAtOnce + 1, ...ending },
      )
      .toArray()
    return documents.map(toRow).filter((row) => row !== undefined)
  }

  /** Notes that these have no record any more; not of one that has written its row anew meanwhile. */
  async note(rows: readonly DepartureRow[], ending: Ending): Promise<void> {
    const seen = rows.map(({ id, joinedAt }) => ({ _id: id, joinedAt }))
    await this.#handles.departures.updateMany({ leftAt: { $exists: false }, $or: seen }, { $currentDate: { leftAt: true } }, ending)
  }

  /** Deletes the record of a row as it was seen. Whether there is none any more: false when it was renewed. */
  async reap({ id, recordMovedAt }: DepartureRow, ending: Ending): Promise<boolean> {
    if (recordMovedAt === undefined) return true
    const { deletedCount } = await this.#handles.instances.deleteOne({ _id: id, _updatedAt: new Date(recordMovedAt) }, ending)
    return deletedCount === 1
  }

  /** The clean-up is done; a row that its instance wrote anew meanwhile stays. */
  async remove({ id, joinedAt }: DepartureRow, ending: Ending): Promise<void> {
    await this.#handles.departures.deleteOne({ _id: id, joinedAt }, ending)
  }
}

function toRow(document: Document): DepartureRow | undefined {
  const { _id, pid, extraInformation, joinedAt, heartbeatIntervalMs, goodbye, leftAt, recordMovedAt } = document as Record<string, unknown>
  if (!isRandomId(_id) || typeof pid !== 'number' || !(joinedAt instanceof Date) || !isObject(extraInformation)) return undefined
  if (typeof heartbeatIntervalMs !== 'number' || !(heartbeatIntervalMs > 0)) return undefined
  return {
    id: _id, pid, extraInformation, joinedAt, heartbeatIntervalMs,
    goodbye: goodbye === true,
    noted: leftAt !== undefined,
    recordMovedAt: recordMovedAt instanceof Date ? recordMovedAt.getTime() : undefined,
  }
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null
