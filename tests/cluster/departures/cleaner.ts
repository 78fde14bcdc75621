// One process of a cluster that cleans up after others, slowly: what it does is in the collection `runs`, where it is after a kill too.
import { createServer } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { joinCluster } from '@ddp-cluster/instance-status'
import { MongoClient } from 'mongodb'
import type { CleanerSettings, Run } from './messages.js'

const { mongoUrl, database, runMs, options } = JSON.parse(process.argv[2] ?? '') as CleanerSettings

const client = await new MongoClient(mongoUrl).connect()
const server = createServer().listen(0, '127.0.0.1')
await once(server, 'listening')
const { port } = server.address() as AddressInfo
const cluster = await joinCluster({ db: client.db(database), name: 'test', server, address: { host: '127.0.0.1', port }, ...options })
const runs = client.db(database).collection<Run>('runs')

cluster.onLeft(async ({ id, token }) => {
  const { insertedId } = await runs.insertOne({ of: id, by: cluster.id, token, begunAt: now() })
  await new Promise((resolve) => setTimeout(resolve, runMs))
  await runs.updateOne({ _id: insertedId }, { $set: { endedAt: now() } })
})

process.on('disconnect', () => process.exit())
process.once('SIGTERM', () => void cluster.close().then(() => process.exit()))
process.send?.(cluster.id)

/** Milliseconds by a clock that all processes of the machine share. */
function now(): number {
  return performance.timeOrigin + performance.now()
}
