import type { JoinOptions } from '@ddp-cluster/instance-status'
import type { Breakage } from './broken.js'

/** What an actor is told when it starts. */
export interface Part {
  readonly mongoUrl: string
  readonly database: string
  readonly journalFile: string
  readonly breakage: Breakage | undefined
  readonly leaseTtlMs: number
  readonly options: Pick<JoinOptions, 'heartbeatIntervalMs' | 'expireAfterMs' | 'linkHeartbeatIntervalMs' | 'linkHeartbeatTimeoutMs' | 'linkTimeoutMs'>
}

export type Order =
  /** Stands still for so long. */
  | { readonly do: 'block'; readonly ms: number }
  | { readonly do: 'date'; readonly offsetMs: number }
  /** Uses up its file descriptors for so long. */
  | { readonly do: 'hoard'; readonly ms: number }
  /** Its logger throws for so long, as one does whose disk is full. */
  | { readonly do: 'fill disk'; readonly ms: number }
  /** Emits and calls no more. */
  | { readonly do: 'settle' }
  | { readonly do: 'state' }

/** How far an actor is. */
export interface State {
  readonly id: string
  /** The last number that it emitted. */
  readonly head: number
  /** The last number that it heard, by sender. */
  readonly heard: readonly (readonly [string, number])[]
  /** Members that are alive, over an authorized link. */
  readonly alive: readonly string[]
  /** The other members, and why. */
  readonly others: readonly { readonly id: string; readonly why: string }[]
}
