import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Usage } from './server-process.js'

export interface BenchServer {
  readonly port: number
  usage(): Promise<Usage>
  stop(): Promise<void>
}

export async function startServer(heartbeatIntervalMs = 15_000): Promise<BenchServer> {
  const child = fork(fileURLToPath(new URL('server-process.ts', import.meta.url)), [String(heartbeatIntervalMs)], {
    execArgv: ['--import', 'tsx', '--conditions=@ddp-cluster/source', '--expose-gc'],
  })
  const [port] = (await once(child, 'message')) as [number]
  return {
    port,
    async usage() {
      child.send('usage')
      const [usage] = (await once(child, 'message')) as [Usage]
      return usage
    },
    async stop() {
      const exited = once(child, 'exit')
      child.disconnect()
      await exited
    },
  }
}
