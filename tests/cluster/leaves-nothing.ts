// Run as a process: two instances join, link, speak and leave. It ends by itself if nothing of them is left.
import { Fleet, linked } from './fleet.js'

const fleet = await Fleet.open()
const clusters = await Promise.all([fleet.join(), fleet.join()])
await linked(clusters)
clusters[0].stream('room').emit('message', 'hello')
const servers = clusters.map((cluster) => cluster.ddpServer)
await Promise.all(clusters.map((cluster) => cluster.close()))
await Promise.all(clusters.map((cluster) => cluster.close()))
await Promise.all(servers.map((server) => server.closed))
await fleet.close()
