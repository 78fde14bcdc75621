import type { DataMessage, Logger } from '@ddp-cluster/ddp-common'
import type { Connection as DialledConnection } from '@ddp-cluster/ddp-client/internal'
import type { Connection, DDPServer } from '@ddp-cluster/ddp-server'
import { sendFrame } from '@ddp-cluster/ddp-server/internal'
import { ClusterError } from '../errors.js'
import { Listeners, type Stream } from './stream.js'
import { broadcastName, decodeEvents, encodeEvent, type SequencedEvent } from './wire.js'

export interface BroadcastOptions {
  readonly ddpServer: DDPServer
  readonly selfId: string
  readonly logger: Logger
  /** The id of the peer whose session this is; throws for anybody else. */
  readonly requirePeer: (connection: Connection) => string
  /** A peer has subscribed to what this instance emits. */
  readonly onSubscriber: (peerId: string) => void
}

/** Events from every instance to every instance: what is emitted here goes to the peers that subscribed, and to the listeners here. */
export class Broadcast {
  readonly #options: BroadcastOptions
  readonly #listeners: Listeners
  readonly #subscribers = new Map<string, Connection>()
  /** Events that were emitted and wait for the one that is being dispatched: local order is the order of the numbers. */
  readonly #undispatched: SequencedEvent[] = []
  #dispatching = false
  #head = 0
  #closed = false

  constructor(options: BroadcastOptions) {
    this.#options = options
    const { ddpServer, logger } = options
    this.#listeners = new Listeners((error, { stream, event }) => {
      logger.error({ stream, event, error: String(error) }, 'a listener threw')
    })
    const accept = (connection: Connection): void => this.#accept(connection)
    ddpServer.publish(broadcastName, function () {
      accept(this.connection)
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

  /** Asks a peer for what it emits; resolves when nothing of it will be missed from now on. */
  subscribe(connection: DialledConnection): Promise<void> {
    return connection.subscribe(broadcastName, [{}]).ready
  }

  /** A message that a peer published to us. */
  receive(peerId: string, message: DataMessage): void {
    for (const event of decodeEvents(message) ?? []) this.#listeners.dispatch(peerId, event)
  }

  close(): void {
    this.#closed = true
    this.#subscribers.clear()
    this.#listeners.clear()
  }

  #accept(connection: Connection): void {
    const peerId = this.#options.requirePeer(connection)
    this.#subscribers.set(peerId, connection)
    connection.onClose(() => {
      if (this.#subscribers.get(peerId) === connection) this.#subscribers.delete(peerId)
    })
    this.#options.onSubscriber(peerId)
  }

  #emit(stream: string, event: string, args: readonly unknown[]): void {
    if (this.#closed) throw new ClusterError('closed', 'the cluster was closed; nothing can be emitted any more')
    const sequenced = { seq: this.#head + 1, stream, event, args }
    const frame = encodeEvent(sequenced)
    this.#head += 1
    for (const connection of this.#subscribers.values()) sendFrame(connection, frame)
    this.#undispatched.push(sequenced)
    this.#dispatchLocally()
  }

  #dispatchLocally(): void {
    if (this.#dispatching) return
    this.#dispatching = true
    for (let next = this.#undispatched.shift(); next; next = this.#undispatched.shift()) this.#listeners.dispatch(this.#options.selfId, next)
    this.#dispatching = false
  }
}
