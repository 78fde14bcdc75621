/** Something that happened in the cluster, as it was seen from there. */
export interface Happening {
  /** By the clock of the instance that tells; of MongoDB, where the records are watched. */
  readonly at: Date
  /** `joined`, `suspected`, `recovered`, `left` and the like, as an instance tells; `registered`, `stale`, `renewed`, `removed` and `foreign` of records. */
  readonly type: string
  readonly instance: string | undefined
  readonly address: string | undefined
  readonly reason: string | undefined
}

/** Listener of a watch. */
export interface Listener {
  happened(happening: Happening): void
  /** Something about the watching itself: the connection was lost, or stands again. */
  noticed(sentence: string): void
}

/** Watches until `stopping` is aborted. Rejects with a `CliError` when it cannot begin, or when it is not let go on. */
export type Watch = (listener: Listener, stopping: AbortSignal) => Promise<void>
