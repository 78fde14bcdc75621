import { existsSync, readdirSync } from 'node:fs'

/** What a process has in its hands. */
export interface Weight {
  /** Of V8, after a collection. */
  readonly heapBytes: number
  readonly rssBytes: number
  /** Outside V8's heap; array buffers are part of it. */
  readonly externalBytes: number
  readonly arrayBuffersBytes: number
  /** Files and sockets that are open; 0 where there is no /proc. */
  readonly descriptors: number
  /** What keeps the event loop alive, counted by kind. */
  readonly resources: Readonly<Record<string, number>>
  /** Processor time since the process began. */
  readonly cpuMs: number
}

const folder = '/proc/self/fd'
const hasFolder = existsSync(folder)

/** Collects, and weighs this process; it has to run with --expose-gc. */
export async function weigh(): Promise<Weight> {
  if (!globalThis.gc) throw new Error('a process that is weighed runs with --expose-gc')
  globalThis.gc()
  // What waits for the end of the turn to be let go of.
  await new Promise((resolve) => setImmediate(resolve))
  globalThis.gc()
  const { heapUsed, rss, external, arrayBuffers } = process.memoryUsage()
  const { user, system } = process.cpuUsage()
  const resources: Record<string, number> = {}
  for (const kind of process.getActiveResourcesInfo()) resources[kind] = (resources[kind] ?? 0) + 1
  return {
    heapBytes: heapUsed, rssBytes: rss, externalBytes: external, arrayBuffersBytes: arrayBuffers,
    descriptors: hasFolder ? readdirSync(folder).length : 0, resources, cpuMs: (user + system) / 1000,
  }
}
