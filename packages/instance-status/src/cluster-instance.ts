import type { DDPServer } from '@ddp-cluster/ddp-server'
import type { OpenDoor } from '@ddp-cluster/ddp-server/internal'
import type { Logger } from '@ddp-cluster/ddp-common'
import type { Clock } from '@ddp-cluster/ddp-common/internal'
import type { Db } from 'mongodb'
import type { Address } from './address.js'
import type { Cluster, ClusterEvents, ClusterStatistics, MemberView, SelfView } from './cluster.js'
import { Broadcast } from './broadcast/broadcast.js'
import { publishToClients } from './client-streams/client-stream.js'
import type { StreamPermissions } from './client-streams/permission.js'
import type { FlushReport } from './broadcast/flush.js'
import type { EventMap, Stream } from './broadcast/stream.js'
import { broadcastName } from './broadcast/wire.js'
import { type CallOutcome, Calls, type Reach } from './calls/calls.js'
import type { PeerMethod } from './calls/peer-methods.js'
import type { CallOptions } from './calls/request.js'
import type { Lease } from './leases/lease.js'
import { Leases } from './leases/leases.js'
import type { DepartureHandler } from './departures/clean-up.js'
import { DepartureRows } from './departures/departure-rows.js'
import { Departures } from './departures/departures.js'
import { closedMeanwhile } from './errors.js'
import { clusterEvents } from './event-names.js'
import { GuardedEvents } from './guarded-events.js'
import { Members } from './members.js'
import type { Happening, MembershipEvent } from './membership/happening.js'
import { Mesh } from './mesh/mesh.js'
import type { Notice } from './mesh/notice.js'
import type { Handles } from './registry/handles.js'
import type { InstanceRecord } from './registry/record.js'
import type { Ending } from './registry/operations.js'
import { Registry } from './registry/registry.js'
import type { OwnFacts } from './registry/own-record.js'
import type { SharedSecret } from './registry/secret.js'
import { requireKnown, type ResolvedOptions } from './options.js'
import { StallWatch } from './stall-watch.js'
import { textOf } from './text-of.js'
import type { TlsOptions } from '@ddp-cluster/ddp-client/internal'

export interface ClusterParts {
  readonly options: ResolvedOptions
  readonly db: Db
  readonly handles: Handles
  readonly facts: OwnFacts
  readonly address: Address
  readonly ddpServer: DDPServer
  /** The way into `ddpServer` for the cluster's own instances. */
  readonly door: OpenDoor
  /** Undefined: the secret is an option. */
  readonly sharedSecret: SharedSecret | undefined
  readonly tls: TlsOptions | undefined
  /** `close()` ends the sessions of clients, before nothing can be emitted any more. */
  readonly endClientsFirst: boolean
  /** Closes what was opened for the cluster alone. */
  readonly dispose: () => Promise<void>
}

/** Messages between peers may carry a whole batch of events. */
export const longestPeerMessageBytes = 8 * 1024 * 1024

/** Members that do not say that they have all that was emitted do not hold up who leaves for longer than this. */
const longestFlushMs = 1000

/** The event loop standing still for so long makes whatever is late our own fault. */
const stallMs = 1000

const recordHappenings = { seen: 'recordSeen', stale: 'recordStale', deleted: 'recordDeleted' } as const

/** Wires registry, members, mesh and broadcast, and decides nothing itself. */
export class ClusterInstance implements Cluster {
  readonly #parts: ClusterParts
  readonly #clock: Clock
  readonly #logger: Logger
  readonly #events: GuardedEvents<ClusterEvents>
  readonly #stalls: StallWatch
  readonly #registry: Registry
  readonly #mesh: Mesh
  readonly #broadcast: Broadcast
  readonly #calls: Calls
  readonly #leases: Leases
  readonly #departures: Departures
  readonly #members: Members
  #closing: Promise<void> | undefined
  #resolveClosed: () => void = () => undefined
  readonly closed: Promise<void>

  constructor(parts: ClusterParts) {
    this.#parts = parts
    this.closed = new Promise((resolve) => (this.#resolveClosed = resolve))
    const { options, handles, facts, door: { instances: ddpServer }, sharedSecret, tls, db } = parts
    const { clock, logger, heartbeatIntervalMs, expireAfterMs, maxMembers } = options
    this.#clock = clock
    this.#logger = logger
    this.#events = new GuardedEvents('event of a cluster', clusterEvents, (event, error) => logger.error({ event, error: textOf(error) }, 'a listener of the cluster threw'))
    const onStall = (delayMs: number): void => this.#stalled(delayMs)
    this.#stalls = new StallWatch({ clock, thresholdMs: Math.min(stallMs, heartbeatIntervalMs), onStall })
    const random = (): number => Math.random()
    this.#registry = new Registry({
      handles, facts, heartbeatIntervalMs, expireAfterMs, maxMembers, clock, random, logger,
      stalledSince: (askedAt) => this.#stalls.endedAt > askedAt,
      beforeRegistering: [
        ...(sharedSecret ? [(ending: Ending) => sharedSecret.restore(ending)] : []),
        (ending) => this.#departures.ensureIndex(ending),
        (ending) => this.#departures.enter(ending),
      ],
      events: {
        records: (events, readAt) => {
          const happenings = events.map(({ type, record }): Happening => ({ type: recordHappenings[type], record }))
          if (happenings.length > 0 && !this.#closing) this.#members.happenedTogether(happenings)
          if (readAt !== undefined) this.#happened({ type: 'registryRead', startedAt: readAt })
        },
        lost: (error) => {
          this.#happened({ type: 'registryLost' })
          this.#events.emit('registryLost', { error })
        },
        restored: () => {
          this.#events.emit('registryRestored', {})
          this.#happened({ type: 'registryRestored' })
        },
      },
    })
    this.#mesh = new Mesh({
      ddpServer, tls, clock, random, logger,
      secrets: () => sharedSecret?.accepted ?? options.secrets ?? [],
      cluster: `${db.databaseName}.${options.collectionName}/${options.name}`,
      selfId: facts._id,
      authTimeoutMs: options.authTimeoutMs,
      linkHeartbeatIntervalMs: options.linkHeartbeatIntervalMs,
      linkHeartbeatTimeoutMs: options.linkHeartbeatTimeoutMs,
      maxMessageBytes: longestPeerMessageBytes,
      feed: {
        collection: broadcastName,
        subscribe: (peerId, connection) => this.#broadcast.subscribe(peerId, connection),
        message: (peerId, message, bytes) => this.#broadcast.receive(peerId, message, bytes),
      },
      events: {
        dialBegun: (id) => this.#happened({ type: 'dialBegun', id }),
        outboundUp: (id) => this.#happened({ type: 'outboundUp', id }),
        outboundDown: (id, ending) => this.#happened({ type: 'outboundDown', id, ending }),
        dialFailed: (id, ending) => this.#happened({ type: 'dialFailed', id, ending }),
        inboundDown: (id, ending) => this.#happened({ type: 'inboundDown', id, ending }),
        goodbye: (id, head) => {
          if (head !== undefined) this.#broadcast.peerLeaves(id, head)
          this.#happened({ type: 'goodbye', id })
        },
        ended: (id) => this.#broadcast.peerEnded(id),
        notice: (id, notice) => this.#noticed(id, notice),
        unauthorized: () => sharedSecret?.doubt(),
      },
    })
    this.#broadcast = new Broadcast({
      ddpServer, clock, logger,
      bounds: { maxBytes: options.maxLogBytes, maxEntries: options.maxLogEntries, maxAgeMs: options.maxLogAgeMs },
      maxEventBytes: options.maxEventBytes,
      onGap: (gap) => this.#events.emit('gap', gap),
      selfId: facts._id,
      members: () => this.#members.ids(),
      connectionTo: (id) => this.#mesh.links.get(id)?.connection,
      requirePeer: (connection) => this.#mesh.requirePeer(connection).id,
      onSubscriber: (id) => {
        this.#happened({ type: 'inboundUp', id })
        // Redial now: a dial error from before the peer subscribed could not be reported to it.
        this.#mesh.links.get(id)?.hurry()
      },
    })
    this.#members = new Members(clock, {
      dial: (id, url) => this.#mesh.dial(id, url),
      hangUp: (id) => {
        this.#mesh.hangUp(id)
        this.#departures.left(id)
        this.#leases.memberLeft()
      },
      notify: (id, notice) => this.#mesh.notify(id, notice),
      read: () => void this.#registry.refresh().catch(() => undefined),
      lookUp: (id) => this.#registry.lookUp(id),
      reap: (record) => this.#registry.reap(record),
      tell: (event) => this.#tell(event),
      linksNow: () => ({ outbound: this.#mesh.linkedTo(), inbound: this.#broadcast.subscribers() }),
      missed: ({ type, ...fields }) => logger.warn({ happening: type, ...('id' in fields && { peer: fields.id }) }, 'membership disagreed with a link and was corrected'),
      changed: () => {
        this.#calls.membersChanged()
        this.#broadcast.membersChanged()
      },
    })
    this.#leases = new Leases({ handles, clusterName: options.name, selfId: facts._id, clock, random, logger })
    this.#departures = new Departures({
      leases: this.#leases, heartbeatIntervalMs, clock, random, logger,
      lane: handles.lanes.others,
      rows: new DepartureRows(handles, facts, heartbeatIntervalMs),
      isMember: (id) => this.#members.verdictOf(id) !== undefined,
    })
    this.#calls = new Calls({
      ddpServer, clock, logger,
      selfId: facts._id,
      requirePeer: (connection) => this.#mesh.requirePeer(connection).id,
      reach: (id) => this.#reach(id),
      memberIds: () => this.#members.ids(),
    })
  }

  /** Registers, and meets those who are there. */
  async join(): Promise<void> {
    try {
      const self = await this.#registry.register()
      this.#members.open(self, { linkTimeoutMs: this.#parts.options.linkTimeoutMs, checkIntervalMs: this.#parts.options.heartbeatIntervalMs })
      await this.#registry.follow()
      if (this.#closing) throw closedMeanwhile()
      this.#parts.sharedSecret?.follow(() => this.#mesh.secretsChanged())
      this.#calls.open()
      this.#departures.joined()
    } catch (error) {
      const asked = this.#closing !== undefined
      await this.close()
      throw asked ? closedMeanwhile(error) : error
    }
  }

  get id(): string {
    return this.#parts.facts._id
  }

  get name(): string {
    return this.#parts.options.name
  }

  get address(): Address {
    return this.#parts.address
  }

  get db(): Db {
    return this.#parts.db
  }

  get ddpServer(): DDPServer {
    return this.#parts.ddpServer
  }

  get self(): SelfView {
    const { facts } = this.#parts
    const { createdAt: _createdAt, updatedAt: _updatedAt } = this.#registry.lastBeat.times
    const record = { _id: facts._id, _createdAt, _updatedAt, extraInformation: facts.extraInformation, name: facts.name, pid: facts.pid, cluster: facts.cluster }
    return { id: facts._id, record, registry: this.#registry.reachable ? 'reachable' : 'lost', unreachableBy: this.#members.unreachableBy() }
  }

  members(): readonly MemberView[] {
    return this.#members.views(this.#mesh.links)
  }

  statistics(): ClusterStatistics {
    const { ageMs, durationMs } = this.#registry.lastBeat
    return { heartbeat: { ageMs, durationMs }, ...this.#broadcast.statistics(), authorizationFailures: this.#mesh.authorizationFailures }
  }

  async records(options: { readonly maxAgeMs?: number } = {}): Promise<readonly InstanceRecord[]> {
    requireKnown('option of records()', options, ['maxAgeMs'])
    return this.#registry.recordsWithin(options.maxAgeMs ?? 1000)
  }

  lastRecords(): readonly InstanceRecord[] {
    return this.#registry.lastRecords
  }

  stream<Events extends EventMap<Events> = Record<string, unknown[]>>(name: string): Stream<Events> {
    return this.#broadcast.stream(name)
  }

  publishStream<Events extends EventMap<Events> = Record<string, unknown[]>>(name: string, permissions: StreamPermissions): Stream<Events> {
    requireKnown('permission of publishStream()', permissions, ['allowRead', 'allowWrite'])
    publishToClients({ ddpServer: this.#parts.door.clients, selfId: this.id, stream: this.#broadcast.stream(name), head: () => this.#broadcast.head, permissions, logger: this.#logger })
    return this.#broadcast.stream(name)
  }

  async flush(options?: { readonly timeoutMs?: number }): Promise<FlushReport> {
    requireKnown('option of flush()', options, ['timeoutMs'])
    return this.#broadcast.flush(options)
  }

  method(name: string, handler: PeerMethod): () => void {
    return this.#calls.method(name, handler)
  }

  call(instanceId: string, method: string, params?: readonly unknown[], options?: CallOptions): Promise<unknown> {
    return this.#calls.call(instanceId, method, params, options)
  }

  callAll(method: string, params?: readonly unknown[], options?: CallOptions): Promise<readonly CallOutcome[]> {
    return this.#calls.callAll(method, params, options)
  }

  lease(name: string, options: { readonly ttlMs?: number } = {}): Lease {
    requireKnown('option of lease()', options, ['ttlMs'])
    return this.#leases.open(name, options.ttlMs)
  }

  onLeft(handler: DepartureHandler): () => void {
    return this.#departures.onLeft(handler)
  }

  on<E extends keyof ClusterEvents>(event: E, listener: (payload: ClusterEvents[E]) => unknown): () => void {
    return this.#events.on(event, listener)
  }

  close(): Promise<void> {
    this.#closing ??= this.#leave(this.#parts.endClientsFirst)
    return this.#closing
  }

  /** The process ends: so do the sessions of clients, whoever made the endpoint. */
  closeWithClients(): Promise<void> {
    this.#closing ??= this.#leave(true)
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #leave(endsClients: boolean): Promise<void> {
    const { closeTimeoutMs } = this.#parts.options
    // The rest of the time is for the endpoint, which waits for its sockets.
    const until = this.#clock.now() + closeTimeoutMs * 0.75
    const left = (): number => Math.max(1, until - this.#clock.now())
    // Handlers of sessions that end may still emit. Without any nothing is let in between: the application's next emit() is refused.
    const clientsEnded = endsClients ? this.#parts.door.endClients(Math.min(left() / 4, longestFlushMs)) : undefined
    if (clientsEnded) await clientsEnded
    this.#stalls.close()
    this.#parts.sharedSecret?.close()
    this.#members.close()
    this.#mesh.notifyAll({ kind: 'leaving' })
    await Promise.all([this.#broadcast.leave(Math.min(left() / 4, longestFlushMs)), this.#calls.close(left() / 4)])
    await this.#broadcast.close(Math.min(left() / 4, longestFlushMs))
    await this.#departures.close(left() / 4)
    await Promise.all([this.#leases.close(left() / 2), this.#registry.close(left() / 2)])
    await this.#mesh.sayGoodbye(this.#broadcast.statistics().log.head, left() / 4)
    this.#mesh.close()
    await this.#parts.dispose()
    this.#events.clear()
    this.#resolveClosed()
  }

  #happened(happening: Happening): void {
    if (!this.#closing) this.#members.happened(happening)
  }

  #reach(id: string): Reach {
    const verdict = this.#members.verdictOf(id)
    if (!verdict) return { kind: 'left' }
    const connection = this.#mesh.links.get(id)?.connection
    if (connection) return { kind: 'linked', connection }
    return verdict.status === 'suspect' ? { kind: 'suspect', reason: verdict.reason } : { kind: 'joining' }
  }

  #noticed(id: string, notice: Notice): void {
    switch (notice.kind) {
      case 'unreachable':
        return this.#happened({ type: 'notDialledBack', id, reason: notice.reason })
      case 'leaving':
        return this.#happened({ type: 'leaving', id })
      case 'expelled':
        this.#logger.warn({ instance: id, reason: notice.reason }, 'a member had declared this instance gone')
        this.#events.emit('expelled', { by: id, reason: notice.reason })
    }
  }

  #stalled(delayMs: number): void {
    this.#logger.warn({ delayMs: Math.round(delayMs) }, 'this process stood still')
    this.#happened({ type: 'stalled', delayMs })
    // After a shorter one nothing is overdue; and a process that is slow because it has much to do is not given more.
    if (delayMs >= this.#parts.options.heartbeatIntervalMs) this.#registry.catchUp()
    this.#events.emit('stalled', { delayMs })
  }

  #tell({ type, ...payload }: MembershipEvent): void {
    this.#logger.info({ instance: payload.id, ...('reason' in payload && { reason: payload.reason }) }, type)
    this.#events.emit(type, payload)
  }
}
