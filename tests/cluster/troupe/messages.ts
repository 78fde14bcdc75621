import type { ClusterEvents, JoinOptions, MemberView } from '@ddp-cluster/instance-status'

/** What an actor plays: so many instances in one process. */
export interface Part {
  readonly mongoUrl: string
  readonly database: string
  readonly instances: number
  /** What the servers are bound to; 127.0.0.1 by default. */
  readonly host?: string
  /** Any free one by default. */
  readonly port?: number
  readonly options: Omit<JoinOptions, 'db' | 'name' | 'server' | 'listen' | 'logger' | 'clock' | 'tls'>
  /** By how much the local wall clock is off from the start. */
  readonly dateOffsetMs?: number
}

/** One event of a cluster, as one instance told it. */
export interface Told {
  readonly event: keyof ClusterEvents
  /** Who told it. */
  readonly by: string
  /** Whom it is about, where it is about somebody. */
  readonly about?: string
  readonly reason?: string
  /** Milliseconds since the epoch, by a clock that all processes of this machine share and that no test moves. */
  readonly at: number
}

/** How one instance sees the cluster. */
export interface View {
  readonly id: string
  readonly port: number
  readonly registry: 'reachable' | 'lost'
  readonly members: readonly (Pick<MemberView, 'id' | 'status' | 'reason'> & { readonly connected: boolean; readonly linkReason: string | undefined })[]
}

/** How many members one instance has. */
export interface Links {
  readonly linked: number
  readonly others: number
}

/** How much an actor has used. */
export interface Usage {
  readonly rssBytes: number
  readonly heapBytes: number
  readonly cpuMs: number
}

export type Order =
  | { readonly do: 'views' }
  /** Of each instance, how many members it has as alive over an authorized link, and how many otherwise. */
  | { readonly do: 'links' }
  | { readonly do: 'usage' }
  /** Stands still for so long, after it has answered. */
  | { readonly do: 'block'; readonly ms: number }
  /** Sets the local wall clock. */
  | { readonly do: 'date'; readonly offsetMs: number }
  | { readonly do: 'leave' }

export type Line =
  | { readonly type: 'ready'; readonly views: readonly View[] }
  | { readonly type: 'told'; readonly told: Told }
  | { readonly type: 'answer'; readonly order: number; readonly value: unknown }
