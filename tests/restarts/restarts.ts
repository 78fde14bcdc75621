import { createHash } from 'node:crypto'
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { createRequire } from 'node:module'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { randomId } from '@ddp-cluster/ddp-common'
import { MongoClient } from 'mongodb'
import { openMongo } from '../../examples/cluster/mongo.js'
import { clients, type Watcher } from './clients.js'
import { Requests, type Tally } from './requests.js'

export interface Outcome {
  readonly restarts: number
  readonly requests: Tally
  /** Longest time from the start of a server until every client was logged in and heard its subscription again. */
  readonly longestMs: number
  /** Violations: a nosub, a failed login, a client that hears nothing, a request without an answer. */
  readonly violations: readonly string[]
}

const file = fileURLToPath(new URL('server.ts', import.meta.url))
const execArgv = ['--import', pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href, '--conditions=@ddp-cluster/source']
const token = 'a resume token'
const user = 'anna'

/** Clients that dial again have this long to be as they were. */
const patienceMs = 30_000

/** Registrations take this long, so that clients come while the cluster is being joined. */
const registrationMs = 150

/** Starts and stops a server of one instance, under clients of three makes that stay and requests every 10 ms. */
export async function restarts(times: number, tell: (line: string) => void): Promise<Outcome> {
  const mongo = await openMongo(process.env['MONGO_URL'])
  const client = await new MongoClient(mongo.url).connect()
  const db = client.db(`ddp_cluster_restarts_${randomId(8)}`)
  const loginTokens = [{ when: new Date(), hashedToken: createHash('sha256').update(token).digest('base64') }]
  await db.collection<{ _id: string; services: object }>('users').insertOne({ _id: user, services: { resume: { loginTokens } } })
  const slow = { failCommands: ['findAndModify'], blockConnection: true, blockTimeMS: registrationMs }
  await db.admin().command({ configureFailPoint: 'failCommand', mode: 'alwaysOn', data: slow }).catch(() => tell('this MongoDB takes no failpoint: registrations are not slowed down'))
  const port = await freePort()
  let isStopping = false
  const watchers = clients.map((open) => open(port, token))
  const requests = new Requests(port, () => isStopping)
  const violations: string[] = []
  let longestMs = 0
  for (let restart = 1; restart <= times && violations.length === 0; restart += 1) {
    const startedAt = performance.now()
    const server = fork(file, [mongo.url, db.databaseName, String(port), restart % 2 === 0 ? 'server' : 'ddpServer', String(restart)], { execArgv, stdio: ['ignore', 2, 2, 'ipc'] })
    const ended = once(server, 'exit')
    const lost = await late(watchers, restart, ended)
    longestMs = Math.max(longestMs, performance.now() - startedAt)
    violations.push(...lost, ...watchers.flatMap(({ name, problems }) => problems.map((problem) => `${name}: ${problem}`)), ...requests.tally.wrong.map((wrong) => `a request: ${wrong}`))
    isStopping = true
    await stop(server, ended, violations)
    isStopping = false
    if (restart % 10 === 0) tell(`${restart} restarts, ${requests.tally.answered} requests answered`)
  }
  await requests.close()
  violations.push(...requests.tally.wrong.map((wrong) => `a request at the end: ${wrong}`))
  await Promise.all(watchers.map((watcher) => watcher.close()))
  await db.admin().command({ configureFailPoint: 'failCommand', mode: 'off' }).catch(() => undefined)
  await db.dropDatabase()
  await client.close()
  await mongo.close()
  return { restarts: times, requests: requests.tally, longestMs: Math.round(longestMs), violations }
}

/** Which clients are not logged in, or do not hear this incarnation of the server, in time. */
async function late(watchers: readonly Watcher[], incarnation: number, ended: Promise<unknown>): Promise<string[]> {
  const deadline = performance.now() + patienceMs
  let hasEnded = false
  void ended.then(() => (hasEnded = true))
  const missing = new Set(watchers)
  while (missing.size > 0) {
    for (const watcher of missing) if (watcher.heard === incarnation && (await watcher.user()) === user) missing.delete(watcher)
    if (hasEnded) return [`the server ended by itself in its life ${incarnation}`]
    if (performance.now() > deadline) return [...missing].map(({ name, heard }) => `${name} last heard of the server's life ${heard}, and this is ${incarnation}, or is not logged in`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  return []
}

async function stop(server: ChildProcess, ended: Promise<unknown>, violations: string[]): Promise<void> {
  if (server.exitCode === null && server.signalCode === null) server.send('stop')
  const timer = setTimeout(() => {
    violations.push('the server did not end')
    server.kill('SIGKILL')
  }, patienceMs)
  await ended
  clearTimeout(timer)
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
