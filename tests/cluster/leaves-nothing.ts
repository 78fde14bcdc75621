// Run as a process: two instances join, link, speak and leave. It ends by itself if nothing of them is left.
import { connect } from '@ddp-cluster/ddp-client'
import { instancesApi } from '@ddp-cluster/instances-api'
import { Fleet, linked } from './fleet.js'

const fleet = await Fleet.open()
const clusters = await Promise.all([fleet.join(), fleet.join()])
await linked(clusters)
clusters[0].stream('room').emit('message', 'hello')
// Held by one, asked for by the other; a call that is never answered, and one to oneself; handlers with nothing to do, and then something.
for (const cluster of clusters) {
  cluster.lease('work', { ttlMs: 60_000 })
  cluster.onLeft(() => undefined)
  cluster.method('wait', () => new Promise(() => undefined))
}
// Watched from outside by a client that stays.
for (const cluster of clusters) instancesApi({ cluster, metrics: true, authenticate: ({ userId }) => Promise.resolve(userId), authorize: () => Promise.resolve(true) })
const watcher = connect({ url: clusters[0].address.url })
await watcher.subscribe('instances', { userId: 'me', authToken: 'mine' }).ready
const calls = clusters.flatMap((cluster) => clusters.map(({ id }) => cluster.call(id, 'wait').catch(() => undefined)))
const servers = clusters.map((cluster) => cluster.ddpServer)
await Promise.all(clusters.map((cluster) => cluster.close()))
await Promise.all(clusters.map((cluster) => cluster.close()))
await Promise.all(calls)
await watcher.close()
await Promise.all(servers.map((server) => server.closed))
await fleet.close()
