// One server process of the example: an HTTP server, the cluster, and the API. Started by instance-process.ts.
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { joinCluster } from '@ddp-cluster/instance-status'
import { instancesApi } from '@ddp-cluster/instances-api'
import { MongoClient } from 'mongodb'
import { chat } from './chat.js'
import type { InstanceReady } from './instance-process.js'

/** The port that peers are told to dial, where it is not the own one. */
const [mongoUrl = '', databaseName = '', advertisedPort] = process.argv.slice(2)

// Whoever started this process may be killed; nobody would end it then.
let leave = (): void => process.exit(1)
process.on('disconnect', () => leave())

const client = await new MongoClient(mongoUrl).connect()
const server = createServer().listen(0, '127.0.0.1')
await once(server, 'listening')
const { port } = server.address() as AddressInfo

const cluster = await joinCluster({ db: client.db(databaseName), name: 'rocket.chat', server, address: { port: advertisedPort ?? port }, handleSignals: true })
// The table in the terminal asks several times a second, beside all pages.
const api = instancesApi({ cluster, rateLimit: { max: 6000 } })
server.on('request', (request, response) => void api(request, response))

const stopChatting = chat(cluster)

leave = () => void cluster.close()
void cluster.closed.then(async () => {
  stopChatting()
  server.close()
  server.closeAllConnections()
  await client.close()
})

const ready: InstanceReady = { id: cluster.id, address: `${cluster.address.host}:${cluster.address.port}`, port, url: `http://localhost:${port}/api/v1/instances.get`, page: `http://localhost:${port}/cluster` }
if (process.connected) process.send?.(ready)
else leave()
