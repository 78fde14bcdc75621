// Starts a cluster of two processes again and again: `node --import tsx --conditions=@ddp-cluster/source tests/cluster/starts.ts 200`
import { pathToFileURL } from 'node:url'
import { randomId } from '@ddp-cluster/ddp-common'
import { type Db, MongoClient } from 'mongodb'
import { fetchAnswer, missingLinks } from '../../examples/cluster/answers.js'
import { seedDemoUser } from '../../examples/cluster/demo-user.js'
import { startInstance } from '../../examples/cluster/instance-process.js'
import { openMongo } from '../../examples/cluster/mongo.js'
import { isRunning } from './example.js'
import { until } from './fleet.js'

/** What the client of this process has open: two for monitoring, one for work. */
const ownSockets = 3

/** Rounds in which two processes join, link and leave. Resolves with the milliseconds of each; rejects when one fails, hangs or leaves something behind. */
export async function startAgainAndAgain(rounds: number, onRound: (round: number, ms: number) => void = () => undefined): Promise<number[]> {
  const mongo = await openMongo(process.env['MONGO_URL'])
  const client = await new MongoClient(mongo.url, { maxPoolSize: 1 }).connect()
  const db = client.db(`ddp_cluster_test_${randomId(8)}`)
  const durations: number[] = []
  try {
    const headers = await seedDemoUser(db)
    for (let round = 1; round <= rounds; round += 1) {
      const before = performance.now()
      const instances = await Promise.all([startInstance(mongo.url, db.databaseName), startInstance(mongo.url, db.databaseName)])
      const missing = async (): Promise<string[]> => missingLinks(instances, await Promise.all(instances.map((instance) => fetchAnswer(instance, headers))))
      await until(async () => (await missing()).length === 0, 10_000, missing)
      durations.push(performance.now() - before)
      await Promise.all(instances.map((instance) => instance.stop(5000)))
      const endings = instances.map((instance) => instance.ended())
      if (endings.some((ending) => ending !== 'SIGTERM')) throw new Error(`round ${round}: ended by ${endings.join(', ')}`)
      if (instances.some(({ pid }) => isRunning(pid))) throw new Error(`round ${round}: a process runs on`)
      const records = await db.collection('instances').countDocuments()
      if (records > 0) throw new Error(`round ${round}: ${records} records were left`)
      // The only sockets to MongoDB that remain are this process' own.
      await until(async () => (await sockets(db)) <= ownSockets, 2000, () => sockets(db))
      onRound(round, durations.at(-1) ?? 0)
    }
  } finally {
    await db.dropDatabase()
    await client.close()
    await mongo.close()
  }
  return durations
}

/** How many sockets MongoDB holds open. */
async function sockets(db: Db): Promise<number> {
  const status = await db.admin().serverStatus()
  return (status['connections'] as { current: number }).current
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const rounds = Number(process.argv[2] ?? 200)
  const durations = await startAgainAndAgain(rounds, (round, ms) => process.stderr.write(`${round}/${rounds}: ${Math.round(ms)} ms\r`))
  const sorted = durations.toSorted((a, b) => a - b)
  const at = (share: number): number => Math.round(sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0)
  process.stdout.write(`${rounds} starts, none failed: median ${at(0.5)} ms, 95 % ${at(0.95)} ms, longest ${at(1)} ms\n`)
}
