import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Cluster, joinCluster, type MemberView } from '@ddp-cluster/instance-status'
import { Fleet, linked, until } from './fleet.js'
import { RawPeer } from './raw-peer.js'
import { Network } from './troupe/network.js'
import { type Actor, Troupe } from './troupe/troupe.js'

const linkTimeoutMs = 300

let fleet: Fleet
const proxies: { server: Server; sockets: Set<Socket> }[] = []
beforeEach(async () => {
  fleet = await Fleet.open()
})
afterEach(async () => {
  await fleet.close()
  for (const { server, sockets } of proxies.splice(0)) {
    server.close()
    for (const socket of sockets) socket.destroy()
  }
})

const view = (cluster: Cluster, of: Cluster): MemberView | undefined => cluster.members().find(({ id }) => id === of.id)
const why = (cluster: Cluster, of: Cluster): string => `${view(cluster, of)?.status} ${view(cluster, of)?.reason}`
/** Of the link that the first dialled. */
const link = (cluster: Cluster, to: Cluster): string => `${view(cluster, to)?.link?.currentStatus.status} ${view(cluster, to)?.link?.currentStatus.reason ?? ''}`

interface Complaint {
  readonly of: string
  readonly by: string
  readonly reason: string
}
const complaints = (...clusters: readonly Cluster[]): Complaint[] => {
  const heard: Complaint[] = []
  for (const cluster of clusters) cluster.on('unreachableSelf', ({ id, reason }) => heard.push({ of: cluster.id, by: id, reason }))
  return heard
}

/** Two healthy instances beside these, and a third that advertises `port`; all have said what they think of each other. */
async function withThird(port: number, others: readonly Cluster[] = []): Promise<{ healthy: [Cluster, Cluster]; third: Cluster; heard: Complaint[] }> {
  const healthy: [Cluster, Cluster] = await Promise.all([fleet.join({ linkTimeoutMs }), fleet.join({ linkTimeoutMs })])
  await linked([...healthy, ...others])
  const { server } = await fleet.listen()
  const third = fleet.track(await joinCluster({ db: fleet.db, name: 'test', server, address: { host: 'localhost', port }, linkTimeoutMs }))
  const heard = complaints(...healthy, third)
  await until(() => [...healthy.map((one) => why(one, third)), ...healthy.map((one) => why(third, one))].every((words) => words.startsWith('suspect')), 5000, () => [...healthy, third].map((one) => one.members()))
  return { healthy, third, heard }
}

/** The two never lost each other, and know the third as suspect, for this reason; it knows them as not dialling back, for the same. */
async function expectNamed(healthy: readonly Cluster[], third: Cluster, heard: readonly Complaint[], reason: RegExp): Promise<void> {
  await linkedToEachOther(healthy)
  // What was said before anybody could listen is in the view.
  await until(() => third.self.unreachableBy.length === 2, 5000, () => third.self.unreachableBy)
  for (const one of healthy) {
    expect(why(one, third)).toMatch(/^suspect /)
    expect(why(one, third)).toMatch(reason)
    expect(why(third, one)).toMatch(/^suspect not-dialled-back: /)
    expect(why(third, one)).toMatch(reason)
    expect(link(third, one)).toBe('connected ')
    expect(link(one, third)).toMatch(reason)
  }
  for (const complaint of heard) {
    expect(complaint.of).toBe(third.id)
    expect(complaint.reason).toMatch(reason)
  }
  expect(third.self.unreachableBy.map(({ id }) => id).sort()).toEqual(healthy.map(({ id }) => id).sort())
  for (const one of healthy) expect(one.self.unreachableBy).toEqual([])
}

async function linkedToEachOther(clusters: readonly Cluster[]): Promise<void> {
  for (const one of clusters) for (const other of clusters) if (one !== other) expect(view(one, other)).toMatchObject({ status: 'alive', reason: undefined })
}

/** Takes connections on a port and hands them to these ports in turn. */
async function balancer(portsOf: () => readonly number[]): Promise<number> {
  const sockets = new Set<Socket>()
  let turn = 0
  const server = createServer((socket) => {
    const ports = portsOf()
    const target = connect(ports[(turn += 1) % ports.length] ?? 0, '127.0.0.1')
    for (const one of [socket, target]) {
      sockets.add(one)
      one.on('error', () => undefined)
    }
    socket.on('close', () => target.destroy())
    target.on('close', () => socket.destroy())
    socket.pipe(target).pipe(socket)
  }).listen(0, '127.0.0.1')
  proxies.push({ server, sockets })
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

describe('an instance that advertises a wrong address', () => {
  it('of nobody: is named with the refusal, on both sides', async () => {
    const { server, port } = await fleet.listen()
    server.close()
    await once(server, 'close')
    const { healthy, third, heard } = await withThird(port)
    await expectNamed(healthy, third, heard, /ECONNREFUSED|refused/)
  })

  it('of another instance: is named as wrong-instance, and the other keeps its links', async () => {
    const first = await fleet.join({ linkTimeoutMs })
    const { healthy, third, heard } = await withThird(Number(first.address.port), [first])
    await until(() => third.self.unreachableBy.length === 3, 5000, () => third.self.unreachableBy)
    for (const one of healthy) {
      expect(why(one, third)).toMatch(/^suspect wrong-instance: /)
      expect(why(third, one)).toMatch(/^suspect not-dialled-back: wrong-instance: /)
    }
    // Who is found at its own address has nothing odd about it but that another claims it.
    for (const one of healthy) expect(view(one, first)?.status).toBe('alive')
    expect(why(first, third)).toMatch(/^suspect wrong-instance: the dialler itself answers/)
    for (const { of } of heard) expect(of).toBe(third.id)
    await linkedToEachOther(healthy)
  })

  it('of another instance, found before it has subscribed: is told so soon after it has', async () => {
    const secret = 's'.repeat(32)
    const first = await fleet.join({ secret })
    const peer = await RawPeer.prove(first, { secret })
    const now = new Date()
    const { host, port, url } = first.address
    const record = { _createdAt: now, _updatedAt: now, name: 'test', pid: 1, extraInformation: { host, port }, cluster: { protocol: 1, expireAfterMs: 60_000, url } }
    await fleet.db.collection<{ _id: string }>('instances').insertOne({ _id: peer.id, ...record })
    await until(() => first.members()[0]?.link?.currentStatus.status === 'failed', 5000)
    await peer.subscribe({ streams: true })
    await until(() => peer.notices.includes('unreachable'), 4000)
    peer.connection.close()
  })

  it('of what is no instance: is named as such', async () => {
    const { server, port } = await fleet.listen()
    server.on('upgrade', (_request, socket) => socket.end('HTTP/1.1 404 Not Found\r\n\r\n'))
    const { healthy, third, heard } = await withThird(port)
    await expectNamed(healthy, third, heard, /404/)
  })

  it('of a load balancer before all: who answers for another is named, whoever it is, and healthy members are not harmed', async () => {
    const ports: number[] = []
    const port = await balancer(() => ports)
    const healthy: [Cluster, Cluster] = await Promise.all([fleet.join({ linkTimeoutMs }), fleet.join({ linkTimeoutMs })])
    await linked(healthy)
    const behind: Cluster[] = []
    for (let index = 0; index < 3; index += 1) {
      const listening = await fleet.listen()
      ports.push(listening.port)
      behind.push(fleet.track(await joinCluster({ db: fleet.db, name: 'test', server: listening.server, address: { host: 'localhost', port }, linkTimeoutMs })))
    }
    const named = (one: Cluster, other: Cluster): boolean => /wrong-instance|address-conflict/.test(`${why(one, other)} ${link(one, other)}`)
    // The one that registered last may have been reached by chance: to whom it happened it is what it says, and the others are odd.
    const [eldest, middle] = behind as [Cluster, Cluster]
    await until(() => healthy.every((one) => named(one, eldest) && named(one, middle)), 5000, () => healthy.map((one) => one.members()))
    await until(() => behind.every((one) => healthy.every((other) => link(one, other) === 'connected ')), 5000)
    // They live. The address of a newcomer that has no link yet looks as if its successor had taken it: its record may be deleted then, and it writes it again.
    const records = fleet.db.collection('instances')
    await until(async () => (await records.countDocuments()) === 5 && healthy.every((one) => behind.every((other) => view(one, other) !== undefined)), 10_000)
    await linkedToEachOther(healthy)
  }, 20_000)
})

const unavailable = Network.unavailable() ?? (process.env['MONGO_URL'] ? 'MONGO_URL is outside the network that the test makes' : undefined)

describe.skipIf(unavailable !== undefined)(`two hosts that advertise localhost${unavailable === undefined ? '' : ` (skipped: ${unavailable})`}`, () => {
  it('reach themselves, say so, and leave a third one in peace', async () => {
    const network = new Network([0, 0, 0, 0])
    const troupe = await Troupe.open({ options: { linkTimeoutMs } }, { host: network.mongoAddress })
    try {
      const mongoUrl = troupe.mongoUrl
      const cast = (index: number, host?: string) => {
        const { namespace, address } = network.hosts[index] ?? { namespace: '', address: '' }
        return troupe.start(1, { host: host ?? address, namespace: { name: namespace, mongoUrl }, ...(host && { options: { linkTimeoutMs, address: { host: 'localhost', port: 4000 } }, port: 4000 }) })
      }
      const [[third], [fourth]] = (await Promise.all([cast(2), cast(3)])) as [[Actor], [Actor]]
      await troupe.linked(10_000)
      const [[first], [second]] = (await Promise.all([cast(0, '0.0.0.0'), cast(1, '0.0.0.0')])) as [[Actor], [Actor]]
      const said = async (one: Actor, other: Actor): Promise<string> => {
        const member = (await one.views())[0]?.members.find(({ id }) => id === other.id)
        return `${member?.status} ${member?.reason}`
      }
      await until(async () => (await said(first, second)).startsWith('suspect') && (await said(second, first)).startsWith('suspect'), 5000)
      expect(await said(first, second)).toMatch(/^suspect wrong-instance: the dialler itself answers/)
      expect(await said(second, first)).toMatch(/^suspect wrong-instance: the dialler itself answers/)
      const refused = async (one: Actor, other: Actor): Promise<boolean> => /^suspect not-dialled-back: .*(ECONNREFUSED|refused)/.test(await said(one, other))
      await until(async () => (await refused(first, third)) && (await refused(first, fourth)) && (await refused(second, third)) && (await refused(second, fourth)), 5000)
      for (const one of [third, fourth]) expect(await said(one, first)).toMatch(/^suspect .*(ECONNREFUSED|refused)/)
      for (const one of [third, fourth]) expect(await said(first, one)).toMatch(/^suspect not-dialled-back: .*(ECONNREFUSED|refused)/)
      expect(await said(third, fourth)).toBe('alive undefined')
      expect(await said(fourth, third)).toBe('alive undefined')
      expect(troupe.told.filter(({ event }) => event === 'memberLeft')).toEqual([])
    } finally {
      await troupe.close()
      network.close()
    }
  }, 30_000)
})
