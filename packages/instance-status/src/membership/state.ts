import type { InstanceRecord } from '../registry/record.js'
import { type Facts, recordOf } from './facts.js'
import type { LeftReason, Verdict } from './judge.js'

/** One peer: what is known of it, what that means, and since when. */
export interface Member {
  readonly facts: Facts
  readonly verdict: Verdict
  /** Monotonic time of the last change of status. */
  readonly since: number
  /** `memberJoined` was told, and `memberLeft` not since. */
  readonly joined: boolean
}

/** Everyone that this instance knows of. A value: `reduce` returns the next one. */
export interface Membership {
  readonly members: ReadonlyMap<string, Member>
  /** Those who left, and have not come back. */
  readonly departed: ReadonlyMap<string, Departure>
  readonly registryReachable: boolean
  /** Monotonic: after an outage nobody has expired before this time, as everyone has to heartbeat first. */
  readonly heldUntil: number
  readonly linkTimeoutMs: number
  /** The own record: another one with the same address is either our predecessor's or a mistake. */
  readonly self: InstanceRecord
}

export interface Departure {
  readonly reason: LeftReason
  /** What `_updatedAt` its record had, in milliseconds: a record that has not moved since does not bring it back. */
  readonly updatedAt: number | undefined
}

/** Address at which the member wants to be dialled. */
export const urlOf = ({ facts }: Member): string | undefined => recordOf(facts)?.cluster.url
