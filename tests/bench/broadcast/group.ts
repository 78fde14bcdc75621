import { type ChildProcess, fork } from 'node:child_process'
import cluster from 'node:cluster'
import type { Setup } from './contestant.js'
import type { Answer, Command, ContestantName } from './process.js'

export interface RunResult {
  /** Events a second that every subscriber got. */
  readonly perSecond: number
  /** Of publisher and subscribers, for each event that a subscriber got. */
  readonly cpuMicrosPerDelivery: number
  /** In microseconds. */
  readonly latencies: readonly number[]
}

/** Longer than anything here takes. */
const answerTimeoutMs = 60_000

/** A publisher and its subscribers, each a process, that stay for as long as they are measured. */
export class Group {
  readonly name: ContestantName
  readonly #children: readonly ChildProcess[]

  private constructor(name: ContestantName, children: readonly ChildProcess[]) {
    this.name = name
    this.#children = children
  }

  static async open(file: string, name: ContestantName, subscribers: number, shared: Omit<Setup, 'role' | 'index' | 'count'>): Promise<Group> {
    const count = subscribers + 1
    const group = new Group(name, Array.from({ length: count }, () => start(file, name)))
    // A worker of node:cluster loses what it is sent before it listens.
    await Promise.all(group.#children.map((child) => answer(child, 'started')))
    const opened = await group.#askAll('opened', (index) => ({ type: 'open', name, setup: { ...shared, index, count, role: index === 0 ? 'publisher' : 'subscriber' } }))
    const ports = opened.map(({ port }) => port)
    await group.#askAll('linked', () => ({ type: 'link', ports }))
    return group
  }

  /** As fast as it goes, or so many a second. */
  async run(forMs: number, perSecond?: number): Promise<RunResult> {
    const [publisher, ...subscribers] = this.#children as [ChildProcess, ...ChildProcess[]]
    await this.#askAll('begun', () => ({ type: 'begin' }))
    const read = subscribers.map(() => 0)
    const stopListening = subscribers.map((child, index) => listen(child, (answer) => {
      if (answer.type !== 'read') return
      read[index] = answer.count
      publisher.send({ type: 'read', count: Math.min(...read) } satisfies Command)
    }))
    const { count, beganAt, cpuMicros } = await ask(publisher, 'sent', { type: 'run', forMs, ...(perSecond !== undefined && { perSecond }) })
    const complete = await Promise.all(subscribers.map((child) => ask(child, 'complete', { type: 'expect', count })))
    for (const stop of stopListening) stop()
    const cpu = complete.reduce((sum, answer) => sum + answer.cpuMicros, cpuMicros)
    return {
      perSecond: (count * 1e6) / (Math.max(...complete.map(({ at }) => at)) - beganAt),
      cpuMicrosPerDelivery: cpu / (count * subscribers.length),
      latencies: complete.flatMap(({ latencies }) => latencies),
    }
  }

  close(): void {
    for (const child of this.#children) child.kill('SIGKILL')
  }

  #askAll<T extends Answer['type']>(type: T, command: (index: number) => Command): Promise<Extract<Answer, { type: T }>[]> {
    return Promise.all(this.#children.map((child, index) => ask(child, type, command(index))))
  }
}

/** Socket.IO's adapter speaks through node:cluster. */
function start(file: string, name: ContestantName): ChildProcess {
  if (name !== 'Socket.IO') return fork(file, { execArgv: [] })
  cluster.setupPrimary({ exec: file, execArgv: [] })
  return cluster.fork().process
}

function listen(child: ChildProcess, heard: (answer: Answer) => void): () => void {
  const listener = (message: unknown): void => heard(message as Answer)
  child.on('message', listener)
  return () => void child.off('message', listener)
}

function ask<T extends Answer['type']>(child: ChildProcess, type: T, command: Command): Promise<Extract<Answer, { type: T }>> {
  child.send(command)
  return answer(child, type)
}

function answer<T extends Answer['type']>(child: ChildProcess, type: T): Promise<Extract<Answer, { type: T }>> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => end(() => reject(new Error(`no "${type}" within ${answerTimeoutMs} ms`))), answerTimeoutMs)
    const stop = listen(child, (heard) => {
      if (heard.type === type) end(() => resolve(heard as Extract<Answer, { type: T }>))
    })
    const onExit = (code: number | null): void => end(() => reject(new Error(`the process ended (${code}) before "${type}"`)))
    child.once('exit', onExit)
    const end = (act: () => void): void => {
      clearTimeout(timer)
      stop()
      child.off('exit', onExit)
      act()
    }
  })
}
