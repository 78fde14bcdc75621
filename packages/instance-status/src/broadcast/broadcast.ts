import { DDPError, type DataMessage, type Logger } from '@ddp-cluster/ddp-common'
import { type Clock, Timers } from '@ddp-cluster/ddp-common/internal'
import type { Connection as DialledConnection } from '@ddp-cluster/ddp-client/internal'
import type { Connection, DDPServer } from '@ddp-cluster/ddp-server'
import { sendFrame } from '@ddp-cluster/ddp-server/internal'
import { ClusterError } from '../errors.js'
import { BroadcastLog, type LogBounds } from './log.js'
import { Pump } from './pump.js'
import { Reader } from './reader.js'
import { Listeners, type Stream } from './stream.js'
import { broadcastName, decodeFrame, encodeEvent, encodeFrame, type SequencedEvent } from './wire.js'

/** Events of another instance that will never come. */
export interface Gap {
  /** Whose. */
  readonly from: string
  /** The last number before them. */
  readonly after: number
  /** How many. */
  readonly lost: number
}

export interface BroadcastOptions {
  readonly ddpServer: DDPServer
  readonly selfId: string
  readonly bounds: LogBounds
  readonly maxEventBytes: number
  readonly clock: Clock
  readonly logger: Logger
  /** The id of the peer whose session this is; throws for anybody else. */
  readonly requirePeer: (connection: Connection) => string
  /** A peer has subscribed to what this instance emits. */
  readonly onSubscriber: (peerId: string) => void
  readonly onGap: (gap: Gap) => void
}

/**
 * Events from every instance to every instance. What is emitted here goes into one log; each peer that subscribed reads it from where
 * it was, also after its link was cut, and the listeners here are called at once.
 */
export class Broadcast {
  readonly #options: BroadcastOptions
  readonly #timers: Timers
  readonly #log: BroadcastLog
  readonly #pump: Pump
  readonly #reader = new Reader()
  readonly #listeners: Listeners
  /** Events that were emitted and wait for the one that is being dispatched: local order is the order of the numbers. */
  #undispatched: SequencedEvent[] = []
  #state: 'open' | 'dispatching' | 'closed' = 'open'

  constructor(options: BroadcastOptions) {
    this.#options = options
    const { ddpServer, logger, clock, bounds } = options
    this.#timers = new Timers(clock)
    this.#log = new BroadcastLog(bounds)
    this.#pump = new Pump(this.#log, this.#timers)
    this.#listeners = new Listeners((error, { stream, event }) => {
      logger.error({ stream, event, error: String(error) }, 'a listener threw')
    })
    const accept = (connection: Connection, request: unknown): void => this.#accept(connection, request)
    ddpServer.publish(broadcastName, function (request) {
      accept(this.connection, request)
      this.ready()
    })
  }

  stream(name: string): Stream {
    return {
      name,
      on: (event, listener) => {
        this.#listeners.add(name, event, listener)
        return () => this.#listeners.remove(name, event, listener)
      },
      off: (event, listener) => this.#listeners.remove(name, event, listener),
      emit: (event, ...args) => this.#emit(name, event, args),
    }
  }

  /** Asks a peer for what it emits, from where it was left; resolves when nothing of it will be missed from now on. */
  subscribe(peerId: string, connection: DialledConnection): Promise<void> {
    const after = this.#reader.position(peerId)
    return connection.subscribe(broadcastName, [after === undefined ? {} : { after }]).ready
  }

  /** A message that a peer published to us. */
  receive(peerId: string, message: DataMessage): void {
    const frame = decodeFrame(message)
    if (!frame) {
      this.#options.logger.warn({ peer: peerId }, 'a peer published what is no frame of events')
      return
    }
    const { events, lost, after } = this.#reader.receive(peerId, frame)
    if (lost > 0) {
      this.#options.logger.warn({ peer: peerId, after, lost }, 'events of a peer are lost')
      this.#options.onGap({ from: peerId, after, lost })
    }
    for (const event of events) this.#listeners.dispatch(peerId, event)
  }

  /** Refuses new events and gives the sockets what is left. */
  close(): void {
    if (this.#state === 'closed') return
    this.#state = 'closed'
    this.#pump.close()
    this.#timers.clear()
    this.#listeners.clear()
  }

  /** A peer subscribes: from where it says it was, else from now on. */
  #accept(connection: Connection, request: unknown): void {
    const peerId = this.#options.requirePeer(connection)
    const after = checkAfter(request)
    const { head } = this.#log
    if (after !== undefined && after > head) throw new DDPError('beyond-head', `nothing after ${head} has been emitted here`)
    this.#log.trim(this.#options.clock.now())
    // One that starts now is told where that is, so that it knows what it missed if it is cut off before the first event.
    if (after === undefined) sendFrame(connection, encodeFrame(head + 1, []))
    this.#pump.attach(peerId, connection, after ?? head)
    this.#options.onSubscriber(peerId)
  }

  #emit(stream: string, event: string, args: readonly unknown[]): void {
    if (this.#state === 'closed') throw new ClusterError('closed', 'the cluster was closed; nothing can be emitted any more')
    const text = encode(stream, event, args)
    const bytes = Buffer.byteLength(text)
    const { maxEventBytes, clock } = this.#options
    if (bytes > maxEventBytes) throw new ClusterError('event-too-large', `an event of ${bytes} bytes was emitted; at most ${maxEventBytes} are sent (the option maxEventBytes)`)
    const seq = this.#log.append({ text, bytes, at: clock.now() })
    this.#pump.schedule()
    this.#undispatched.push({ seq, stream, event, args })
    this.#dispatchLocally()
  }

  #dispatchLocally(): void {
    if (this.#state !== 'open') return
    this.#state = 'dispatching'
    while (this.#undispatched.length > 0) {
      const events = this.#undispatched
      this.#undispatched = []
      for (const event of events) this.#listeners.dispatch(this.#options.selfId, event)
    }
    this.#reopen()
  }

  /** A listener may have closed the cluster meanwhile. */
  #reopen(): void {
    if (this.#state === 'dispatching') this.#state = 'open'
  }
}

function encode(stream: string, event: string, args: readonly unknown[]): string {
  if (typeof stream !== 'string' || typeof event !== 'string') throw new ClusterError('event-not-encodable', 'the names of a stream and of an event are strings')
  try {
    return encodeEvent(stream, event, args)
  } catch (error) {
    throw new ClusterError('event-not-encodable', `the arguments of "${event}" cannot be sent: ${error instanceof Error ? error.message : String(error)}`, { cause: error })
  }
}

/** The number that a subscription goes on after, if it says one. */
function checkAfter(request: unknown): number | undefined {
  const after: unknown = typeof request === 'object' && request !== null && 'after' in request ? request.after : undefined
  if (after === undefined) return undefined
  if (typeof after === 'number' && Number.isSafeInteger(after) && after >= 0) return after
  throw new DDPError('bad-request', 'cluster.broadcast takes { after }, a number')
}
