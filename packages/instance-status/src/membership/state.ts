import type { InstanceRecord } from '../registry/record.js'
import { type Facts, recordOf } from './facts.js'
import type { LeftReason, Verdict } from './judge.js'

/** Peer with its facts, the verdict on them, and the time of that verdict. */
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
  /** Instances that left and have not come back. */
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
  /** `_updatedAt` of the last record, in milliseconds: a record that was not renewed since does not bring the instance back. */
  readonly updatedAt: number | undefined
}

/** Address at which the member wants to be dialled. */
export const urlOf = ({ facts }: Member): string | undefined => recordOf(facts)?.cluster.url
