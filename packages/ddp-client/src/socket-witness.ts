import type { Socket } from 'node:net'
import type { ConnectionEnd } from './connection-end.js'

type Testimony =
  | { readonly kind: 'nothing' }
  | { readonly kind: 'ended' }
  | { readonly kind: 'failed'; readonly error: Error }

const refusals = new Set(['ECONNREFUSED'])
const resets = new Set(['ECONNRESET', 'EPIPE', 'ECONNABORTED'])
const unreachables = new Set(['ENOTFOUND', 'EAI_AGAIN', 'EAI_FAIL', 'ENODATA', 'EHOSTUNREACH', 'ENETUNREACH', 'EHOSTDOWN', 'ENETDOWN', 'ETIMEDOUT', 'EADDRNOTAVAIL', 'EACCES', 'EPERM'])

/**
 * Stands by the TCP or TLS socket of a WebSocket from its first moment, and says afterwards what the peer's kernel did to it.
 * (A WebSocket itself reports 1006 for an end and a reset alike.)
 */
export class SocketWitness {
  readonly #host: string
  #testimony: Testimony = { kind: 'nothing' }
  /** Whether the handshake of TLS is under way: an error then is about TLS, unless it is the network's. */
  #securing = false

  /** `host` is for the sentences. */
  constructor(host: string) {
    this.#host = host
  }

  /** `onEnd` is called when the peer's stream ends, with everything before it read. */
  watch(socket: Socket, secure: boolean, onEnd: () => void): void {
    socket.once('connect', () => {
      this.#securing = secure
    })
    socket.once('secureConnect', () => {
      this.#securing = false
    })
    socket.once('end', () => {
      this.#note({ kind: 'ended' })
      onEnd()
    })
    socket.once('error', (error) => this.#note({ kind: 'failed', error }))
  }

  /** End of the connection, if the network or TLS is to blame. `error` is the WebSocket's report, for faults that no socket saw. */
  explain(error?: Error): ConnectionEnd | undefined {
    if (this.#testimony.kind === 'failed') return this.#explainError(this.#testimony.error)
    if (this.#testimony.kind === 'ended') {
      return { cause: 'ended', reason: `${this.#host} ended the connection without a close frame`, ...(error && { error }) }
    }
    return error && this.#isNetworkError(error) ? this.#explainError(error) : undefined
  }

  #note(testimony: Testimony): void {
    if (this.#testimony.kind === 'nothing') this.#testimony = testimony
  }

  #explainError(error: Error): ConnectionEnd {
    const host = this.#host
    const codes = codesOf(error)
    const code = codes[0] ?? error.message
    if (codes.some((one) => refusals.has(one)) && !codes.includes('ETIMEDOUT')) return { cause: 'refused', reason: `${host} refused the connection`, error }
    if (codes.some((one) => unreachables.has(one))) return { cause: 'unreachable', reason: `${host} could not be reached (${code})`, error }
    if (codes.some((one) => resets.has(one))) return { cause: 'reset', reason: `${host} reset the connection (${code})`, error }
    if (this.#securing || codes.some(isTlsCode)) return { cause: 'tls', reason: `TLS with ${host} failed (${code})`, error }
    return { cause: 'unreachable', reason: `The connection to ${host} failed (${code})`, error }
  }

  #isNetworkError(error: Error): boolean {
    return codesOf(error).some((code) => refusals.has(code) || unreachables.has(code) || resets.has(code) || isTlsCode(code))
  }
}

/** A dial that tried several addresses fails with the errors of all of them. */
function codesOf(error: Error): string[] {
  const errors: unknown[] = error instanceof AggregateError ? error.errors : [error]
  return errors.flatMap((one) => {
    const code = one instanceof Error ? (one as NodeJS.ErrnoException).code : undefined
    return typeof code === 'string' ? [code] : []
  })
}

function isTlsCode(code: string): boolean {
  return code.startsWith('ERR_SSL_') || code.startsWith('ERR_TLS_') || code === 'EPROTO' || code.includes('CERT')
}
