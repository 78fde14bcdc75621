// One instance of a chaos run: emits, listens, calls, takes a lease, answers instances.get, and writes down all that it sees. Started by cast.ts.
import { closeSync, openSync, writeSync } from 'node:fs'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { randomId } from '@ddp-cluster/ddp-common'
import { CallError, ClusterError, joinCluster } from '@ddp-cluster/instance-status'
import { instancesApi } from '@ddp-cluster/instances-api'
import { MongoClient } from 'mongodb'
import { setDateOffset } from '../cluster/troupe/date-offset.js'
import { breakOnPurpose } from './broken.js'
import { JournalWriter, sharedNow } from './journal.js'
import type { Order, Part, State } from './messages.js'

const emitEveryMs = 80
const callEveryMs = 200
const latenessEveryMs = 50
/** Less is nothing to speak of. */
const leastLatenessMs = 300

const { mongoUrl, database, journalFile, breakage, options, leaseTtlMs } = JSON.parse(process.argv[2] ?? '') as Part
if (breakage) breakOnPurpose(breakage)
const journal = new JournalWriter(journalFile)
const tell = (message: unknown): void => void (process.connected && process.send?.(message))

const server = createServer().listen(0, '127.0.0.1')
await once(server, 'listening')
const { port } = server.address() as AddressInfo
tell({ port })
const [{ advertised }] = (await once(process, 'message')) as [{ advertised: number }]

const [goodLog, fullLog] = [openSync('/dev/null', 'w'), openSync('/dev/full', 'w')]
let log = goodLog
const write = (fields: object, message: string): void => void writeSync(log, `${JSON.stringify({ ...fields, message })}\n`)

const client = new MongoClient(mongoUrl, { serverSelectionTimeoutMS: 2000 })
const cluster = await joinCluster({ db: client.db(database), name: 'chaos', server, address: { host: '127.0.0.1', port: advertised }, logger: { debug: write, info: write, warn: write, error: write }, handleSignals: true, ...options }).catch(giveUp)
journal.write({ what: 'joined', at: sharedNow(), id: cluster.id })
const api = instancesApi({ cluster, rateLimit: false, page: false, authenticate: ({ userId }) => Promise.resolve(userId), authorize: () => Promise.resolve(true) })
server.on('request', (request, response) => void api(request, response))

let head = 0
const heard = new Map<string, number>()
const stream = cluster.stream<{ next: [n: number] }>('numbers')
stream.on('next', function (n) {
  journal.write({ what: 'heard', at: sharedNow(), from: this.from, n, seq: this.seq })
  heard.set(this.from, n)
})
cluster.on('gap', ({ from, after, lost, exact }) => {
  journal.write({ what: 'gap', at: sharedNow(), from, after, lost, exact })
  heard.set(from, Math.max(heard.get(from) ?? 0, after + lost))
})
for (const event of ['memberJoined', 'memberSuspected', 'memberRecovered', 'memberLeft'] as const) {
  cluster.on(event, (payload) => journal.write({ what: 'told', at: sharedNow(), event, about: payload.id, reason: 'reason' in payload ? payload.reason : undefined }))
}
// Those who were met before anybody listened.
for (const { id, status } of cluster.members()) if (status === 'alive') journal.write({ what: 'told', at: sharedNow(), event: 'memberJoined', about: id, reason: undefined })
cluster.method('note', (call) => {
  journal.write({ what: 'ran', at: sharedNow(), call: String(call) })
  journal.flush()
})
const lease = cluster.lease('chaos', { ttlMs: leaseTtlMs })

let lastTick = { at: sharedNow(), cpuMs: Number.NaN }
const work = [
  // One, or several that leave together.
  setInterval(() => {
    for (let count = 1 + Math.floor(Math.random() * 3); count > 0; count -= 1) emit()
  }, emitEveryMs),
  setInterval(() => void callSomebody(), callEveryMs),
]
const watch = [
  setInterval(() => {
    const at = sharedNow()
    const { token } = lease
    if (token !== undefined) journal.write({ what: 'held', at, token })
  }, 10),
  setInterval(weigh, 1000),
  setInterval(noteLateness, latenessEveryMs),
]

process.on('message', (order: Order) => {
  switch (order.do) {
    case 'block':
      for (const until = performance.now() + order.ms; performance.now() < until; );
      return
    case 'date':
      return setDateOffset(order.offsetMs)
    case 'hoard':
      return hoard(order.ms)
    case 'fill disk':
      log = fullLog
      setTimeout(() => (log = goodLog), order.ms)
      return
    case 'settle':
      for (const timer of work) clearInterval(timer)
      return
    case 'state':
      tell(state())
  }
})
process.on('disconnect', () => process.exit(1))
void cluster.closed.then(async () => {
  for (const timer of [...work, ...watch]) clearInterval(timer)
  server.close()
  server.closeAllConnections()
  await client.close()
  process.disconnect()
})
tell({ joined: cluster.id })

function state(): State {
  const alive: string[] = []
  const others: { id: string; why: string }[] = []
  for (const { id, status, reason, link } of cluster.members()) {
    if (status === 'alive' && link?.authorized) alive.push(id)
    else others.push({ id, why: `${status}, ${reason ?? 'no reason'}; link ${link?.currentStatus.status ?? 'none'}, ${link?.lastError ?? 'no error'}` })
  }
  return { id: cluster.id, head, heard: [...heard], alive, others }
}

/** Whoever started it tries again. */
function giveUp(error: unknown): never {
  process.stderr.write(`an instance could not join: ${error instanceof Error ? error.message : String(error)}\n`)
  process.exit(1)
}

function weigh(): void {
  try {
    journal.write({ what: 'size', at: sharedNow(), rssBytes: process.memoryUsage.rss() })
  } catch {
    // To ask takes a file descriptor, and there may be none.
  }
}

function noteLateness(): void {
  const at = sharedNow()
  const { user, system } = process.cpuUsage()
  const cpuMs = (user + system) / 1000
  const byMs = at - lastTick.at - latenessEveryMs
  if (byMs >= leastLatenessMs) journal.write({ what: 'late', at, byMs, cpuMs: cpuMs - lastTick.cpuMs })
  lastTick = { at, cpuMs }
}

function emit(): void {
  try {
    stream.emit('next', head + 1)
    head += 1
  } catch (error) {
    // It is leaving.
    if (!(error instanceof ClusterError && error.code === 'closed')) throw error
  }
}

async function callSomebody(): Promise<void> {
  const members = cluster.members()
  const { id: to } = members[Math.floor(Math.random() * members.length)] ?? {}
  if (to === undefined) return
  const call = randomId()
  const outcome = await cluster.call(to, 'note', [call], { timeoutMs: 3000 }).then(() => 'ok', (error: unknown) => (error instanceof CallError || error instanceof ClusterError ? error.code : String(error)))
  journal.write({ what: 'called', at: sharedNow(), call, to, outcome })
}

/** Takes every file descriptor that this process may have, for a while. */
function hoard(ms: number): void {
  const taken: number[] = []
  try {
    for (;;) taken.push(openSync('/dev/null', 'r'))
  } catch {
    setTimeout(() => {
      for (const descriptor of taken) closeSync(descriptor)
    }, ms)
  }
}
