import { createHmac, randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { makeProof, type ProofSubject, provenBy } from './proof.js'

const subject: ProofSubject = { cluster: 'db.instances/chat', from: 'a', to: 'b', attempt: 7, nonceA: randomBytes(32), nonceB: randomBytes(32) }
const secret = 's'.repeat(32)

describe('a proof', () => {
  it('is accepted with the secret it was made with, whichever of two that is', () => {
    const proof = makeProof(secret, 'dialler', subject)
    expect(provenBy([secret], proof, 'dialler', subject)).toBe(secret)
    expect(provenBy(['n'.repeat(32), secret], proof, 'dialler', subject)).toBe(secret)
    expect(provenBy(['n'.repeat(32)], proof, 'dialler', subject)).toBeUndefined()
  })

  it('is worth nothing as the other side\'s, or about anything else', () => {
    const proof = makeProof(secret, 'dialler', subject)
    expect(provenBy([secret], proof, 'dialled', subject)).toBeUndefined()
    const others: Partial<ProofSubject>[] = [
      { cluster: 'db.instances/shop' },
      { from: 'b', to: 'a' },
      { to: 'c' },
      { attempt: 8 },
      { nonceA: randomBytes(32) },
      { nonceB: randomBytes(32) },
      // What one field loses the next one gains: the lengths tell them apart.
      { from: 'ab', to: '' },
    ]
    for (const other of others) expect(provenBy([secret], proof, 'dialler', { ...subject, ...other })).toBeUndefined()
  })

  it('of another length is refused, not thrown over', () => {
    for (const length of [0, 31, 33]) expect(provenBy([secret], randomBytes(length), 'dialler', subject)).toBeUndefined()
  })
})

describe('the test vector of PROTOCOL.md', () => {
  const blocks = [...readFileSync(new URL('../../../../PROTOCOL.md', import.meta.url), 'utf8').matchAll(/^```json\n(.*?)^```/gms)].map(([, json]) => JSON.parse(json ?? '') as Record<string, unknown>)
  const vector = blocks.find((block) => 'proofA' in block) as { secret: string; cluster: string; from: string; to: string; attempt: number } & Record<'nonceA' | 'nonceB' | 'hashedForProofA' | 'proofA' | 'proofB', string>

  it('is what this implementation makes', () => {
    const { secret: key, cluster, from, to, attempt, nonceA, nonceB, proofA, proofB } = vector
    const about: ProofSubject = { cluster, from, to, attempt, nonceA: Buffer.from(nonceA, 'hex'), nonceB: Buffer.from(nonceB, 'hex') }
    expect([makeProof(key, 'dialler', about).toString('hex'), makeProof(key, 'dialled', about).toString('hex')]).toEqual([proofA, proofB])
    expect(createHmac('sha256', key).update(Buffer.from(vector.hashedForProofA, 'hex')).digest('hex')).toBe(proofA)
  })
})
