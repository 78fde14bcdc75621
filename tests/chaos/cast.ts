import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createRequire } from 'node:module'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { RoughProxy } from '../cluster/rough-proxy.js'
import type { Order, Part, State } from './messages.js'

const file = fileURLToPath(new URL('actor.ts', import.meta.url))
const execArgv = ['--import', pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href, '--conditions=@ddp-cluster/source']
/** Few enough that they can be used up. */
const mostDescriptors = 400
const answerWithinMs = 30_000

/** One instance in a process of its own, behind a proxy, which is all that its peers reach. */
export class Actor {
  readonly child: ChildProcess
  readonly proxy: RoughProxy
  readonly id: string
  /** Of its HTTP server, past the proxy. */
  readonly port: number
  readonly ended: Promise<string>

  private constructor(child: ChildProcess, proxy: RoughProxy, id: string, port: number, ended: Promise<string>) {
    this.child = child
    this.proxy = proxy
    this.id = id
    this.port = port
    this.ended = ended
  }

  static async start(part: Part): Promise<Actor> {
    const child = spawn('sh', ['-c', `ulimit -n ${mostDescriptors} && exec "$0" "$@"`, process.execPath, ...execArgv, file, JSON.stringify(part)], { stdio: ['ignore', 2, 2, 'ipc'] })
    const ended = once(child, 'exit').then(([code, signal]) => String(signal ?? code))
    const early = ended.then((how) => Promise.reject(new Error(`an actor ended before it had joined (${how})`)))
    const [{ port }] = (await Promise.race([once(child, 'message'), early])) as [{ port: number }]
    const proxy = await RoughProxy.before(port)
    child.send({ advertised: proxy.port })
    try {
      const [{ joined }] = (await Promise.race([once(child, 'message'), early])) as [{ joined: string }]
      early.catch(() => undefined)
      return new Actor(child, proxy, joined, port, ended)
    } catch (error) {
      proxy.close()
      throw error
    }
  }

  order(order: Order): void {
    if (this.child.connected) this.child.send(order, () => undefined)
  }

  /** Rejects when the process has ended, or does not answer. */
  async state(): Promise<State> {
    const over = new AbortController()
    void this.ended.then((how) => over.abort(new Error(`${this.id} ended by itself (${how})`)))
    this.order({ do: 'state' })
    const [state] = (await once(this.child, 'message', { signal: AbortSignal.any([over.signal, AbortSignal.timeout(answerWithinMs)]) })) as [State]
    return state
  }

  /** Ends as a crash does: the port that it advertised refuses from then on. */
  async kill(signal: 'SIGKILL' | 'SIGTERM'): Promise<string> {
    this.child.kill('SIGCONT')
    this.child.kill(signal)
    const how = await this.ended
    this.proxy.close()
    return how
  }
}
