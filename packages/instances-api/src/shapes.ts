import type { MemberView, PeerStatistics } from '@ddp-cluster/instance-status'

/** The link that an instance dialled to a member. */
export interface LinkShape {
  readonly status: string
  readonly connected: boolean
  readonly authorized: boolean
  readonly retryCount: number
  /** In milliseconds since the epoch. */
  readonly retryTime?: number
  readonly reason?: string
  readonly lastError?: string
  readonly roundTripMs?: number
}

/** Where a member is in the events of this instance (`sent`, `unsent`), and this one in those of the member. */
export type LogShape = Omit<PeerStatistics, 'id'>

export function linkOf({ link }: MemberView): LinkShape | undefined {
  if (!link) return undefined
  const { currentStatus, authorized, lastError, roundTripMs } = link
  return { ...currentStatus, authorized, ...(lastError !== undefined && { lastError }), ...(roundTripMs !== undefined && { roundTripMs }) }
}

export function logOf({ sent, unsent, received, lost }: PeerStatistics): LogShape {
  return { sent, unsent, received, lost }
}
