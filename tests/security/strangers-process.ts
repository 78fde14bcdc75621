// Run as a process with --expose-gc: an instance that says over IPC how much memory it holds whenever it is asked.
import { setImmediate as nextTurn } from 'node:timers/promises'
import { Fleet } from '../cluster/fleet.js'

const fleet = await Fleet.open()
const cluster = await fleet.join({ authTimeoutMs: 60_000 })
const collect = globalThis.gc as () => void

async function held(): Promise<number> {
  for (let round = 0; round < 4; round += 1) {
    collect()
    await nextTurn()
  }
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

process.on('message', () => void held().then((bytes) => process.send?.({ bytes, residentBytes: process.memoryUsage.rss(), sessions: cluster.ddpServer.sessions })))
process.send?.({ url: cluster.address.url, to: cluster.id, cluster: `${fleet.db.databaseName}.instances/test` })
process.on('disconnect', () => process.exit())
