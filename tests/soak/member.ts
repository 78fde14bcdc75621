// One instance of a soak: emits, listens, calls, wants a lease, answers instances.get, and weighs itself when asked to. Started by soak.ts.
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { joinCluster } from '@ddp-cluster/instance-status'
import { instancesApi } from '@ddp-cluster/instances-api'
import { MongoClient } from 'mongodb'
import { makeMessage, type Message } from '../bench/broadcast/message.js'
import type { Account, Order, Part, Sample } from './messages.js'
import { Tally } from './tally.js'
import { weigh } from './weigh.js'

const emitEveryMs = 25
const callEveryMs = 1000
const leaseTtlMs = 30_000

const { mongoUrl, database, instances, perSecond } = JSON.parse(process.argv[2] ?? '') as Part
const tell = (message: unknown): void => void (process.connected && process.send?.(message))

const server = createServer().listen(0, '127.0.0.1')
await once(server, 'listening')
const { port } = server.address() as AddressInfo
const client = new MongoClient(mongoUrl)
const cluster = await joinCluster({ db: client.db(database), name: 'soak', server, address: { host: '127.0.0.1', port } })
const api = instancesApi({ cluster, rateLimit: false, page: false, authenticate: ({ userId }) => Promise.resolve(userId), authorize: () => Promise.resolve(true) })
server.on('request', (request, response) => void api(request, response))

const tally = new Tally()
let head = 0
let calls = 0
let failedCalls = 0
let work: NodeJS.Timeout[] = []

const room = cluster.stream<{ message: [Message] }>('room')
room.on('message', function ({ n, ts, u }) {
  if (!(ts instanceof Date) || u.username !== 'ann.example') tally.note(1, `${n} of ${this.from} came with another content`)
  tally.hear(this.from, n)
})
cluster.on('gap', ({ from, after, lost }) => tally.note(lost, `a gap: ${lost} after ${after} of ${from}`))
cluster.on('memberLeft', ({ id, reason }) => tally.note(0, `${id} left: ${reason}`))
cluster.method('add', (a, b) => Number(a) + Number(b))
cluster.lease('soak', { ttlMs: leaseTtlMs })

function begin(): void {
  const beganAt = performance.now()
  const emitWhatIsDue = (): void => {
    for (const due = ((performance.now() - beganAt) / 1000) * perSecond; head < due; ) room.emit('message', makeMessage((head += 1)))
  }
  work = [setInterval(emitWhatIsDue, emitEveryMs), setInterval(() => void callSomebody(), callEveryMs)]
}

async function callSomebody(): Promise<void> {
  const members = cluster.members()
  const { id } = members[calls % members.length] ?? { id: cluster.id }
  calls += 1
  const sum = await cluster.call(id, 'add', [calls, 1]).catch((error: unknown) => `a call failed: ${String(error)}`)
  if (typeof sum === 'number') return
  failedCalls += 1
  tally.note(0, String(sum))
}

async function link(): Promise<void> {
  while (cluster.members().filter(({ status }) => status === 'alive').length < instances - 1) await new Promise((resolve) => setTimeout(resolve, 20))
  await room.ready()
}

async function sample(): Promise<void> {
  const { heard, lost } = tally
  tell({ ...(await weigh()), emitted: head, heard, lost, calls, failedCalls } satisfies Sample)
}

const orders: Record<Order, () => void | Promise<void>> = {
  link: () => link().then(sample),
  begin,
  settle: () => work.forEach((timer) => clearInterval(timer)),
  sample,
  account: () => tell({ id: cluster.id, head, heard: tally.last, wrong: tally.wrong } satisfies Account),
  async leave() {
    await cluster.close()
    server.close()
    server.closeAllConnections()
    await client.close()
    process.disconnect()
  },
}

process.on('message', (order: Order) => void orders[order]())
process.on('disconnect', () => process.exit())
tell({ port })
