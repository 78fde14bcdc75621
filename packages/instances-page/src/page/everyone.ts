import type { Credentials } from './credentials.js'
import { toViews, type View } from './views.js'

/** All instances are asked so often, */
const everyMs = 10_000
/** a moment after something happened, */
const soonMs = 1000
/** and later when that was too often, or nobody answers. */
const laterMs = 60_000
const answerTimeoutMs = 8000

/** Views of all instances on each other, polled while somebody looks, until `close()`. */
export class Everyone {
  readonly #url: URL
  readonly #headers: Readonly<Record<string, string>>
  readonly #onViews: (views: readonly View[]) => void
  readonly #closing = new AbortController()
  #timer: number | undefined

  constructor(url: URL, { userId, authToken }: Credentials, onViews: (views: readonly View[]) => void) {
    this.#url = url
    this.#headers = { 'X-User-Id': userId, 'X-Auth-Token': authToken }
    this.#onViews = onViews
    this.#askIn(0)
  }

  /** Something happened: others may see it too. */
  nudge(): void {
    if (this.#timer !== undefined) this.#askIn(soonMs)
  }

  close(): void {
    this.#closing.abort()
    clearTimeout(this.#timer)
  }

  #askIn(ms: number): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      void this.#ask().then((nextMs) => {
        if (!this.#closing.signal.aborted) this.#askIn(nextMs)
      })
    }, ms)
  }

  /** Resolves with the time until it is asked again. */
  async #ask(): Promise<number> {
    if (document.visibilityState === 'hidden') return everyMs
    try {
      const response = await fetch(this.#url, { headers: this.#headers, cache: 'no-store', signal: AbortSignal.any([this.#closing.signal, AbortSignal.timeout(answerTimeoutMs)]) })
      const views = response.ok ? toViews(await response.json()) : []
      if (!this.#closing.signal.aborted) this.#onViews(views)
      return response.ok ? everyMs : laterMs
    } catch {
      if (!this.#closing.signal.aborted) this.#onViews([])
      return everyMs
    }
  }
}
