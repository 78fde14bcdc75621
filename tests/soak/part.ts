import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { createRequire } from 'node:module'
import { fileURLToPath, pathToFileURL } from 'node:url'

const execArgv = ['--expose-gc', '--import', pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href, '--conditions=@ddp-cluster/source']
const answerWithinMs = 60_000

/** A process of a test, that is asked one thing at a time. */
export class ProcessPart<Orders extends string> {
  readonly name: string
  readonly #child: ChildProcess
  readonly #ended: Promise<string>

  private constructor(name: string, child: ChildProcess) {
    this.name = name
    this.#child = child
    this.#ended = once(child, 'exit').then(([code, signal]) => String(signal ?? code))
  }

  /** Resolves with what it says when it is there. */
  static async start<Orders extends string, Hello>(name: string, file: URL, part: unknown): Promise<[ProcessPart<Orders>, Hello]> {
    const child = fork(fileURLToPath(file), [JSON.stringify(part)], { execArgv, stdio: ['ignore', 2, 2, 'ipc'] })
    const process = new ProcessPart<Orders>(name, child)
    return [process, await process.#answer<Hello>()]
  }

  order(order: Orders): void {
    if (this.#child.connected) this.#child.send(order, () => undefined)
  }

  /** Rejects when the process has ended, or does not answer within a minute. */
  ask<Answer>(order: Orders): Promise<Answer> {
    const answer = this.#answer<Answer>()
    this.order(order)
    return answer
  }

  async #answer<Answer>(): Promise<Answer> {
    const over = new AbortController()
    const late = AbortSignal.any([over.signal, AbortSignal.timeout(answerWithinMs)])
    try {
      const ended = this.#ended.then((how) => Promise.reject(new Error(`${this.name} ended by itself (${how})`)))
      const [message] = (await Promise.race([once(this.#child, 'message', { signal: late }), ended])) as [Answer]
      return message
    } finally {
      over.abort()
    }
  }

  /** Is killed when it does not end within a minute. */
  async end(order: Orders): Promise<void> {
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), answerWithinMs)
    this.order(order)
    await this.#ended
    clearTimeout(timer)
  }
}
