import type { ChangeStreamDocument, Timestamp } from 'mongodb'
import type { Handles, StringIdDocument } from './handles.js'

export type Change = ChangeStreamDocument<StringIdDocument>

export interface FeedEvents {
  changed(change: Change): void
  /** Nothing comes any more, and the feed holds no connection: told once, and not after `close()`. */
  ended(error: unknown): void
}

/** Changes of the collection of instances, as a change stream tells of them. */
export interface Feed {
  /** Gives its connection back. Never rejects; the server has at most `limitMs` to forget the cursor. */
  close(limitMs: number): Promise<void>
}

/** An update that touches `_updatedAt` alone reaches nobody. Inserts and deletes have no updatedFields: $map yields null, which never equals the list. */
export const withoutHeartbeats = [
  { $match: { $expr: { $ne: [{ $map: { input: { $objectToArray: '$updateDescription.updatedFields' }, in: '$$this.k' } }, ['_updatedAt']] } } },
]

/**
 * A change stream of the driver, for sharded clusters, where every getMore has to go to the router that has the cursor. The driver takes no signal for a
 * getMore: while MongoDB does not answer, the connection stays in use.
 */
export function streamFeed({ instances }: Handles, from: Timestamp | undefined, maxAwaitTimeMS: number, events: FeedEvents): Feed {
  const stream = instances.watch(withoutHeartbeats, { maxAwaitTimeMS, ...(from && { startAtOperationTime: from }) })
  let state: 'open' | 'closed' = 'open'
  const end = (error: unknown): void => {
    if (state === 'closed') return
    state = 'closed'
    // The connection of the driver's killCursors is given back first: it may hang.
    void stream.close().catch(() => undefined).then(() => events.ended(error))
  }
  stream.on('change', (change) => {
    if (state === 'open') events.changed(change)
  })
  stream.on('error', end)
  stream.on('close', () => end(undefined))
  return {
    async close() {
      state = 'closed'
      await stream.close().catch(() => undefined)
    },
  }
}
