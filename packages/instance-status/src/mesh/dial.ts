import { randomBytes, timingSafeEqual } from 'node:crypto'
import { DDPError, isRandomId } from '@ddp-cluster/ddp-common'
import type { Connection } from '@ddp-cluster/ddp-client/internal'
import { challengeMethod, proveMethod } from './gatekeeper.js'
import { makeProof, nonceBytes, peerProtocol } from './proof.js'

/** Why a peer was not taken as what it should be. `code` is stable; the message is for the operator. */
export class AuthorizationError extends Error {
  override readonly name = 'AuthorizationError'
  readonly code: string
  /** With `wrong-instance`: who says that it answers there. */
  readonly answeredBy: string | undefined

  constructor(code: string, message: string, options?: ErrorOptions & { answeredBy?: string | undefined }) {
    super(message, options)
    this.code = code
    this.answeredBy = options?.answeredBy
  }
}

export interface Introduction {
  readonly cluster: string
  readonly from: string
  readonly to: string
  readonly attempt: number
  readonly secret: string
  readonly timeoutMs: number
}

/**
 * Proves to the dialled instance who we are, and has it prove the same. The dialler proves first, so that nobody gets a proof
 * by asking. Rejects with an `AuthorizationError` when the other side says no or cannot prove itself.
 */
export async function introduce(connection: Connection, introduction: Introduction): Promise<void> {
  const { cluster, from, to, attempt, secret, timeoutMs } = introduction
  const nonceA = randomBytes(nonceBytes)
  const ask = { protocol: peerProtocol, cluster, from, to, attempt, nonceA: new Uint8Array(nonceA) }
  try {
    const nonceB = bytesOf(await connection.call(challengeMethod, [ask], { timeoutMs }), 'nonceB')
    const subject = { cluster, from, to, attempt, nonceA, nonceB }
    const proofA = makeProof(secret, 'dialler', subject)
    const proofB = bytesOf(await connection.call(proveMethod, [{ proofA: new Uint8Array(proofA) }], { timeoutMs }), 'proofB')
    if (!timingSafeEqual(proofB, makeProof(secret, 'dialled', subject))) {
      throw new AuthorizationError('impostor', `who answers for ${to} does not know the cluster's secret`)
    }
  } catch (error) {
    if (!(error instanceof DDPError)) throw error
    const instance: unknown = isObject(error.details) ? error.details['instance'] : undefined
    const answeredBy = isRandomId(instance) ? instance : undefined
    throw new AuthorizationError(String(error.error), error.reason ?? error.message, { cause: error, answeredBy })
  }
}

/** The 32 bytes under `key` of what the peer answered. */
function bytesOf(answer: unknown, key: string): Buffer {
  const value: unknown = isObject(answer) ? answer[key] : undefined
  if (!(value instanceof Uint8Array) || value.length !== nonceBytes) {
    throw new AuthorizationError('not-an-instance', 'what answers at the address is no instance of this library')
  }
  return Buffer.from(value)
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null
