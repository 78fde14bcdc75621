import type { Logger } from '@ddp-cluster/ddp-common'
import type { Connection, ConnectionEnd } from './connection.js'
import { DDPServerError } from './errors.js'
import { logName } from './session/log-name.js'

/** Facts about a client before it has sent anything. */
export interface ClientFacts {
  readonly clientAddress: string
  readonly httpHeaders: Readonly<Record<string, string | undefined>>
}

/** How often a client is asked for a sign of life when it is silent, and how long it may take to give one; in milliseconds, 0 for never. */
export interface Pace {
  readonly intervalMs: number
  readonly timeoutMs: number
}

/** Internals of a connection, which the application does not see. */
export interface Insides {
  readonly bufferedBytes: number
  sendFrame(frame: Buffer | string, written?: () => void): void
  admit(pace: Pace): void
}

const insides = new WeakMap<Connection, Insides>()

/** Internals of a connection; `undefined` once it has ended, or if it is none of this package's. */
export function insidesOf(connection: Connection): Insides | undefined {
  return insides.get(connection)
}

/**
 * Makes a session that of a cluster's instance: it is none of the endpoint's `sessions` any more, may send longer messages, is never resumed, and has a
 * heartbeat of its own, which begins anew. Nothing happens once the session has ended.
 */
export function admitInstance(connection: Connection, pace: Pace): void {
  insides.get(connection)?.admit(pace)
}

export interface PeerConnectionOptions {
  readonly id: string
  readonly facts: ClientFacts
  readonly insides: Insides
  readonly logger: Logger
  readonly close: (code: number, reason: string) => void
}

/** Done; going away; try again later, as for who reads too slowly. The others of their range are the protocol's own. */
const closeCodes: ReadonlySet<number> = new Set([1000, 1001, 1013])

export class PeerConnection implements Connection {
  readonly id: string
  readonly clientAddress: string
  readonly httpHeaders: Readonly<Record<string, string | undefined>>
  readonly #close: (code: number, reason: string) => void
  readonly #logger: Logger
  readonly #handlers = new Set<(end: ConnectionEnd) => unknown>()
  #end: ConnectionEnd | undefined

  constructor({ id, facts, insides: beneath, logger, close }: PeerConnectionOptions) {
    this.id = id
    this.clientAddress = facts.clientAddress
    this.httpHeaders = facts.httpHeaders
    this.#close = close
    this.#logger = logger
    insides.set(this, beneath)
  }

  close(code = 1000, reason = ''): void {
    if (!closeCodes.has(code) && !(Number.isInteger(code) && code >= 3000 && code <= 4999)) {
      throw new DDPServerError('invalid-close', `a WebSocket is closed with 1000, 1001, 1013 or a code from 3000 to 4999, not ${String(code)}`)
    }
    if (Buffer.byteLength(reason) > 123) throw new DDPServerError('invalid-close', 'the reason for closing a WebSocket has at most 123 bytes')
    this.#close(code, reason)
  }

  onClose(handler: (end: ConnectionEnd) => unknown): () => void {
    const end = this.#end
    if (end !== undefined) {
      queueMicrotask(() => void this.#call(handler, end))
      return () => undefined
    }
    // A wrapper, so that a handler that is given twice is called twice.
    const entry = (ended: ConnectionEnd): unknown => handler(ended)
    this.#handlers.add(entry)
    return () => void this.#handlers.delete(entry)
  }

  /** The session has ended; called once, by its owner. Resolves when all handlers have settled. */
  async ended(end: ConnectionEnd): Promise<void> {
    this.#end = end
    insides.delete(this)
    const handlers = [...this.#handlers]
    this.#handlers.clear()
    await Promise.all(handlers.map((handler) => this.#call(handler, end)))
  }

  async #call(handler: (end: ConnectionEnd) => unknown, end: ConnectionEnd): Promise<void> {
    try {
      await handler(end)
    } catch (thrown) {
      this.#logger.error({ err: thrown, session: logName(this.id) }, 'an onClose handler threw')
    }
  }
}
