import { fork, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** What a server process has used so far, and what it answers besides. */
export interface Usage extends Record<string, number> {
  readonly cpuMicros: number
  readonly heapMb: number
  readonly rssMb: number
}

export interface ServerProcess extends AsyncDisposable {
  readonly uri: string
  readonly ask: (what: string, argument?: number) => Promise<Usage>
}

const script = (name: string): string => fileURLToPath(new URL(name, import.meta.url))

/** The published form is measured, not the sources: what runs them in tests makes every closure dearer. */
export const buildEmbeddedMongo = (): void => {
  const require = createRequire(import.meta.url)
  const compiler = join(dirname(require.resolve('typescript/package.json')), 'bin', 'tsc')
  const project = fileURLToPath(new URL('../../../packages/embedded-mongo/tsconfig.build.json', import.meta.url))
  const { status, stdout } = spawnSync(process.execPath, [compiler, '-p', project], { encoding: 'utf8' })
  if (status !== 0) throw new Error(`embedded-mongo does not build:\n${stdout}`)
}

/** A server in a process of its own, from plain JavaScript. */
export const startProcess = async (name: 'server.mjs' | 'constant.mjs'): Promise<ServerProcess> => {
  const child = fork(script(name), { execArgv: [] })
  const [{ uri }] = await once(child, 'message') as [{ uri: string }]
  return {
    uri,
    ask: async (what, argument) => {
      const answer = once(child, 'message') as Promise<[Usage]>
      child.send({ ask: what, argument })
      return (await answer)[0]
    },
    [Symbol.asyncDispose]: async () => {
      const closed = once(child, 'close')
      child.kill('SIGTERM')
      await closed
    },
  }
}

export interface Load {
  readonly clients: number
  readonly inFlight: number
  readonly ms: number
}

/** How many operations a second client processes get out of a server, and what an operation costs it. */
export const operations = async (server: ServerProcess, { clients, inFlight, ms }: Load): Promise<{ perSecond: number, serverMicros: number }> => {
  const children = Array.from({ length: clients }, (_, id) => fork(script('client.mjs'), [server.uri, String(id), String(ms), String(inFlight)], { execArgv: [] }))
  await Promise.all(children.map((child) => once(child, 'message')))
  const results = children.map((child) => once(child, 'message') as Promise<[number]>)
  const ends = children.map((child) => once(child, 'exit'))
  const before = await server.ask('usage')
  for (const child of children) child.send('go')
  const done = (await Promise.all(results)).reduce((sum, [count]) => sum + count, 0)
  const after = await server.ask('usage')
  await Promise.all(ends)
  return { perSecond: done / (ms / 1000), serverMicros: (after.cpuMicros - before.cpuMicros) / done }
}
