/** Streams of which it is remembered when something of them was dropped last, beyond which the oldest are forgotten. */
const streamsKept = 1000

/** Loss of a reader that the log has overtaken, as far as is known. */
export type Loss =
  /** Nothing that it asked for. */
  | 'none'
  /** All the numbers in between. */
  | 'exact'
  /** Some of them, at most all. */
  | 'at most'

/** Events that the log no longer holds, by stream and number. A reader whose streams lost nothing is told of no gap. */
export class Drops {
  /** The last number that was dropped, by stream. */
  readonly #last = new Map<string, number>()
  /** Sequence number up to which drops may be of streams that the map has forgotten. */
  #forgottenUpTo = 0
  /** The last number that was dropped and was meant for one instance. */
  #targetedUpTo = 0

  note(seq: number, stream: string, to: string | undefined): void {
    this.#last.set(stream, seq)
    if (to !== undefined) this.#targetedUpTo = seq
    if (this.#last.size <= streamsKept) return
    const [[oldest, last] = ['', 0]] = this.#last
    this.#last.delete(oldest)
    this.#forgottenUpTo = Math.max(this.#forgottenUpTo, last)
  }

  /** Loss of a reader of these streams, after number `after`. */
  since(after: number, streams: ReadonlySet<string> | 'all'): Loss {
    let wanted = 0
    let others = 0
    for (const [stream, last] of this.#last) {
      if (last <= after) continue
      if (streams === 'all' || streams.has(stream)) wanted += 1
      else others += 1
    }
    const sure = this.#forgottenUpTo <= after
    if (wanted === 0 && sure) return 'none'
    if (this.#targetedUpTo > after) return 'at most'
    return streams === 'all' || (others === 0 && sure) ? 'exact' : 'at most'
  }
}
