/** Events of another instance that will never come: the numbers from `after + 1` to `after + lost`. */
export interface Gap {
  /** Whose. */
  readonly from: string
  /** The last number before them. */
  readonly after: number
  /** How many. */
  readonly lost: number
  /** Whether all of them were events of streams that this instance listened to; else it has lost at most so many. */
  readonly exact: boolean
}
