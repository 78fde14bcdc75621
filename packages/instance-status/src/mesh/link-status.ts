/** State of a link in the shape of Meteor's `status()`, as `instances.get` shows it: these keys, in this order. */
export interface LinkStatus {
  /** Connection state: `waiting` stands between two dials. */
  readonly status: 'connected' | 'connecting' | 'waiting' | 'failed' | 'offline'
  /** Whether `status` is `connected`. */
  readonly connected: boolean
  /** Number of dials since the link was last connected. */
  readonly retryCount: number
  /** Time of the next dial, in milliseconds since the epoch by the local clock; with `waiting` only. */
  readonly retryTime?: number
  /** Reason for not being connected. */
  readonly reason?: string
}
