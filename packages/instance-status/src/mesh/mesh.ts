import type { DataMessage, Logger } from '@ddp-cluster/ddp-common'
import { type Clock, isPlainObject } from '@ddp-cluster/ddp-common/internal'
import type { Connection as DialledConnection, TlsOptions } from '@ddp-cluster/ddp-client/internal'
import type { Connection, ConnectionEnd, DDPServer } from '@ddp-cluster/ddp-server'
import { admitInstance, sendFrame } from '@ddp-cluster/ddp-server/internal'
import { DDPError } from '@ddp-cluster/ddp-common'
import type { EndedBy, Ending } from '../membership/facts.js'
import { DialTurns } from './dial-turns.js'
import { Gatekeeper, type ProvenPeer } from './gatekeeper.js'
import { goodbyeCode, Link } from './link.js'
import { decodeNotice, encodeNotice, isNotice, type Notice } from './notice.js'
import { NoticeLimit } from './notice-limit.js'

export const goodbyeMethod = 'cluster.goodbye'

/** Events of the mesh: the link's half of the facts about members. */
export interface MeshEvents {
  /** A peer is being dialled: before that it waited for its turn. */
  dialBegun(peerId: string): void
  outboundUp(peerId: string): void
  outboundDown(peerId: string, ending: Ending): void
  dialFailed(peerId: string, ending: Ending): void
  inboundDown(peerId: string, ending: Ending): void
  /** `head`: the number of the last event that it emitted, if it said so. */
  goodbye(peerId: string, head?: number): void
  /** Nothing comes any more of a peer that was hung up on. */
  ended(peerId: string): void
  notice(peerId: string, notice: Notice): void
  /** A peer and this instance could not prove the same secret to each other. */
  unauthorized(): void
}

/** Subscription of every link: requested on each new session, and given its messages. */
export interface Feed {
  /** The collection whose messages it takes with their fields as plain JSON: it decodes them itself. */
  readonly collection: string
  subscribe(peerId: string, connection: DialledConnection): Promise<void>
  /** `bytes`: its length on the wire. */
  message(peerId: string, message: DataMessage, bytes: number): void
}

export interface MeshOptions {
  readonly ddpServer: Pick<DDPServer, 'method'>
  readonly cluster: string
  readonly selfId: string
  /** Secrets that a peer may prove, the one to prove to others first. They may change. */
  readonly secrets: () => readonly string[]
  readonly authTimeoutMs: number
  readonly linkHeartbeatIntervalMs: number
  readonly linkHeartbeatTimeoutMs: number
  readonly maxMessageBytes: number
  readonly tls: TlsOptions | undefined
  readonly clock: Clock
  readonly random: () => number
  readonly logger: Logger
  readonly feed: Feed
  readonly events: MeshEvents
}

interface Inbound {
  readonly peer: ProvenPeer
  readonly connection: Connection
}

const dialsAtOnce = 16

/** The sockets between this instance and its peers: one dialled by us and one by them, for each. */
export class Mesh {
  readonly #options: MeshOptions
  readonly #gatekeeper: Gatekeeper
  readonly #turns = new DialTurns(dialsAtOnce)
  readonly #noticeLimit = new NoticeLimit()
  readonly #links = new Map<string, Link>()
  /** Links to peers that left, until their sockets are closed. */
  readonly #retired = new Set<Link>()
  readonly #inbound = new Map<string, Inbound>()
  #attempts = 0
  #refusals = 0
  #closed = false

  constructor(options: MeshOptions) {
    this.#options = options
    const { ddpServer, cluster, selfId, secrets, authTimeoutMs, clock, logger, events } = options
    const onProven = (peer: ProvenPeer, connection: Connection): void => this.#admit(peer, connection)
    this.#gatekeeper = new Gatekeeper({ ddpServer, cluster, selfId, secrets, authTimeoutMs, clock, logger, onProven, onWrongProof: () => events.unauthorized() })
    const requirePeer = (connection: Connection): ProvenPeer => this.requirePeer(connection)
    ddpServer.method(goodbyeMethod, function (farewell) {
      events.goodbye(requirePeer(this.connection).id, headOf(farewell))
    })
  }

  /** The links that this instance dials, by the peer's id. */
  get links(): ReadonlyMap<string, Link> {
    return this.#links
  }

  /** The peers to which the link that this instance dials is up. */
  linkedTo(): ReadonlySet<string> {
    return new Set([...this.#links].filter(([, link]) => link.connection).map(([id]) => id))
  }

  /** How often a session or a dial came to nothing because one side could not prove that it belongs to the cluster. */
  get authorizationFailures(): number {
    return this.#gatekeeper.failures + this.#refusals
  }

  /** The peer whose only session this is; throws a `DDPError` for anybody else's. */
  requirePeer(connection: Connection): ProvenPeer {
    const peer = this.#gatekeeper.require(connection)
    if (this.#inbound.get(peer.id)?.connection !== connection) throw new DDPError('superseded', 'a later session of this peer took over')
    return peer
  }

  /** Sees to it that the peer is dialled, at this address. */
  dial(peerId: string, url: string): void {
    if (this.#closed || this.#links.get(peerId)?.url === url) return
    this.#links.get(peerId)?.close()
    const { cluster, selfId, secrets, authTimeoutMs, linkHeartbeatIntervalMs, linkHeartbeatTimeoutMs, maxMessageBytes, tls, clock, random, logger } = this.#options
    const { feed, events } = this.#options
    const link = new Link(peerId, url, {
      cluster, selfId, secrets, authTimeoutMs, maxMessageBytes, tls, clock, random, logger,
      undecodedCollection: feed.collection,
      heartbeatIntervalMs: linkHeartbeatIntervalMs,
      heartbeatTimeoutMs: linkHeartbeatTimeoutMs,
      turns: this.#turns,
      nextAttempt: () => (this.#attempts += 1),
      events: {
        greet: (id, connection) => feed.subscribe(id, connection),
        message: (id, message, bytes) => this.#receive(id, message, bytes),
        begun: (id) => events.dialBegun(id),
        up: (id, again) => {
          // Redial all links: the cause of this outage may have hit them too.
          if (again) for (const other of this.#links.values()) other.hurry()
          events.outboundUp(id)
        },
        down: (id, ending) => events.outboundDown(id, ending),
        failed: (id, ending) => events.dialFailed(id, ending),
        goodbye: (id) => events.goodbye(id),
        unauthorized: () => {
          this.#refusals += 1
          events.unauthorized()
        },
      },
    })
    this.#links.set(peerId, link)
  }

  /** Peers that did not believe the secrets before may believe those of now: they are dialled soon. */
  secretsChanged(): void {
    for (const link of this.#links.values()) link.secretsChanged()
  }

  /** The peer is no member any more: its link and its session end. */
  hangUp(peerId: string): void {
    this.#noticeLimit.forget(peerId)
    const link = this.#links.get(peerId)
    this.#links.delete(peerId)
    if (link) {
      this.#retired.add(link)
      link.retire(() => {
        this.#retired.delete(link)
        this.#options.events.ended(peerId)
      })
    }
    const inbound = this.#inbound.get(peerId)
    this.#inbound.delete(peerId)
    inbound?.connection.close(1000, 'no member')
  }

  /** Tells a peer something over the session that it dialled; without one it is not told. */
  notify(peerId: string, notice: Notice): void {
    const inbound = this.#inbound.get(peerId)
    if (inbound) sendFrame(inbound.connection, encodeNotice(notice))
  }

  /** Tells everyone who dialled us. */
  notifyAll(notice: Notice): void {
    for (const peerId of this.#inbound.keys()) this.notify(peerId, notice)
  }

  /** Tells every peer that this instance dialled that it leaves, and what number its last event has, and waits for nobody longer than `timeoutMs`; `close()` tells the others. */
  async sayGoodbye(head: number, timeoutMs: number): Promise<void> {
    const connections = [...this.#links.values()].map((link) => link.connection).filter((connection) => connection !== undefined)
    await Promise.allSettled(connections.map((connection) => connection.call(goodbyeMethod, [{ head }], { timeoutMs })))
  }

  close(): void {
    this.#closed = true
    for (const link of [...this.#links.values(), ...this.#retired]) link.close()
    this.#links.clear()
    for (const { connection } of this.#inbound.values()) connection.close(goodbyeCode, 'goodbye')
    this.#inbound.clear()
    this.#gatekeeper.close()
  }

  #receive(peerId: string, message: DataMessage, bytes: number): void {
    const { feed, events, clock } = this.#options
    if (!isNotice(message)) return feed.message(peerId, message, bytes)
    const notice = decodeNotice(message)
    if (notice && this.#noticeLimit.takes(peerId, notice.kind, clock.now())) events.notice(peerId, notice)
  }

  /** A session was proven. Of several of one peer the highest attempt counts, whatever order they arrive in. */
  #admit(peer: ProvenPeer, connection: Connection): void {
    const present = this.#inbound.get(peer.id)
    if (this.#closed || (present && present.peer.attempt > peer.attempt)) {
      connection.close(1000, 'superseded')
      return
    }
    this.#inbound.set(peer.id, { peer, connection })
    const { linkHeartbeatIntervalMs: intervalMs, linkHeartbeatTimeoutMs: timeoutMs } = this.#options
    admitInstance(connection, { intervalMs, timeoutMs })
    present?.connection.close(1000, 'superseded')
    this.#links.get(peer.id)?.hurryFirst()
    connection.onClose((end) => {
      if (this.#inbound.get(peer.id)?.connection !== connection) return
      this.#inbound.delete(peer.id)
      this.#options.events.inboundDown(peer.id, { by: endedBy(end.cause), reason: end.reason })
    })
  }
}

function endedBy(cause: ConnectionEnd['cause']): EndedBy {
  if (cause === 'ended' || cause === 'reset') return 'kernel'
  return cause === 'heartbeat-timeout' ? 'silence' : 'other'
}

function headOf(farewell: unknown): number | undefined {
  const head = isPlainObject(farewell) ? farewell['head'] : undefined
  return typeof head === 'number' && Number.isSafeInteger(head) && head >= 0 ? head : undefined
}
