import type { Collection, Db, Document } from 'mongodb'

/** A document whose `_id` is ours to choose. */
export interface StringIdDocument extends Document {
  _id: string
}

/** The collections of one cluster, with settings of our own: what the application set on its handle does not reach us. */
export interface Handles {
  readonly db: Db
  /** One record a running instance. */
  readonly instances: Collection<StringIdDocument>
  /** What the cluster keeps: its secret. */
  readonly settings: Collection<StringIdDocument>
  /** Who holds which lease. Never deleted. */
  readonly leases: Collection<StringIdDocument>
  /** What instances leave behind for the clean-up after them. */
  readonly departures: Collection<StringIdDocument>
}

/** No operation is left to itself for longer than a heartbeat, or than this. */
const leastTimeoutMs = 5000

/** Nothing is read from a secondary, and what was written is there after a failover. */
export function openHandles(db: Db, collectionName: string, heartbeatIntervalMs: number): Handles {
  const options = {
    readPreference: 'primary',
    readConcern: { level: 'majority' },
    writeConcern: { w: 'majority' },
    timeoutMS: Math.max(heartbeatIntervalMs, leastTimeoutMs),
    raw: false,
    promoteValues: true,
    promoteLongs: true,
    promoteBuffers: false,
    useBigInt64: false,
    bsonRegExp: false,
  } as const
  return {
    db,
    instances: db.collection<StringIdDocument>(collectionName, options),
    settings: db.collection<StringIdDocument>(`${collectionName}_settings`, options),
    leases: db.collection<StringIdDocument>(`${collectionName}_leases`, options),
    departures: db.collection<StringIdDocument>(`${collectionName}_departures`, options),
  }
}
