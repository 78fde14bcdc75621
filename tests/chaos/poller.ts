import { Bystander } from './bystander.js'
import type { Actor } from './cast.js'
import { sharedNow } from './journal.js'
import { processorWaitMs } from './processor-wait.js'
import type { Stage } from './stage.js'

const everyMs = 250
const patienceMs = 1000
/** Who stood still has something to catch up with. */
const recoveryMs = 500
/** What an instance that is being stopped or is standing still may be silent about. */
const excused = new Set(['pause', 'block', 'no descriptors', 'lost packets', 'SIGKILL', 'SIGTERM'])

/** An answer that was wrong, or late: of whom, and when it was there. */
export interface BadAnswer {
  readonly id: string
  readonly at: number
  readonly words: string
}

/** Asks every instance for instances.get, again and again: the answer is valid, or 503, within a second and what the machine keeps it and us waiting. */
export class Poller {
  readonly wrong: BadAnswer[] = []
  answers = 0
  readonly #stage: Stage
  readonly #bystander: Bystander
  readonly #timer: ReturnType<typeof setInterval>
  readonly #asking = new Set<Promise<void>>()
  #closed: Promise<void> | undefined

  static async start(stage: Stage): Promise<Poller> {
    return new Poller(stage, await Bystander.start())
  }

  private constructor(stage: Stage, bystander: Bystander) {
    this.#stage = stage
    this.#bystander = bystander
    this.#timer = setInterval(() => {
      const lateness = bystander.ask()
      for (const actor of stage.actors) {
        const asking = this.#ask(actor, lateness).finally(() => this.#asking.delete(asking))
        this.#asking.add(asking)
      }
    }, everyMs)
  }

  /** Resolves when every answer is there. Can be called again. */
  close(): Promise<void> {
    this.#closed ??= this.#end()
    return this.#closed
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #end(): Promise<void> {
    clearInterval(this.#timer)
    await Promise.all(this.#asking)
    await this.#bystander.close()
  }

  async #ask({ id, port, child: { pid = 0 } }: Actor, lateness: Promise<number>): Promise<void> {
    const waitedBefore = processorWaitMs(pid)
    const began = performance.now()
    const since = sharedNow()
    const problem = await fetch(`http://127.0.0.1:${port}/api/v1/instances.get`, { headers: { 'x-auth-token': 'any', 'x-user-id': 'any' }, signal: AbortSignal.timeout(5000) }).then(
      async (response) => problemOf(response.status, await response.text()),
      (error: unknown) => `no answer: ${String((error as Error).cause ?? error)}`,
    )
    const tookMs = performance.now() - began
    const waitedMs = Math.max(0, processorWaitMs(pid) - waitedBefore)
    const lateMs = await lateness
    this.answers += 1
    if (this.#isExcused(id, since)) return
    const words = problem ?? (tookMs > patienceMs + lateMs + waitedMs ? `took ${tookMs.toFixed()} ms, ${waitedMs.toFixed()} of which it waited for a processor, while a server that does nothing took ${lateMs.toFixed()} ms` : undefined)
    if (words !== undefined) this.wrong.push({ id, at: since + tookMs, words: `instances.get of ${id}: ${words}` })
  }

  #isExcused(id: string, since: number): boolean {
    return this.#stage.troubles.some((trouble) => (trouble.id === id || trouble.id === undefined) && excused.has(trouble.kind) && trouble.until + recoveryMs >= since)
  }
}

function problemOf(status: number, text: string): string | undefined {
  if (status === 503) return undefined
  if (status !== 200) return `status ${status}`
  const { instances, success } = JSON.parse(text) as { instances?: { current?: { instanceRecord?: unknown }; connections?: unknown }; success?: unknown }
  return success === true && Array.isArray(instances?.current?.instanceRecord) && Array.isArray(instances.connections) ? undefined : `an answer of another shape: ${text.slice(0, 200)}`
}
