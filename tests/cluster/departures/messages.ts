import type { JoinOptions } from '@ddp-cluster/instance-status'

export interface CleanerSettings {
  readonly mongoUrl: string
  readonly database: string
  /** How long it takes to clean up after one instance. */
  readonly runMs: number
  readonly options: Pick<JoinOptions, 'heartbeatIntervalMs' | 'expireAfterMs' | 'linkHeartbeatIntervalMs' | 'linkHeartbeatTimeoutMs'>
}

/** One call of a handler. */
export interface Run {
  /** Who left. */
  readonly of: string
  readonly by: string
  readonly token: number
  readonly begunAt: number
  /** Missing while it runs, and when its process was killed in it. */
  readonly endedAt?: number
}
