// One process of the benchmark: publisher or subscriber of one contestant, told what to do by its parent.
import { openClassic } from './classic.js'
import type { Open, Setup } from './contestant.js'
import { openEjsonLines, openLines } from './lines.js'
import { makeMessage, monotonicMicros } from './message.js'
import { openMoleculer } from './moleculer.js'
import { openNats } from './nats.js'
import { openOurs } from './ours.js'
import { openRedis } from './redis.js'
import { openSocketIo } from './socket-io.js'
import { openWsFrames } from './ws-frames.js'

export const contestants = {
  'ddp-cluster': openOurs, 'lines over TCP': openLines, 'EJSON lines over TCP': openEjsonLines, 'ws, a frame an event': openWsFrames, 'classic DDP': openClassic,
  'Moleculer TCP': openMoleculer, 'Socket.IO': openSocketIo, NATS: openNats, Redis: openRedis,
} satisfies Record<string, Open>

export type ContestantName = keyof typeof contestants

export type Command =
  | { readonly type: 'open'; readonly name: ContestantName; readonly setup: Setup }
  | { readonly type: 'link'; readonly ports: readonly number[] }
  /** Forget what was before. */
  | { readonly type: 'begin' }
  | { readonly type: 'run'; readonly forMs: number; readonly perSecond?: number }
  /** So many were read by the slowest subscriber. */
  | { readonly type: 'read'; readonly count: number }
  /** So many were sent: answer when they are all here. */
  | { readonly type: 'expect'; readonly count: number }

export type Answer =
  | { readonly type: 'started' }
  | { readonly type: 'opened'; readonly port: number }
  | { readonly type: 'linked' }
  | { readonly type: 'begun' }
  | { readonly type: 'read'; readonly count: number }
  | { readonly type: 'sent'; readonly count: number; readonly beganAt: number; readonly cpuMicros: number }
  | { readonly type: 'complete'; readonly at: number; readonly cpuMicros: number; readonly latencies: readonly number[] }

/** A publisher is at most so far ahead of the slowest subscriber: some of the contestants know no backpressure. */
const windowEvents = 20_000
const readEvery = 4000
/** About a batch of the ceiling's. */
const perTurn = 200

const tell = (answer: Answer): void => void process.send?.(answer)
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

let contestant: Awaited<ReturnType<Open>> | undefined
let received = 0
let expected = Number.POSITIVE_INFINITY
let read = 0
let onRead = (): void => undefined
let latencies: number[] = []
let cpu = process.cpuUsage()

function receive({ ts, sentAt }: ReturnType<typeof makeMessage>): void {
  if (!(ts instanceof Date)) throw new Error('a date did not come as one')
  if (sentAt > 0) latencies.push(monotonicMicros() - sentAt)
  received += 1
  if (received % readEvery === 0) tell({ type: 'read', count: received })
  if (received === expected) complete()
}

function complete(): void {
  const { user, system } = process.cpuUsage(cpu)
  tell({ type: 'complete', at: monotonicMicros(), cpuMicros: user + system, latencies })
}

async function run(forMs: number): Promise<void> {
  const beganAt = monotonicMicros()
  const until = beganAt + forMs * 1000
  let sent = 0
  while (monotonicMicros() < until) {
    for (let n = 0; n < perTurn; n += 1) contestant?.emit(makeMessage(sent + n))
    sent += perTurn
    await contestant?.busy?.()
    await turn()
    while (sent - read > windowEvents) await new Promise<void>((resolve) => (onRead = resolve))
  }
  report(sent, beganAt)
}

async function trickle(forMs: number, perSecond: number): Promise<void> {
  const beganAt = monotonicMicros()
  const count = Math.round((forMs / 1000) * perSecond)
  for (let n = 0; n < count; n += 1) {
    const dueMs = (n * 1000) / perSecond - (monotonicMicros() - beganAt) / 1000
    if (dueMs > 0) await new Promise((resolve) => setTimeout(resolve, dueMs))
    contestant?.emit(makeMessage(n, monotonicMicros()))
  }
  report(count, beganAt)
}

function report(count: number, beganAt: number): void {
  const { user, system } = process.cpuUsage(cpu)
  tell({ type: 'sent', count, beganAt, cpuMicros: user + system })
}

async function obey(command: Command): Promise<void> {
  switch (command.type) {
    case 'open':
      contestant = await contestants[command.name](command.setup, receive)
      tell({ type: 'opened', port: contestant.port ?? 0 })
      return
    case 'link':
      await contestant?.link(command.ports)
      tell({ type: 'linked' })
      return
    case 'begin':
      received = 0
      read = 0
      expected = Number.POSITIVE_INFINITY
      latencies = []
      cpu = process.cpuUsage()
      tell({ type: 'begun' })
      return
    case 'run':
      await (command.perSecond === undefined ? run(command.forMs) : trickle(command.forMs, command.perSecond))
      return
    case 'read':
      read = command.count
      onRead()
      return
    case 'expect':
      expected = command.count
      if (received === expected) complete()
  }
}

process.on('message', (message) => {
  // What the adapter of Socket.IO sends goes over the same channel.
  if (typeof message === 'object' && message !== null && 'type' in message && !('source' in message)) void obey(message as Command)
})
process.on('disconnect', () => process.exit())
tell({ type: 'started' })
