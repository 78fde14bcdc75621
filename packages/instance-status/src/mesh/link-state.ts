import type { Connection } from '@ddp-cluster/ddp-client/internal'
import type { LinkStatus } from './link-status.js'

/** Where a link is between one dial and the next. */
export type LinkState =
  | { readonly kind: 'queued'; readonly urgency: 'urgent' | 'usual'; readonly leave: () => void }
  /** Peer that has proven nothing yet: its messages are ignored. */
  | { readonly kind: 'dialling'; readonly connection: Connection; readonly done: () => void }
  /** The peer has proven itself, and is asked for what the link is for. */
  | { readonly kind: 'greeting'; readonly connection: Connection; readonly done: () => void }
  | { readonly kind: 'connected'; readonly connection: Connection }
  /** `dueAt`: the monotonic time of the next dial. */
  | { readonly kind: 'waiting'; readonly retryTime: number; readonly dueAt: number; readonly reason: string; readonly cancel: () => void }
  | { readonly kind: 'failed'; readonly dueAt: number; readonly reason: string; readonly cancel: () => void }
  /** The peer leaves: what it answered before may still arrive. */
  | { readonly kind: 'retired'; readonly connection: Connection }
  | { readonly kind: 'closed' }

/** The state as Meteor's `status()` says it. */
export function statusOf(state: LinkState, retryCount: number, lastError: string | undefined): LinkStatus {
  switch (state.kind) {
    case 'queued':
    case 'dialling':
    case 'greeting':
      return { status: 'connecting', connected: false, retryCount, ...(lastError !== undefined && { reason: lastError }) }
    case 'connected':
      return { status: 'connected', connected: true, retryCount }
    case 'waiting':
      return { status: 'waiting', connected: false, retryCount, retryTime: state.retryTime, reason: state.reason }
    case 'failed':
      return { status: 'failed', connected: false, retryCount, reason: state.reason }
    case 'retired':
    case 'closed':
      return { status: 'offline', connected: false, retryCount }
  }
}
