import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Cluster } from '@ddp-cluster/instance-status'
import { Fleet, until } from '../cluster/fleet.js'
import { RawPeer } from '../cluster/raw-peer.js'
import { type Answer, type CompromisedPeer, compromisedPeer } from './compromised-peer.js'

/** What a member that holds the secret, and one that pretends to, can say to an instance that dials it, and what comes of it. */

const secret = 'the secret that the whole cluster has'
const longestLine = 1000

let fleet: Fleet
let cluster: Cluster
let lines: string[]
beforeEach(async () => {
  lines = []
  const log = (fields: object, message: string): void => void lines.push(JSON.stringify([fields, message]))
  fleet = await Fleet.open()
  cluster = await fleet.join({ secret, logger: { debug: log, info: log, warn: log, error: log } })
})
afterEach(() => fleet.close())

const long = (letter: string): string => letter.repeat(1_000_000)
const longRefusal = { error: long('e'), reason: long('r'), details: { instance: long('i') } }

const linked = (peer: CompromisedPeer): Promise<void> => until(() => cluster.members().find(({ id }) => id === peer.id)?.link?.authorized === true, 5000, () => cluster.members())

/** Takes the subscription, and so gets its link. */
const subscribable: Answer = ({ msg, id }) => (msg === 'sub' ? { msg: 'ready', subs: [id] } : undefined)

describe('a refusal of a megabyte', () => {
  it.each<[string, string | undefined, Answer]>([
    ['by an impostor that is asked who it is', undefined, ({ method, id }) => (method === 'cluster.challenge' ? { msg: 'result', id, error: longRefusal } : undefined)],
    ['by a member that is subscribed to', secret, ({ msg, id }) => (msg === 'sub' ? { msg: 'nosub', id, error: longRefusal } : undefined)],
  ])('%s is neither kept nor logged nor shown at that length', async (_, itsSecret, answer) => {
    await compromisedPeer(fleet, itsSecret, answer)
    await until(() => cluster.members()[0]?.link?.currentStatus.reason !== undefined, 5000, () => cluster.members())
    expect(cluster.members()[0]?.link?.currentStatus.reason).toMatch(/^(e{400}|failed: r{400})/)
    expect(JSON.stringify(cluster.members()).length).toBeLessThan(3 * longestLine)
    expect(lines.filter((line) => line.length > longestLine).map((line) => line.slice(0, 200))).toEqual([])
  })

  it('of what a member is asked for is not logged at that length', async () => {
    const peer = await compromisedPeer(fleet, secret, (message) => subscribable(message) ?? (message.method === 'cluster.interest' ? { msg: 'result', id: message.id, error: longRefusal } : undefined))
    await linked(peer)
    peer.say({ msg: 'changed', collection: 'cluster.broadcast', id: '1', fields: { from: 1 } })
    await until(() => {
      cluster.stream('room').on('message', () => undefined)
      return lines.some((line) => line.includes('a peer did not take what is asked of it'))
    }, 5000, () => lines)
    expect(lines.filter((line) => line.length > longestLine).map((line) => line.slice(0, 200))).toEqual([])
  })
})

describe('events that cannot be understood', () => {
  it('are reported one by one as far as an honest frame can hold them, and as one frame beyond that', async () => {
    let told = 0
    let lost = 0
    cluster.on('gap', (gap) => {
      told += 1
      lost += gap.lost
    })
    const peer = await compromisedPeer(fleet, secret, subscribable)
    await linked(peer)
    const frame = (after: number, count: number): object => ({
      msg: 'changed', collection: 'cluster.broadcast', id: String(after + 1),
      fields: { after, last: after + 2 * count, events: Array.from({ length: count }, (_, at) => [2 * at, 1, 1, 1]).flat() },
    })
    peer.say({ msg: 'changed', collection: 'cluster.broadcast', id: '1', fields: { from: 1 } })
    peer.say(frame(0, 3))
    peer.say(frame(6, 100_000))
    peer.say(frame(200_006, 1))
    await until(() => lost >= 200_004, 10_000, () => [told, lost])
    expect([told, lost]).toEqual([5, 200_004])
    expect(lines.filter((line) => line.includes('malformed broadcast frame'))).toHaveLength(1)
  })
})

describe('members by the hundred that one process makes up', () => {
  it('are gone with their sessions, and nothing of them is kept', async () => {
    const peers = await Promise.all(Array.from({ length: 200 }, () => RawPeer.prove(cluster, { secret })))
    await Promise.all(peers.map((peer) => peer.subscribe({ streams: true })))
    expect(cluster.members()).toHaveLength(200)
    for (const { connection } of peers) connection.close()
    await until(() => cluster.members().length === 0, 10_000, () => cluster.members().length)
    expect(cluster.statistics().peers).toEqual([])
  })
})

describe('who holds the secret', () => {
  it('can speak as any member: a proof shows that one belongs to the cluster, and not which instance one is', async () => {
    cluster.method('whoCalls', function () { return this.from })
    const other = await fleet.join({ secret })
    await until(() => other.members()[0]?.status === 'alive', 5000, () => other.members())
    const peer = await RawPeer.prove(cluster, { secret, id: other.id, attempt: Number.MAX_SAFE_INTEGER })
    expect(await peer.connection.call('cluster.call', ['whoCalls', []])).toBe(other.id)
    peer.connection.close()
  })

  it('is still no user: what needs a login is not to be had by it', async () => {
    cluster.ddpServer.method('whoAmI', function () { return this.userId })
    const peer = await RawPeer.prove(cluster, { secret })
    expect(await peer.connection.call('whoAmI', [])).toBeNull()
    await expect(peer.connection.call('cluster.call', ['whoAmI', []])).rejects.toMatchObject({ error: 404 })
    peer.connection.close()
  })
})
