import { randomBytes, type timingSafeEqual } from 'node:crypto'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { openConnection } from '@ddp-cluster/ddp-client/internal'
import { createDDPServer } from '@ddp-cluster/ddp-server'
import { Fleet } from '../cluster/fleet.js'
import { introduce } from '../../packages/instance-status/src/mesh/dial.js'
import { makeProof, type ProofSubject, provenBy } from '../../packages/instance-status/src/mesh/proof.js'
import { showsToken } from '../../packages/instances-api/src/metrics-access.js'

/** Times are not measured here: that `timingSafeEqual` alone decides is seen by having it decide wrongly. */
const judge = vi.hoisted(() => ({ says: undefined as boolean | undefined, asked: 0 }))
vi.mock('node:crypto', async (importOriginal) => {
  const crypto = await importOriginal<{ timingSafeEqual: typeof timingSafeEqual }>()
  return {
    ...crypto,
    timingSafeEqual: (one: Uint8Array, other: Uint8Array): boolean => {
      judge.asked += 1
      return judge.says ?? crypto.timingSafeEqual(one, other)
    },
  }
})

beforeEach(() => {
  judge.says = undefined
  judge.asked = 0
})

const secret = 's'.repeat(32)
const subject: ProofSubject = { cluster: 'db.instances/chat', from: 'a', to: 'b', attempt: 7, nonceA: randomBytes(32), nonceB: randomBytes(32) }

it('a dialler\'s proof, with each of the secrets', () => {
  const proof = makeProof(secret, 'dialler', subject)
  expect(provenBy([secret, 'n'.repeat(32)], proof, 'dialler', subject)).toBe(secret)
  // Not over at the first that fits.
  expect(judge.asked).toBe(2)
  judge.says = false
  expect(provenBy([secret], proof, 'dialler', subject)).toBeUndefined()
  judge.says = true
  expect(provenBy([secret], randomBytes(32), 'dialler', subject)).toBe(secret)
})

it('the token of the metrics, of whatever length', () => {
  const shows = (token: string): boolean => showsToken({ method: 'GET', target: '/metrics', remoteAddress: '', headers: { authorization: `Bearer ${token}` } }, 'the-token-of-16-and-more')
  expect([shows('the-token-of-16-and-more'), shows('the-token-of-16-and-morf'), shows('t')]).toEqual([true, false, false])
  expect(judge.asked).toBe(3)
  judge.says = false
  expect(shows('the-token-of-16-and-more')).toBe(false)
  judge.says = true
  expect(shows('t')).toBe(true)
})

let fleet: Fleet | undefined
afterEach(() => fleet?.close())

it('the dialled side\'s proof', async () => {
  fleet = await Fleet.open()
  const { server, port } = await fleet.listen()
  await using ddp = createDDPServer({ server })
  ddp.method('cluster.challenge', () => ({ nonceB: new Uint8Array(32) }))
  ddp.method('cluster.prove', () => ({ proofB: new Uint8Array(randomBytes(32)) }))
  const dial = async (): Promise<void> => {
    const connection = openConnection({ url: `ws://127.0.0.1:${port}/websocket` })
    await introduce(connection, { cluster: 'c', from: 'a', to: 'b', attempt: 1, secret, timeoutMs: 5000 }).finally(() => connection.close())
  }
  await expect(dial()).rejects.toMatchObject({ code: 'impostor' })
  expect(judge.asked).toBe(1)
  judge.says = true
  await dial()
})
