// Events from one process to 1, 3 and 7 others, side by side with what else brings them there.
import { setupPrimary } from '@socket.io/cluster-adapter'
import { startEmbeddedMongo } from '@ddp-cluster/embedded-mongo'
import { buildProcess } from './broadcast/build.js'
import { Group, type RunResult } from './broadcast/group.js'
import type { ContestantName } from './broadcast/process.js'
import { startServer } from './broadcast/servers.js'
import { median } from './measure.js'
import type { BenchOptions, BenchReport, BenchTarget } from './report.js'

/** The one of which latency and CPU have targets. */
const typicalCount = 3
const eventsPerSecond = 200
const names: readonly ContestantName[] = ['ddp-cluster', 'lines over TCP', 'EJSON lines over TCP', 'ws, a frame an event', 'classic DDP', 'Moleculer TCP', 'Socket.IO', 'NATS', 'Redis']
const ours: ContestantName = 'ddp-cluster'
const ceiling: ContestantName = 'lines over TCP'
const ws: ContestantName = 'ws, a frame an event'

export async function run({ quick }: BenchOptions): Promise<BenchReport> {
  // The just-in-time compiler is at work while it warms up.
  const { subscriberCounts, rounds, roundMs, trickleMs, warmUpMs } = quick ? { subscriberCounts: [typicalCount], rounds: 3, roundMs: 400, trickleMs: 700, warmUpMs: 500 } : { subscriberCounts: [1, typicalCount, 7], rounds: 5, roundMs: 1000, trickleMs: 3000, warmUpMs: 2000 }
  setupPrimary()
  const file = await buildProcess()
  const mongo = await startEmbeddedMongo()
  const nats = await startServer('/usr/sbin/nats-server', (port) => ['-a', '127.0.0.1', '-p', String(port)])
  const redis = await startServer('/usr/bin/redis-server', (port) => ['--bind', '127.0.0.1', '--port', String(port), '--save', '', '--appendonly', 'no'])
  const absent = new Set<ContestantName>([...(nats ? [] : ['NATS' as const]), ...(redis ? [] : ['Redis' as const])])
  const shared = { mongoUri: mongo.uri, natsPort: nats?.port ?? 0, redisPort: redis?.port ?? 0 }
  const rows: Record<string, string | number>[] = []
  const targets: BenchTarget[] = []
  try {
    for (const count of subscriberCounts) {
      const groups: Group[] = []
      try {
        for (const name of names) if (!absent.has(name)) groups.push(await Group.open(file, name, count, shared))
        const fast = await inTurns(groups, rounds, (group) => group.run(roundMs), warmUpMs)
        const slow = count === typicalCount ? await inTurns(groups, rounds, (group) => group.run(trickleMs, eventsPerSecond), 500) : undefined
        for (const name of names) rows.push(absent.has(name) ? { subscribers: count, name, 'events/s': 'absent' } : row(count, name, fast, slow))
        targets.push(...throughputTargets(count, fast))
        if (slow) targets.push(...latencyTargets(slow), cpuTarget(fast))
      } finally {
        for (const group of groups) group.close()
      }
    }
  } finally {
    await mongo.close()
    nats?.close()
    redis?.close()
  }
  return { rows, targets }
}

type Results = ReadonlyMap<ContestantName, readonly RunResult[]>

/** They take turns, in another order every round, so that what else happens on the machine hits all of them. */
async function inTurns(groups: readonly Group[], rounds: number, measure: (group: Group) => Promise<RunResult>, warmUpMs: number): Promise<Results> {
  const results = new Map<ContestantName, RunResult[]>()
  for (const group of groups) await group.run(warmUpMs)
  for (let round = 0; round < rounds; round += 1) {
    for (let turn = 0; turn < groups.length; turn += 1) {
      const group = groups[(turn + round) % groups.length]
      if (group) results.set(group.name, [...(results.get(group.name) ?? []), await measure(group)])
    }
  }
  return results
}

const middle = (results: Results, name: ContestantName, of: (result: RunResult) => number): number => median((results.get(name) ?? []).map(of))
const rate = ({ perSecond }: RunResult): number => perSecond
const cpu = ({ cpuMicrosPerDelivery }: RunResult): number => cpuMicrosPerDelivery
const percentile = (part: number) => ({ latencies }: RunResult): number => [...latencies].sort((a, b) => a - b)[Math.floor(latencies.length * part)] ?? Number.NaN

function row(count: number, name: ContestantName, fast: Results, slow: Results | undefined): Record<string, string | number> {
  const rates = (fast.get(name) ?? []).map(rate)
  return {
    subscribers: count, name,
    'events/s': Math.round(median(rates)), 'lowest': Math.round(Math.min(...rates)), 'highest': Math.round(Math.max(...rates)),
    'of ws': (median(rates) / middle(fast, ws, rate)).toFixed(2), 'of ceiling': (median(rates) / middle(fast, ceiling, rate)).toFixed(2),
    'CPU µs a delivery': middle(fast, name, cpu).toFixed(2),
    ...(slow && { 'p50 µs': Math.round(middle(slow, name, percentile(0.5))), 'p99 µs': Math.round(middle(slow, name, percentile(0.99))) }),
  }
}

function atLeast(name: string, least: number, value: number, why: string): BenchTarget {
  return { name, target: `at least ${least}`, value, met: value >= least, why }
}

function atMost(name: string, most: number, value: number, why: string): BenchTarget {
  return { name, target: `at most ${most}`, value, met: value <= most, why }
}

/** What profiles showed. */
const why = {
  codec: 'more than half of the time is JSON with its dates wrapped and unwrapped, which the lines do without: compare the row "EJSON lines over TCP"',
  dispatch: 'the processes share two cores, and the parsing that every subscriber does, whatever brought the events, is most of their time',
  turn: 'an event waits for the end of its turn of the event loop, so that what one turn emits leaves in one frame',
} as const

function throughputTargets(count: number, fast: Results): BenchTarget[] {
  const to = (name: ContestantName): number => middle(fast, ours, rate) / middle(fast, name, rate)
  const targets = [atLeast(`throughput to ${count}, to lines over TCP`, 0.8, to(ceiling), why.codec)]
  if (count === 1) return targets
  if (fast.has('NATS')) targets.push(atLeast(`throughput to ${count}, to NATS`, 1.4, to('NATS'), why.dispatch))
  return [...targets, atLeast(`throughput to ${count}, to classic DDP`, 12, to('classic DDP'), why.codec)]
}

function latencyTargets(slow: Results): BenchTarget[] {
  const to = (part: number): number => middle(slow, ours, percentile(part)) / middle(slow, ws, percentile(part))
  return [atMost(`latency at ${eventsPerSecond} events/s, p50, to ws`, 1.2, to(0.5), why.turn), atMost(`latency at ${eventsPerSecond} events/s, p99, to ws`, 1.5, to(0.99), why.turn)]
}

function cpuTarget(fast: Results): BenchTarget {
  return atMost(`CPU a delivery to ${typicalCount}, to ws`, 0.25, middle(fast, ours, cpu) / middle(fast, ws, cpu), why.codec)
}
