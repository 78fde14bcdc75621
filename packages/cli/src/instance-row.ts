/** Row about an instance, as the asked place sees it. */
export interface InstanceRow {
  readonly id: string
  readonly name: string
  readonly pid: number | undefined
  readonly address: string
  /** `fresh`, `stale` or `foreign` of a record; `self`, or the state of the link to it, as an instance tells. */
  readonly status: string
  readonly well: boolean
  /** By the database's clock. */
  readonly registeredAt: Date | undefined
  readonly heartbeatAt: Date | undefined
  /** By the database's clock, where that is known. */
  readonly heartbeatAgeMs: number | undefined
  readonly reason: string | undefined
}
