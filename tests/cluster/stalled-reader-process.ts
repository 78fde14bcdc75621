// One process of stalled-reader-run.ts: emits as fast as its readers take it, or reads, and says now and then how far it is.
import { joinCluster } from '@ddp-cluster/instance-status'
import { MongoClient } from 'mongodb'
import type { Progress, Role } from './stalled-reader-run.js'

const [mongoUri, role, readers, eventBytes, maxLogEntries] = process.argv.slice(2) as [string, Role, string, string, string]
const tell = (progress: Progress): void => void process.send?.(progress)

const client = await new MongoClient(mongoUri).connect()
const cluster = await joinCluster({ db: client.db('stalled_reader'), name: 'test', listen: { host: '127.0.0.1' }, address: { host: '127.0.0.1' }, maxLogEntries: Number(maxLogEntries) })
const stream = cluster.stream<{ next: [n: number, text: string] }>('numbers')

let head = 0
let heard = 0
let missing = 0
let told = 0
let peakBytes = 0
if (role === 'reader') {
  cluster.on('gap', ({ lost, exact }) => (told += exact ? lost : Number.NaN))
  stream.on('next', function (n) {
    // The first number that comes is where this reader began.
    if (head > 0) missing += n - head - 1
    head = n
    heard += 1
  })
}
const others = role === 'reader' ? 1 : Number(readers)
while (cluster.members().filter(({ status }) => status === 'alive').length < others) await new Promise((resolve) => setTimeout(resolve, 20))
await stream.ready()
const report = (): void => {
  globalThis.gc?.()
  const { rss } = process.memoryUsage()
  peakBytes = Math.max(peakBytes, rss)
  tell({ at: performance.now(), head, heard, missing, told, rss, peakBytes })
}
report()
setInterval(report, 100)
process.on('disconnect', () => process.exit())

process.once('message', () => void publish())
process.on('message', (message) => {
  if (message === 'stop') stopped = true
})
let stopped = false

async function publish(): Promise<void> {
  const text = 'x'.repeat(Number(eventBytes))
  while (!stopped) {
    head += 1
    if (!stream.emit('next', head, text)) await stream.drained()
    else if (head % 100 === 0) await new Promise((resolve) => setImmediate(resolve))
  }
}
