import { hash } from 'node:crypto'
import type { Authenticate, Authorize, Credentials } from './meteor-access.js'

/** Rights that credentials give. */
export type Access = 'granted' | 'not-logged-in' | 'not-allowed'

/** How long a granted permission is cached, also while MongoDB is unreachable. */
const grantedForMs = 1000

/** Time in which a question that is asked again is not sent again. */
const sharedForMs = 1000

/** Grants of more credentials than this are not remembered, oldest first. */
const grantsKept = 1000

/** Asks who somebody is and what they may, and remembers for a second what was granted. A refusal is never remembered. */
export class AccessCheck {
  readonly #authenticate: Authenticate
  readonly #authorize: Authorize
  readonly #now: () => number
  /** By a hash of the credentials, so that no token lies about in memory; the monotonic time until which each holds. */
  readonly #granted = new Map<string, number>()
  /** Questions under way, oldest first: whoever asks the same within `sharedForMs` shares the answer. */
  readonly #asking = new Map<string, { readonly answer: Promise<Access>; readonly since: number }>()

  constructor(authenticate: Authenticate, authorize: Authorize, now: () => number) {
    this.#authenticate = authenticate
    this.#authorize = authorize
    this.#now = now
  }

  /** `granted` at once for who was granted it within the last second. */
  check(credentials: Credentials): 'granted' | Promise<Access> {
    const key = hash('sha256', JSON.stringify([credentials.userId, credentials.authToken]), 'base64')
    const until = this.#granted.get(key)
    if (until !== undefined && this.#now() < until) return 'granted'
    this.#granted.delete(key)
    return this.#share(`credentials ${key}`, () => this.#ask(key, credentials))
  }

  /** For a user who is known to be logged in. */
  checkUser(userId: string): Promise<Access> {
    return this.#share(`user ${userId}`, async () => ((await this.#authorize(userId)) ? 'granted' : 'not-allowed'))
  }

  #share(key: string, ask: () => Promise<Access>): Promise<Access> {
    const since = this.#now()
    // A handler of the application that never answers must not answer for later ones.
    for (const [old, entry] of this.#asking) {
      if (since - entry.since < sharedForMs) break
      this.#asking.delete(old)
    }
    const underWay = this.#asking.get(key)
    if (underWay) return underWay.answer
    const entry = {
      since,
      answer: ask().finally(() => {
        if (this.#asking.get(key) === entry) this.#asking.delete(key)
      }),
    }
    this.#asking.set(key, entry)
    return entry.answer
  }

  async #ask(key: string, credentials: Credentials): Promise<Access> {
    const userId = await this.#authenticate(credentials)
    if (userId === undefined) return 'not-logged-in'
    if ((await this.checkUser(userId)) === 'not-allowed') return 'not-allowed'
    this.#granted.set(key, this.#now() + grantedForMs)
    for (const oldest of this.#granted.keys()) {
      if (this.#granted.size <= grantsKept) break
      this.#granted.delete(oldest)
    }
    return 'granted'
  }
}
