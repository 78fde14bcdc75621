import type { DDPServer } from '@ddp-cluster/ddp-server'
import type { Db } from 'mongodb'
import type { Address } from './address.js'
import type { Gap } from './broadcast/gap.js'
import type { BroadcastStatistics } from './broadcast/broadcast-statistics.js'
import type { StreamPermissions } from './client-streams/permission.js'
import type { FlushReport } from './broadcast/flush.js'
import type { EventMap, Stream } from './broadcast/stream.js'
import type { CallOutcome } from './calls/calls.js'
import type { PeerMethod } from './calls/peer-methods.js'
import type { CallOptions } from './calls/request.js'
import type { DepartureHandler } from './departures/clean-up.js'
import type { Lease } from './leases/lease.js'
import type { LeftReason } from './membership/judge.js'
import type { LinkStatus } from './mesh/link-status.js'
import type { InstanceRecord } from './registry/record.js'

/** Events of a `Cluster`, each with its payload. `record` is the last record seen of the instance, if any. */
export interface ClusterEvents {
  /** An instance is linked in both directions for the first time, or again after `memberLeft`. */
  memberJoined: { readonly id: string; readonly record: InstanceRecord | undefined }
  /** A member, or an instance that has not joined yet, cannot be reached; `reason` says why. Followed by `memberRecovered`, `memberJoined`, `memberLeft` or `memberForgotten`. */
  memberSuspected: { readonly id: string; readonly record: InstanceRecord | undefined; readonly reason: string }
  /** A suspect that had joined is linked again. */
  memberRecovered: { readonly id: string; readonly record: InstanceRecord | undefined }
  /** An instance that had joined is gone: alternates with `memberJoined` for each id. */
  memberLeft: { readonly id: string; readonly record: InstanceRecord | undefined; readonly reason: LeftReason }
  /** An instance that was suspected before it ever joined is gone. */
  memberForgotten: { readonly id: string; readonly record: InstanceRecord | undefined; readonly reason: LeftReason }
  /** MongoDB does not answer, or refuses: `error` says how. Members are kept as they are until `registryRestored`. */
  registryLost: { readonly error: unknown }
  /** MongoDB answers again after `registryLost`. */
  registryRestored: Record<string, never>
  /** A member that this instance reaches says that it does not reach this one at its advertised address: look at the option `address`, at firewalls, at what else listens there. Told when the reason changes. */
  unreachableSelf: { readonly id: string; readonly record: InstanceRecord | undefined; readonly reason: string }
  /** The member `by` had declared this instance gone, and takes it back: this one was cut off or stood still for longer than its expiry. */
  expelled: { readonly by: string; readonly reason: string }
  /** The event loop of this process stood still for about so long. What was late because of that counts against nobody. */
  stalled: { readonly delayMs: number }
  /** Events of another instance will never come: its log no longer reached back to where this one had got, or they could not be understood. */
  gap: Gap
}

/** View of this instance on itself. */
export interface SelfView {
  /** Id of this instance: new for every start. */
  readonly id: string
  /** Record of this instance, with the times that MongoDB gave at the last heartbeat it answered. */
  readonly record: InstanceRecord
  /** Whether MongoDB answered the last time it was asked. */
  readonly registry: 'reachable' | 'lost'
  /** Members that this instance reaches and that do not reach it, with the reason that they gave, or how their link ended. */
  readonly unreachableBy: readonly { readonly id: string; readonly reason: string }[]
}

/** View of this instance on another one. */
export interface MemberView {
  /** Id of the other instance. */
  readonly id: string
  /** `joining`: not yet linked in both directions. `alive`: linked. `suspect`: unreachable at the moment, or for good. */
  readonly status: 'joining' | 'alive' | 'suspect'
  /** Reason for being suspect, or an oddity of a living member; undefined when all is well. */
  readonly reason: string | undefined
  /** Time of the last change of `status`, by this machine's clock. */
  readonly since: Date
  /** Record as last seen; its `_updatedAt` may be older than the newest heartbeat. */
  readonly record: InstanceRecord | undefined
  /** Link that this instance dialled; the member's own link to this instance is not shown. */
  readonly link: LinkView | undefined
}

/** State of the link that this instance dialled to a member. */
export interface LinkView {
  /** Connection status, in the shape of Meteor's `status()`. */
  readonly currentStatus: LinkStatus
  /** Whether both sides of the link proved that they know the cluster's secret. */
  readonly authorized: boolean
  /** Last error of the link, kept after it works again. */
  readonly lastError: string | undefined
  /** Round trip of a ping within the last two `linkHeartbeatIntervalMs`, in milliseconds; undefined before the first, and while the link is not connected. */
  readonly roundTripMs: number | undefined
}

/** Counters of this instance since it joined, and gauges of this moment. */
export interface ClusterStatistics extends BroadcastStatistics {
  /** Time since MongoDB last answered a heartbeat, and the duration of that heartbeat, in milliseconds. */
  readonly heartbeat: { readonly ageMs: number; readonly durationMs: number | undefined }
  /** Sessions and dials that came to nothing because one side could not prove that it belongs to the cluster. */
  readonly authorizationFailures: number
}

/** Membership of this instance in its cluster: events, calls, leases and the view of all members. `joinCluster()` makes it. */
export interface Cluster extends AsyncDisposable {
  /** Id of this instance: new for every start. */
  readonly id: string
  /** Name of the cluster, as in the options. */
  readonly name: string
  /** Address that peers dial. */
  readonly address: Address
  /** Database of the options. */
  readonly db: Db
  /** DDP endpoint that instances and clients dial: the option `ddpServer`, or one that closes with the cluster. The application adds methods and publications of its own to it. */
  readonly ddpServer: DDPServer
  /** View of this instance on itself. */
  readonly self: SelfView
  /** All other known instances, in the order of their registration. */
  members(): readonly MemberView[]
  /** Counters and gauges of this instance. Cheap: asks neither MongoDB nor peers. */
  statistics(): ClusterStatistics
  /** All records in MongoDB, read at most `maxAgeMs` ago. Rejects with `registry-unreachable` when MongoDB cannot be read. */
  records(options?: { readonly maxAgeMs?: number }): Promise<readonly InstanceRecord[]>
  /** Records of the last successful read. Asks nobody. */
  lastRecords(): readonly InstanceRecord[]
  /** Named channel of events to all instances. The type parameter names the events with their arguments; without it any are allowed. */
  stream<Events extends EventMap<Events> = Record<string, unknown[]>>(name: string): Stream<Events>
  /**
   * Stream that DDP clients of `ddpServer` may read and write as far as `permissions` allow, as with Meteor's streamer: clients subscribe to
   * `stream-<name>` with an event's name, and call the method `stream-<name>` with a name and arguments. An event of one client reaches all other
   * clients, on every instance. Call it once for each name. Throws the errors of `stream()`, and the server's `publication-taken`.
   */
  publishStream<Events extends EventMap<Events> = Record<string, unknown[]>>(name: string, permissions: StreamPermissions): Stream<Events>
  /**
   * Resolves when every member has called its listeners with all that was emitted here so far (what they return is not awaited), or
   * after `timeoutMs` (5_000, at most 60_000); says who did and who did not. Rejects with `closed`.
   */
  flush(options?: { readonly timeoutMs?: number }): Promise<FlushReport>
  /**
   * Offers a method to the instances of the cluster, this one included, and to nobody else: clients of the DDP endpoint cannot call it, and the endpoint's
   * own methods cannot be called by `call()`. Offer it right after `joinCluster()`: calls that come before wait until then. The function returned takes
   * it back. Throws a `ClusterError` `method-taken` or `invalid-call`.
   */
  method(name: string, handler: PeerMethod): () => void
  /**
   * Calls a method that an instance offers: once at most, over the link to it; here, with copies of the values, when the id is the own one. Rejects with the
   * `DDPError` that the method threw (404 when it offers none of that name), or with a `CallError`: `left`, `suspect` and `too-many-calls` say that it did
   * not run, `timeout` and `outcome-unknown` that it may have; `closed`, `invalid-call`, `call-not-encodable`, `call-too-large` are about this side.
   */
  call(instanceId: string, method: string, params?: readonly unknown[], options?: CallOptions): Promise<unknown>
  /**
   * Calls it at this instance and at all that are members at this moment, and resolves with one outcome for each, this instance's first. Rejects only
   * for parameters and options that make no sense.
   */
  callAll(method: string, params?: readonly unknown[], options?: CallOptions): Promise<readonly CallOutcome[]>
  /**
   * Asks for the right to be the only one in the cluster that does what `name` stands for: now, and again whenever it is lost. Another instance has it at the
   * latest `ttlMs` (30_000 by default, 200 at least) and a moment after this one died, and at once when it leaves. Costs MongoDB one write each third of `ttlMs` for the holder, and about
   * one read each `ttlMs` for everyone who waits. `name` is 1 to 200 characters, without lone surrogates. Throws a `ClusterError` `invalid-option` or `closed`.
   */
  lease(name: string, options?: { readonly ttlMs?: number }): Lease
  /**
   * Has `handler` clean up after instances that are gone for good: those that said goodbye, and those whose record was not renewed for two heartbeats and is
   * deleted. Each is handed over at least once, also when all were down meanwhile (within seven days), on one instance at a time, to one handler after the
   * other, until all have resolved; while one rejects, all are called again, later and later. The function returned takes the handler back.
   * Throws a `ClusterError` `closed` or `invalid-option`.
   */
  onLeft(handler: DepartureHandler): () => void
  /** Calls `listener` at every `event`; the function returned ends that. @throws ClusterError `invalid-option` — there is no event of that name */
  on<E extends keyof ClusterEvents>(event: E, listener: (payload: ClusterEvents[E]) => unknown): () => void
  /** Leaves: deletes the record, says goodbye on every link, closes. May be called twice; takes at most `closeTimeoutMs`, and never rejects. */
  close(): Promise<void>
  /** Promise that resolves when this instance has left. */
  readonly closed: Promise<void>
}
