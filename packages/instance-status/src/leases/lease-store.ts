import type { Collection, Document } from 'mongodb'
import { isCommandError } from '../registry/deployment.js'
import type { StringIdDocument } from '../registry/handles.js'
import type { Ending } from '../registry/operations.js'

/** The document of a lease as MongoDB had it at `now`, its own time. A lease that nobody ever held has token 0 and no holder. */
export interface LeaseRow {
  /** Grows by one with every change of holder, and never shrinks. */
  readonly token: number
  /** Grows with every renewal and release: with the token, it says whether anything happened. */
  readonly renewal: number
  /** Holder of the lease, until `expiresAt`; undefined after a release. */
  readonly holder: string | undefined
  readonly ttlMs: number
  /** Database time, as milliseconds since the epoch. */
  readonly expiresAt: number
  readonly now: number
}

const duplicateKey = 11000

/** MongoDB operations of one contender on one lease. Documents are never deleted: the token would begin again. */
export class LeaseStore {
  readonly #leases: Collection<StringIdDocument>
  readonly #id: string
  readonly #holder: string

  constructor(leases: Collection<StringIdDocument>, id: string, holder: string) {
    this.#leases = leases
    this.#id = id
    this.#holder = holder
  }

  /** Reads the lease, in one operation. */
  async look(ending: Ending): Promise<LeaseRow> {
    // The time comes also when there is no document.
    const [found] = await this.#leases.aggregate([{ $match: { _id: this.#id } }, { $addFields: { now: '$$NOW' } }], ending).toArray()
    return found ? rowOf(found) : { token: 0, renewal: 0, holder: undefined, ttlMs: 0, expiresAt: 0, now: 0 }
  }

  /**
   * Takes the lease if it is still as `seen`; resolves with the new token, or undefined. MongoDB refuses `$expr` in the predicate of an upsert, so the
   * document is found by its `_id` alone and the pipeline decides.
   */
  async take(seen: LeaseRow, ttlMs: number, ending: Ending): Promise<number | undefined> {
    const untouched = { $and: [{ $eq: [{ $ifNull: ['$token', 0] }, seen.token] }, { $eq: [{ $ifNull: ['$renewal', 0] }, seen.renewal] }] }
    const ours: Document = { token: seen.token + 1, renewal: 0, holder: { $literal: this.#holder }, ttlMs, expiresAt: { $add: ['$$NOW', ttlMs] } }
    const decided = Object.fromEntries(Object.entries(ours).map(([key, value]) => [key, { $cond: [untouched, value, `$${key}`] }]))
    try {
      const after = await this.#leases.findOneAndUpdate({ _id: this.#id }, [{ $set: decided }], { upsert: true, returnDocument: 'after', ...ending })
      return after?.['holder'] === this.#holder && after['token'] === seen.token + 1 ? seen.token + 1 : undefined
    } catch (error) {
      // Two upserts of one _id at one moment: the other one has it.
      if (isCommandError(error, duplicateKey)) return undefined
      throw error
    }
  }

  /** Renews the lease in one write; answers whether it is still ours. */
  async renew(token: number, ttlMs: number, ending: Ending): Promise<boolean> {
    const renewed = [{ $set: { renewal: { $add: ['$renewal', 1] }, expiresAt: { $add: ['$$NOW', ttlMs] } } }]
    const { matchedCount } = await this.#leases.updateOne({ _id: this.#id, holder: this.#holder, token }, renewed, ending)
    return matchedCount === 1
  }

  /** Gives it back, if it is ours. */
  async release(ending: Ending): Promise<void> {
    await this.#leases.updateOne({ _id: this.#id, holder: this.#holder }, { $unset: { holder: '' }, $inc: { renewal: 1 } }, ending)
  }
}

/** Throws for a document that somebody else has changed: to guess a token could have it shrink. */
function rowOf(document: Document): LeaseRow {
  const { token, renewal, holder, ttlMs, expiresAt, now } = document as Record<string, unknown>
  const right = isCount(token) && isCount(renewal) && (holder === undefined || typeof holder === 'string') && typeof ttlMs === 'number'
  if (!right || !(expiresAt instanceof Date) || !(now instanceof Date)) throw new Error(`the document of the lease ${String(document['_id'])} is not as a lease is`)
  return { token, renewal, holder, ttlMs, expiresAt: expiresAt.getTime(), now: now.getTime() }
}

const isCount = (value: unknown): value is number => typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
