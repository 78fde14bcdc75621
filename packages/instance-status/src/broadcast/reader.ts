import type { Frame, SequencedEvent } from './wire.js'

/** What a frame brought that was not known before. */
export interface Received {
  readonly events: readonly SequencedEvent[]
  /** Numbers that will not come any more. */
  readonly lost: number
  /** The last number before those that were lost; meaningless when none was. */
  readonly after: number
}

/** Senders that nobody heard of for longest are forgotten beyond so many. */
const sendersKept = 1000

/**
 * How far every sender has been read. It outlives links, and members that left: a sender that comes back goes on where it was,
 * and no number is given out twice.
 */
export class Reader {
  readonly #last = new Map<string, number>()

  /** The number after which a sender is asked to go on; undefined for one that was never heard. */
  position(senderId: string): number | undefined {
    return this.#last.get(senderId)
  }

  /** Takes a frame in and says what of it is news. */
  receive(senderId: string, frame: Frame): Received {
    const known = this.#last.get(senderId)
    if (frame.kind === 'gap') {
      const after = Math.max(known ?? frame.after, frame.after)
      const lost = Math.max(0, frame.next - 1 - after)
      this.#advance(senderId, Math.max(known ?? 0, frame.next - 1))
      return { events: [], lost, after }
    }
    const before = known ?? frame.first - 1
    const skipped = Math.max(0, frame.first - 1 - before)
    const broken = frame.last > before ? frame.broken : 0
    this.#advance(senderId, Math.max(before, frame.last))
    return { events: frame.events.filter((event) => event.seq > before), lost: skipped + broken, after: before }
  }

  #advance(senderId: string, last: number): void {
    this.#last.delete(senderId)
    this.#last.set(senderId, last)
    for (const oldest of this.#last.keys()) {
      if (this.#last.size <= sendersKept) break
      this.#last.delete(oldest)
    }
  }
}
