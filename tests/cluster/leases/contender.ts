// One process that asks for a lease of its cluster and, while it holds it, writes to a document that checks the token. It says all that on its standard output,
// a line a fact, written at once: what it said before it was killed is said.
import { writeSync } from 'node:fs'
import { createServer } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { type Clock, systemClock } from '@ddp-cluster/ddp-common/internal'
import { joinCluster } from '@ddp-cluster/instance-status'
import { MongoClient } from 'mongodb'

const { mongoUrl, database, ttlMs } = JSON.parse(process.argv[2] ?? '') as { mongoUrl: string; database: string; ttlMs: number }

/** Nanoseconds by a clock that all processes of the machine share and that nobody sets. */
const now = (): bigint => process.hrtime.bigint()
const say = (...words: (string | number | bigint)[]): void => void writeSync(1, `${words.join(' ')}\n`)

let wallOffsetMs = 0
const clock: Clock = { ...systemClock, wallNow: () => systemClock.wallNow() + wallOffsetMs }
process.on('message', (offsetMs: number) => (wallOffsetMs += offsetMs))
process.on('disconnect', () => process.exit())

const client = await new MongoClient(mongoUrl).connect()
const server = createServer().listen(0, '127.0.0.1')
await once(server, 'listening')
const { port } = server.address() as AddressInfo
const cluster = await joinCluster({
  db: client.db(database), name: 'leases', server, address: { host: '127.0.0.1', port }, clock, heartbeatIntervalMs: 1000, expireAfterMs: 5000,
})
const lease = cluster.lease('work', { ttlMs })
lease.on('acquired', ({ token }) => say('acquired', token, now()))
lease.on('lost', ({ token, reason }) => say('lost', token, now(), reason))
say('ready')

// The time is taken before the look: a process that is stopped between the two looks when it runs again.
setInterval(() => {
  const at = now()
  const { token } = lease
  if (token !== undefined) say('held', token, at)
}, 2)

const fenced = client.db(database).collection<{ _id: string; token: number }>('fenced')
for (;;) {
  const { token } = lease
  if (token === undefined) {
    await new Promise((resolve) => setTimeout(resolve, 5))
    continue
  }
  // Between the look and the write the process may be stopped: the document itself has to refuse a token that is too old.
  const { matchedCount } = await fenced.updateOne({ _id: 'work', token: { $lte: token } }, { $set: { token, by: cluster.id } }).catch(() => ({ matchedCount: -1 }))
  if (matchedCount >= 0) say(matchedCount === 1 ? 'wrote' : 'refused', token, now())
  await new Promise((resolve) => setTimeout(resolve, 5))
}
