import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { callSafely } from './call-safely.js'
import type { Connection } from './connection.js'
import { DDPServerError } from './errors.js'
import { clientFacts } from './client-facts.js'
import type { MethodHandler } from './method-invocation.js'
import { addLoginMethods } from './login-methods.js'
import { resolveOptions, type DDPServerOptions, type ResolvedOptions } from './options.js'
import { Peer, type PeerHost } from './peer.js'
import type { PublicationHandler } from './publication.js'
import { RateLimiter, type RateLimitRule } from './rate-limiter.js'
import { guardRequests } from './request-gate.js'
import { isSocketRoute, isWebSocketUpgrade, routeOf } from './routes.js'
import type { PublicationStrategy } from './session/publication-strategy.js'
import { Registry } from './session/registry.js'
import type { MessageSocket } from './socket/message-socket.js'
import { askForWebSocket } from './socket/ask-for-websocket.js'
import { refuseUpgrade } from './socket/refuse-upgrade.js'
import { answerInfo } from './socket/sockjs-info.js'
import { frameWithSockJS } from './socket/sockjs-socket.js'
import { webSocketAcceptor, type AcceptWebSocket } from './socket/ws-socket.js'
import { Turn } from './turn.js'

/** A DDP endpoint on an HTTP server. */
export interface DDPServer {
  /** Offers a method. @throws DDPServerError `method-taken` if there is one of that name */
  method(name: string, handler: MethodHandler): void
  /**
   * Offers a publication; with `null` as its name every client has it from the start, those that are connected already too.
   * @throws DDPServerError `publication-taken` if there is one of that name
   */
  publish(name: string | null, handler: PublicationHandler): void
  /** How much is remembered of what was sent of `collection`; `SERVER_MERGE` by default. Holds for sessions that have nothing of it yet. */
  setPublicationStrategy(collection: string, strategy: PublicationStrategy): void
  /** Answers calls that go beyond `rule` with `too-many-requests`; returns a function that takes the rule back. @throws DDPServerError `invalid-option` */
  limitRate(rule: RateLimitRule): () => void
  /** Calls `handler` for every session that begins, before its first message is looked at; returns a function that takes that back. What it throws, or its promise rejects with, is logged. */
  onConnection(handler: (connection: Connection) => unknown): () => void
  /** Sessions that are open now. */
  readonly sessions: number
  /**
   * Ends every session (WebSocket code 1001), takes its listeners off the HTTP server, which stays open, and resolves when all sockets are
   * closed: at the latest after `closeTimeoutMs`. Can be called again.
   */
  close(): Promise<void>
  /** Resolves when `close()` is through. */
  readonly closed: Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

/**
 * Attaches a DDP endpoint to `options.server`: `<path>/websocket` for WebSockets, `<path>/sockjs/...` for SockJS' WebSocket transport.
 * @throws DDPServerError `invalid-option`; `path-taken` if another endpoint has this path on this server
 */
export function createDDPServer(options: DDPServerOptions): DDPServer {
  return new Endpoint(resolveOptions(options))
}

const takenPaths = new WeakMap<object, Set<string>>()

class Endpoint implements DDPServer, PeerHost {
  readonly options: ResolvedOptions
  readonly registry = new Registry()
  readonly rateLimiter: RateLimiter
  readonly turn = new Turn()
  readonly closed: Promise<void>
  readonly #peers = new Set<Peer>()
  readonly #open = new Set<Peer>()
  readonly #connectionHandlers = new Set<(connection: Connection) => unknown>()
  readonly #accept: AcceptWebSocket
  readonly #leaveGate: () => void
  #state: 'open' | 'closing' | 'closed' = 'open'
  #resolveClosed: () => void = () => undefined

  constructor(options: ResolvedOptions) {
    this.options = options
    this.rateLimiter = new RateLimiter(options.logger)
    const { server, path } = options
    const taken = takenPaths.get(server) ?? new Set()
    if (taken.has(path)) throw new DDPServerError('path-taken', `there is a DDP endpoint at ${JSON.stringify(path)} on this HTTP server already`)
    takenPaths.set(server, taken.add(path))
    this.closed = new Promise((resolve) => {
      this.#resolveClosed = resolve
    })
    this.#accept = webSocketAcceptor(options)
    this.#leaveGate = guardRequests(server, {
      request: (request, response) => this.#onRequest(request, response),
      claims: (request) => isWebSocketUpgrade(request) && isSocketRoute(routeOf(request.url ?? '', path)),
      upgrade: (request, tcp, head) => this.#onUpgrade(request, tcp, head),
    })
    if (options.login !== undefined) addLoginMethods(this, options.login)
  }

  get sessions(): number {
    return this.#open.size
  }

  method(name: string, handler: MethodHandler): void {
    this.registry.addMethod(name, handler)
  }

  publish(name: string | null, handler: PublicationHandler): void {
    if (name !== null) {
      this.registry.addPublication(name, handler)
      return
    }
    this.registry.universal.push(handler)
    for (const peer of this.#open) peer.startUniversal(handler)
  }

  setPublicationStrategy(collection: string, strategy: PublicationStrategy): void {
    this.registry.setStrategy(collection, strategy)
  }

  limitRate(rule: RateLimitRule): () => void {
    return this.rateLimiter.add(rule)
  }

  onConnection(handler: (connection: Connection) => unknown): () => void {
    const entry = (connection: Connection): unknown => handler(connection)
    this.#connectionHandlers.add(entry)
    return () => void this.#connectionHandlers.delete(entry)
  }

  close(): Promise<void> {
    if (this.#state !== 'open') return this.closed
    this.#state = 'closing'
    const { server, path } = this.options
    this.#leaveGate()
    takenPaths.get(server)?.delete(path)
    for (const peer of this.#peers) peer.close(1001, 'the server closes')
    this.#closeIfEmpty()
    return this.closed
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  opened(peer: Peer, connection: Connection): void {
    this.#open.add(peer)
    for (const handler of this.#connectionHandlers) {
      callSafely(() => handler(connection), (thrown) => {
        this.options.logger.error({ err: thrown, session: connection.id }, 'an onConnection handler threw')
      })
    }
  }

  sessionEnded(peer: Peer): void {
    this.#open.delete(peer)
  }

  socketEnded(peer: Peer): void {
    this.#peers.delete(peer)
    if (this.#state === 'closing') this.#closeIfEmpty()
  }

  #onRequest(request: IncomingMessage, response: ServerResponse): boolean {
    const route = routeOf(request.url ?? '', this.options.path)
    if (route === undefined) return false
    if (route === 'info') answerInfo(request, response, this.options.allowsOrigin)
    else askForWebSocket(request, response)
    return true
  }

  #onUpgrade(request: IncomingMessage, tcp: Duplex, head: Buffer): void {
    const route = routeOf(request.url ?? '', this.options.path)
    const { origin } = request.headers
    if (origin !== undefined && !this.options.allowsOrigin(origin)) {
      refuseUpgrade(tcp, 403)
      return
    }
    if (this.#peers.size >= this.options.maxSessions) {
      this.options.logger.warn({ sessions: this.#peers.size }, 'a client was refused: maxSessions is reached')
      refuseUpgrade(tcp, 503)
      return
    }
    const facts = clientFacts(request, this.options.httpForwardedCount)
    const own = (socket: MessageSocket): Peer => {
      const peer = new Peer(this, facts, socket)
      this.#peers.add(peer)
      return peer
    }
    this.#accept(request, tcp, head, route === 'websocket' ? own : (socket) => frameWithSockJS(socket, this.options.clock, own))
  }

  #closeIfEmpty(): void {
    if (this.#peers.size > 0) return
    this.#state = 'closed'
    this.turn.clear()
    this.#resolveClosed()
  }
}
