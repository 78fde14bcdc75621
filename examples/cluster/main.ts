// A cluster to look at: a MongoDB, some server processes, and what each of them sees of the others.
import { once } from 'node:events'
import { setTimeout } from 'node:timers/promises'
import { randomId } from '@ddp-cluster/ddp-common'
import { MongoClient } from 'mongodb'
import { type Fetched, fetchAnswer, missingLinks } from './answers.js'
import { type Arguments, readArguments, usage } from './arguments.js'
import { wreakHavoc } from './chaos.js'
import { type LoginHeaders, seedDemoUser } from './demo-user.js'
import { type InstanceProcess, startInstance, startInstanceBehindProxy } from './instance-process.js'
import { type Mongo, openMongo } from './mongo.js'
import { Screen } from './screen.js'
import { renderTable } from './table.js'

/** With `--once`: so long everyone may take to be linked to everyone. */
const linkedWithinMs = 30_000
/** A MongoDB that does not answer for so long is not there. */
const mongoPatienceMs = 5000
/** A database that cannot be dropped in time at the end is left behind. */
const dropPatienceMs = 500
/** An instance that has not left by then is killed. */
const leavePatienceMs = 1500

const say = (text: string): void => void process.stderr.write(`${text}\n`)
/** Resolves after that time, or when the signal comes. */
const pause = (ms: number, signal: AbortSignal): Promise<void> => setTimeout(ms, undefined, { signal }).catch(() => undefined)

const options = readOptions()

const stopping = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => stopping.abort())
// Whoever started this process was killed, or whoever read what it prints has gone.
process.on('disconnect', () => stopping.abort())
process.channel?.unref()
process.stdout.on('error', () => stopping.abort())

const startedAt = performance.now()
const mongo = await openMongo(process.env['MONGO_URL'])
say(`MongoDB: ${mongo.what}`)
const client = await connectMongo(mongo.url)
// A database of its own for each run: whatever else is on that server is left alone.
const database = client.db(`ddp_cluster_demo_${randomId(8)}`)
const instances: InstanceProcess[] = []
let exitCode = 0
try {
  exitCode = await run()
} catch (error) {
  // To be stopped while it shows the cluster is how it ends; to be stopped before it printed what was asked for is a failure.
  if (options.once || !stopping.signal.aborted) {
    say(error instanceof Error ? error.message : String(error))
    exitCode = 1
  }
} finally {
  await end(mongo)
}
process.exitCode = exitCode

function readOptions(): Arguments {
  try {
    return readArguments(process.argv.slice(2))
  } catch (error) {
    say(`${error instanceof Error ? error.message : String(error)}\n${usage}`)
    process.exit(2)
  }
}

async function connectMongo(url: string): Promise<MongoClient> {
  try {
    const stopped = once(stopping.signal, 'abort').then(() => Promise.reject(new Error('stopped')))
    return await Promise.race([new MongoClient(url, { serverSelectionTimeoutMS: mongoPatienceMs }).connect(), stopped])
  } catch (error) {
    say(`MongoDB cannot be reached: ${error instanceof Error ? error.message : String(error)}`)
    process.exit(1)
  }
}

async function run(): Promise<number> {
  const headers = await seedDemoUser(database)
  const deadline = AbortSignal.timeout(linkedWithinMs)
  await startAll(options.instances, AbortSignal.any([stopping.signal, deadline]))
  const { fetched, missing } = await untilLinked(headers, deadline)
  if (options.once) {
    for (const link of missing) say(`missing: ${link}`)
    if (missing.length > 0) return 1
    say(`Everyone is linked to everyone, ${Math.round(performance.now() - startedAt)} ms after the start`)
    if (options.json) printJson(headers, fetched)
    else process.stdout.write(`${renderTable(instances, fetched, Number.POSITIVE_INFINITY)}\n`)
    return 0
  }
  await watch(headers)
  return 0
}

async function startAll(count: number, signal: AbortSignal): Promise<void> {
  say(`Starting ${count} instance${count === 1 ? '' : 's'}…`)
  const starts = Array.from({ length: count }, async () => {
    const instance = await startOne(signal)
    instances.push(instance)
    say(`  ${instance.id} joined at ${instance.address} (pid ${instance.pid})`)
  })
  const failure = (await Promise.allSettled(starts)).find((start) => start.status === 'rejected')
  if (failure) throw failure.reason
}

function startOne(signal: AbortSignal): Promise<InstanceProcess> {
  const start = options.chaos ? startInstanceBehindProxy : startInstance
  return start(mongo.url, database.databaseName, signal)
}

/** Waits until everyone shows everyone as connected and authorized; resolves with the answers, and what is missing in them when the time is up. */
async function untilLinked(headers: LoginHeaders, deadline: AbortSignal): Promise<{ fetched: Fetched[]; missing: string[] }> {
  for (;;) {
    const fetched = await fetchAll(headers)
    const missing = missingLinks(instances, fetched)
    if (missing.length === 0 || deadline.aborted || stopping.signal.aborted) return { fetched, missing }
    await pause(50, stopping.signal)
  }
}

function fetchAll(headers: LoginHeaders): Promise<Fetched[]> {
  const ended = Promise.resolve({ problem: 'has ended' })
  return Promise.all(instances.map((instance) => (instance.ended() === undefined ? fetchAnswer(instance, headers) : ended)))
}

function printJson(headers: LoginHeaders, fetched: readonly Fetched[]): void {
  const elements = instances.map(({ id, pid, address, url }, index) => {
    const got = fetched[index]
    if (!got || 'problem' in got) throw new Error(`${id} (${address}): ${got?.problem ?? 'was not asked'}`)
    return { id, pid, address, url, headers, answer: got.answer }
  })
  process.stdout.write(`${JSON.stringify(elements, undefined, 2)}\n`)
}

async function watch(headers: LoginHeaders): Promise<void> {
  const screen = new Screen(process.stdout)
  const flags = Object.entries(headers).map(([name, value]) => `-H '${name}: ${value}'`).join(' ')
  const [first] = instances
  say(`${options.chaos ? 'Open the page and watch what chaos does' : 'Open the page, kill one of the processes and watch, or ask one yourself'}. Ctrl-C ends all.`)
  process.stdout.write(`\n  ${first?.page ?? ''}\n    user id  ${headers['X-User-Id']}\n    token    ${headers['X-Auth-Token']}\n`)
  process.stdout.write(`\n  curl ${flags} ${first?.url ?? ''}\n\n`)
  const havoc = options.chaos ? makeChaos(screen) : Promise.resolve()
  while (!stopping.signal.aborted) {
    screen.show(renderTable(instances, await fetchAll(headers), screen.columns))
    await pause(250, stopping.signal)
  }
  await havoc
}

async function makeChaos(screen: Screen): Promise<void> {
  const { signal } = stopping
  try {
    await wreakHavoc({ instances, signal, startAnother: () => startOne(signal), say: (text) => screen.note(text), pause: (ms) => pause(ms, signal) })
  } catch (error) {
    if (!signal.aborted) screen.note(`Chaos ends: ${error instanceof Error ? error.message : String(error)}`)
  }
}

async function end(running: Mongo): Promise<void> {
  await Promise.all(instances.map((instance) => instance.stop(leavePatienceMs)))
  await database.dropDatabase({ timeoutMS: dropPatienceMs }).catch(() => undefined)
  await client.close()
  await running.close()
}
