import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { startEmbeddedMongo } from '@ddp-cluster/embedded-mongo'
import type { JoinOptions } from '@ddp-cluster/instance-status'
import { RoughProxy } from './rough-proxy.js'
import { seeded } from '../fuzz/seeded.js'

/** What a process is to do. */
export interface Order {
  readonly mongoUri: string
  /** The proxy before it. */
  readonly port: number
  readonly processes: number
  readonly events: number
  /** It waits while `emit` says that much waits. */
  readonly patient: boolean
  /** It emits so many and then lets ten milliseconds pass. */
  readonly burst: number
  readonly options: Partial<JoinOptions>
}

/** Numbers from the first to the last. */
export type Range = [first: number, last: number]

/** What a process heard, by sender. */
export interface Report {
  readonly id: string
  readonly wrong: readonly string[]
  readonly heard: readonly { readonly missing: readonly Range[]; readonly gaps: readonly Range[] }[]
}

export interface RunOptions {
  readonly seed: number
  readonly processes: number
  readonly events: number
  /** Default: more than is ever behind, so that nothing is lost. */
  readonly maxLogEntries?: number
  /** Spreads what is emitted over so long. Default: as fast as it goes. */
  readonly overMs?: number
  readonly withinMs: number
}

export interface Outcome {
  readonly cuts: number
  readonly pauses: number
  readonly seconds: number
  readonly wrong: readonly string[]
  /** Numbers that did not reach a listener, all listeners together. */
  readonly missing: number
  /** Numbers that gaps told of. */
  readonly told: number
  /** Whether they are the same numbers. */
  readonly isExact: boolean
}

/** Somewhere, with 8 processes; with fewer the single link is not cut more often. */
const cutEveryMs = 50
const linksOfEight = 8 * 7
const pauseEveryMs = 700
const delayEveryMs = 300

/**
 * Lets processes emit to each other while links are cut, processes are stopped, and connections are delayed: to the end, or with `overMs` while they emit. Rejects when they are
 * not through in time.
 */
export async function run({ seed, processes, events, maxLogEntries, overMs, withinMs }: RunOptions): Promise<Outcome> {
  const random = seeded(seed)
  const below = (count: number): number => Math.floor(random() * count)
  const mongo = await startEmbeddedMongo()
  const children: ChildProcess[] = []
  const proxies: RoughProxy[] = []
  const timers: ReturnType<typeof setInterval>[] = []
  let [cuts, pauses] = [0, 0]
  try {
    for (let index = 0; index < processes; index += 1) {
      children.push(fork(fileURLToPath(new URL('exactly-once-process.ts', import.meta.url)), { execArgv: ['--import', 'tsx', '--conditions=@ddp-cluster/source'] }))
    }
    await Promise.all(children.map(async (child, index) => {
      const [port] = (await once(child, 'message')) as [number]
      const proxy = await RoughProxy.before(port)
      proxies[index] = proxy
      const options = { maxLogEntries: maxLogEntries ?? 2 * events, maxLogBytes: 1e9, maxLogAgeMs: 600_000, linkHeartbeatIntervalMs: 500, linkHeartbeatTimeoutMs: 500, secret: 's'.repeat(32) }
      child.send({ mongoUri: mongo.uri, port: proxy.port, processes, events, patient: maxLogEntries === undefined, burst: overMs === undefined ? events : Math.ceil((events * 10) / overMs), options } satisfies Order)
      await once(child, 'message')
    }))
    const began = performance.now()
    const emitted = children.map((child) => once(child, 'message'))
    for (const child of children) child.send('go')
    timers.push(
      setInterval(() => (cuts += proxies[below(processes)]?.cutOne(below) === true ? 1 : 0), (cutEveryMs * linksOfEight) / (processes * (processes - 1))),
      setInterval(() => {
        const child = children[below(processes)]
        // Mostly shorter than what the link's heartbeat endures, now and then longer.
        const forMs = random() < 0.2 ? 1200 : 50 + below(300)
        child?.kill('SIGSTOP')
        setTimeout(() => child?.kill('SIGCONT'), forMs)
        pauses += 1
      }, pauseEveryMs),
      setInterval(() => {
        for (const proxy of proxies) proxy.delayMs = random() < 0.3 ? below(20) : 0
      }, delayEveryMs),
    )
    const heal = (): void => {
      for (const timer of timers) clearInterval(timer)
      for (const proxy of proxies) proxy.delayMs = 0
    }
    if (overMs !== undefined) void Promise.all(emitted).then(heal, heal)
    const reports = await within(withinMs, Promise.all(children.map(async (child, index) => {
      await emitted[index]
      return ((await once(child, 'message')) as [Report])[0]
    })))
    const heard = reports.flatMap((report) => report.heard)
    return {
      cuts, pauses,
      seconds: (performance.now() - began) / 1000,
      wrong: reports.flatMap((report) => report.wrong.map((what) => `${report.id}: ${what}`)),
      missing: sum(heard.flatMap(({ missing }) => missing)),
      told: sum(heard.flatMap(({ gaps }) => gaps)),
      isExact: heard.every(({ missing, gaps }) => JSON.stringify(joined(missing)) === JSON.stringify(joined(gaps))),
    }
  } finally {
    for (const timer of timers) clearInterval(timer)
    for (const child of children) child.kill('SIGKILL')
    for (const proxy of proxies) proxy?.close()
    await mongo.close()
  }
}

/** Neighbours made one: two gaps in a row are one run of missing numbers. */
function joined(ranges: readonly Range[]): Range[] {
  const all: Range[] = []
  for (const [first, last] of ranges) {
    const before = all.at(-1)
    if (before && before[1] + 1 === first) before[1] = last
    else all.push([first, last])
  }
  return all
}

const sum = (ranges: readonly Range[]): number => ranges.reduce((total, [first, last]) => total + last - first + 1, 0)

async function within<T>(ms: number, work: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`not through within ${ms} ms`)), ms)
  })
  return Promise.race([work, late]).finally(() => clearTimeout(timer))
}
