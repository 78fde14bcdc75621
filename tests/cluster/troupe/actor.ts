// One process of a test's cluster: it joins as many instances as its part says, tells what they tell, and does what it is ordered to.
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Cluster, type ClusterEvents, joinCluster } from '@ddp-cluster/instance-status'
import { MongoClient } from 'mongodb'
import { setDateOffset } from './date-offset.js'
import type { Line, Links, Order, Part, View } from './messages.js'

const part = JSON.parse(process.argv[2] ?? '') as Part
if (part.dateOffsetMs !== undefined) setDateOffset(part.dateOffsetMs)

let leave = (): void => process.exit(1)
process.on('disconnect', () => leave())
// Who started this may be gone: that is told by `disconnect`.
const say = (line: Line): void => void (process.connected && process.send?.(line, undefined, undefined, () => undefined))

const client = await new MongoClient(part.mongoUrl).connect()
const seats = await Promise.all(Array.from({ length: part.instances }, joinOne))
const clusters = seats.map(({ cluster }) => cluster)

const leaveAll = async (): Promise<void> => {
  await Promise.all(clusters.map((cluster) => cluster.close()))
  for (const { server } of seats) {
    server.close()
    server.closeAllConnections()
  }
  await client.close()
  if (process.connected) process.disconnect()
}
leave = () => void leaveAll()
process.once('SIGTERM', () => leave())
process.on('message', ({ order, ...what }: Order & { order: number }) => {
  say({ type: 'answer', order, value: obey(what) })
})
say({ type: 'ready', views: seats.map(view) })

async function joinOne(): Promise<{ cluster: Cluster; server: ReturnType<typeof createServer>; port: number }> {
  const server = createServer().listen(part.port ?? 0, part.host ?? '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const cluster = await joinCluster({ db: client.db(part.database), name: 'troupe', server, ...part.options, address: { port, ...part.options.address } })
  for (const event of ['memberJoined', 'memberSuspected', 'memberRecovered', 'memberLeft', 'registryLost', 'registryRestored', 'unreachableSelf', 'expelled', 'stalled'] as const) {
    cluster.on(event, (payload) => say({ type: 'told', told: { event, by: cluster.id, at: performance.timeOrigin + performance.now(), ...facts(payload) } }))
  }
  return { cluster, server, port }
}

function facts(payload: ClusterEvents[keyof ClusterEvents]): { about?: string; reason?: string } {
  return {
    ...('id' in payload && { about: payload.id }),
    ...('by' in payload && { about: payload.by }),
    ...('reason' in payload && { reason: payload.reason }),
  }
}

function view({ cluster, port }: { cluster: Cluster; port: number }): View {
  const members = cluster.members().map(({ id, status, reason, link }) => {
    const { connected = false, reason: linkReason } = link?.currentStatus ?? {}
    return { id, status, reason, connected, linkReason }
  })
  return { id: cluster.id, port, registry: cluster.self.registry, members }
}

function obey(order: Order): unknown {
  switch (order.do) {
    case 'views':
      return seats.map(view)
    case 'links':
      return clusters.map((cluster): Links => {
        const members = cluster.members()
        const linked = members.filter(({ status, link }) => status === 'alive' && link?.authorized).length
        return { linked, others: members.length - linked }
      })
    case 'usage': {
      const { user, system } = process.cpuUsage()
      const { rss, heapUsed } = process.memoryUsage()
      return { rssBytes: rss, heapBytes: heapUsed, cpuMs: (user + system) / 1000 }
    }
    case 'block':
      setTimeout(() => {
        for (const until = performance.now() + order.ms; performance.now() < until; );
      }, 0)
      return undefined
    case 'date':
      return setDateOffset(order.offsetMs)
    case 'leave':
      return leave()
  }
}
