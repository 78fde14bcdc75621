// The server that the image runs: what your own would be, without the application.
import { createServer } from 'node:http'
import { joinCluster } from '@ddp-cluster/instance-status'
import { instancesApi } from '@ddp-cluster/instances-api'
import { MongoClient } from 'mongodb'

const client = await new MongoClient(process.env.MONGO_URL).connect()
const server = createServer()
const joining = joinCluster({ db: client.db(), name: 'example', server, handleSignals: true })
// Whoever reaches this port may read the figures: no ingress passes on /metrics.
server.on('request', instancesApi({ cluster: joining, metrics: true }))
server.listen(process.env.PORT)
const cluster = await joining

// The process with the id 1, as in a container, does not end by a signal that nobody handles: it ends when nothing is left to do.
await cluster.closed
server.close()
server.closeAllConnections()
await client.close()
