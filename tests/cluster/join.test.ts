import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Cluster, joinCluster } from '@ddp-cluster/instance-status'
import { Fleet, linked, until } from './fleet.js'
import { RoughProxy } from './rough-proxy.js'

let fleet: Fleet
beforeEach(async () => {
  fleet = await Fleet.open()
})
afterEach(() => fleet.close())

describe('joinCluster', () => {
  it('registers by the database clock, and links everyone with everyone', async () => {
    const clusters = await Promise.all(Array.from({ length: 5 }, () => fleet.join()))
    await linked(clusters)
    const records = await fleet.db.collection('instances').find().toArray()
    expect(records.map((record) => String(record._id)).sort()).toEqual(clusters.map((cluster) => cluster.id).sort())
    for (const record of records) {
      expect(Object.keys(record)).toEqual(['_id', '_createdAt', '_updatedAt', 'name', 'pid', 'extraInformation', 'cluster'].sort((a, b) => Object.keys(record).indexOf(a) - Object.keys(record).indexOf(b)))
      expect(record['_createdAt']).toBeInstanceOf(Date)
      expect(Object.keys(record['extraInformation'] as object)).toEqual(['host', 'port'])
    }
  })

  it('tells of those who join, and of those who say goodbye, at once', async () => {
    const first = await fleet.join()
    const told: string[] = []
    first.on('memberJoined', ({ id }) => told.push(`joined ${id}`))
    first.on('memberLeft', ({ id, reason }) => told.push(`left ${id} ${reason}`))
    const second = await fleet.join()
    await until(() => told.length === 1, 2000)
    await second.close()
    await until(() => told.length === 2, 1000)
    expect(told).toEqual([`joined ${second.id}`, `left ${second.id} closed`])
    expect(first.members()).toEqual([])
    expect(await fleet.db.collection('instances').countDocuments()).toBe(1)
  })

  it('shows the records in the order of registration, whoever renewed last', async () => {
    const clusters: Cluster[] = []
    for (let count = 0; count < 3; count += 1) clusters.push(await fleet.join({ heartbeatIntervalMs: 20_000 + count * 10_000, expireAfterMs: 120_000 }))
    const [first, second, third] = clusters.map(({ id }) => id)
    await fleet.db.collection<{ _id: string }>('instances').updateOne({ _id: second ?? '' }, { $currentDate: { _updatedAt: true } })
    expect((await clusters[0]?.records({ maxAgeMs: 0 }))?.map(({ _id }) => _id)).toEqual([first, second, third])
  })

  it('keeps two applications in one collection apart', async () => {
    const chat = await Promise.all([fleet.join({ name: 'chat' }), fleet.join({ name: 'chat' })])
    const shop = await Promise.all([fleet.join({ name: 'shop' }), fleet.join({ name: 'shop' })])
    await linked(chat)
    await linked(shop)
    const records = await chat[0].records()
    expect(records.map((record) => record.name)).toEqual(['chat', 'chat'])
  })

  it('brings what one emits to everyone, itself included, in order and with dates as dates', async () => {
    const clusters = await Promise.all([fleet.join(), fleet.join(), fleet.join()])
    await linked(clusters)
    const heard = clusters.map(() => [] as unknown[])
    clusters.forEach((cluster, index) => {
      cluster.stream('room').on('message', function (text, at) {
        heard[index]?.push([this.from, this.seq, text, at])
      })
    })
    await Promise.all(clusters.map((cluster) => cluster.stream('room').ready()))
    const at = new Date(5)
    const [speaker] = clusters
    speaker.stream('room').emit('message', 'one', at)
    speaker.stream('other room').emit('message', 'not heard')
    speaker.stream('room').emit('message', 'two', at)
    await until(() => heard.every((list) => list.length === 2), 1000, () => heard)
    for (const list of heard) expect(list).toEqual([[speaker.id, 1, 'one', at], [speaker.id, 3, 'two', at]])
  })

  it('writes a record that was deleted by hand again, with its first time, and touches no link', async () => {
    const clusters = await Promise.all([fleet.join({ heartbeatIntervalMs: 100, expireAfterMs: 1000 }), fleet.join({ heartbeatIntervalMs: 100, expireAfterMs: 1000 })])
    await linked(clusters)
    const [first, second] = clusters
    const told: string[] = []
    for (const event of ['memberLeft', 'memberSuspected', 'memberJoined'] as const) second.on(event, ({ id }) => told.push(`${event} ${id}`))
    const instances = fleet.db.collection<{ _id: string; _createdAt: Date }>('instances')
    const before = await instances.findOne({ _id: first.id })
    await instances.deleteOne({ _id: first.id })
    await until(async () => (await instances.findOne({ _id: first.id })) !== null, 1000)
    expect((await instances.findOne({ _id: first.id }))?._createdAt).toEqual(before?._createdAt)
    await linked(clusters)
    expect(told).toEqual([])
  })

  it('does not take for gone whose record was deleted and is there again, though no link is up to vouch for it', async () => {
    const proxies: RoughProxy[] = []
    const join = async (): Promise<Cluster> => {
      const { server, port } = await fleet.listen()
      const proxy = await RoughProxy.before(port)
      proxies.push(proxy)
      const options = { linkHeartbeatIntervalMs: 50, linkHeartbeatTimeoutMs: 50 }
      return fleet.track(await joinCluster({ db: fleet.db, name: 'test', server, address: { host: 'localhost', port: proxy.port }, ...options }))
    }
    const [first, second] = [await join(), await join()]
    await linked([first, second])
    const told: string[] = []
    for (const event of ['memberLeft', 'memberSuspected', 'memberJoined'] as const) first.on(event, ({ id }) => told.push(`${event} ${id}`))
    for (const proxy of proxies) proxy.hold('inward', 'outward')
    await until(() => told.includes(`memberSuspected ${second.id}`), 5000)
    const instances = fleet.db.collection<{ _id: string }>('instances')
    const record = await instances.findOne({ _id: second.id })
    // Both are told in one answer of the change stream, as to a process that stood still.
    await instances.bulkWrite([{ deleteOne: { filter: { _id: second.id } } }, { insertOne: { document: record ?? { _id: '' } } }])
    const third = await fleet.join()
    await until(() => first.members().some(({ id }) => id === third.id), 5000)
    for (const proxy of proxies) proxy.close()
    expect(told).toEqual([`memberSuspected ${second.id}`])
  })

  it('takes no peer that does not know the secret, and says why', async () => {
    const first = await fleet.join({ secret: 'a'.repeat(32) })
    const second = await fleet.join({ secret: 'b'.repeat(32) })
    await until(() => first.members()[0]?.link?.currentStatus.status === 'failed', 2000)
    const [member] = first.members()
    expect(member?.link?.currentStatus.reason).toContain('unauthorized')
    expect(member?.link?.authorized).toBe(false)
    expect(second.members()[0]?.status).not.toBe('alive')
  })

  it('links old and new while a secret is rotated', async () => {
    const [old, fresh] = ['o'.repeat(32), 'n'.repeat(32)]
    const clusters = await Promise.all([fleet.join({ secret: old }), fleet.join({ secret: [fresh, old] }), fleet.join({ secret: [fresh, old] })])
    await linked(clusters)
  })

  it('says when the address belongs to another instance', async () => {
    const first = await fleet.join()
    const second = await fleet.join({ address: { host: 'localhost', port: first.address.port } })
    const third = await fleet.join()
    await until(() => third.members().some(({ id, link }) => id === second.id && link?.currentStatus.status === 'failed'), 2000)
    expect(third.members().find(({ id }) => id === second.id)?.link?.currentStatus.reason).toContain('wrong-instance')
    await until(() => third.members().find(({ id }) => id === first.id)?.status === 'alive', 2000)
  })

  it('opens a server for peers alone with listen', async () => {
    const clusters = await Promise.all([1, 2].map(() => joinCluster({ db: fleet.db, name: 'listening', listen: { host: '127.0.0.1' } })))
    await linked(clusters)
    await Promise.all(clusters.map((cluster) => cluster.close()))
    expect(await fleet.db.collection('instances').countDocuments()).toBe(0)
  })
})
