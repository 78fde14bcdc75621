import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { callSafely, Timers } from '@ddp-cluster/ddp-common/internal'
import { ClusterDoor, type DoorOptions, instanceHeader } from './cluster-door.js'
import type { Connection } from './connection.js'
import type { DDPServer } from './ddp-server.js'
import { DDPServerError } from './errors.js'
import { clientFacts } from './client-facts.js'
import type { MethodHandler } from './method-invocation.js'
import { addLoginMethods } from './login-methods.js'
import type { ResolvedOptions } from './options.js'
import type { OpenSession } from './open-session.js'
import { Peer, type PeerHost } from './peer.js'
import type { PublicationHandler } from './publication.js'
import { RateLimiter, type RateLimitRule } from './rate-limiter.js'
import { guardRequests } from './request-gate.js'
import { ResumableSessions } from './resumable-sessions.js'
import { isSocketRoute, isWebSocketUpgrade, routeOf } from './routes.js'
import { onServerClosing } from './server-closing.js'
import type { PublicationStrategy } from './session/publication-strategy.js'
import { logName } from './session/log-name.js'
import { Registry } from './session/registry.js'
import type { MessageSocket } from './socket/message-socket.js'
import { askForWebSocket } from './socket/ask-for-websocket.js'
import { refuseUpgrade } from './socket/refuse-upgrade.js'
import { answerInfo } from './socket/sockjs-info.js'
import { frameWithSockJS } from './socket/sockjs-socket.js'
import { webSocketAcceptor, type AcceptWebSocket } from './socket/ws-socket.js'
import { Turn } from './turn.js'
import { WaitingRoom } from './waiting-room.js'

const takenPaths = new WeakMap<object, Set<string>>()

export class Endpoint implements DDPServer, PeerHost {
  readonly options: ResolvedOptions
  readonly registry = new Registry()
  readonly rateLimiter: RateLimiter
  readonly turn = new Turn()
  readonly resumable: ResumableSessions
  readonly closed: Promise<void>
  readonly #peers = new Set<Peer>()
  /** Clients' sessions, also those that have lost their sockets. */
  readonly #open = new Set<OpenSession>()
  /** Instances that came as clients do. */
  readonly #admitted = new Set<Peer>()
  readonly #connectionHandlers = new Set<(connection: Connection) => unknown>()
  readonly #accept: AcceptWebSocket
  readonly #leaveGate: () => void
  readonly #leaveClosing: () => void
  readonly #waitingRoom: WaitingRoom
  readonly #timers: Timers
  /** `onClose` handlers that have not settled. */
  readonly #farewells = new Set<Promise<void>>()
  #isReady = true
  #door: ClusterDoor | undefined
  #doorEmptying: Promise<void> | undefined
  #onDoorEmptied: () => void = () => undefined
  /** `ending-clients`: instances still come and go. */
  #state: 'open' | 'ending-clients' | 'closing' | 'closed' = 'open'
  #resolveClosed: () => void = () => undefined

  constructor(options: ResolvedOptions) {
    this.options = options
    this.rateLimiter = new RateLimiter(options.logger)
    this.resumable = new ResumableSessions(options, this.turn)
    const { server, path } = options
    const taken = takenPaths.get(server) ?? new Set()
    if (taken.has(path)) throw new DDPServerError('path-taken', `there is a DDP endpoint at ${JSON.stringify(path)} on this HTTP server already`)
    takenPaths.set(server, taken.add(path))
    this.closed = new Promise((resolve) => {
      this.#resolveClosed = resolve
    })
    this.#accept = webSocketAcceptor(options)
    this.#waitingRoom = new WaitingRoom(options.clock)
    this.#timers = new Timers(options.clock)
    this.#leaveGate = guardRequests(server, {
      request: (request, response) => this.#onRequest(request, response),
      claims: (request) => isWebSocketUpgrade(request) && isSocketRoute(routeOf(request.url ?? '', path)),
      upgrade: (request, tcp, head) => this.#onUpgrade(request, tcp, head),
    })
    // An application that closes its HTTP server ends with the last socket: what waits for clients would keep its process running.
    this.#leaveClosing = onServerClosing(server, () => this.resumable.close(1001, 'the server closes'))
    if (options.login !== undefined) addLoginMethods(this, options.login)
  }

  get sessions(): number {
    return this.#open.size
  }

  method(name: string, handler: MethodHandler): void {
    requireFunction('the handler of a method', handler)
    this.registry.addMethod(name, handler)
  }

  publish(name: string | null, handler: PublicationHandler): void {
    requireFunction('the handler of a publication', handler)
    if (name !== null) {
      const released = this.registry.addPublication(name, handler)
      // Handlers of a cluster that has closed serve nobody any more: clients that outlived it go on with those of the next one.
      if (released !== undefined) for (const session of this.#open) session.replacePublication(released, handler)
      return
    }
    this.registry.universal.push(handler)
    for (const session of this.#open) session.startUniversal([handler])
  }

  setPublicationStrategy(collection: string, strategy: PublicationStrategy): void {
    this.registry.setStrategy(collection, strategy)
  }

  limitRate(rule: RateLimitRule): () => void {
    return this.rateLimiter.add(rule)
  }

  onConnection(handler: (connection: Connection) => unknown): () => void {
    requireFunction('the handler of onConnection()', handler)
    const entry = (connection: Connection): unknown => handler(connection)
    this.#connectionHandlers.add(entry)
    return () => void this.#connectionHandlers.delete(entry)
  }

  close(): Promise<void> {
    if (this.#state === 'closing' || this.#state === 'closed') return this.closed
    this.#state = 'closing'
    const { server, path } = this.options
    this.#leaveGate()
    this.#leaveClosing()
    takenPaths.get(server)?.delete(path)
    this.#endSessions()
    const door = this.#door
    void door?.endpointCloses().then(() => this.closeDoor(door))
    this.#closeIfEmpty()
    return this.closed
  }

  endClients(withinMs: number): Promise<void> | undefined {
    if (this.#state === 'open') this.#state = 'ending-clients'
    this.#endSessions()
    if (this.#farewells.size === 0) return undefined
    return new Promise<void>((resolve) => {
      const cancel = this.#timers.after(withinMs, resolve)
      void Promise.all(this.#farewells).then(() => {
        cancel()
        resolve()
      })
    })
  }

  #endSessions(): void {
    this.#waitingRoom.close()
    this.resumable.close(1001, 'the server closes')
    for (const peer of this.#peers) if (!this.#admitted.has(peer)) peer.close(1001, 'the server closes')
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  /** Lets a cluster's instances in by a way of their own, and holds clients' upgrades until `ready()`. @throws DDPServerError `closed`; `path-taken` when there is one already */
  openDoor(options: DoorOptions): ClusterDoor {
    if (this.#state !== 'open') throw new DDPServerError('closed', 'this DDP endpoint is closed')
    if (this.#door !== undefined) throw new DDPServerError('path-taken', 'a cluster has joined on this DDP endpoint already, and has not closed')
    this.#door = new ClusterDoor({ options: this.options, turn: this.turn, clientRegistry: this.registry, doorEmptied: () => this.#doorEmptied() }, options)
    this.registry.behind = this.#door.registry
    this.#isReady = false
    return this.#door
  }

  /** The application can answer clients from now on. */
  ready(door: ClusterDoor): void {
    if (this.#door !== door) return
    this.#isReady = true
    this.#waitingRoom.open()
  }

  /** Ends the sessions of all instances, takes back what was offered to them, and resolves when their sockets are closed. Clients that still wait are refused. */
  closeDoor(door: ClusterDoor | undefined): Promise<void> {
    if (door === undefined || this.#door !== door) return Promise.resolve()
    if (this.#doorEmptying) return this.#doorEmptying
    this.registry.behind = undefined
    this.#isReady = true
    this.#waitingRoom.close()
    const emptied = new Promise<void>((resolve) => (this.#onDoorEmptied = resolve))
    this.#doorEmptying = emptied
    for (const peer of this.#admitted) peer.close(1001, 'the cluster closes')
    door.close(1001, 'the cluster closes')
    if (door.isEmpty) this.#doorEmptied()
    return emptied
  }

  admitted(peer: Peer, session: OpenSession): void {
    this.#admitted.add(peer)
    this.#open.delete(session)
  }

  opened(session: OpenSession): void {
    this.#open.add(session)
    const { connection } = session
    this.resumable.makeRoom(this.#open.size - this.options.maxSessions)
    for (const handler of this.#connectionHandlers) {
      callSafely(() => handler(connection), (thrown) => {
        this.options.logger.error({ err: thrown, session: logName(connection.id) }, 'an onConnection handler threw')
      })
    }
  }

  sessionEnded(session: OpenSession): void {
    this.#open.delete(session)
  }

  farewell(settled: Promise<void>): void {
    this.#farewells.add(settled)
    void settled.then(() => this.#farewells.delete(settled))
  }

  socketEnded(peer: Peer): void {
    this.#peers.delete(peer)
    this.#admitted.delete(peer)
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
    const { origin } = request.headers
    if (origin !== undefined && !this.options.allowsOrigin(origin)) {
      refuseUpgrade(tcp, 403)
      return
    }
    if (request.headers[instanceHeader] !== undefined) {
      if (this.#door === undefined) refuseUpgrade(tcp, 503)
      else this.#door.upgrade(request, tcp, head)
      return
    }
    if (this.#state !== 'open') {
      refuseUpgrade(tcp, 503)
      return
    }
    if (this.#taken >= this.options.maxSessions) {
      this.options.logger.warn({ sessions: this.#taken }, 'a client was refused: maxSessions is reached')
      refuseUpgrade(tcp, 503)
      return
    }
    if (this.#isReady) this.#openSocket(request, tcp, head)
    else this.#waitingRoom.hold(tcp, head, () => this.#openSocket(request, tcp, head))
  }

  /** Sockets of clients, also of those that wait to be let in. */
  get #taken(): number {
    return this.#peers.size - this.#admitted.size + this.#waitingRoom.size
  }

  #openSocket(request: IncomingMessage, tcp: Duplex, head: Buffer): void {
    const facts = clientFacts(request, this.options.httpForwardedCount)
    const own = (socket: MessageSocket): Peer => {
      const peer = new Peer(this, facts, socket)
      this.#peers.add(peer)
      return peer
    }
    const isFramed = routeOf(request.url ?? '', this.options.path) === 'sockjs'
    this.#accept(request, tcp, head, isFramed ? (socket) => frameWithSockJS(socket, this.options.clock, own) : own)
  }

  #doorEmptied(): void {
    this.#door = undefined
    this.#doorEmptying = undefined
    this.#onDoorEmptied()
    if (this.#state === 'closing') this.#closeIfEmpty()
  }

  #closeIfEmpty(): void {
    if (this.#peers.size > 0 || this.#door !== undefined) return
    this.#state = 'closed'
    this.turn.clear()
    this.#resolveClosed()
  }
}

function requireFunction(what: string, value: unknown): void {
  if (typeof value !== 'function') throw new DDPServerError('invalid-option', `${what} must be a function, not ${value === null ? 'null' : typeof value}`)
}
