/** What an instance has sent and received of events since it started. Numbers count from 1, separately for each instance that emits. */
export interface BroadcastStatistics {
  /** What is kept of the events emitted here: the number of the newest, how many of them are still there, and their bytes. */
  readonly log: { readonly head: number; readonly entries: number; readonly bytes: number }
  readonly events: {
    readonly emitted: number
    /** Events of others that reached the listeners here. */
    readonly received: number
    /** Those of them that were emitted before their link came up, and were sent from the log. */
    readonly replayed: number
    /** Events of others that will never come; at most so many where a `gap` is not `exact`. */
    readonly lost: number
  }
  /** Of the messages that carry events. */
  readonly bytes: { readonly sent: number; readonly received: number }
  /** Every other member. */
  readonly peers: readonly PeerStatistics[]
}

export interface PeerStatistics {
  readonly id: string
  /** The number up to which it was sent what it listens to, also by a link that is lost since; 0 before its first. */
  readonly sent: number
  /** How many numbers that is behind our newest. */
  readonly unsent: number
  /** The number up to which its events have come, or are known not to come; 0 before its first link. */
  readonly received: number
  /** How many of them will never come; an upper bound as above. */
  readonly lost: number
}
