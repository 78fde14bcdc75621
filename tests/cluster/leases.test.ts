import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Cluster, Lease } from '@ddp-cluster/instance-status'
import { seeded } from '../fuzz/seeded.js'
import { Fleet, linked, until } from './fleet.js'
import { runRounds } from './leases/rounds.js'

const ttlMs = 500

describe('a lease among processes', () => {
  it('has one holder, whose token grows, through kills, pauses, partitions and jumps of clocks', async () => {
    const { wrong, done, takeovers, slow, wrote } = await runRounds({ rounds: 9, ttlMs, contenders: 3, random: seeded(3) })
    process.stdout.write(`${Object.values(done).reduce((sum, count) => sum + count)} faults; taken over after ${Object.values(takeovers).flat().map(Math.round).join(', ')} ms\n`)
    expect(wrong).toEqual([])
    expect(Object.values(done).every((count) => count > 0)).toBe(true)
    expect(wrote).toBeGreaterThan(100)
    expect(slow).toEqual([])
  }, 60_000)
})

describe('a cluster\'s lease', () => {
  let fleet: Fleet
  let clusters: Cluster[]
  beforeEach(async () => {
    fleet = await Fleet.open()
    clusters = await Promise.all([fleet.join(), fleet.join()])
  })
  afterEach(() => fleet.close())

  const holders = (leases: readonly Lease[]): Lease[] => leases.filter(({ held }) => held)

  it('goes to another at once when its holder leaves, with a greater token', async () => {
    await linked(clusters)
    const leases = clusters.map((cluster) => cluster.lease('work', { ttlMs: 60_000 }))
    await until(() => holders(leases).length === 1, 2000)
    const lost: unknown[] = []
    const [first] = holders(leases)
    first?.on('lost', (what) => lost.push(what))
    await clusters[leases.findIndex(({ held }) => held)]?.close()
    expect(lost).toEqual([{ token: 1, reason: 'released' }])
    await until(() => holders(leases).length === 1, 2000)
    expect(holders(leases)[0]?.token).toBe(2)
    expect(holders(leases)[0]).not.toBe(first)
  })

  it('is no lease of a cluster with another name', async () => {
    const other = await fleet.join({ name: 'other' })
    const leases = [clusters[0], other].map((cluster) => cluster?.lease('work', { ttlMs }))
    await until(() => leases.every((lease) => lease?.token === 1), 2000)
    expect(() => other.lease('')).toThrow(expect.objectContaining({ code: 'invalid-option' }))
    await other.close()
    expect(() => other.lease('work')).toThrow(expect.objectContaining({ code: 'closed' }))
  })

  it('tells a listener that throws apart from the others', async () => {
    const lease = clusters[0]?.lease('work', { ttlMs })
    const heard: string[] = []
    lease?.on('acquired', () => {
      throw new Error('a bug of the application')
    })
    const stop = lease?.on('acquired', () => heard.push('stopped'))
    lease?.on('acquired', ({ token }) => heard.push(`acquired ${token}`))
    stop?.()
    await until(() => heard.length > 0, 2000)
    expect(heard).toEqual(['acquired 1'])
  })
})
