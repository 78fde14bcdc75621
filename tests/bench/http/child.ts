import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

/** A process of the benchmark: asked one thing at a time. */
export class Child {
  readonly #process: ChildProcess

  constructor(file: string) {
    this.#process = fork(fileURLToPath(new URL(file, import.meta.url)), { execArgv: ['--import', 'tsx', '--conditions=@ddp-cluster/source'] })
  }

  async ask<T>(question: object | string): Promise<T> {
    this.#process.send(question)
    const [answer] = (await once(this.#process, 'message')) as [T]
    return answer
  }

  async stop(): Promise<void> {
    const exited = once(this.#process, 'exit')
    this.#process.disconnect()
    await exited
  }
}
