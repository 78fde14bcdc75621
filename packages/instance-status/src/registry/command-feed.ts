import type { ClientSession, Document } from 'mongodb'
import type { Clock } from '@ddp-cluster/ddp-common/internal'
import { type Change, type Feed, type FeedEvents, withoutHeartbeats } from './feed.js'
import type { Handles } from './handles.js'
import { Lane, urgency } from './lane.js'
import { type Ending, Operations, patienceMs } from './operations.js'

/** Of a reply the ids of cursors have to go back as they came. */
const replyOptions = { readPreference: 'primary', raw: false, promoteValues: true, promoteLongs: false, promoteBuffers: false, useBigInt64: false, bsonRegExp: false } as const

interface CursorReply {
  readonly id: { isZero(): boolean }
  readonly firstBatch?: readonly Change[]
  readonly nextBatch?: readonly Change[]
  readonly postBatchResumeToken?: unknown
}

/**
 * A change stream by the commands themselves: the driver's own takes no signal for a getMore, so one that MongoDB does not answer could not be ended.
 * For replica sets, where every command goes to the primary.
 */
export class CommandFeed implements Feed {
  readonly #handles: Handles
  readonly #awaitMs: number
  readonly #events: FeedEvents
  readonly #session: ClientSession
  readonly #operations: Operations
  readonly #farewell: Operations
  #cursor: CursorReply | undefined
  #token: unknown
  /** Never rejects. */
  #opening: Promise<void> = Promise.resolve()
  #following: Promise<void> = Promise.resolve()
  #state: 'open' | 'closed' = 'open'

  /** An empty answer comes after `awaitMs`. */
  constructor(handles: Handles, awaitMs: number, clock: Clock, events: FeedEvents) {
    this.#handles = handles
    this.#awaitMs = awaitMs
    this.#events = events
    this.#session = handles.db.client.startSession({ causalConsistency: false })
    this.#operations = new Operations({ clock, lane: new Lane(), urgency: urgency.read })
    this.#farewell = new Operations({ clock, lane: handles.lanes.others, urgency: urgency.upkeep })
  }

  /** Resolves when the stream stands: a read that is made afterwards misses nothing. Rejects after `close()`, too, which may come at any time. */
  async open(): Promise<void> {
    const opening = this.#start({})
    this.#opening = opening.catch(() => undefined)
    try {
      await opening
    } catch (error) {
      await this.close(0)
      throw error
    }
    if (this.#state === 'open') this.#following = this.#follow()
  }

  async close(limitMs: number): Promise<void> {
    this.#state = 'closed'
    // Without a cursor MongoDB has nothing to forget yet: the opening is ended at once.
    if (!this.#cursor) this.#operations.close()
    await this.#opening
    await this.#kill(limitMs)
    this.#operations.close()
    this.#farewell.close()
    await this.#following
    await this.#session.endSession()
  }

  async #start(options: object): Promise<void> {
    const pipeline = [{ $changeStream: options }, ...withoutHeartbeats]
    this.#take(await this.#ask(patienceMs(this.#awaitMs), { aggregate: this.#collection, pipeline, cursor: {}, readConcern: { level: 'majority' } }))
  }

  async #follow(): Promise<void> {
    let heardSinceStart = false
    while (this.#state === 'open') {
      try {
        if (!this.#cursor || this.#cursor.id.isZero()) return await this.#end(undefined)
        this.#take(await this.#ask(this.#awaitMs + patienceMs(this.#awaitMs), { getMore: this.#cursor.id, collection: this.#collection, maxTimeMS: Math.ceil(this.#awaitMs) }))
        heardSinceStart = true
      } catch (error) {
        // After a failover the next primary goes on from the token.
        const resumed = heardSinceStart && this.#token !== undefined && (await this.#start({ resumeAfter: this.#token }).then(() => true, () => false))
        if (!resumed) return this.#end(error)
        heardSinceStart = false
      }
    }
  }

  #take(reply: Document): void {
    const cursor = reply['cursor'] as CursorReply
    this.#cursor = cursor
    const changes = cursor.nextBatch ?? cursor.firstBatch ?? []
    this.#token = cursor.postBatchResumeToken ?? changes.at(-1)?._id ?? this.#token
    for (const change of changes) if (this.#state === 'open') this.#events.changed(change)
  }

  async #end(error: unknown): Promise<void> {
    if (this.#state === 'closed') return
    this.#state = 'closed'
    this.#operations.close()
    await this.#session.endSession()
    this.#events.ended(error)
  }

  /** The server would keep the cursor for ten minutes. It ends the getMore that waits, too, so that its connection can be used again. */
  async #kill(limitMs: number): Promise<void> {
    const id = this.#cursor?.id
    if (!id || id.isZero()) return
    const kill = ({ signal }: Ending): Promise<Document> => this.#handles.db.command({ killCursors: this.#collection, cursors: [id] }, { ...replyOptions, signal, session: this.#session })
    await this.#farewell.run(limitMs, 'the end of the change stream', kill).catch(() => undefined)
  }

  #ask(limitMs: number, command: Document): Promise<Document> {
    return this.#operations.run(limitMs, 'the change stream', ({ signal }) => this.#handles.db.command(command, { ...replyOptions, signal, session: this.#session }))
  }

  get #collection(): string {
    return this.#handles.instances.collectionName
  }
}
