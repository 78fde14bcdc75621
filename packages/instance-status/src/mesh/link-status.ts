/** The state of a link as Meteor's `status()` gives it, and as `instances.get` shows it: these keys, in this order. */
export interface LinkStatus {
  readonly status: 'connected' | 'connecting' | 'waiting' | 'failed' | 'offline'
  readonly connected: boolean
  /** Dials since the link was last connected. */
  readonly retryCount: number
  /** When it is dialled again, in milliseconds since the epoch by the local clock; only when `waiting`. */
  readonly retryTime?: number
  /** Why it is not connected. */
  readonly reason?: string
}
