import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { startEmbeddedMongo } from '@ddp-cluster/embedded-mongo'
import { until } from './fleet.js'

export type Role = 'publisher' | 'reader'

/** How far a process is. */
export interface Progress {
  readonly at: number
  /** The last number emitted, or heard. */
  readonly head: number
  readonly heard: number
  /** Numbers that were passed without having been heard. */
  readonly missing: number
  /** Numbers that gaps told of. */
  readonly told: number
  readonly rss: number
  readonly peakBytes: number
}

export interface StallOptions {
  /** About. */
  readonly eventBytes: number
  readonly maxLogEntries: number
  /** How long the others are watched before. */
  readonly beforeMs: number
  readonly stallMs: number
  /** The beginning of the stall that does not count: a reader is waited for until it has taken nothing for two seconds. */
  readonly leaveOutMs: number
}

export interface StallOutcome {
  /** Events a second that the other readers heard, before and while one of them stood still. */
  readonly before: number
  readonly during: number
  /** What the publisher's memory grew by, from when it had joined to its peak. */
  readonly grownBytes: number
  readonly missing: number
  readonly told: number
}

class Watched {
  readonly child: ChildProcess
  last: Progress | undefined

  constructor(mongoUri: string, role: Role, readers: number, { eventBytes, maxLogEntries }: StallOptions) {
    this.child = fork(fileURLToPath(new URL('stalled-reader-process.ts', import.meta.url)), [mongoUri, role, ...[readers, eventBytes, maxLogEntries].map(String)], { execArgv: ['--import', 'tsx', '--conditions=@ddp-cluster/source'] })
    this.child.on('message', (progress) => (this.last = progress as Progress))
  }

  get now(): Progress {
    if (!this.last) throw new Error('it has not said anything yet')
    return this.last
  }
}

const rate = (from: Progress, to: Progress): number => ((to.heard - from.heard) * 1000) / (to.at - from.at)
const pass = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** One process emits at full load, two read, and a third stops reading (SIGSTOP) for a while. */
export async function stallOne(options: StallOptions): Promise<StallOutcome> {
  const { beforeMs, stallMs, leaveOutMs } = options
  const mongo = await startEmbeddedMongo()
  const readers = [0, 1, 2].map(() => new Watched(mongo.uri, 'reader', 3, options))
  const publisher = new Watched(mongo.uri, 'publisher', 3, options)
  const [stalled, ...others] = readers as [Watched, Watched, Watched]
  try {
    await until(() => [publisher, ...readers].every(({ last }) => last !== undefined), 20_000)
    const idle = publisher.now.rss
    publisher.child.send('go')
    await pass(1000)
    const begin = others.map(({ now }) => now)
    await pass(beforeMs)
    const before = others.map(({ now }, index) => rate(begin[index] ?? now, now))
    stalled.child.kill('SIGSTOP')
    await pass(leaveOutMs)
    const middle = others.map(({ now }) => now)
    await pass(stallMs - leaveOutMs)
    const during = others.map(({ now }, index) => rate(middle[index] ?? now, now))
    stalled.child.kill('SIGCONT')
    publisher.child.send('stop')
    await pass(300)
    const { head } = publisher.now
    await until(() => readers.every(({ now }) => now.head === head), 30_000, () => ({ head, readers: readers.map(({ now }) => now) }))
    const mean = (rates: readonly number[]): number => rates.reduce((sum, one) => sum + one, 0) / rates.length
    return { before: mean(before), during: mean(during), grownBytes: publisher.now.peakBytes - idle, missing: stalled.now.missing, told: stalled.now.told }
  } finally {
    const children = [publisher, ...readers].map(({ child }) => child)
    const ended = children.map((child) => once(child, 'exit'))
    for (const child of children) child.kill('SIGKILL')
    await Promise.all(ended)
    await mongo.close()
  }
}
