import type { InstanceRecord } from '../registry/record.js'
import type { Ending } from './facts.js'
import type { LeftReason } from './judge.js'

/** Inputs of the membership: from the registry, the mesh and the clock. */
export type Happening =
  | { readonly type: 'recordSeen'; readonly record: InstanceRecord }
  | { readonly type: 'recordStale' | 'recordDeleted'; readonly record: InstanceRecord }
  /** A full read that was sent at `startedAt` is all told. */
  | { readonly type: 'registryRead'; readonly startedAt: number }
  | { readonly type: 'registryLost' | 'registryRestored' }
  /** The peer is being dialled; before that it waited for its turn. */
  | { readonly type: 'dialBegun'; readonly id: string }
  | { readonly type: 'outboundUp' | 'inboundUp'; readonly id: string }
  | { readonly type: 'outboundDown' | 'inboundDown'; readonly id: string; readonly ending: Ending }
  /** A dial failed that had not been up. */
  | { readonly type: 'dialFailed'; readonly id: string; readonly ending: Ending }
  | { readonly type: 'leaving' | 'goodbye'; readonly id: string }
  /** The peer says that it does not reach us at our address. */
  | { readonly type: 'notDialledBack'; readonly id: string; readonly reason: string }
  /** Stall of this process: missing inputs are only late. */
  | { readonly type: 'stalled'; readonly delayMs: number }
  /** Time passed. */
  | { readonly type: 'tick' }

/** Events for the application. */
export type MembershipEvent =
  | { readonly type: 'memberJoined' | 'memberRecovered'; readonly id: string; readonly record: InstanceRecord | undefined }
  | { readonly type: 'memberSuspected'; readonly id: string; readonly record: InstanceRecord | undefined; readonly reason: string }
  | { readonly type: 'memberLeft' | 'memberForgotten'; readonly id: string; readonly record: InstanceRecord | undefined; readonly reason: LeftReason }
  | { readonly type: 'unreachableSelf'; readonly id: string; readonly record: InstanceRecord | undefined; readonly reason: string }

/** Effects that the membership asks for. */
export type Effect =
  | { readonly type: 'tell'; readonly event: MembershipEvent }
  /** See that there is a link to the address that this record advertises now. */
  | { readonly type: 'dial'; readonly record: InstanceRecord }
  | { readonly type: 'hangUp'; readonly id: string }
  /** Read every record anew. */
  | { readonly type: 'read' }
  /** Read them anew, and tell of this one's record also when it is as it was. */
  | { readonly type: 'lookUp'; readonly id: string }
  /** Tell the peer that it is not reached at its address, or that it had been declared gone. */
  | { readonly type: 'notify'; readonly id: string; readonly kind: 'unreachable' | 'expelled'; readonly reason: string }
  /** The instance is gone; its record may go, unless it was renewed since. */
  | { readonly type: 'reap'; readonly record: InstanceRecord }
