import type { Document } from 'mongodb'
import { isCommandError } from './deployment.js'
import type { Handles } from './handles.js'
import type { Ending } from './operations.js'
import type { InstanceRecord } from './record.js'

/** Facts of the own record; MongoDB adds the times. */
export type OwnFacts = Omit<InstanceRecord, '_createdAt' | '_updatedAt'>

/** Database times of the own record. */
export interface RecordTimes {
  readonly createdAt: Date
  readonly updatedAt: Date
}

const duplicateKey = 11000

/** Writes, renews and removes the record of this process. Every time in it is the database's. */
export class OwnRecord {
  readonly #handles: Handles
  readonly #facts: OwnFacts
  #createdAt: Date | undefined

  constructor(handles: Handles, facts: OwnFacts) {
    this.#handles = handles
    this.#facts = facts
  }

  /** Writes the whole record; one that was there before, or was lost since, keeps its first `_createdAt`. */
  async register(ending: Ending): Promise<RecordTimes> {
    const { _id, ...facts } = this.#facts
    const literals = Object.fromEntries(Object.entries(facts).map(([key, value]) => [key, { $literal: value }]))
    const first = this.#createdAt ? { $literal: this.#createdAt } : { $ifNull: ['$_createdAt', '$$NOW'] }
    const write = (): Promise<Document | null> =>
      this.#handles.instances.findOneAndUpdate(
        { _id },
        [{ $set: { _createdAt: first, _updatedAt: '$$NOW', ...literals } }],
        { upsert: true, returnDocument: 'after', projection: { _createdAt: 1, _updatedAt: 1 }, ...ending },
      )
    // Two upserts of one _id at one moment: MongoDB lets one insert and tells the other.
    const written = await write().catch((error: unknown) => {
      if (isCommandError(error, duplicateKey)) return write()
      throw error
    })
    return this.#times(written)
  }

  /**
   * One heartbeat: renews `_updatedAt`. Resolves with undefined when the record is lost, and has to be written again. `$currentDate` reads the same clock as `$$NOW`, and its
   * change event tells of the one field; before MongoDB 5.0 that of a pipeline holds the whole document, and would wake every peer.
   */
  async renew(ending: Ending): Promise<RecordTimes | undefined> {
    const renewed = await this.#handles.instances.findOneAndUpdate(
      { _id: this.#facts._id },
      { $currentDate: { _updatedAt: true } },
      { returnDocument: 'after', projection: { _createdAt: 1, _updatedAt: 1 }, ...ending },
    )
    return renewed ? this.#times(renewed) : undefined
  }

  async remove(ending: Ending): Promise<void> {
    await this.#handles.instances.deleteOne({ _id: this.#facts._id }, ending)
  }

  #times(document: Document | null): RecordTimes {
    const createdAt: unknown = document?.['_createdAt']
    const updatedAt: unknown = document?.['_updatedAt']
    if (!(createdAt instanceof Date) || !(updatedAt instanceof Date)) throw new Error('MongoDB answered the registration without its times')
    this.#createdAt ??= createdAt
    return { createdAt, updatedAt }
  }
}

