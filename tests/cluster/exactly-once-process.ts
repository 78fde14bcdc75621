// One process of exactly-once.ts: joins through the proxy that it is given, emits numbered events, and checks what it hears of the others.
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { joinCluster } from '@ddp-cluster/instance-status'
import { MongoClient } from 'mongodb'
import type { Order, Range, Report } from './exactly-once-run.js'

const next = async (): Promise<unknown> => ((await once(process, 'message')) as [unknown])[0]
const tell = (message: unknown): void => void process.send?.(message)

const server = createServer().listen(0, '127.0.0.1')
await once(server, 'listening')
tell((server.address() as AddressInfo).port)
const { mongoUri, port, processes, events, patient, burst, options } = (await next()) as Order

const client = await new MongoClient(mongoUri).connect()
const cluster = await joinCluster({ db: client.db('exactly_once'), name: 'test', server, address: { host: '127.0.0.1', port }, ...options })

interface Heard {
  last: number
  readonly missing: Range[]
  readonly gaps: Range[]
}
const senders = new Map<string, Heard>()
const wrong: string[] = []
const heardOf = (id: string): Heard => {
  const heard = senders.get(id) ?? { last: 0, missing: [], gaps: [] }
  senders.set(id, heard)
  return heard
}
cluster.on('gap', ({ from, after, lost, exact }) => {
  if (!exact) wrong.push(`a gap of ${from} after ${after} is not exact`)
  heardOf(from).gaps.push([after + 1, after + lost])
})
const stream = cluster.stream<{ next: [n: number, padding: string, at: Date] }>('numbers')
stream.on('next', function (n, _padding, at) {
  const heard = heardOf(this.from)
  if (this.seq !== n || !(at instanceof Date)) wrong.push(`number ${n} of ${this.from} came as ${this.seq}`)
  if (n <= heard.last) wrong.push(`${n} of ${this.from} came after ${heard.last}`)
  if (n > heard.last + 1) heard.missing.push([heard.last + 1, n - 1])
  heard.last = n
})

while (cluster.members().filter(({ status }) => status === 'alive').length < processes - 1) await new Promise((resolve) => setTimeout(resolve, 20))
await stream.ready({ timeoutMs: 60_000 })
tell('ready')
await next()

const at = new Date()
const padding = 'x'.repeat(60)
for (let n = 1; n <= events; n += 1) {
  const goesOn = stream.emit('next', n, padding, at)
  if (!goesOn && patient) await stream.drained()
  else if (n % burst === 0) await new Promise((resolve) => setTimeout(resolve, 10))
  else if (n % 50 === 0) await new Promise((resolve) => setImmediate(resolve))
}
tell('emitted')
const complete = (): boolean => senders.size === processes && [...senders.values()].every(({ last }) => last === events)
while (!complete()) await new Promise((resolve) => setTimeout(resolve, 20))
tell({ id: cluster.id, wrong, heard: [...senders.values()].map(({ missing, gaps }) => ({ missing, gaps })) } satisfies Report)
await next()
process.exit()
