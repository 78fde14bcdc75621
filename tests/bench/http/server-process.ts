// The server under test in a process of its own: one instance of the cluster with its API, or a bare handler that sends the same bytes.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { once } from 'node:events'
import { joinCluster } from '@ddp-cluster/instance-status'
import { instancesApi } from '@ddp-cluster/instances-api'
import { MongoClient } from 'mongodb'

export type Order = { readonly kind: 'instance'; readonly uri: string } | { readonly kind: 'bare'; readonly headers: Record<string, string>; readonly body: string }

process.on('disconnect', () => process.exit())
const [order] = (await once(process, 'message')) as [Order]
const server = createServer().listen(0, '127.0.0.1', 1024)
await once(server, 'listening')
const { port } = server.address() as AddressInfo

if (order.kind === 'instance') {
  const client = await new MongoClient(order.uri).connect()
  const cluster = await joinCluster({ db: client.db('bench'), name: 'bench', server, address: { host: '127.0.0.1', port } })
  const api = instancesApi({ cluster, rateLimit: false, metrics: true })
  server.on('request', (request, response) => void api(request, response))
  process.on('message', (message) => {
    if (message === 'links') process.send?.(cluster.members().filter(({ link }) => link?.authorized === true).length)
  })
} else {
  const { headers, body } = order
  server.on('request', (_request, response) => response.writeHead(200, headers).end(body))
}
process.on('message', (message) => {
  if (message !== 'cpu') return
  const { user, system } = process.cpuUsage()
  process.send?.(user + system)
})
process.send?.(port)
