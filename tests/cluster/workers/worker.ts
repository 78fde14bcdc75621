// A worker of node:cluster, as PM2's cluster mode has them: all share one port for their users, and each opens another for its peers.
import { once } from 'node:events'
import { createServer } from 'node:http'
import { joinCluster } from '@ddp-cluster/instance-status'
import { MongoClient } from 'mongodb'

const [mongoUrl = '', database = ''] = process.argv.slice(2)
const client = await new MongoClient(mongoUrl).connect()
const shared = createServer((_request, response) => response.end()).listen(0, '127.0.0.1')
await once(shared, 'listening')

const refused = await joinCluster({ db: client.db(database), name: 'workers', server: shared }).then(() => 'joined', (error: { code: string }) => error.code)
const cluster = await joinCluster({ db: client.db(database), name: 'workers', listen: { host: '127.0.0.1' }, handleSignals: true })
process.on('message', () => {
  process.send?.({ refused, port: cluster.address.port, alive: cluster.members().filter(({ status }) => status === 'alive').length })
})
process.send?.('joined')
void cluster.closed.then(() => client.close())
