import { randomBytes } from 'node:crypto'
import { DDPError, isRandomId, type Logger } from '@ddp-cluster/ddp-common'
import { type Clock, Timers } from '@ddp-cluster/ddp-common/internal'
import type { Connection, DDPServer } from '@ddp-cluster/ddp-server'
import { makeProof, nonceBytes, peerProtocol, type ProofSubject, provenBy } from './proof.js'

export const challengeMethod = 'cluster.challenge'
export const proveMethod = 'cluster.prove'

/** The WebSocket close code (of the private range) for a session that asked for a challenge and gave no proof in time. */
export const notProvenCode = 4002

/** A peer that proved itself on a session that it dialled. */
export interface ProvenPeer {
  readonly id: string
  readonly attempt: number
}

type SessionState =
  | { readonly kind: 'challenged'; readonly subject: ProofSubject; readonly cancelDeadline: () => void }
  | { readonly kind: 'proven'; readonly peer: ProvenPeer }
  /** Peer that gave a wrong proof; it has no second try. */
  | { readonly kind: 'refused' }

export interface GatekeeperOptions {
  readonly ddpServer: Pick<DDPServer, 'method'>
  readonly cluster: string
  readonly selfId: string
  readonly secrets: () => readonly string[]
  /** A session that asked for a challenge and did not prove itself for so long is closed. */
  readonly authTimeoutMs: number
  readonly clock: Clock
  readonly logger: Logger
  /** A session was proven: told once for each. */
  readonly onProven: (peer: ProvenPeer, connection: Connection) => void
  readonly onWrongProof: () => void
}

/** Admits peers to the sessions that they dialled: knowing two ids is not enough, the cluster's secret has to be proven. */
export class Gatekeeper {
  readonly #options: GatekeeperOptions
  readonly #timers: Timers
  readonly #sessions = new WeakMap<Connection, SessionState>()
  #failures = 0

  constructor(options: GatekeeperOptions) {
    this.#options = options
    this.#timers = new Timers(options.clock)
    const challenge = (connection: Connection, ask: unknown): unknown => this.#challenge(connection, ask)
    const prove = (connection: Connection, answer: unknown): unknown => this.#prove(connection, answer)
    options.ddpServer.method(challengeMethod, function (ask) {
      return challenge(this.connection, ask)
    })
    options.ddpServer.method(proveMethod, function (answer) {
      return prove(this.connection, answer)
    })
  }

  /** How often a session gave a wrong proof, or none in time, or asked for what is for the cluster's instances. */
  get failures(): number {
    return this.#failures
  }

  /** The peer that proved itself on this session. Throws a `DDPError` for everybody else: every method and publication named `cluster.*` asks first. */
  require(connection: Connection): ProvenPeer {
    const state = this.#sessions.get(connection)
    if (state?.kind === 'proven') return state.peer
    this.#failures += 1
    refuseBrowsers(connection)
    throw new DDPError('unauthorized', 'this session has not proven that it belongs to the cluster')
  }

  close(): void {
    this.#timers.clear()
  }

  #challenge(connection: Connection, ask: unknown): { nonceB: Uint8Array } {
    refuseBrowsers(connection)
    if (this.#sessions.has(connection)) throw new DDPError('bad-request', 'a session has one challenge')
    const { protocol, cluster, from, to, attempt, nonceA } = checkAsk(ask)
    const { selfId, authTimeoutMs } = this.#options
    if (protocol !== peerProtocol) throw new DDPError('wrong-protocol', `version ${peerProtocol} of the peer protocol is spoken here, not ${protocol}: update the instance with the older one`)
    if (cluster !== this.#options.cluster) throw new DDPError('wrong-cluster', 'this instance belongs to another cluster')
    if (to !== selfId) throw new DDPError('wrong-instance', `${from === selfId ? 'the dialler itself' : selfId} answers at this address, not ${to}`, { instance: selfId })
    if (from === selfId) throw new DDPError('bad-request', 'an instance does not dial itself')
    const nonceB = randomBytes(nonceBytes)
    const cancelDeadline = this.#timers.deadline(authTimeoutMs, () => {
      this.#failures += 1
      connection.close(notProvenCode, 'not proven in time')
    })
    connection.onClose(cancelDeadline)
    this.#sessions.set(connection, { kind: 'challenged', subject: { cluster, from, to, attempt, nonceA, nonceB }, cancelDeadline })
    return { nonceB: new Uint8Array(nonceB) }
  }

  #prove(connection: Connection, answer: unknown): { proofB: Uint8Array } {
    refuseBrowsers(connection)
    const state = this.#sessions.get(connection)
    if (state?.kind !== 'challenged') throw new DDPError('bad-request', 'a proof answers a challenge')
    const proofA: unknown = isObject(answer) ? answer['proofA'] : undefined
    if (!(proofA instanceof Uint8Array)) throw new DDPError('bad-request', 'proofA must be binary')
    const secret = provenBy(this.#options.secrets(), proofA, 'dialler', state.subject)
    if (secret === undefined) {
      this.#failures += 1
      this.#options.logger.warn({ address: connection.clientAddress, claimed: state.subject.from }, 'a session could not prove that it belongs to the cluster')
      this.#sessions.set(connection, { kind: 'refused' })
      this.#options.onWrongProof()
      state.cancelDeadline()
      // After the answer, which says why.
      this.#timers.after(0, () => connection.close(notProvenCode, 'wrong proof'))
      throw new DDPError('unauthorized', 'the proof is wrong: is the secret the same on both instances?')
    }
    state.cancelDeadline()
    const peer = { id: state.subject.from, attempt: state.subject.attempt }
    this.#sessions.set(connection, { kind: 'proven', peer })
    this.#options.onProven(peer, connection)
    return { proofB: new Uint8Array(makeProof(secret, 'dialled', state.subject)) }
  }
}

/** Peers are no browsers: a page that somebody visits must not be able to speak for an instance, whatever it knows. */
function refuseBrowsers(connection: Connection): void {
  if (connection.httpHeaders['origin'] !== undefined) throw new DDPError('unauthorized', 'browsers are no instances')
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null

function checkAsk(ask: unknown): Omit<ProofSubject, 'nonceB'> & { protocol: number } {
  if (isObject(ask)) {
    const { protocol, cluster, from, to, attempt, nonceA } = ask
    const right =
      typeof protocol === 'number' && isName(cluster) && isRandomId(from) && isName(to) && typeof attempt === 'number' && Number.isSafeInteger(attempt) && attempt > 0
    if (right && nonceA instanceof Uint8Array && nonceA.length === nonceBytes) return { protocol, cluster, from, to, attempt, nonceA: Buffer.from(nonceA) }
  }
  throw new DDPError('bad-request', 'a challenge takes { protocol, cluster, from, to, attempt, nonceA }')
}

const isName = (value: unknown): value is string => typeof value === 'string' && value.length > 0 && value.length <= 500
