import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'

const script = "require('node:http').createServer((_, response) => response.end()).listen(0, '127.0.0.1', function () { process.send(this.address().port) }); process.on('disconnect', () => process.exit())"

/** A server of nothing but node:http, to which no harm is done: what it takes longer for than it should, the machine is slow by, and who asks. */
export class Bystander {
  readonly #child: ChildProcess
  readonly #port: number

  private constructor(child: ChildProcess, port: number) {
    this.#child = child
    this.#port = port
  }

  static async start(): Promise<Bystander> {
    const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 2, 2, 'ipc'] })
    const [port] = (await once(child, 'message')) as [number]
    return new Bystander(child, port)
  }

  /** How long it takes to have an answer of it now, in milliseconds. */
  async ask(): Promise<number> {
    const began = performance.now()
    await fetch(`http://127.0.0.1:${this.#port}`).then((response) => response.text(), () => undefined)
    return performance.now() - began
  }

  async close(): Promise<void> {
    const ended = once(this.#child, 'exit')
    this.#child.kill('SIGKILL')
    await ended
  }
}
