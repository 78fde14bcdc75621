/** Streams of which it is remembered when something of them was dropped last, beyond which the oldest are forgotten. */
const streamsKept = 1000

/** What a reader that was overtaken has lost, as far as is known. */
export type Loss =
  /** Nothing that it asked for. */
  | 'none'
  /** All the numbers in between. */
  | 'exact'
  /** Some of them, at most all. */
  | 'at most'

/** What the log no longer holds: of which streams, and up to which number. A reader that missed nothing of what it asked for is told of no gap. */
export class Drops {
  /** The last number that was dropped, by stream. */
  readonly #last = new Map<string, number>()
  /** What was dropped up to here may be of streams that are not in the map any more. */
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

  /** What somebody lost who asked for these streams, of what came after number `after`. */
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
