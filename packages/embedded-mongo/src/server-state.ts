import { ObjectId } from 'bson'
import { Cursors } from './cursors.js'
import { Sessions } from './sessions.js'
import { FailPoints } from './fail-points.js'
import type { EmbeddedClock } from './clock.js'
import type { Store } from './storage/store.js'

/** How many connections are held at most. */
export const maxConnections = 20_000

/** Everything that the commands of one running server share. */
export class Server {
  readonly store: Store
  readonly clock: EmbeddedClock
  /** The name of the one-node replica set; false for a standalone. */
  readonly replicaSet: string | false
  readonly cursors: Cursors
  readonly sessions = new Sessions()
  readonly failPoints = new FailPoints()
  readonly processId = new ObjectId()
  readonly electionId = new ObjectId('7fffffff0000000000000001')
  readonly startedAt: number
  /** How often each kind of operation was run, as `serverStatus` counts them. */
  readonly counters = { insert: 0, query: 0, update: 0, delete: 0, getmore: 0, command: 0 }
  connections = { current: 0, totalCreated: 0 }
  address = '127.0.0.1:27017'

  constructor(store: Store, clock: EmbeddedClock, replicaSet: string | false) {
    this.store = store
    this.clock = clock
    this.cursors = new Cursors(clock)
    this.replicaSet = replicaSet
    this.startedAt = clock.now()
  }
}
