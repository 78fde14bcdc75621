import { get } from 'node:http'

/** Outcomes of requests. */
export interface Tally {
  answered: number
  /** Nobody listened: the server was between two lives. */
  refused: number
  /** The connection was reset while the server was stopping. */
  cut: number
  /** No answer, though somebody had taken the connection; or one that is none. */
  readonly wrong: string[]
}

const everyMs = 10
const patienceMs = 10_000

/** Asks a server for `/ready` every 10 ms, each time on a connection of its own. */
export class Requests {
  readonly tally: Tally = { answered: 0, refused: 0, cut: 0, wrong: [] }
  readonly #port: number
  readonly #isStopping: () => boolean
  readonly #timer: ReturnType<typeof setInterval>
  readonly #open = new Set<Promise<void>>()

  constructor(port: number, isStopping: () => boolean) {
    this.#port = port
    this.#isStopping = isStopping
    this.#timer = setInterval(() => {
      const asking = this.#ask().finally(() => this.#open.delete(asking))
      this.#open.add(asking)
    }, everyMs)
  }

  /** Resolves when every request has its answer, or has none. */
  async close(): Promise<void> {
    clearInterval(this.#timer)
    await Promise.all(this.#open)
  }

  #ask(): Promise<void> {
    const stoppingAtFirst = this.#isStopping()
    return new Promise((resolve) => {
      const request = get({ port: this.#port, host: '127.0.0.1', path: '/ready', agent: false, timeout: patienceMs }, (response) => {
        response.resume()
        response.on('close', () => {
          if (response.complete && (response.statusCode === 200 || response.statusCode === 503)) this.tally.answered += 1
          else this.tally.wrong.push(`status ${response.statusCode}, complete: ${response.complete}`)
          resolve()
        })
      })
      request.on('timeout', () => request.destroy(new Error(`no answer in ${patienceMs} ms`)))
      request.on('error', (error: NodeJS.ErrnoException) => {
        if (error.code === 'ECONNREFUSED') this.tally.refused += 1
        else if (error.code === 'ECONNRESET' && (stoppingAtFirst || this.#isStopping())) this.tally.cut += 1
        else this.tally.wrong.push(error.message)
        resolve()
      })
    })
  }
}
