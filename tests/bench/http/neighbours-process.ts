// The other instances of the cluster, all in one process.
import { once } from 'node:events'
import { joinCluster } from '@ddp-cluster/instance-status'
import { MongoClient } from 'mongodb'

process.on('disconnect', () => process.exit())
const [{ uri, count }] = (await once(process, 'message')) as [{ uri: string; count: number }]
const client = await new MongoClient(uri).connect()
await Promise.all(Array.from({ length: count }, () => joinCluster({ db: client.db('bench'), name: 'bench', listen: { host: '127.0.0.1' }, address: { host: '127.0.0.1' } })))
process.send?.('joined')
