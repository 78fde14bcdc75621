// Run as a process: joins the cluster of MONGO_URL and DB, and serves the API, so that a test can stop it from outside.
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { joinCluster } from '@ddp-cluster/instance-status'
import { instancesApi } from '@ddp-cluster/instances-api'
import { MongoClient } from 'mongodb'

const client = await new MongoClient(process.env['MONGO_URL'] ?? '').connect()
const server = createServer().listen(0, '127.0.0.1')
await once(server, 'listening')
const cluster = await joinCluster({ db: client.db(process.env['DB']), name: 'test', server, address: { host: 'localhost', port: (server.address() as AddressInfo).port } })
instancesApi({ cluster })
process.send?.(cluster.id)
process.on('disconnect', () => process.exit())
