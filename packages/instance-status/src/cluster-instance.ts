import type { DDPServer } from '@ddp-cluster/ddp-server'
import type { Logger } from '@ddp-cluster/ddp-common'
import { type Clock, Timers } from '@ddp-cluster/ddp-common/internal'
import type { Db } from 'mongodb'
import { EventEmitter } from 'eventemitter3'
import type { Address } from './address.js'
import type { Cluster, ClusterEvents, MemberView } from './cluster.js'
import { Broadcast } from './broadcast/broadcast.js'
import type { FlushReport } from './broadcast/flush.js'
import type { EventMap, Stream } from './broadcast/stream.js'
import { broadcastName } from './broadcast/wire.js'
import { type CallOutcome, Calls, type Reach } from './calls/calls.js'
import type { PeerMethod } from './calls/peer-methods.js'
import type { CallOptions } from './calls/request.js'
import type { Lease } from './leases/lease.js'
import { Leases } from './leases/leases.js'
import { recordOf } from './membership/facts.js'
import { emptyMembership, type Happening, type Membership, type MembershipEvent, nextDeadline, reduce } from './membership/membership.js'
import { Mesh } from './mesh/mesh.js'
import type { Handles } from './registry/handles.js'
import type { InstanceRecord } from './registry/record.js'
import { Registry } from './registry/registry.js'
import type { OwnFacts } from './registry/own-record.js'
import type { ResolvedOptions } from './options.js'
import type { TlsOptions } from '@ddp-cluster/ddp-client/internal'

export interface ClusterParts {
  readonly options: ResolvedOptions
  readonly db: Db
  readonly handles: Handles
  readonly facts: OwnFacts
  readonly address: Address
  readonly ddpServer: DDPServer
  readonly secrets: readonly string[]
  readonly tls: TlsOptions | undefined
  /** Closes what was opened for the cluster alone. */
  readonly dispose: () => Promise<void>
}

/** Messages between peers may carry a whole batch of events. */
export const longestPeerMessageBytes = 8 * 1024 * 1024

/** Wires registry, membership, mesh and broadcast. It decides nothing itself: what happened goes to the reducer, what it answers is done. */
export class ClusterInstance implements Cluster {
  readonly #parts: ClusterParts
  readonly #clock: Clock
  readonly #logger: Logger
  readonly #events = new EventEmitter()
  readonly #timers: Timers
  readonly #registry: Registry
  readonly #mesh: Mesh
  readonly #broadcast: Broadcast
  readonly #calls: Calls
  readonly #leases: Leases
  #membership: Membership | undefined
  #cancelDeadline: (() => void) | undefined
  #closing: Promise<void> | undefined
  #resolveClosed: () => void = () => undefined
  readonly closed: Promise<void>

  constructor(parts: ClusterParts) {
    this.#parts = parts
    this.closed = new Promise((resolve) => (this.#resolveClosed = resolve))
    const { options, handles, facts, ddpServer, secrets, tls, db } = parts
    const { clock, logger, heartbeatIntervalMs, expireAfterMs } = options
    this.#clock = clock
    this.#logger = logger
    this.#timers = new Timers(clock)
    const random = (): number => Math.random()
    this.#registry = new Registry({
      handles, facts, heartbeatIntervalMs, expireAfterMs, clock, random, logger,
      events: {
        records: (events, readAt) => {
          for (const { type, record } of events) {
            if (type === 'seen') this.#happened({ type: 'recordSeen', record })
            else this.#happened({ type: type === 'stale' ? 'recordStale' : 'recordDeleted', record })
          }
          if (readAt !== undefined) this.#happened({ type: 'registryRead', startedAt: readAt })
        },
        lost: (error) => {
          this.#happened({ type: 'registryLost' })
          this.#events.emit('registryLost', { error })
        },
        restored: () => {
          this.#happened({ type: 'registryRestored' })
          this.#events.emit('registryRestored', {})
        },
      },
    })
    this.#mesh = new Mesh({
      ddpServer, secrets, tls, clock, random, logger,
      cluster: `${db.databaseName}.${options.collectionName}/${options.name}`,
      selfId: facts._id,
      authTimeoutMs: options.authTimeoutMs,
      linkHeartbeatIntervalMs: options.linkHeartbeatIntervalMs,
      linkHeartbeatTimeoutMs: options.linkHeartbeatTimeoutMs,
      maxMessageBytes: longestPeerMessageBytes,
      feed: {
        collection: broadcastName,
        subscribe: (peerId, connection) => this.#broadcast.subscribe(peerId, connection),
        message: (peerId, message) => this.#broadcast.receive(peerId, message),
      },
      events: {
        outboundUp: (id) => this.#happened({ type: 'outboundUp', id }),
        outboundDown: (id, ending) => this.#happened({ type: 'outboundDown', id, ending }),
        dialFailed: (id, ending) => this.#happened({ type: 'dialFailed', id, ending }),
        inboundDown: (id, ending) => this.#happened({ type: 'inboundDown', id, ending }),
        goodbye: (id) => this.#happened({ type: 'goodbye', id }),
      },
    })
    this.#broadcast = new Broadcast({
      ddpServer, clock, logger,
      bounds: { maxBytes: options.maxLogBytes, maxEntries: options.maxLogEntries, maxAgeMs: options.maxLogAgeMs },
      maxEventBytes: options.maxEventBytes,
      onGap: (gap) => void this.#events.emit('gap', gap),
      selfId: facts._id,
      members: () => this.#memberIds(),
      connectionTo: (id) => this.#mesh.links.get(id)?.connection,
      requirePeer: (connection) => this.#mesh.requirePeer(connection).id,
      onSubscriber: (id) => this.#happened({ type: 'inboundUp', id }),
    })
    this.#leases = new Leases({ handles, clusterName: options.name, selfId: facts._id, clock, random, logger })
    this.#calls = new Calls({
      ddpServer, clock, logger,
      selfId: facts._id,
      requirePeer: (connection) => this.#mesh.requirePeer(connection).id,
      reach: (id) => this.#reach(id),
      memberIds: () => this.members().map(({ id }) => id),
    })
  }

  /** Registers, and meets those who are there. */
  async join(): Promise<void> {
    try {
      const self = await this.#registry.register()
      this.#membership = emptyMembership(self, this.#parts.options.linkTimeoutMs)
      await this.#registry.follow()
      this.#calls.open()
    } catch (error) {
      await this.close()
      throw error
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

  members(): readonly MemberView[] {
    const views: MemberView[] = []
    for (const { facts, verdict } of this.#membership?.members.values() ?? []) {
      if (verdict.status === 'gone') continue
      const link = this.#mesh.links.get(facts.id)
      views.push({
        id: facts.id,
        status: verdict.status,
        reason: verdict.status === 'suspect' ? verdict.reason : verdict.status === 'alive' ? verdict.note : undefined,
        record: recordOf(facts),
        link: link && { currentStatus: link.status, authorized: link.connection !== undefined, lastError: link.lastError },
      })
    }
    return views.sort((a, b) => registeredAt(a) - registeredAt(b) || (a.id < b.id ? -1 : 1))
  }

  records({ maxAgeMs = 1000 }: { readonly maxAgeMs?: number } = {}): Promise<readonly InstanceRecord[]> {
    return this.#registry.recordsWithin(maxAgeMs)
  }

  lastRecords(): readonly InstanceRecord[] {
    return this.#registry.lastRecords
  }

  stream<Events extends EventMap<Events> = Record<string, unknown[]>>(name: string): Stream<Events> {
    return this.#broadcast.stream(name)
  }

  flush(options?: { readonly timeoutMs?: number }): Promise<FlushReport> {
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

  lease(name: string, { ttlMs }: { readonly ttlMs?: number } = {}): Lease {
    return this.#leases.open(name, ttlMs)
  }

  on<E extends keyof ClusterEvents>(event: E, listener: (payload: ClusterEvents[E]) => unknown): () => void {
    // A listener that throws must not stop what is being done.
    const guarded = (payload: ClusterEvents[E]): void => {
      const failed = (error: unknown): void => this.#logger.error({ event, error: String(error) }, 'a listener of the cluster threw')
      try {
        const result = listener(payload)
        if (result instanceof Promise) result.catch(failed)
      } catch (error) {
        failed(error)
      }
    }
    this.#events.on(event, guarded)
    return () => void this.#events.off(event, guarded)
  }

  close(): Promise<void> {
    this.#closing ??= this.#leave()
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #leave(): Promise<void> {
    const { closeTimeoutMs } = this.#parts.options
    const until = this.#clock.now() + closeTimeoutMs
    const left = (): number => Math.max(1, until - this.#clock.now())
    this.#timers.clear()
    await this.#broadcast.close(left() / 4)
    await this.#calls.close(left() / 4)
    await Promise.all([this.#leases.close(left() / 2), this.#registry.close(left() / 2)])
    await this.#mesh.sayGoodbye(left() / 4)
    this.#mesh.close()
    await this.#parts.dispose()
    this.#events.removeAllListeners()
    this.#resolveClosed()
  }

  #happened(happening: Happening): void {
    if (!this.#membership || this.#closing) return
    const { membership, effects } = reduce(this.#membership, happening, this.#clock.now())
    this.#membership = membership
    for (const effect of effects) {
      switch (effect.type) {
        case 'dial':
          this.#mesh.dial(effect.record._id, effect.record.cluster.url)
          break
        case 'hangUp':
          this.#mesh.hangUp(effect.id)
          break
        case 'read':
          void this.#registry.refresh().catch(() => undefined)
          break
        case 'lookUp':
          void this.#lookUp(effect.id)
          break
        case 'reap':
          this.#registry.reap(effect.record)
          break
        case 'tell':
          this.#tell(effect.event)
          break
      }
    }
    this.#calls.membersChanged()
    this.#broadcast.membersChanged()
    this.#scheduleDeadline()
  }

  #reach(id: string): Reach {
    const member = this.#membership?.members.get(id)
    if (!member) return { kind: 'left' }
    const connection = this.#mesh.links.get(id)?.connection
    if (connection) return { kind: 'linked', connection }
    return member.verdict.status === 'suspect' ? { kind: 'suspect', reason: member.verdict.reason } : { kind: 'joining' }
  }

  #memberIds(): string[] {
    const ids: string[] = []
    for (const { facts, verdict } of this.#membership?.members.values() ?? []) if (verdict.status !== 'gone') ids.push(facts.id)
    return ids
  }

  async #lookUp(id: string): Promise<void> {
    const record = await this.#registry.lookUp(id).catch(() => undefined)
    if (record) this.#happened({ type: 'recordSeen', record })
  }

  #tell({ type, ...payload }: MembershipEvent): void {
    this.#logger.info({ instance: payload.id, ...('reason' in payload && { reason: payload.reason }) }, type)
    this.#events.emit(type, payload)
  }

  #scheduleDeadline(): void {
    this.#cancelDeadline?.()
    const deadline = this.#membership && nextDeadline(this.#membership)
    if (deadline === undefined) return
    this.#cancelDeadline = this.#timers.after(Math.max(0, deadline - this.#clock.now()), () => this.#happened({ type: 'tick' }))
  }
}

const registeredAt = ({ record }: MemberView): number => record?._createdAt.getTime() ?? Number.MAX_SAFE_INTEGER
