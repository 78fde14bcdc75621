import type { Collection, Db, Document } from 'mongodb'
import { type Lanes, openLanes } from './lane.js'

/** A document whose `_id` is ours to choose. */
export interface StringIdDocument extends Document {
  _id: string
}

/** The collections of one cluster, with settings of our own: what the application set on its handle does not reach us. */
export interface Handles {
  readonly db: Db
  /** Records, one for each running instance. */
  readonly instances: Collection<StringIdDocument>
  /** Settings of the cluster: its secret. */
  readonly settings: Collection<StringIdDocument>
  /** Leases and their holders. Documents are never deleted. */
  readonly leases: Collection<StringIdDocument>
  /** Rows of instances for the clean-up after them. */
  readonly departures: Collection<StringIdDocument>
  /** The connections that operations on all of these use. */
  readonly lanes: Lanes
  /** Size limit of the application's connection pool; 0 for none. */
  readonly maxPoolSize: number
}

/** Default of the driver. */
const defaultPoolSize = 100

/** Reads go to the primary, and writes survive a failover. */
export function openHandles(db: Db, collectionName: string): Handles {
  const maxPoolSize = db.client?.options?.maxPoolSize ?? defaultPoolSize
  const options = {
    readPreference: 'primary',
    readConcern: { level: 'majority' },
    writeConcern: { w: 'majority' },
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
    lanes: openLanes(maxPoolSize),
    maxPoolSize,
  }
}
