import { DDPError, type DataMessage, type Logger } from '@ddp-cluster/ddp-common'
import { asReceived, type Clock, lossIn, Timers, unknownProperty } from '@ddp-cluster/ddp-common/internal'
import type { Connection as DialledConnection } from '@ddp-cluster/ddp-client/internal'
import type { Connection, DDPServer } from '@ddp-cluster/ddp-server'
import { ClusterError } from '../errors.js'
import { inFewWords, messageOf, textOf } from '../text-of.js'
import { withoutTrailing } from '../without-trailing.js'
import { Asking, interestMethod } from './asking.js'
import { checkAfter, checkTimeout, fieldOf } from './checks.js'
import { Flush, type FlushReport } from './flush.js'
import type { Gap } from './gap.js'
import { isStreamName, longestStreamName, toInterest } from './interest.js'
import type { AnyListener } from './entry-list.js'
import { anyEvent, Listeners } from './listeners.js'
import type { BroadcastStatistics } from './broadcast-statistics.js'
import { BroadcastLog, type LogBounds } from './log.js'
import { MemberChanges } from './member-changes.js'
import { Pump } from './pump.js'
import { type Loss, Reader, type Received } from './reader.js'
import type { EventMap, Stream } from './stream.js'
import { Tally } from './tally.js'
import { EncodedNames } from './encoded-names.js'
import { beyondHead, broadcastName, decodeFrame, encodeArgs } from './wire.js'

export interface BroadcastOptions {
  readonly ddpServer: Pick<DDPServer, 'method' | 'publish'>
  readonly selfId: string
  readonly bounds: LogBounds
  readonly maxEventBytes: number
  readonly clock: Clock
  readonly logger: Logger
  /** The id of the peer whose session this is; throws for anybody else. */
  readonly requirePeer: (connection: Connection) => string
  /** Ids of the members, without this instance. Call `membersChanged()` when they may have changed. */
  readonly members: () => readonly string[]
  /** The link that this instance dialled to a member, while it is up. */
  readonly connectionTo: (memberId: string) => DialledConnection | undefined
  /** A peer has subscribed to what this instance emits. */
  readonly onSubscriber: (peerId: string) => void
  readonly onGap: (gap: Gap) => void
}

/** Backpressure mark: `emit()` returns false while more than this is unsent, or more than a part of what the log holds. */
const markBytes = 4 * 1024 * 1024
const markPart = 4

const readyTimeoutMs = 10_000
const flushTimeoutMs = 5_000

/**
 * Events from every instance to every instance. What is emitted here goes into one log; each peer that subscribed reads it from where
 * it was, also after its link was cut, and the listeners here are called at once.
 */
export class Broadcast {
  readonly #options: BroadcastOptions
  readonly #timers: Timers
  readonly #log: BroadcastLog
  readonly #pump: Pump
  readonly #reader: Reader
  readonly #listeners: Listeners
  readonly #asking: Asking
  readonly #members: MemberChanges
  readonly #flush: Flush
  readonly #names = new EncodedNames()
  readonly #tally = new Tally()
  readonly #draining = new Set<(error: ClusterError) => void>()
  #state: 'open' | 'leaving' | 'closed' = 'open'

  constructor(options: BroadcastOptions) {
    this.#options = options
    const { ddpServer, logger, clock, bounds, requirePeer, connectionTo } = options
    this.#timers = new Timers(clock)
    this.#log = new BroadcastLog(bounds)
    this.#pump = new Pump(this.#log, this.#timers, clock, { bytes: Math.min(markBytes, bounds.maxBytes / markPart), entries: bounds.maxEntries / markPart })
    this.#listeners = new Listeners(clock, {
      fault: (error, { stream, event }) => {
        // Told once, as `endless`, and not for every event that is one too many.
        if (!(error instanceof ClusterError && error.code === 'too-many-events')) logger.error({ stream, event, error: textOf(error) }, 'a listener threw')
      },
      emptied: (name) => this.#asking.changed(name),
      endless: ({ stream, event }) => logger.warn({ stream, event }, 'events are dispatched without a pause, as when a listener emits what it hears; the rest follows in later turns'),
    })
    this.#reader = new Reader((id) => this.#members.has(id))
    this.#asking = new Asking(this.#reader, (name) => this.#listeners.has(name), (peer, error) => {
      logger.warn({ peer, error: inFewWords(textOf(error)) }, 'a peer did not take what is asked of it')
    })
    this.#members = new MemberChanges(options.members, this.#timers)
    this.#flush = new Flush({ ddpServer, clock, requirePeer, connectionTo, reader: this.#reader, pump: this.#pump, members: this.#members })
    const accept = (connection: Connection, request: unknown): void => this.#accept(connection, request)
    ddpServer.publish(broadcastName, function (request) {
      accept(this.connection, request)
      this.ready()
    })
    const change = (connection: Connection, request: unknown): void => this.#change(connection, request)
    ddpServer.method(interestMethod, function (request) {
      change(this.connection, request)
    })
  }

  stream<Events extends EventMap<Events>>(name: string): Stream<Events> {
    if (!isStreamName(name)) throw new ClusterError('invalid-option', `the name of a stream is a string of 1 to ${longestStreamName} characters`)
    const listen = (event: string | typeof anyEvent, listener: unknown, once = false): (() => void) => this.#listen(name, event, listener, once)
    return {
      name,
      on: (event, listener) => listen(event, listener),
      once: (event, listener) => listen(event, listener, true),
      onAny: (listener) => listen(anyEvent, listener),
      off: (event, listener) => this.#unlisten(name, event, listener as unknown as AnyListener),
      emit: (event, ...args) => this.#emit(name, event, args, undefined),
      emitTo: (instanceId, event, ...args) => {
        if (instanceId !== this.#options.selfId && !this.#members.has(instanceId)) throw new ClusterError('left', `${instanceId} is no member of the cluster`)
        return this.#emit(name, event, args, instanceId)
      },
      emitLocal: (event, ...args) => {
        this.#requireOpen()
        encode(event, args)
        this.#requireRoom(name, event)
        this.#dispatchHere(name, event, this.#received(name, event, args), 0)
      },
      ready: async (options = {}) => {
        const unknown = unknownProperty('option of ready()', options, ['timeoutMs'])
        if (unknown !== undefined) throw new ClusterError('invalid-option', unknown)
        return this.#ready(name, options.timeoutMs ?? readyTimeoutMs)
      },
      drained: () => this.#drained(),
    }
  }

  /** Asks every member to answer when it has dispatched what was emitted here so far. */
  async flush({ timeoutMs = flushTimeoutMs }: { readonly timeoutMs?: number } = {}): Promise<FlushReport> {
    this.#requireOpen()
    checkTimeout(timeoutMs)
    return this.#flush.flush(this.#log.head, timeoutMs)
  }

  /** Asks a peer for what it emits, from where it was left; resolves when nothing of it will be missed from now on. */
  subscribe(peerId: string, connection: DialledConnection): Promise<void> {
    return this.#asking.subscribe(peerId, connection)
  }

  /** The peers that are subscribed to the events emitted here. */
  subscribers(): ReadonlySet<string> {
    return this.#pump.peers()
  }

  /** A message that a peer published to us, its fields not decoded, and its length on the wire. */
  receive(peerId: string, message: DataMessage, bytes: number): void {
    if (this.#state === 'closed') return
    this.#tally.bytes += bytes
    const frame = decodeFrame(message)
    if (!frame) {
      this.#options.logger.warn({ peer: peerId }, 'peer sent a malformed broadcast frame')
      return
    }
    if (frame.kind === 'from') {
      const losses = this.#asking.confirmed(peerId, frame.from)
      this.#take(peerId, { events: [], losses, replayed: 0 })
      this.#members.changed()
      return
    }
    if (!this.#reader.believes(peerId, frame)) {
      this.#options.logger.warn({ peer: peerId }, 'peer sent a broadcast frame that skips an impossible number of events')
      return
    }
    this.#take(peerId, this.#reader.receive(peerId, frame))
  }

  /** Passes news on to the listeners, and losses to the listeners of gaps. */
  #take(peerId: string, received: Received): void {
    this.#tally.count(peerId, received)
    const { events, losses } = received
    let told = 0
    for (const event of events) {
      for (let loss = losses[told]; loss && loss.after < event.seq; loss = losses[told]) {
        told += 1
        this.#tellLoss(peerId, loss)
      }
      this.#listeners.dispatch(peerId, event)
    }
    for (const loss of losses.slice(told)) this.#tellLoss(peerId, loss)
    this.#listeners.inOrder(() => this.#reader.dispatched(peerId))
  }

  /** A peer says that it leaves, and what number its last event has. */
  peerLeaves(peerId: string, head: number): void {
    this.#reader.leaves(peerId, head)
  }

  /** Nothing comes of a peer any more that has left. */
  peerEnded(peerId: string): void {
    if (this.#state !== 'closed') this.#take(peerId, this.#reader.ended(peerId))
  }

  /** The number of the last event that was emitted here; 0 before the first. */
  get head(): number {
    return this.#log.head
  }

  statistics(): BroadcastStatistics {
    const { head, oldest, bytes } = this.#log
    const { received, replayed, lost } = this.#tally
    return {
      log: { head, entries: head - oldest + 1, bytes },
      events: { emitted: head, received, replayed, lost },
      bytes: { sent: this.#pump.sentBytes, received: this.#tally.bytes },
      peers: this.#members.ids().map((id) => {
        const sent = this.#pump.placeOf(id)
        return { id, sent: sent ?? 0, unsent: sent === undefined ? 0 : head - sent, received: this.#reader.position(id) ?? 0, lost: this.#tally.lostOf(id) }
      }),
    }
  }

  /** Somebody joined or left, or a link came up or went down. */
  membersChanged(): void {
    this.#members.changed()
  }

  /** Refuses new events, and gives the members so long to say that they have all there are. */
  async leave(timeoutMs: number): Promise<void> {
    if (this.#state === 'closed') return
    this.#state = 'leaving'
    if (this.#log.head === 0) return
    const { missed } = await this.#flush.flush(this.#log.head, timeoutMs)
    if (missed.length > 0) this.#options.logger.warn({ missed, upTo: this.#log.head }, 'members may not hear all that was emitted here: they did not say in time that they have')
  }

  /** Refuses new events, gives the sockets what is left, which takes at most `timeoutMs` where they are slow, and ends what waits with `closed`. */
  async close(timeoutMs: number): Promise<void> {
    if (this.#state === 'closed') return
    this.#state = 'closed'
    this.#asking.close()
    this.#members.close()
    this.#flush.close()
    this.#listeners.clear()
    for (const reject of this.#draining) reject(closed())
    this.#draining.clear()
    await new Promise<void>((resolve) => {
      this.#timers.after(timeoutMs, resolve)
      this.#pump.whenEmpty(resolve)
    })
    this.#pump.close()
    this.#timers.clear()
  }

  /** A peer subscribes: from where it says it was, else from now on. */
  #accept(connection: Connection, request: unknown): void {
    const peerId = this.#options.requirePeer(connection)
    const after = checkAfter(fieldOf(request, 'after'))
    const interest = toInterest(fieldOf(request, 'streams') ?? true)
    const { head } = this.#log
    if (after !== undefined && after > head) throw new DDPError(beyondHead, `nothing after ${head} has been emitted here`)
    this.#pump.attach(peerId, connection, interest, after)
    this.#options.onSubscriber(peerId)
  }

  #change(connection: Connection, request: unknown): void {
    const peerId = this.#options.requirePeer(connection)
    const interest = toInterest(fieldOf(request, 'streams'))
    if (!this.#pump.change(peerId, connection, interest)) throw new DDPError('bad-request', `${broadcastName} has to be subscribed to first`)
  }

  #listen(stream: string, event: string | typeof anyEvent, listener: unknown, once: boolean): () => void {
    if (typeof event !== 'string' && event !== anyEvent) throw new ClusterError('invalid-option', `the name of an event is a string, not ${typeof event}`)
    if (typeof listener !== 'function') throw new ClusterError('invalid-option', `a listener is a function, not ${typeof listener}`)
    this.#requireOpen()
    if (this.#listeners.add(stream, event, listener as AnyListener, once)) this.#asking.changed(stream)
    return () => this.#unlisten(stream, event, listener as AnyListener)
  }

  #unlisten(stream: string, event: string | typeof anyEvent, listener: AnyListener): void {
    if (this.#listeners.remove(stream, event, listener)) this.#asking.changed(stream)
  }

  async #ready(stream: string, timeoutMs: number): Promise<void> {
    checkTimeout(timeoutMs)
    this.#asking.settle()
    const behind = (): string[] => this.#members.ids().filter((id) => !this.#reader.isKnown(id, stream))
    const isKnown = (): boolean => !this.#listeners.has(stream) || behind().length === 0
    return this.#members.until(isKnown, timeoutMs, () => `${behind().join(', ')} did not say that ${JSON.stringify(stream)} is known there`)
  }

  #drained(): Promise<void> {
    if (this.#state === 'closed') return Promise.reject(closed())
    return new Promise((resolve, reject) => {
      this.#draining.add(reject)
      this.#pump.whenDrained(() => {
        this.#draining.delete(reject)
        resolve()
      })
    })
  }

  #emit(stream: string, event: string, args: readonly unknown[], to: string | undefined): boolean {
    this.#requireOpen()
    if (typeof event !== 'string') throw new ClusterError('event-not-encodable', `the name of an event is a string, not ${typeof event}`)
    const name = this.#names.of(stream, event)
    const text = encode(event, args)
    this.#requireRoom(stream, event)
    // Before the event has a number: what fails here fails nowhere else.
    const received = to === undefined || to === this.#options.selfId ? this.#received(stream, event, args) : undefined
    const { maxEventBytes, clock } = this.#options
    const seq = this.#log.append(name, text, { at: clock.now(), stream, to }, maxEventBytes)
    if (seq === undefined) throw new ClusterError('event-too-large', `an event of ${Buffer.byteLength(name) + Buffer.byteLength(text)} bytes was emitted; at most ${maxEventBytes} are sent (the option maxEventBytes)`)
    this.#pump.schedule()
    this.#dispatchHere(stream, event, received, seq)
    return this.#pump.isUnderMark
  }

  #requireRoom(stream: string, event: string): void {
    if (this.#listeners.isFull) throw new ClusterError('too-many-events', `"${event}" of ${JSON.stringify(stream)} was not emitted: too many events that listeners emitted wait for the listeners here`)
  }

  /** The arguments as listeners elsewhere get them; undefined when nobody listens here. */
  #received(stream: string, event: string, args: readonly unknown[]): readonly unknown[] | undefined {
    if (!this.#listeners.hears(stream, event)) return undefined
    try {
      return asReceived(withoutTrailing(args)) as unknown[]
    } catch (error) {
      throw notEncodable(event, error)
    }
  }

  #dispatchHere(stream: string, event: string, args: readonly unknown[] | undefined, seq: number): void {
    if (args) this.#listeners.dispatch(this.#options.selfId, { seq, stream, event, args })
  }

  #tellLoss(from: string, loss: Loss): void {
    this.#listeners.inOrder(() => {
      this.#options.logger.warn({ peer: from, ...loss }, 'events of a peer are lost')
      this.#options.onGap({ from, ...loss })
    })
  }

  #requireOpen(): void {
    if (this.#state !== 'open') throw closed()
  }
}

const closed = (): ClusterError => new ClusterError('closed', 'the cluster was closed; nothing can be emitted any more')

function encode(event: string, args: readonly unknown[]): string {
  try {
    const sent = withoutTrailing(args)
    const loss = lossIn(sent, 'args')
    if (loss === undefined) return encodeArgs(sent)
    throw new TypeError(loss)
  } catch (error) {
    throw notEncodable(event, error)
  }
}

const notEncodable = (event: string, error: unknown): ClusterError => new ClusterError('event-not-encodable', `the arguments of "${event}" cannot be sent: ${messageOf(error)}`, { cause: error })
