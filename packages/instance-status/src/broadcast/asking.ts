import { DDPError } from '@ddp-cluster/ddp-common'
import { type Connection, ConnectionError } from '@ddp-cluster/ddp-client/internal'
import { fromStreams } from './interest.js'
import type { Loss, Reader } from './reader.js'
import { beyondHead, broadcastName } from './wire.js'

export const interestMethod = 'cluster.interest'

/** Request to one peer, over the link that is up. */
interface Asked {
  readonly connection: Connection
  /** Streams that become known with its next answer; undefined when it has answered. */
  open: Set<string> | undefined
  /** Streams that are to be asked for next. */
  unasked: Set<string>
  /** How many streams it was asked for last. */
  asked: number
  /** Streams have been given up that it was asked for by name. */
  hasSurplus: boolean
  state: 'subscribing' | 'subscribed'
}

/** Asks every peer for the streams that this instance listens to, now and whenever they change. */
export class Asking {
  readonly #reader: Reader
  readonly #isListened: (stream: string) => boolean
  readonly #onRefused: (peerId: string, error: unknown) => void
  readonly #peers = new Map<string, Asked>()
  readonly #wanted = new Set<string>()
  /** Streams that may have got their first listener, or lost their last, since it was settled what is wanted. */
  readonly #changed = new Set<string>()

  /** `isListened` says whether a stream has listeners; `onRefused` is told of a peer that did not take a change. */
  constructor(reader: Reader, isListened: (stream: string) => boolean, onRefused: (peerId: string, error: unknown) => void) {
    this.#reader = reader
    this.#isListened = isListened
    this.#onRefused = onRefused
  }

  /**
   * A link is up: resolves when the peer has said from where on it gives what is asked for. A peer that has not emitted as much as was read in its
   * name (somebody lied for it) refuses with `beyond-head`, and is read anew.
   */
  async subscribe(peerId: string, connection: Connection): Promise<void> {
    this.settle()
    const after = this.#reader.nextAfter(peerId)
    const open = new Set([...this.#wanted].filter((stream) => !this.#reader.isKnown(peerId, stream)))
    this.#peers.set(peerId, { connection, open, unasked: new Set(), asked: this.#wanted.size, hasSurplus: false, state: 'subscribing' })
    void connection.closed.then(() => {
      if (this.#peers.get(peerId)?.connection === connection) this.#peers.delete(peerId)
    })
    const streams = fromStreams(this.#wanted)
    if (after === undefined) return connection.subscribe(broadcastName, [{ streams }]).ready
    try {
      await connection.subscribe(broadcastName, [{ after, streams }]).ready
    } catch (error) {
      if (!(error instanceof DDPError) || error.error !== beyondHead) throw error
      this.#reader.restart(peerId)
      await connection.subscribe(broadcastName, [{ streams }]).ready
    }
  }

  /** The peer's answer: what it was asked for holds from this number on. Returns what is lost if that contradicts what was read. */
  confirmed(peerId: string, from: number): readonly Loss[] {
    const asked = this.#peers.get(peerId)
    if (!asked?.open) return []
    const losses = this.#reader.confirm(peerId, from, asked.open, asked.asked)
    if (asked.state === 'subscribing') this.#reader.resumed(peerId, from)
    asked.state = 'subscribed'
    asked.open = undefined
    this.#ask(peerId, asked)
    return losses
  }

  /** A stream has its first listener, or lost its last. Changes of one turn are asked for at its end: a listener that is replaced at once misses nothing. */
  changed(stream: string): void {
    if (this.#changed.size === 0) queueMicrotask(() => this.settle())
    this.#changed.add(stream)
  }

  /** Asks for the streams that are listened to now. Costs by the number of changes, not by the number of streams. */
  settle(): void {
    if (this.#changed.size === 0) return
    for (const stream of this.#changed) {
      if (this.#isListened(stream)) this.#want(stream)
      else this.#giveUp(stream)
    }
    this.#changed.clear()
    for (const [peerId, asked] of this.#peers) this.#ask(peerId, asked)
  }

  #want(stream: string): void {
    if (this.#wanted.has(stream)) return
    this.#wanted.add(stream)
    for (const asked of this.#peers.values()) asked.unasked.add(stream)
  }

  #giveUp(stream: string): void {
    if (!this.#wanted.delete(stream)) return
    this.#reader.forget(stream)
    for (const asked of this.#peers.values()) {
      // A later listener starts fresh: the pending answer is not for it.
      asked.open?.delete(stream)
      if (!asked.unasked.delete(stream)) asked.hasSurplus = true
    }
  }

  close(): void {
    this.#peers.clear()
  }

  /** Sends one request at a time to each peer; later changes wait for its answer. The link's heartbeat bounds the wait. */
  #ask(peerId: string, asked: Asked): void {
    if (asked.open || (asked.unasked.size === 0 && !asked.hasSurplus)) return
    asked.open = asked.unasked
    asked.unasked = new Set()
    asked.asked = this.#wanted.size
    asked.hasSurplus = false
    asked.connection.call(interestMethod, [{ streams: fromStreams(this.#wanted) }]).catch((error: unknown) => {
      if (error instanceof DDPError || !(error instanceof ConnectionError)) this.#onRefused(peerId, error)
    })
  }
}
