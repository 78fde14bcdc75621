import { createHmac, timingSafeEqual } from 'node:crypto'

/** The version of the peer protocol: what `cluster.challenge` and everything after it mean. */
export const peerProtocol = 1

export const nonceBytes = 32

/** Subject of a proof. Both sides know all of it before the first proof is sent. */
export interface ProofSubject {
  /** Which cluster: database, collection and name. */
  readonly cluster: string
  /** The instance that dials. */
  readonly from: string
  /** The instance that is dialled. */
  readonly to: string
  /** The dialler's count of its dials: grows with each. */
  readonly attempt: number
  /** The dialler's nonce. */
  readonly nonceA: Buffer
  /** The dialled side's nonce. */
  readonly nonceB: Buffer
}

/** Role of the prover. Part of the proof, so that one side's proof cannot be reflected as the other's. */
export type ProofRole = 'dialler' | 'dialled'

/** HMAC-SHA-256 over the fields, each behind its length, so that no two subjects read alike. */
export function makeProof(secret: string, role: ProofRole, subject: ProofSubject): Buffer {
  const { cluster, from, to, attempt, nonceA, nonceB } = subject
  const hmac = createHmac('sha256', secret)
  for (const field of [role, String(peerProtocol), cluster, from, to, String(attempt), nonceA, nonceB]) {
    const bytes = Buffer.from(field)
    const length = Buffer.alloc(4)
    length.writeUInt32BE(bytes.length)
    hmac.update(length).update(bytes)
  }
  return hmac.digest()
}

/** The one of `secrets` with which `proof` was made, or undefined. Takes as long for a wrong proof as for a right one. */
export function provenBy(secrets: readonly string[], proof: Uint8Array, role: ProofRole, subject: ProofSubject): string | undefined {
  let found: string | undefined
  for (const secret of secrets) {
    const expected = makeProof(secret, role, subject)
    if (proof.length === expected.length && timingSafeEqual(proof, expected)) found = secret
  }
  return found
}
