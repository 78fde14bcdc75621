/** Counters of events sent and received since this instance started. Sequence numbers count from 1, for each emitting instance. */
export interface BroadcastStatistics {
  /** Events of this instance kept for replay: the newest sequence number, the number of events, and their bytes. */
  readonly log: { readonly head: number; readonly entries: number; readonly bytes: number }
  /** Numbers of events. */
  readonly events: {
    /** Events emitted by this instance. */
    readonly emitted: number
    /** Events of other instances that reached listeners here. */
    readonly received: number
    /** Received events that were emitted before their link came up, and were replayed from the log. */
    readonly replayed: number
    /** Events of other instances that are lost; an upper bound where a `gap` is not `exact`. */
    readonly lost: number
  }
  /** Bytes of the messages that carry events. */
  readonly bytes: { readonly sent: number; readonly received: number }
  /** Progress with each other member. */
  readonly peers: readonly PeerStatistics[]
}

/** Progress of the broadcast log with one member. */
export interface PeerStatistics {
  /** Id of the member. */
  readonly id: string
  /** Sequence number up to which the member was sent its streams, also by a lost link; 0 before its first link. */
  readonly sent: number
  /** Distance of `sent` from the newest sequence number of this instance. */
  readonly unsent: number
  /** Sequence number up to which the member's events have arrived, or are known to be lost; 0 before its first link. */
  readonly received: number
  /** Number of the member's events that are lost; an upper bound where a `gap` is not `exact`. */
  readonly lost: number
}
