import { AccessCheck } from './access.js'
import { type Answer, notAllowed, notLoggedIn, notLoggedInTo6, tooMany, unavailable } from './answer.js'
import { clientAddress } from './client-address.js'
import { isDatabaseAway } from './database-away.js'
import { before } from './deadline.js'
import { type Credentials, meteorAuthentication, rocketChatAuthorization } from './meteor-access.js'
import type { Origin } from './http.js'
import type { ClusterState, InstancesApiOptions, ResolvedOptions } from './options.js'
import { RateLimiter } from './rate-limiter.js'

/** Asker: credentials, the logged-in user of a DDP session, or nobody known. */
export type Who = Credentials | { readonly sessionUserId: string } | undefined

/** Nobody waits longer than this for MongoDB: an answer that says it is away comes within a second. */
const databaseTimeoutMs = 500

/** Lets in, over HTTP and DDP alike, who does not ask too often and may see the instances. */
export class Gate {
  readonly #access: AccessCheck
  readonly #limiter: RateLimiter | undefined
  readonly #httpForwardedCount: number
  /** The answer to a stranger. */
  readonly notLoggedIn: Answer

  constructor(db: ClusterState['db'], { authenticate, authorize }: Pick<InstancesApiOptions, 'authenticate' | 'authorize'>, { format, rateLimit, httpForwardedCount }: ResolvedOptions) {
    this.notLoggedIn = format === '6' ? notLoggedInTo6 : notLoggedIn
    this.#access = new AccessCheck(
      authenticate ?? meteorAuthentication(db, databaseTimeoutMs),
      authorize ?? rocketChatAuthorization(db, databaseTimeoutMs),
      () => performance.now(),
    )
    this.#limiter = rateLimit && new RateLimiter(rateLimit)
    this.#httpForwardedCount = httpForwardedCount
  }

  /** Counts a request of a client; what is left to it, as headers, and why it is refused if it is. */
  async count(origin: Origin): Promise<{ readonly headers: Readonly<Record<string, string>>; readonly refusal: Answer | undefined }> {
    if (!this.#limiter) return { headers: {}, refusal: undefined }
    const { allowed, headers, resetAfterMs } = await this.#limiter.take(clientAddress(origin, this.#httpForwardedCount))
    return { headers, refusal: allowed ? undefined : tooMany(resetAfterMs) }
  }

  /** Why somebody may not see the instances; undefined for one who may. Rejects for a failure inside. */
  async refuse(who: Who): Promise<Answer | undefined> {
    if (!who) return this.notLoggedIn
    const asking = 'sessionUserId' in who ? this.#access.checkUser(who.sessionUserId) : this.#access.check(who)
    if (asking === 'granted') return undefined
    try {
      return this.#refusalOf(await before(performance.now() + databaseTimeoutMs, asking))
    } catch (error) {
      if (isDatabaseAway(error)) return unavailable
      throw error
    }
  }

  #refusalOf(rights: 'granted' | 'not-logged-in' | 'not-allowed' | 'late'): Answer | undefined {
    switch (rights) {
      case 'granted':
        return undefined
      case 'not-logged-in':
        return this.notLoggedIn
      case 'not-allowed':
        return notAllowed
      case 'late':
        return unavailable
    }
  }
}
