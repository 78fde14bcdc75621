import { type ChildProcess, spawn } from 'node:child_process'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { createRequire } from 'node:module'
import { createInterface } from 'node:readline'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { startEmbeddedMongo } from '@ddp-cluster/embedded-mongo'
import { MongoClient } from 'mongodb'
import { until } from '../fleet.js'
import { Judge } from './judge.js'
import { Line } from './line.js'

const file = fileURLToPath(new URL('contender.ts', import.meta.url))
const execArgv = ['--import', pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href, '--conditions=@ddp-cluster/source']

export const faults = ['kill', 'pause', 'partition', 'wall clock forward', 'wall clock back', 'database clock forward', 'database clock back'] as const
export type Fault = (typeof faults)[number]

export interface RoundsOptions {
  readonly rounds: number
  readonly ttlMs: number
  readonly contenders: number
  readonly random: () => number
  readonly onRound?: (round: number, fault: Fault) => void
}

export interface Findings {
  readonly wrong: readonly string[]
  readonly done: Readonly<Record<Fault, number>>
  /** Milliseconds from the fault to the moment at which another held the lease, for those that must move it. */
  readonly takeovers: Readonly<Record<'kill' | 'pause' | 'partition', number[]>>
  /** The same, of the faults within two lives of the lease after a jump of the database's clock: it may then stand for two. */
  readonly afterJumps: readonly number[]
  /** Takeovers that took longer than they may, and how long this process, which is the database, stood still meanwhile. */
  readonly slow: readonly string[]
  readonly wrote: number
  readonly refused: number
  readonly tokens: number
}

interface Contender {
  readonly name: string
  readonly child: ChildProcess
  readonly line: Line
  isReady: boolean
}

const now = (): number => Number(process.hrtime.bigint() / 1000n) / 1000
const pass = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** Does something bad to whoever holds the lease, again and again, and watches what becomes of the lease. */
export async function runRounds({ rounds, ttlMs, contenders: count, random, onRound }: RoundsOptions): Promise<Findings> {
  let databaseOffsetMs = 0
  const mongo = await startEmbeddedMongo({ clock: { now: () => Date.now() + databaseOffsetMs } })
  const client = await new MongoClient(mongo.uri).connect()
  const fenced = client.db('leases').collection<{ _id: string; token: number }>('fenced')
  await fenced.insertOne({ _id: 'work', token: 0 })
  const judge = new Judge()
  const watch = fenced.watch()
  watch.on('change', (change) => {
    if (change.operationType === 'update' && change.updateDescription.updatedFields?.token !== undefined) judge.fencedBy(change.updateDescription.updatedFields.token)
  })
  const contenders = new Map<string, Contender>()
  const done = Object.fromEntries(faults.map((fault) => [fault, 0])) as Record<Fault, number>
  const takeovers: Record<'kill' | 'pause' | 'partition', number[]> = { kill: [], pause: [], partition: [] }
  const afterJumps: number[] = []
  const slow: string[] = []
  let jumpedAt = Number.NEGATIVE_INFINITY
  const delays = monitorEventLoopDelay({ resolution: 5 })
  delays.enable()
  let started = 0

  async function start(): Promise<void> {
    const line = await Line.to(mongo.port)
    const settings = { mongoUrl: `mongodb://127.0.0.1:${line.port}/?directConnection=true`, database: 'leases', ttlMs }
    const child = spawn(process.execPath, [...execArgv, file, JSON.stringify(settings)], { stdio: ['ignore', 'pipe', 'inherit', 'ipc'] })
    if (!child.stdout) throw new Error('a contender without an output')
    const contender: Contender = { name: `#${(started += 1)}`, child, line, isReady: false }
    contenders.set(contender.name, contender)
    child.once('exit', () => {
      line.close()
      contenders.delete(contender.name)
    })
    createInterface({ input: child.stdout }).on('line', (text) => {
      if (text === 'ready') contender.isReady = true
      else judge.hear(contender.name, text)
    })
  }

  const ready = (): number => [...contenders.values()].filter(({ isReady }) => isReady).length
  /** Whoever acquired the lease last. */
  const holder = (): Contender | undefined => contenders.get(judge.acquired.at(-1)?.by ?? '')

  /** The lease is another's, and how long that took since `at`. */
  async function takenOver(from: Contender, at: number, fault: keyof typeof takeovers): Promise<void> {
    delays.reset()
    const successor = (): (typeof judge.acquired)[number] | undefined => judge.acquired.findLast((one) => one.by !== from.name && one.at > at)
    await until(() => successor() !== undefined, ttlMs + 5000, () => `nobody took over from ${from.name}`)
    const took = (successor()?.at ?? Number.NaN) - at
    const isAfterJump = jumpedAt > at - 2 * ttlMs
    ;(isAfterJump ? afterJumps : takeovers[fault]).push(took)
    if (took > ttlMs * (isAfterJump ? 2 : 1) + 1000) slow.push(`${fault}: ${Math.round(took)} ms; the database stood still for up to ${Math.round(delays.max / 1e6)} ms`)
  }

  async function inflict(fault: Fault, on: Contender): Promise<void> {
    const at = now()
    switch (fault) {
      case 'kill':
        on.child.kill('SIGKILL')
        await takenOver(on, at, fault)
        await start()
        return
      case 'pause':
        on.child.kill('SIGSTOP')
        await takenOver(on, at, fault)
        await pass(random() * ttlMs * 0.2)
        on.child.kill('SIGCONT')
        return
      case 'partition':
        on.line.down()
        await takenOver(on, at, fault)
        await pass(random() * ttlMs * 0.2)
        on.line.up()
        return
      case 'wall clock forward':
      case 'wall clock back':
        on.child.send((fault === 'wall clock back' ? -1 : 1) * Math.round(10 ** (3 + 8 * random())))
        await pass(ttlMs * (0.5 + random()))
        return
      case 'database clock forward':
      case 'database clock back':
        jumpedAt = now()
        databaseOffsetMs += (fault === 'database clock back' ? -1 : 1) * Math.round(10 ** (2 + 5 * random()))
        await pass(ttlMs * (0.5 + random()))
    }
  }

  try {
    await Promise.all(Array.from({ length: count }, start))
    await until(() => ready() === count, 30_000)
    for (let round = 1; round <= rounds; round += 1) {
      await until(() => ready() >= count - 1 && holder() !== undefined, 30_000)
      const victim = holder()
      // Each of them once, and then as it comes.
      const fault = faults[round - 1] ?? faults[Math.floor(random() * faults.length)] ?? 'kill'
      if (!victim) continue
      await inflict(fault, victim)
      done[fault] += 1
      onRound?.(round, fault)
    }
    await pass(ttlMs)
  } finally {
    delays.disable()
    const exits = [...contenders.values()].map(({ child }) => new Promise((resolve) => child.once('exit', resolve)))
    for (const { child } of contenders.values()) child.kill('SIGKILL')
    await Promise.all(exits)
    await watch.close()
    await client.close()
    await mongo.close()
  }
  return { wrong: [...judge.wrong, ...judge.overlaps()], done, takeovers, afterJumps, slow, wrote: judge.counts.wrote, refused: judge.counts.refused, tokens: judge.acquired.length }
}
