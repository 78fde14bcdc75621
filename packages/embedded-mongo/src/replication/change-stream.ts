import { MongoError } from '../mongo-error.js'
import { tokenOf } from './resume-token.js'
import { identical } from '../bson/identical.js'
import type { Timestamp } from 'bson'
import type { Doc } from '../bson/value.js'
import type { Source } from '../cursors.js'
import type { Store } from '../storage/store.js'
import type { OplogEntry } from './oplog.js'
import type { Place } from './resume-token.js'

export interface StreamOptions {
  /** undefined: every database. */
  readonly db: string | undefined
  /** undefined: every collection of the database. */
  readonly collection: string | undefined
  /** Whether the event of an update carries the document as it is when the event is read. */
  readonly looksUp: boolean
  readonly from: Place
  /** The rest of the pipeline; undefined for an event that it drops. */
  readonly transform: (event: Doc) => Doc | undefined
}

/** The events of a collection, a database or everything, read from the log. */
export class ChangeStream implements Source {
  readonly #store: Store
  readonly #options: StreamOptions
  #at: Timestamp
  #token: Doc
  #state: 'open' | 'invalidating' | 'done' = 'open'

  constructor(store: Store, options: StreamOptions) {
    this.#store = store
    this.#options = options
    this.#at = options.from.at
    this.#token = tokenOf(options.from)
  }

  get isDone(): boolean {
    return this.#state === 'done'
  }

  resumeToken(): Doc {
    return this.#token
  }

  onMore(wake: () => void): () => void {
    return this.#store.oplog.listen(wake)
  }

  take(count: number): Doc[] {
    const { oplog } = this.#store
    if (this.#at.compare(oplog.forgotten) < 0) {
      throw new MongoError('ChangeStreamHistoryLost', 'Resume of change stream was not possible, as the resume point may no longer be in the oplog.')
    }
    const events: Doc[] = []
    if (this.#state === 'invalidating') this.#invalidate(events)
    for (const entry of oplog.after(this.#at)) {
      if (events.length >= count || this.#state === 'done') return events
      this.#at = entry.at
      if (!this.#concerns(entry)) continue
      this.#offer(this.#eventOf(entry), { at: entry.at, kind: 'event' }, events)
      if (!this.#endsWith(entry)) continue
      this.#state = 'invalidating'
      if (events.length < count) this.#invalidate(events)
      return events
    }
    // Nothing more for now: the token moves on with the log, so that a resume need not read again what did not match.
    if (this.#state === 'open' && this.#at.compare(oplog.last) < 0) {
      this.#at = oplog.last
      this.#token = tokenOf({ at: oplog.last, kind: 'time' })
    }
    return events
  }

  #invalidate(events: Doc[]): void {
    const place: Place = { at: this.#at, kind: 'invalidate' }
    this.#offer({ _id: tokenOf(place), operationType: 'invalidate', clusterTime: this.#at }, place, events)
    this.#state = 'done'
  }

  #offer(event: Doc | undefined, place: Place, events: Doc[]): void {
    if (!event) return
    this.#token = tokenOf(place)
    const shown = this.#options.transform(event)
    if (!shown) return
    if (!shown['_id'] || !identical(shown['_id'], this.#token)) {
      throw new MongoError('ChangeStreamFatalError', 'Encountered an event whose _id field, which contains the resume token, was modified by the pipeline. Modifying the _id field of an event makes it impossible to resume the stream from that point. Only transformations that retain the unmodified _id field are allowed.')
    }
    events.push(shown)
  }

  #concerns({ db, coll, change }: OplogEntry): boolean {
    const { db: wanted, collection } = this.#options
    if (wanted === undefined) return true
    if (db !== wanted) return change.type === 'rename' && change.to.db === wanted && collection === change.to.coll
    if (collection === undefined || change.type === 'dropDatabase') return collection === undefined
    return coll === collection || (change.type === 'rename' && change.to.coll === collection)
  }

  /** Whether nothing more can come after this event: the collection, or the database, is gone. */
  #endsWith({ change }: OplogEntry): boolean {
    const { db, collection } = this.#options
    if (collection !== undefined) return change.type === 'drop' || change.type === 'rename'
    return db !== undefined && change.type === 'dropDatabase'
  }

  #eventOf({ at, db, coll, change }: OplogEntry): Doc | undefined {
    const head: Doc = { _id: tokenOf({ at, kind: 'event' }), operationType: change.type, clusterTime: at }
    switch (change.type) {
      case 'insert': case 'replace': return { ...head, fullDocument: change.doc, ns: { db, coll }, documentKey: { _id: change.id } }
      case 'delete': return { ...head, ns: { db, coll }, documentKey: { _id: change.id } }
      case 'drop': return { ...head, ns: { db, coll } }
      case 'dropDatabase': return { ...head, ns: { db } }
      case 'rename': return { ...head, ns: { db, coll }, to: { ...change.to } }
      case 'update': return {
        ...head,
        ...(this.#options.looksUp && { fullDocument: this.#store.collection(db, coll)?.byId(change.id) ?? null }),
        ns: { db, coll },
        documentKey: { _id: change.id },
        updateDescription: { updatedFields: change.updatedFields, removedFields: [...change.removedFields] },
      }
    }
  }
}
