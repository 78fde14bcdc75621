import { mostNamedStreams } from './interest.js'
import type { Frame, SequencedEvent } from './wire.js'

/** Numbers of one sender, without a hole, that will never come. */
export interface Loss {
  /** The last number before them. */
  readonly after: number
  readonly lost: number
  /** Whether all of them were events that this instance listens to; else it is at most so many. */
  readonly exact: boolean
}

/** News of a frame, in order: each loss comes before the first event with a higher number. */
export interface Received {
  readonly events: readonly SequencedEvent[]
  readonly losses: readonly Loss[]
  /** How many of the events had been emitted before the link came up. */
  readonly replayed: number
}

/** How far one sender has been read, and what was asked of it. */
interface Sender {
  /** The last number that came or was lost; `undefined` until the sender has said where it is, `disproved` once it said that it never got there. */
  position: number | 'disproved' | undefined
  /** The highest position ever: a lower one may be a liar's word. */
  highest: number
  /** Sequence number up to which events are replays: emitted before the link came up. */
  replayedUpTo: number
  /** The streams that the sender knows this instance to listen to. */
  readonly known: Set<string>
  /** How many it was asked for: more than are known when some have been given up since. */
  asked: number
  /** First sequence number that counts, for each stream subscribed later; until it has been passed. */
  readonly starts: Map<string, number>
  readonly waiting: Set<{ readonly upTo: number; readonly reached: () => void }>
  /** The number of its last event, once it has said that it leaves. */
  end: number | undefined
}

/** A million events a second for twelve days: a frame that skips more numbers is not believed. */
const farthestJump = 2 ** 40

/** Beyond so many, senders that are no members any more are forgotten, those first that nobody heard of for longest. */
const sendersKept = 1000

const none: readonly never[] = []
const nothing: Received = { events: none, losses: none, replayed: 0 }

/**
 * How far every sender has been read. It outlives links, and members that left: a sender that comes back goes on where it was,
 * and no number is given out twice.
 */
export class Reader {
  readonly #senders = new Map<string, Sender>()
  readonly #isMember: (senderId: string) => boolean

  /** A member is never forgotten, however long it is silent. */
  constructor(isMember: (senderId: string) => boolean) {
    this.#isMember = isMember
  }

  /** The number up to which a sender has been read; undefined for one that was never heard. */
  position(senderId: string): number | undefined {
    const position = this.#senders.get(senderId)?.position
    return position === 'disproved' ? undefined : position
  }

  /** The number after which a new link goes on: the highest, so that nothing is heard twice. The sender refuses one that it never reached. */
  nextAfter(senderId: string): number | undefined {
    const position = this.position(senderId)
    return position === undefined ? undefined : Math.max(position, this.#senders.get(senderId)?.highest ?? 0)
  }

  /** Whether the frame's numbers are near enough to those that were read: a single invented one must not make this instance deaf to the sender. */
  believes(senderId: string, frame: Exclude<Frame, { kind: 'from' }>): boolean {
    const last = frame.kind === 'gap' ? frame.next - 1 : frame.last
    return last - (this.position(senderId) ?? frame.after) <= farthestJump
  }

  /** The sender has not emitted as much as was read in its name: its next answer begins anew. */
  restart(senderId: string): void {
    const sender = this.#touch(senderId)
    sender.position = 'disproved'
    sender.highest = 0
  }

  /** Whether the sender knows that events of this stream are wanted. */
  isKnown(senderId: string, stream: string): boolean {
    return this.#senders.get(senderId)?.known.has(stream) === true
  }

  /**
   * The sender said that from this number on it sends the events of these streams too. They begin there: nothing older counts. `asked`: how many
   * streams it was asked for in all, with those that nobody listens to any more. An honest sender's numbers only grow: below the position it is
   * begun anew, and the events that may be lost are returned.
   */
  confirm(senderId: string, from: number, streams: ReadonlySet<string>, asked: number = streams.size): readonly Loss[] {
    const sender = this.#touch(senderId)
    const isNew = sender.position === undefined
    const goesOn = typeof sender.position === 'number' && sender.position < from
    const hadInterest = sender.known.size > 0
    const position = goesOn ? (sender.position as number) : from - 1
    if (typeof sender.position === 'number') sender.highest = Math.max(sender.highest, sender.position)
    sender.position = position
    for (const [stream, start] of sender.starts) if (start > from) sender.starts.set(stream, from)
    for (const stream of streams) if (!sender.known.has(stream) && from > position + 1) sender.starts.set(stream, from)
    for (const stream of streams) sender.known.add(stream)
    sender.asked = asked
    this.dispatched(senderId)
    return isNew || goesOn || !hadInterest || from === 1 ? none : [{ after: 0, lost: from - 1, exact: false }]
  }

  /** The sender goes on after a cut: what it had emitted before this number comes from its log. */
  resumed(senderId: string, from: number): void {
    const sender = this.#touch(senderId)
    sender.replayedUpTo = from - 1
    sender.end = undefined
    // The sender goes on after the highest number: lower ones in between were not its word.
    if (from > sender.highest) sender.position = Math.max(this.position(senderId) ?? 0, sender.highest)
  }

  /** Nobody listens to this stream any more: who listens next begins anew. */
  forget(stream: string): void {
    for (const sender of this.#senders.values()) {
      sender.known.delete(stream)
      sender.starts.delete(stream)
    }
  }

  /** Takes a frame in and says what of it is news. */
  receive(senderId: string, frame: Exclude<Frame, { kind: 'from' }>): Received {
    const sender = this.#touch(senderId)
    if (frame.kind === 'gap') {
      const after = Math.max(this.position(senderId) ?? frame.after, frame.after)
      const last = frame.next - 1
      if (last <= after) return nothing
      sender.position = last
      return { events: none, losses: [{ after, lost: last - after, exact: frame.exact && wantsAll(sender, after) }], replayed: 0 }
    }
    const before = this.position(senderId) ?? frame.after
    if (frame.last <= before) return nothing
    sender.position = frame.last
    const losses: Loss[] = []
    // Frames follow each other without a hole: what is missing in between was in one that could not be read.
    if (frame.after > before) losses.push({ after: before, lost: frame.after - before, exact: false })
    for (const seq of frame.broken) if (seq > before) losses.push({ after: seq - 1, lost: 1, exact: true })
    const isWanted = ({ seq, stream }: SequencedEvent): boolean => seq > before && sender.known.has(stream) && seq >= (sender.starts.get(stream) ?? 0)
    const events = frame.events.every(isWanted) ? frame.events : frame.events.filter(isWanted)
    for (const [stream, from] of sender.starts) if (from <= frame.last) sender.starts.delete(stream)
    const replayed = before < sender.replayedUpTo ? events.filter(({ seq }) => seq <= sender.replayedUpTo).length : 0
    return { events, losses, replayed }
  }

  /** The sender leaves, and this is the number of its last event. */
  leaves(senderId: string, end: number): void {
    this.#touch(senderId).end = end
  }

  /**
   * Nothing comes of the sender any more: the last of its events that did not, at most. Its goodbye may have been forged, so the position stays:
   * a sender that comes back goes on there.
   */
  ended(senderId: string): Received {
    const sender = this.#senders.get(senderId)
    const after = this.position(senderId)
    if (after === undefined || sender?.end === undefined || sender.known.size === 0) return nothing
    const { end } = sender
    sender.end = undefined
    if (end <= after || end - after > farthestJump) return nothing
    return { events: none, losses: [{ after, lost: end - after, exact: false }], replayed: 0 }
  }

  /** Calls `reached` once the sender has been read up to this number and what came has been dispatched; the function returned takes that back. */
  whenReached(senderId: string, upTo: number, reached: () => void): () => void {
    const sender = this.#touch(senderId)
    const waiter = { upTo, reached }
    sender.waiting.add(waiter)
    this.dispatched(senderId)
    return () => void sender.waiting.delete(waiter)
  }

  /** How many wait for this sender. */
  waitingFor(senderId: string): number {
    return this.#senders.get(senderId)?.waiting.size ?? 0
  }

  /** Notes that the listeners have been given everything of `receive()`. */
  dispatched(senderId: string): void {
    const sender = this.#senders.get(senderId)
    if (!sender || sender.waiting.size === 0) return
    for (const waiter of sender.waiting) {
      if (waiter.upTo > (this.position(senderId) ?? -1)) continue
      sender.waiting.delete(waiter)
      waiter.reached()
    }
  }

  #touch(senderId: string): Sender {
    const sender = this.#senders.get(senderId) ?? { position: undefined, highest: 0, replayedUpTo: 0, known: new Set(), asked: 0, starts: new Map(), waiting: new Set(), end: undefined }
    // The one that was heard last is forgotten last.
    this.#senders.delete(senderId)
    this.#senders.set(senderId, sender)
    for (const oldest of this.#senders.keys()) {
      if (this.#senders.size <= sendersKept) break
      if (!this.#isMember(oldest)) this.#senders.delete(oldest)
    }
    return sender
  }
}

/** Whether all that the sender was asked for after this number is listened to: of more streams than can be named it was asked for others too. */
function wantsAll({ known, asked, starts }: Sender, after: number): boolean {
  return known.size === asked && asked <= mostNamedStreams && [...starts.values()].every((from) => from <= after + 1)
}
