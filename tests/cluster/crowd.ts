// A crowd that joins at once, and of which a part is killed and replaced again and again:
// node --import tsx --conditions=@ddp-cluster/source tests/cluster/crowd.ts [instances] [processes] [seconds of churn]
import { parseArgs } from 'node:util'
import { MongoClient } from 'mongodb'
import { until } from './fleet.js'
import { type Actor, Troupe } from './troupe/troupe.js'

export interface CrowdReport {
  readonly instances: number
  readonly links: number
  /** From the start of the processes until everyone has everyone. */
  readonly linkedAfterMs: number
  /** Resident memory and CPU of all processes, by what a process without links costs. */
  readonly bytesALink: number
  readonly cpuMsALink: number
  /** CPU of all processes together while nothing happens, as a share of one core. */
  readonly idleCpu: number
  readonly killed: number
  readonly agreedAfterMs: number
}

/** Throws when an instance is told of twice, someone healthy is declared gone, or the indexes are not what they should be. */
export async function crowd(instances: number, processes: number, churnMs: number, say: (line: string) => void): Promise<CrowdReport> {
  // The heartbeats of 39,800 links take more than two cores at the usual pace.
  const paceMs = Math.max(5000, (instances - 100) * 300)
  const troupe = await Troupe.open({ instances: instances / processes, options: { linkHeartbeatIntervalMs: paceMs, linkHeartbeatTimeoutMs: paceMs } })
  const client = await new MongoClient(troupe.mongoUrl).connect()
  const collection = client.db(troupe.database).collection('instances')
  try {
    const [alone] = await troupe.start(1, { instances: 1, options: { collectionName: 'alone' } })
    const baseline = (await (alone as Actor).usage()).rssBytes
    const ended = (alone as Actor).ended
    ;(alone as Actor).kill('SIGTERM')
    await ended

    const startedAt = performance.now()
    await troupe.start(processes)
    say(`${instances} instances in ${processes} processes have joined after ${(performance.now() - startedAt).toFixed()} ms`)
    const links = instances * (instances - 1)
    await everyoneLinked(troupe, instances, Math.max(60_000, 10 * links))
    const linkedAfterMs = performance.now() - startedAt
    const usage = await Promise.all(troupe.actors.map((actor) => actor.usage()))
    const bytesALink = (sum(usage, 'rssBytes') - processes * baseline) / links
    const cpuMsALink = sum(usage, 'cpuMs') / links
    say(`${links} links after ${linkedAfterMs.toFixed()} ms; ${(bytesALink / 1024).toFixed(1)} KB resident and ${cpuMsALink.toFixed(2)} ms of CPU a link`)
    await inOrder(troupe, collection)

    const before = sum(usage, 'cpuMs')
    const restMs = Math.min(10_000, Math.max(2000, churnMs / 6))
    await troupe.pass(restMs)
    const idleCpu = (sum(await Promise.all(troupe.actors.map((actor) => actor.usage())), 'cpuMs') - before) / restMs
    say(`at rest all processes take ${(idleCpu * 100).toFixed(1)} % of a core`)

    const killed = new Set<string>()
    const until = performance.now() + churnMs
    while (performance.now() < until) {
      const victims = troupe.actors.slice(0, Math.max(1, Math.round(processes / 5)))
      for (const victim of victims) for (const { id } of victim.seats) killed.add(id)
      const gone = Promise.all(victims.map((victim) => victim.ended))
      for (const victim of victims) victim.kill('SIGKILL')
      await gone
      await troupe.start(victims.length)
      await troupe.pass(Math.min(2000, churnMs / 4))
    }
    const stoppedAt = performance.now()
    await everyoneLinked(troupe, instances, Math.max(60_000, 10 * links))
    const agreedAfterMs = performance.now() - stoppedAt
    say(`${killed.size} killed and replaced; everyone has everyone ${agreedAfterMs.toFixed()} ms after the last`)
    await inOrder(troupe, collection)
    const wronged = troupe.told.filter(({ event, about, by }) => event === 'memberLeft' && !killed.has(about ?? '') && !killed.has(by))
    if (wronged.length > 0) throw new Error(`${wronged.length} times a living instance was declared gone: ${JSON.stringify(wronged.slice(0, 5))}`)
    return { instances, links, linkedAfterMs, bytesALink, cpuMsALink, idleCpu, killed: killed.size, agreedAfterMs }
  } finally {
    await client.close()
    await troupe.close()
  }
}

const sum = <K extends string>(rows: readonly Record<K, number>[], key: K): number => rows.reduce((total, row) => total + row[key], 0)

async function everyoneLinked(troupe: Troupe, instances: number, withinMs: number): Promise<void> {
  const missing = async (): Promise<number> => (await Promise.all(troupe.actors.map((actor) => actor.links()))).flat().filter(({ linked, others }) => linked !== instances - 1 || others !== 0).length
  await until(async () => {
    await troupe.pass(50)
    return (await missing()) === 0
  }, withinMs, async () => `${await missing()} instances miss somebody`)
}

/** No index but the two, one record an instance, nobody joined twice without having left. */
async function inOrder(troupe: Troupe, collection: { indexes(): Promise<{ key: object }[]>; distinct(key: string): Promise<unknown[]> }): Promise<void> {
  const indexes = (await collection.indexes()).map(({ key }) => JSON.stringify(key)).sort()
  if (indexes.join() !== '{"_id":1},{"_updatedAt":1}') throw new Error(`unexpected indexes: ${indexes.join()}`)
  const registered = new Set((await collection.distinct('_id')).map(String))
  for (const { id } of troupe.actors.flatMap(({ seats }) => seats)) if (!registered.has(id)) throw new Error(`${id} has no record`)
  const joined = new Set<string>()
  for (const { event, by, about } of troupe.told) {
    const pair = `${by} ${about}`
    if (event === 'memberLeft') joined.delete(pair)
    if (event !== 'memberJoined') continue
    if (joined.has(pair)) throw new Error(`joined twice: ${pair}`)
    joined.add(pair)
  }
}

if (process.argv[1] === import.meta.filename) {
  const { positionals: [instances = '100', processes = '5', seconds = '60'] } = parseArgs({ allowPositionals: true })
  await crowd(Number(instances), Number(processes), Number(seconds) * 1000, (line) => process.stdout.write(`${line}\n`))
}
