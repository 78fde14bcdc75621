import type { Logger } from '@ddp-cluster/ddp-common'
import { type Clock, Timers } from '@ddp-cluster/ddp-common/internal'
import { ClusterError, closedMeanwhile } from '../errors.js'
import { warnOfCapped } from './capped.js'
import { deploymentOf } from './deployment.js'
import type { Handles } from './handles.js'
import { leastPoolForStream, urgency } from './lane.js'
import { LastBeat } from './last-beat.js'
import { type Ending, Operations, patienceMs } from './operations.js'
import { type OwnFacts, OwnRecord } from './own-record.js'
import { Reaper } from './reaper.js'
import { type FullRead, RecordBook, type RecordEvent } from './record-book.js'
import { type InstanceRecord, toRecord } from './record.js'
import { Reachability } from './reachability.js'
import { Slices } from './slices.js'
import { TimeLimit } from './time-limit.js'
import { ensureTtlIndex } from './ttl-index.js'
import { Warnings } from './warnings.js'
import { Watch } from './watch.js'

export interface RegistryEvents {
  /** News about records; `readAt` is the monotonic time of the full read that brought them, if one did. */
  records(events: readonly RecordEvent[], readAt: number | undefined): void
  /** MongoDB stopped answering. Said once, until `restored`. */
  lost(error: unknown): void
  restored(): void
}

export interface RegistryOptions {
  readonly handles: Handles
  readonly facts: OwnFacts
  readonly heartbeatIntervalMs: number
  readonly expireAfterMs: number
  /** Records beyond these are ignored. */
  readonly maxMembers: number
  readonly clock: Clock
  readonly random: () => number
  readonly logger: Logger
  readonly events: RegistryEvents
  /** Whether this process stood still since: what then took too long says nothing of MongoDB. */
  readonly stalledSince: (askedAt: number) => boolean
  /** Written before the own record is, whenever that is: each within a limit of its own. */
  readonly beforeRegistering: readonly ((ending: Ending) => Promise<void>)[]
}

/** Heartbeats are spread by this share of the interval to either side, so that instances that started together drift apart. */
const jitter = 0.05

/** Full reads are at least so far apart, and a millisecond for each record. */
const leastPauseMs = 10

/** Share of the time of `close()` for the removal of the own record; the rest is for the change stream. */
const removalShare = 0.75

/** A record of ours that is deleted is written again at once, but not more often than this. */
const leastRestoreMs = 1000

const byRegistration = (a: InstanceRecord, b: InstanceRecord): number => a._createdAt.getTime() - b._createdAt.getTime() || (a._id < b._id ? -1 : 1)

/**
 * This instance's place in MongoDB: keeps the own record alive, and knows everyone else's.
 * It says what the records tell; what follows from that is the membership's to decide.
 */
export class Registry {
  readonly #options: RegistryOptions
  readonly #timers: Timers
  /** Bounds what `close()` waits for. */
  readonly #limit: TimeLimit
  readonly #ownWrites: Operations
  readonly #reads: Operations
  readonly #reaps: Operations
  readonly #reaper: Reaper
  /** News for the membership, in order. */
  readonly #news: Slices<RecordEvent>
  readonly #own: OwnRecord
  readonly #book: RecordBook
  readonly #warnings: Warnings
  readonly #watch: Watch
  readonly #reachability: Reachability
  readonly lastBeat: LastBeat
  #state: 'open' | 'closed' = 'open'
  #restoredOwnAt = Number.NEGATIVE_INFINITY
  #lastRead: FullRead | undefined
  #reading: Promise<void> | undefined
  #readingAgain: Promise<void> | undefined
  #cancelExpiry: (() => void) | undefined
  #endPause: () => void = () => undefined
  #heartbeat: Promise<void> = Promise.resolve()

  constructor(options: RegistryOptions) {
    this.#options = options
    const { clock, handles, facts, logger } = options
    this.#timers = new Timers(clock)
    this.#limit = new TimeLimit(clock)
    this.#warnings = new Warnings(logger)
    this.#book = new RecordBook(options.maxMembers)
    this.#news = new Slices((news) => this.#options.events.records(news, undefined))
    const { own, others } = handles.lanes
    this.#ownWrites = new Operations({ clock, lane: own, urgency: urgency.own })
    this.#reads = new Operations({ clock, lane: others, urgency: urgency.read })
    this.#reaps = new Operations({ clock, lane: others, urgency: urgency.upkeep })
    this.#reaper = new Reaper(handles, this.#reaps, options.heartbeatIntervalMs, logger)
    this.lastBeat = new LastBeat(clock)
    this.#reachability = new Reachability({ clock, stalledSince: options.stalledSince, onLost: (error) => this.#lost(error), onRestored: () => this.#restored() })
    this.#own = new OwnRecord(handles, facts)
    const events = {
      inserted: (record: InstanceRecord, databaseNow: number | undefined) => this.#inserted(record, databaseNow),
      deleted: (id: string) => this.#deleted(id),
      readNeeded: () => void this.refresh().catch(() => undefined),
    }
    this.#watch = new Watch(handles, this.#timers, events, { name: facts.name, clock, heartbeatIntervalMs: options.heartbeatIntervalMs, operations: this.#reads, logger })
  }

  /** Writes the own record and keeps it alive from now on. Rejects when MongoDB does not take part. */
  async register(): Promise<InstanceRecord> {
    await this.#ownWrites.run(this.#patienceMs, 'what collections there are', (ending) => warnOfCapped(this.#options.handles, this.#warnings, ending))
    // close() removes no record that is written from here on.
    this.#requireOpen()
    const writing = this.#write(this.#patienceMs)
    this.#heartbeat = writing.catch(() => undefined)
    await writing
    this.#requireOpen()
    this.#scheduleHeartbeat()
    const { createdAt, updatedAt } = this.lastBeat.times
    return { ...this.#options.facts, _createdAt: createdAt, _updatedAt: updatedAt }
  }

  /** Begins to follow the others: when it resolves, all that are there have been told. */
  async follow(): Promise<void> {
    const { handles, expireAfterMs, heartbeatIntervalMs } = this.#options
    const deployment = await this.#reads.run(this.#patienceMs, 'what it can do', (ending) => deploymentOf(handles.db, ending))
    const follows = deployment !== 'standalone' && handles.lanes.hasRoomForStream
    if (follows) await this.#watch.open(deployment)
    else if (deployment !== 'standalone') this.#warnings.once({ maxPoolSize: handles.maxPoolSize, leastPoolSize: leastPoolForStream, pollMs: heartbeatIntervalMs }, 'the connection pool is too small for a change stream; the registry is polled')
    // Streams can miss what nobody thinks of; a full read now and then makes good for it. Without streams it is all there is.
    this.#scheduleRead(follows ? expireAfterMs / 2 : heartbeatIntervalMs)
    await this.refresh()
  }

  /** Whether MongoDB answered the last time it was asked. */
  get reachable(): boolean {
    return this.#reachability.reachable
  }

  /** Reads every record anew: the read begins after this call, whoever else is reading. Rejects when MongoDB cannot be read. */
  refresh(): Promise<void> {
    if (this.#state === 'closed') return Promise.reject(new ClusterError('closed', 'the cluster was closed; its records are read no more'))
    if (!this.#reading) {
      this.#reading = this.#read().finally(() => (this.#reading = undefined))
      return this.#reading
    }
    this.#readingAgain ??= this.#reading
      .catch(() => undefined)
      .then(() => this.#pause())
      .then(() => {
        this.#readingAgain = undefined
        return this.refresh()
      })
    return this.#readingAgain
  }

  /** Between one read and the next, so that what happens to many at once is read once: the more there are, the longer. */
  #pause(): Promise<void> {
    return new Promise((resolve) => {
      this.#endPause = resolve
      this.#timers.after(Math.max(leastPauseMs, this.lastRecords.length), resolve)
    })
  }

  /** Renews the own record and reads the others at once after a stall. MongoDB may have been away meanwhile: the others have to heartbeat first. */
  catchUp(): void {
    if (this.#state === 'closed') return
    this.#book.hold(this.#options.clock.now(), this.#options.expireAfterMs)
    this.#startBeat()
    void this.refresh().catch(() => undefined)
  }

  /** The record of this id as it is now; undefined when there is none that moves. Rejects when MongoDB cannot be read. */
  async lookUp(id: string): Promise<InstanceRecord | undefined> {
    await this.refresh()
    return this.#book.find(id)
  }

  /** Every record of the cluster, the own included, as read at most `maxAgeMs` ago. Rejects when MongoDB cannot be read. */
  async recordsWithin(maxAgeMs: number): Promise<readonly InstanceRecord[]> {
    if (this.#state === 'closed') throw new ClusterError('closed', 'the cluster was closed; its records are read no more')
    const age = (): number => (this.#lastRead ? this.#options.clock.now() - this.#lastRead.startedAt : Number.POSITIVE_INFINITY)
    if (age() > maxAgeMs) await (this.#reading ?? this.refresh())
    return this.#lastRead?.records ?? []
  }

  /** The records of the last read that succeeded. */
  get lastRecords(): readonly InstanceRecord[] {
    return this.#lastRead?.records ?? []
  }

  /** Deletes the record of an instance that is gone, unless it has been renewed since it was seen. */
  reap(record: InstanceRecord): void {
    this.#reaper.reap(record)
  }

  /** Stops following and removes the own record. Never rejects, and takes no longer than `timeoutMs`. */
  async close(timeoutMs: number): Promise<void> {
    if (this.#state === 'closed') return
    this.#state = 'closed'
    this.#reachability.close()
    this.#timers.clear()
    this.#news.clear()
    this.#endPause()
    this.#watch.stop()
    this.#reads.close()
    this.#reaps.close()
    const { logger, clock } = this.#options
    const until = clock.now() + timeoutMs
    // A heartbeat under way may be writing the record anew; the removal has to come after it.
    const removalMs = timeoutMs * removalShare
    const removal = this.#heartbeat.then(() => this.#ownWrites.run(removalMs, 'the removal of the own record', (ending) => this.#own.remove(ending)))
    await this.#limit.run(removalMs, 'the removal of the own record', removal).catch((error: unknown) => {
      logger.warn({ error: String(error) }, 'the own record could not be removed; MongoDB will expire it')
    })
    this.#ownWrites.close()
    // Last, so that with its killCursors no more connections are in use than before.
    const leftMs = Math.max(1, until - clock.now())
    await this.#limit.run(leftMs, 'the end of the change stream', this.#watch.close(leftMs / 2)).catch(() => undefined)
    this.#limit.close()
  }

  #requireOpen(): void {
    if (this.#state === 'closed') throw closedMeanwhile()
  }

  async #read(): Promise<void> {
    const { handles, facts, clock, maxMembers } = this.#options
    const startedAt = clock.now()
    this.#book.readBegins()
    try {
      const pipeline = [{ $match: { name: facts.name } }, { $sort: { _updatedAt: -1 } }, { $limit: maxMembers + 1 }, { $addFields: { databaseNow: '$$NOW' } }]
      // A single batch: a getMore takes no signal.
      const documents = await this.#reads.run(this.#patienceMs, 'a read of the registry', (ending) => handles.instances.aggregate(pipeline, { batchSize: maxMembers + 2, ...ending }).toArray())
      const records = documents.slice(0, maxMembers).map(toRecord).filter((record) => record !== undefined).sort(byRegistration)
      const databaseNow: unknown = documents[0]?.['databaseNow']
      const read = { records, databaseNow: databaseNow instanceof Date ? databaseNow.getTime() : 0, startedAt, isComplete: documents.length <= maxMembers }
      this.#lastRead = read
      this.#reachability.answered('read')
      await this.#tell(this.#book.readEnds(read))
      if (!this.#isClosed()) this.#options.events.records([], startedAt)
    } catch (error) {
      this.#reachability.unanswered('read', error, startedAt)
      throw error
    }
  }

  /** A deletion counts only after a read confirms it: after a stall the stream's news may be old. */
  #deleted(id: string): void {
    if (id !== this.#options.facts._id) return void this.refresh().catch(() => undefined)
    // Somebody took us for dead: we live.
    const now = this.#options.clock.now()
    if (this.#state === 'closed' || now - this.#restoredOwnAt < leastRestoreMs) return
    this.#restoredOwnAt = now
    this.#startBeat()
  }

  /** A record that was old by the database's time when it was inserted is left to a read: many of them cost one. */
  #inserted(record: InstanceRecord, databaseNow: number | undefined): void {
    if (databaseNow !== undefined && databaseNow - record._updatedAt.getTime() >= record.cluster.expireAfterMs) return void this.refresh().catch(() => undefined)
    void this.#tell(this.#book.inserted(record, this.#options.clock.now()))
  }

  /** Resolves when all has been told. */
  async #tell(events: readonly RecordEvent[]): Promise<void> {
    if (this.#isClosed()) return
    const { facts, maxMembers } = this.#options
    if (this.#book.overflowed) this.#warnings.once({ maxMembers }, 'the registry has more records than maxMembers; those that were renewed longest ago are ignored')
    if (events.length === 0) return this.#scheduleExpiry()
    const told = this.#news.push(events.filter((event) => event.record._id !== facts._id))
    this.#scheduleExpiry()
    await told
  }

  #isClosed(): boolean {
    return this.#state === 'closed'
  }

  /** When a record has not moved for its time, a read made just then decides. */
  #scheduleExpiry(): void {
    this.#cancelExpiry?.()
    const expiry = this.#book.nextExpiry()
    if (expiry === undefined) return
    const delayMs = Math.max(leastPauseMs, expiry - this.#options.clock.now())
    this.#cancelExpiry = this.#timers.after(delayMs, () => void this.refresh().catch(() => undefined))
  }

  #scheduleRead(intervalMs: number): void {
    this.#timers.after(intervalMs, () => {
      this.#scheduleRead(intervalMs)
      void this.refresh().catch(() => undefined)
    })
  }

  #scheduleHeartbeat(): void {
    const { heartbeatIntervalMs, random } = this.#options
    this.#timers.after(heartbeatIntervalMs * (1 + jitter * (2 * random() - 1)), () => {
      this.#scheduleHeartbeat()
      this.#startBeat()
    })
  }

  /** The index is looked after whenever the record is written: with the whole collection it may have been dropped too. */
  async #write(limitMs: number): Promise<void> {
    const { handles, expireAfterMs, clock, beforeRegistering } = this.#options
    await this.#ownWrites.run(limitMs, 'about the index on _updatedAt', (ending) => ensureTtlIndex(handles, expireAfterMs, this.#warnings, ending))
    for (const write of beforeRegistering) await this.#ownWrites.run(limitMs, 'what goes before the registration', write)
    const startedAt = clock.now()
    this.lastBeat.answered(await this.#ownWrites.run(limitMs, 'the registration', (ending) => this.#own.register(ending)), startedAt)
  }

  /** The removal of the record has to come after every heartbeat, or one would write it again. */
  #startBeat(): void {
    const beat = this.#beat()
    this.#heartbeat = this.#heartbeat.then(() => beat)
  }

  async #beat(): Promise<void> {
    const { clock, heartbeatIntervalMs } = this.#options
    const startedAt = clock.now()
    try {
      const renewed = await this.#ownWrites.run(heartbeatIntervalMs, 'a heartbeat', (ending) => this.#own.renew(ending))
      if (this.#state === 'closed') return
      if (renewed) this.lastBeat.answered(renewed, startedAt)
      else await this.#write(heartbeatIntervalMs)
      this.#reachability.answered('heartbeat')
      if (this.#reachability.isFailing('read')) void this.refresh().catch(() => undefined)
    } catch (error) {
      this.#reachability.unanswered('heartbeat', error, startedAt)
    }
  }

  get #patienceMs(): number {
    return patienceMs(this.#options.heartbeatIntervalMs)
  }

  #restored(): void {
    const { clock, events, expireAfterMs, logger } = this.#options
    this.#book.hold(clock.now(), expireAfterMs)
    logger.info({}, 'the registry answers again')
    events.restored()
    void this.refresh().catch(() => undefined)
  }

  #lost(error: unknown): void {
    this.#options.logger.warn({ error: String(error) }, 'the registry does not answer; what is known of the others stands')
    this.#options.events.lost(error)
  }
}
