/** Events of another instance that will never come: the numbers from `after + 1` to `after + lost`. */
export interface Gap {
  /** Id of the instance that emitted the lost events. */
  readonly from: string
  /** Sequence number before the first lost event. */
  readonly after: number
  /** Number of lost events. */
  readonly lost: number
  /** Whether `lost` counts events of this instance's streams alone; otherwise `lost` is an upper bound. */
  readonly exact: boolean
}
