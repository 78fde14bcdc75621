import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { silentLogger } from '@ddp-cluster/ddp-common'
import { Timers } from '@ddp-cluster/ddp-common/internal'
import { clientFacts } from './client-facts.js'
import type { MethodHandler } from './method-invocation.js'
import { defaults, type ResolvedOptions } from './options.js'
import { Peer, type PeerHost } from './peer.js'
import type { PublicationHandler } from './publication.js'
import { RateLimiter } from './rate-limiter.js'
import { Registry } from './session/registry.js'
import { refuseUpgrade } from './socket/refuse-upgrade.js'
import { type AcceptWebSocket, webSocketAcceptor } from './socket/ws-socket.js'
import type { Turn } from './turn.js'

/** The header by which a cluster's instance says, when it dials, that it is none of the application's clients. */
export const instanceHeader = 'x-ddp-cluster-instance'

export interface DoorOptions {
  /** Longest message of a session that was admitted. */
  readonly maxMessageBytes: number
  /** Time a session has to be admitted, in milliseconds. */
  readonly admitTimeoutMs: number
  /** Time a closing socket has to say goodbye, in milliseconds. */
  readonly closeTimeoutMs: number
  /** The application closes the endpoint, which closes the door when this promise resolves: time to say goodbye to the other instances. Never rejects. */
  readonly onEndpointClosing: () => Promise<void>
}

/** Endpoint that a door belongs to, as the door sees it. */
export interface DoorHost {
  readonly options: ResolvedOptions
  readonly turn: Turn
  readonly clientRegistry: Registry
  /** The door has no sockets any more. */
  doorEmptied(): void
}

/** Sockets that are open and not admitted. An address that strangers reach cannot tell them from instances before. */
const mostUnadmitted = 1_000

/** Longest message before a session is admitted; a proof takes a few hundred bytes. */
const longestUnadmittedBytes = 65_536

/** WebSocket close code (RFC 6455, 7.4.1: policy violation) of a session that was not admitted in time. */
const notAdmittedCode = 1008

/**
 * The endpoint's entrance for instances of a cluster. The application's sessions, their number, limits, rate limits, universal publications and
 * `onConnection` do not concern it, and what it offers is no part of what clients are offered.
 */
export class ClusterDoor implements PeerHost {
  readonly options: ResolvedOptions
  readonly registry = new Registry()
  /** An instance that lost its socket proves itself anew. */
  readonly resumable = undefined
  /** Without rules. */
  readonly rateLimiter = new RateLimiter(silentLogger)
  readonly #host: DoorHost
  readonly #accept: AcceptWebSocket
  readonly #admitTimeoutMs: number
  readonly #onEndpointClosing: () => Promise<void>
  readonly #timers: Timers
  readonly #peers = new Set<Peer>()
  readonly #unadmitted = new Map<Peer, () => void>()
  #state: 'open' | 'closing' = 'open'

  constructor(host: DoorHost, { maxMessageBytes, admitTimeoutMs, closeTimeoutMs, onEndpointClosing }: DoorOptions) {
    this.#host = host
    this.options = atLeastDefaults(host.options)
    this.#admitTimeoutMs = admitTimeoutMs
    this.#onEndpointClosing = onEndpointClosing
    this.#timers = new Timers(host.options.clock)
    this.#accept = webSocketAcceptor({ maxMessageBytes, closeTimeoutMs, maxFirstMessageBytes: longestUnadmittedBytes })
  }

  get turn(): Turn {
    return this.#host.turn
  }

  get isEmpty(): boolean {
    return this.#peers.size === 0
  }

  /** @throws DDPServerError `method-taken` */
  method(name: string, handler: MethodHandler): void {
    this.#host.clientRegistry.requireFreeMethod(name)
    this.registry.addMethod(name, handler)
  }

  /** @throws DDPServerError `publication-taken` */
  publish(name: string, handler: PublicationHandler): void {
    this.#host.clientRegistry.requireFreePublication(name)
    this.registry.addPublication(name, handler)
  }

  /** Takes the upgrade of an instance, or of somebody who says that it is one. */
  upgrade(request: IncomingMessage, tcp: Duplex, head: Buffer): void {
    if (this.#state === 'closing') {
      refuseUpgrade(tcp, 503)
      return
    }
    if (this.#unadmitted.size >= mostUnadmitted) {
      this.options.logger.warn({ sessions: this.#unadmitted.size }, 'an upgrade was refused: too many sessions wait to be admitted as instances')
      refuseUpgrade(tcp, 503)
      return
    }
    const facts = clientFacts(request, this.options.httpForwardedCount)
    this.#accept(request, tcp, head, (socket) => {
      const peer = new Peer(this, facts, socket)
      this.#peers.add(peer)
      this.#unadmitted.set(peer, this.#timers.deadline(this.#admitTimeoutMs, () => peer.close(notAdmittedCode, 'not admitted in time')))
      return peer
    })
  }

  opened(): void {
    // The application is not told of instances.
  }

  admitted(peer: Peer): void {
    this.#unadmitted.get(peer)?.()
    this.#unadmitted.delete(peer)
  }

  sessionEnded(): void {
    // Its socket ends too.
  }

  socketEnded(peer: Peer): void {
    this.admitted(peer)
    this.#peers.delete(peer)
    if (this.#state === 'closing' && this.isEmpty) this.#host.doorEmptied()
  }

  farewell(_settled: Promise<void>): void {
    // Nobody but the cluster has handlers here.
  }

  /** Resolves when its owner has said goodbye. */
  async endpointCloses(): Promise<void> {
    if (this.#state === 'open') await this.#onEndpointClosing()
  }

  close(code: number, reason: string): void {
    this.#state = 'closing'
    this.#timers.clear()
    for (const peer of this.#peers) peer.close(code, reason)
  }
}

/** Limits that an application sets for its clients do not make a cluster fail. */
function atLeastDefaults(options: ResolvedOptions): ResolvedOptions {
  const raised = { ...options }
  for (const name of ['connectTimeoutMs', 'maxMessageDepth', 'maxQueuedMessages', 'maxSubscriptions', 'maxBufferedBytes'] as const) raised[name] = Math.max(options[name], defaults[name])
  return raised
}
