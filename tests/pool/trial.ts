import { Agent, createServer, get } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { joinCluster } from '@ddp-cluster/instance-status'
import { instancesApi } from '@ddp-cluster/instances-api'
import type { MongoClient } from 'mongodb'
import { type Driver, drivers } from './drivers.js'
import { type MongoProcess, startMongoProcess } from './mongo-process.js'
import { applicationComment, PoolWatch } from './pool-watch.js'

/** How MongoDB fails to answer. */
export const ways = ['writes hang', 'stopped', 'answers after a minute'] as const
export type Way = (typeof ways)[number]

export interface TrialOptions {
  readonly driver: Driver
  readonly way: Way
  /** How long MongoDB does not answer. */
  readonly forMs: number
  /** Unauthenticated requests of `instances.get` meanwhile. */
  readonly requests: number
}

export interface TrialReport {
  readonly driver: Driver
  readonly way: Way
  /** Most pooled connections that the library held while MongoDB did not answer. */
  readonly mostOfOurs: number
  /** Connections that the library still held once the cluster was closed and MongoDB answered again. */
  readonly leftBehind: number
  /** Medians of the application's own `findOne`, without and with the library, in milliseconds; undefined where MongoDB answers nothing. */
  readonly findOneMs: { readonly without: number; readonly with: number } | undefined
  /** The application's `findOne`s that were not answered within five seconds although MongoDB answers reads. */
  readonly findOneFailures: number
  /** How often each HTTP status was answered. */
  readonly statuses: Readonly<Record<string, number>>
  readonly slowestAnswerMs: number
  /** Commands of the library while MongoDB did not answer. */
  readonly commands: number
}

const heartbeatIntervalMs = 500
const requestsAtOnce = 100
const findOnePauseMs = 10
/** A full pool answers nothing for a minute; a busy machine takes less than this. */
const patienceMs = 5000
const pass = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** Lets MongoDB hang in one way under an application that uses the library, and counts what the library takes of its pool. */
export async function trial({ driver, way, forMs, requests }: TrialOptions): Promise<TrialReport> {
  await using mongo = await startMongoProcess()
  const Client = drivers[driver]
  await using tester = closing(new Client(mongo.uri, { appName: 'tester' }))
  await using application = closing(new Client(mongo.uri, { appName: 'application', maxPoolSize: 20, monitorCommands: true }))
  const client = application.it
  const pool = new PoolWatch(client)
  const db = client.db('pool')
  await db.collection('things').insertOne({ a: 1 }, { comment: applicationComment })
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const answersReads = way === 'writes hang'
  try {
    const before = answersReads ? await hanging(mongo, tester.it, way, () => findOnes(client, Math.min(forMs, 10_000))) : undefined
    const cluster = await joinCluster({ db, name: 'pool', server, address: { host: '127.0.0.1', port }, heartbeatIntervalMs, expireAfterMs: 10 * heartbeatIntervalMs })
    cluster.lease('work', { ttlMs: 1000 })
    cluster.onLeft(() => undefined)
    const api = instancesApi({ cluster, rateLimit: false, page: false })
    server.on('request', (request, response) => void api(request, response))
    pool.reset()
    const commandsBefore = pool.commands
    const [after, asked] = await hanging(mongo, tester.it, way, async () => {
      const over = pass(forMs)
      return Promise.all([answersReads ? findOnes(client, forMs) : undefined, ask(port, requests, over), over])
    })
    const { mostOfOurs, commands } = pool
    await cluster.close()
    for (const until = performance.now() + patienceMs; pool.ours > 0 && performance.now() < until; ) await pass(10)
    return {
      driver, way, mostOfOurs,
      leftBehind: pool.ours,
      findOneMs: before && after && { without: before.medianMs, with: after.medianMs },
      findOneFailures: after?.failures ?? 0,
      commands: commands - commandsBefore,
      ...asked,
    }
  } finally {
    server.close()
    server.closeAllConnections()
  }
}

/** Does `work` while MongoDB does not answer. */
async function hanging<T>(mongo: MongoProcess, tester: MongoClient, way: Way, work: () => Promise<T>): Promise<T> {
  const fail = (mode: 'alwaysOn' | 'off', data?: object): Promise<unknown> => tester.db('admin').command({ configureFailPoint: 'failCommand', mode, ...(data && { data }) })
  if (way === 'stopped') mongo.stop()
  else await fail('alwaysOn', { appName: 'application', failCommands: way === 'writes hang' ? ['findAndModify', 'update'] : everything, blockConnection: true, blockTimeMS: 60_000 })
  try {
    return await work()
  } finally {
    if (way === 'stopped') mongo.continue()
    else await fail('off')
  }
}

const everything = ['findAndModify', 'update', 'delete', 'insert', 'find', 'aggregate', 'getMore', 'killCursors', 'createIndexes', 'listIndexes', 'collMod', 'ping']

/** The application's own reads, one after the other. */
async function findOnes(client: MongoClient, forMs: number): Promise<{ readonly medianMs: number; readonly failures: number }> {
  const things = client.db('pool').collection('things')
  const durations: number[] = []
  let failures = 0
  for (const until = performance.now() + forMs; performance.now() < until; await pass(findOnePauseMs)) {
    const from = performance.now()
    await things.findOne({}, { comment: applicationComment, signal: AbortSignal.timeout(patienceMs) }).catch(() => (failures += 1))
    durations.push(performance.now() - from)
  }
  return { medianMs: durations.sort((a, b) => a - b)[Math.floor(durations.length / 2)] ?? Number.NaN, failures }
}

/** Requests of nobody known, with ever new tokens. */
async function ask(port: number, requests: number, over: Promise<void>): Promise<Pick<TrialReport, 'statuses' | 'slowestAnswerMs'>> {
  const agent = new Agent({ keepAlive: true, maxSockets: requestsAtOnce })
  const statuses: Record<string, number> = {}
  let slowestAnswerMs = 0
  let next = 0
  const one = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const from = performance.now()
      const headers = { 'x-auth-token': `nobody's ${next}`, 'x-user-id': 'nobody' }
      get({ port, host: '127.0.0.1', path: '/api/v1/instances.get', agent, headers }, (response) => {
        response.resume().on('end', () => {
          const status = String(response.statusCode)
          statuses[status] = (statuses[status] ?? 0) + 1
          slowestAnswerMs = Math.max(slowestAnswerMs, performance.now() - from)
          resolve()
        })
      }).on('error', reject)
    })
  await Promise.all(
    Array.from({ length: requestsAtOnce }, async () => {
      while (next < requests) {
        next += 1
        await one()
      }
    }),
  )
  agent.destroy()
  await over
  return { statuses, slowestAnswerMs }
}

/** A connected client that is closed at the end of the block, whether MongoDB answers or not. */
const closing = (it: MongoClient): { readonly it: MongoClient } & AsyncDisposable => ({ it, [Symbol.asyncDispose]: () => it.close(true) })
