import { type ChildProcess, fork } from 'node:child_process'
import { createRequire } from 'node:module'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { openProxy, type Proxy } from './proxy.js'

/** What an instance tells when it has joined. */
export interface InstanceReady {
  readonly id: string
  readonly address: string
  /** Where it listens itself. */
  readonly port: number
  /** Of its `instances.get`. */
  readonly url: string
  /** Of its page. */
  readonly page: string
}

/** A server process of the example. */
export interface InstanceProcess extends InstanceReady {
  readonly pid: number
  /** What stands before it, where there is to be something to cut. */
  readonly proxy: Proxy | undefined
  /** How it ended, or undefined while it runs. */
  readonly ended: () => string | undefined
  /** Asks it to leave, and kills it when it has not after `patienceMs`. */
  stop(patienceMs: number): Promise<void>
}

const file = fileURLToPath(new URL('instance.ts', import.meta.url))
/** The packages run from their sources. */
const execArgv = ['--import', pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href, '--conditions=@ddp-cluster/source']

/** Starts an instance that its peers reach through a proxy, so that their links to it can be cut. */
export async function startInstanceBehindProxy(mongoUrl: string, databaseName: string, signal?: AbortSignal): Promise<InstanceProcess> {
  const proxy = await openProxy()
  try {
    const instance = await startInstance(mongoUrl, databaseName, signal, proxy)
    proxy.pointTo(instance.port)
    return instance
  } catch (error) {
    proxy.close()
    throw error
  }
}

/** Starts an instance; resolves when it has joined. Rejects when it ends before that, or when `signal` gives it up: it is killed then. */
export function startInstance(mongoUrl: string, databaseName: string, signal?: AbortSignal, proxy?: Proxy): Promise<InstanceProcess> {
  // Standard output may be somebody's JSON: what an instance has to say goes to standard error.
  const child = fork(file, [mongoUrl, databaseName, ...(proxy ? [String(proxy.port)] : [])], { execArgv, stdio: ['ignore', 2, 2, 'ipc'] })
  let ending: string | undefined
  const exited = new Promise<void>((resolve) => {
    child.once('exit', (code, signal) => {
      ending = signal ?? `exit code ${code}`
      // Where nobody is any more nobody answers.
      proxy?.close()
      resolve()
    })
  })
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    const giveUp = (): void => {
      child.kill('SIGKILL')
      reject(new Error(`an instance had not joined in time (pid ${child.pid})`))
    }
    signal?.addEventListener('abort', giveUp, { once: true })
    if (signal?.aborted) giveUp()
    void exited.then(() => reject(new Error(`an instance ended before it had joined (${ending})`)))
    child.once('message', (ready) => {
      signal?.removeEventListener('abort', giveUp)
      resolve({ ...(ready as InstanceReady), pid: child.pid ?? 0, proxy, ended: () => ending, stop: (patienceMs) => stop(child, exited, patienceMs) })
    })
  })
}

async function stop(child: ChildProcess, exited: Promise<void>, patienceMs: number): Promise<void> {
  child.kill('SIGTERM')
  // It may have been paused.
  child.kill('SIGCONT')
  const timer = setTimeout(() => child.kill('SIGKILL'), patienceMs)
  await exited
  clearTimeout(timer)
}
