import { DDPError } from '@ddp-cluster/ddp-common'
import { type Connection, ConnectionError } from '@ddp-cluster/ddp-client/internal'
import { fromStreams } from './interest.js'
import type { Loss, Reader } from './reader.js'
import { beyondHead, broadcastName } from './wire.js'

export const interestMethod = 'cluster.interest'

/** What one peer was asked for, over the link that is up. */
interface Asked {
  readonly connection: Connection
  /** What its answer will be to, but for what nobody listens to any more; undefined when it has answered. */
  open: ReadonlySet<string> | undefined
  /** What it was asked for last. */
  last: ReadonlySet<string>
  state: 'subscribing' | 'subscribed'
}

/** Asks every peer for the streams that this instance listens to, now and whenever they change. */
export class Asking {
  readonly #reader: Reader
  readonly #listened: () => ReadonlySet<string>
  readonly #onRefused: (peerId: string, error: unknown) => void
  readonly #peers = new Map<string, Asked>()
  #wanted: ReadonlySet<string> = new Set()
  #state: 'settled' | 'changing' = 'settled'

  /** `listened` says which streams have listeners; `onRefused` is told of a peer that did not take a change. */
  constructor(reader: Reader, listened: () => ReadonlySet<string>, onRefused: (peerId: string, error: unknown) => void) {
    this.#reader = reader
    this.#listened = listened
    this.#onRefused = onRefused
  }

  /**
   * A link is up: resolves when the peer has said from where on it gives what is asked for. A peer that has not emitted as much as was read in its
   * name (somebody lied for it) refuses with `beyond-head`, and is read anew.
   */
  async subscribe(peerId: string, connection: Connection): Promise<void> {
    this.settle()
    const after = this.#reader.position(peerId)
    this.#peers.set(peerId, { connection, open: this.#wanted, last: this.#wanted, state: 'subscribing' })
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
    const losses = this.#reader.confirm(peerId, from, asked.open, asked.last.size)
    if (asked.state === 'subscribing') this.#reader.resumed(peerId, from)
    asked.state = 'subscribed'
    asked.open = undefined
    this.#ask(peerId, asked)
    return losses
  }

  /** A stream has its first listener, or lost its last. What changes in one go is asked for at its end: who listens again at once has missed nothing. */
  changed(): void {
    if (this.#state === 'changing') return
    this.#state = 'changing'
    queueMicrotask(() => this.settle())
  }

  /** Looks at what is listened to now, and asks for it. */
  settle(): void {
    if (this.#state === 'settled') return
    this.#state = 'settled'
    const before = this.#wanted
    this.#wanted = this.#listened()
    for (const stream of before) if (!this.#wanted.has(stream)) this.#reader.forget(stream)
    for (const [peerId, asked] of this.#peers) {
      // Who listens by the time of the answer to what nobody listens to now begins anew.
      if (asked.open) asked.open = new Set([...asked.open].filter((stream) => this.#wanted.has(stream)))
      this.#ask(peerId, asked)
    }
  }

  close(): void {
    this.#peers.clear()
  }

  /** One request at a time for each peer; what changes meanwhile waits for its answer. It is bounded by the link, whose heartbeat ends it. */
  #ask(peerId: string, asked: Asked): void {
    if (asked.open || isAlike(asked.last, this.#wanted) && [...this.#wanted].every((stream) => this.#reader.isKnown(peerId, stream))) return
    asked.open = this.#wanted
    asked.last = this.#wanted
    asked.connection.call(interestMethod, [{ streams: fromStreams(this.#wanted) }]).catch((error: unknown) => {
      if (error instanceof DDPError || !(error instanceof ConnectionError)) this.#onRefused(peerId, error)
    })
  }
}

function isAlike(one: ReadonlySet<string>, other: ReadonlySet<string>): boolean {
  return one.size === other.size && [...one].every((stream) => other.has(stream))
}
