import { get } from 'node:http'

const everyMs = 1000
const patienceMs = 5000
const mostWords = 20

/** Asks the instances for instances.get, one each second in turn, over a new socket each time. */
export class Asker {
  /** The first few things that were wrong, in words. */
  readonly wrong: string[] = []
  answers = 0
  readonly #timer: NodeJS.Timeout
  #asking: Promise<void> = Promise.resolve()

  constructor(ports: readonly number[], instances: number) {
    let turn = 0
    this.#timer = setInterval(() => {
      const port = ports[(turn += 1) % ports.length]
      this.#asking = ask(port as number).then((text) => {
        const { success, instances: { connections } } = JSON.parse(text) as { success: boolean; instances: { connections: unknown[] } }
        if (success !== true || connections.length !== instances - 1) throw new Error(`another answer: ${text.slice(0, 200)}`)
        this.answers += 1
      }).catch((error: unknown) => {
        if (this.wrong.length < mostWords) this.wrong.push(`instances.get: ${String(error)}`)
      })
    }, everyMs)
  }

  async close(): Promise<void> {
    clearInterval(this.#timer)
    await this.#asking
  }
}

function ask(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const headers = { 'x-auth-token': 'any', 'x-user-id': 'any' }
    get({ host: '127.0.0.1', port, path: '/api/v1/instances.get', headers, agent: false, signal: AbortSignal.timeout(patienceMs) }, (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (more: string) => (text += more)).on('end', () => resolve(text)).on('error', reject)
    }).on('error', reject)
  })
}
