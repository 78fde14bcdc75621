import { isIPv6 } from 'node:net'
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible'
import type { RateLimit } from './options.js'

/** How one more request of a client stands to the limit. */
export interface Allowance {
  readonly allowed: boolean
  /** `X-RateLimit-Limit`, `-Remaining` and `-Reset`, in milliseconds since the epoch. */
  readonly headers: Readonly<Record<string, string>>
  readonly resetAfterMs: number
}

/** Counts the requests of every client address. */
export class RateLimiter {
  readonly #max: number
  readonly #limiter: RateLimiterMemory

  constructor({ max, windowMs }: Required<RateLimit>) {
    this.#max = max
    this.#limiter = new RateLimiterMemory({ points: max, duration: windowMs / 1000 })
  }

  async take(address: string): Promise<Allowance> {
    try {
      return this.#allowance(await this.#limiter.consume(clientOf(address)), true)
    } catch (error) {
      if (error instanceof RateLimiterRes) return this.#allowance(error, false)
      throw error
    }
  }

  #allowance({ remainingPoints, msBeforeNext }: RateLimiterRes, allowed: boolean): Allowance {
    return {
      allowed,
      resetAfterMs: msBeforeNext,
      headers: {
        'x-ratelimit-limit': String(this.#max),
        'x-ratelimit-remaining': String(Math.max(0, remainingPoints)),
        'x-ratelimit-reset': String(Date.now() + msBeforeNext),
      },
    }
  }
}

/** A client has a whole /64 of IPv6 addresses, and may use any of them. */
function clientOf(address: string): string {
  if (!isIPv6(address)) return address
  const [head = '', tail = ''] = address.split('::')
  const groups = head === '' ? [] : head.split(':')
  const missing = 8 - groups.length - (tail === '' ? 0 : tail.split(':').length)
  const all = address.includes('::') ? [...groups, ...Array.from({ length: missing }, () => '0'), ...(tail === '' ? [] : tail.split(':'))] : groups
  return all.slice(0, 4).map((group) => Number.parseInt(group, 16)).join(':')
}
