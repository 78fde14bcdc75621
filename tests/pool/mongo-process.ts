import { fork } from 'node:child_process'
import { once } from 'node:events'
import { createRequire } from 'node:module'
import { fileURLToPath, pathToFileURL } from 'node:url'

const file = fileURLToPath(new URL('mongo.ts', import.meta.url))
const execArgv = ['--import', pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href, '--conditions=@ddp-cluster/source']

/** A MongoDB that can be stopped and continued like any process. */
export interface MongoProcess extends AsyncDisposable {
  readonly uri: string
  /** Stops the process with SIGSTOP: the kernel still accepts its connections, and nothing is answered. */
  stop(): void
  /** Continues it with SIGCONT. */
  continue(): void
}

export async function startMongoProcess(): Promise<MongoProcess> {
  const child = fork(file, { execArgv, stdio: ['ignore', 2, 2, 'ipc'] })
  const ended = once(child, 'exit')
  const [{ uri }] = (await Promise.race([once(child, 'message'), ended.then(() => Promise.reject(new Error('the embedded MongoDB ended before it listened')))])) as [{ uri: string }]
  return {
    uri,
    stop: () => void child.kill('SIGSTOP'),
    continue: () => void child.kill('SIGCONT'),
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL')
      await ended
    },
  }
}
