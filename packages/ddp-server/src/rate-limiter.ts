import { DDPError, type Logger } from '@ddp-cluster/ddp-common'
import { callNow, unknownProperty } from '@ddp-cluster/ddp-common/internal'
import { DDPServerError, internalError } from './errors.js'

/** Call that is about to begin, as a rule sees it. */
export interface RateLimitInput {
  /** Kind of the call. */
  readonly type: 'method' | 'subscription'
  /** Name of the method or publication, which exists. */
  readonly name: string
  /** Id of the session's user, or `null`. */
  readonly userId: string | null
  /** Address of the client. */
  readonly clientAddress: string
  /** Id of the session. */
  readonly connectionId: string
}

type Matcher<Value> = Value | ((value: Value) => boolean)

/**
 * Rule of which calls are counted, and how many of them are too many. A call counts if every given field matches it; calls are counted
 * apart by the values of the given fields. `{ name: 'login', connectionId: () => true }`: the logins of each connection by itself.
 */
export interface RateLimitRule {
  /** Kind of the call, or a function that decides. */
  readonly type?: Matcher<RateLimitInput['type']>
  /** Name of the method or publication, or a function that decides. */
  readonly name?: Matcher<string>
  /** Id of the user, or a function that decides. */
  readonly userId?: Matcher<string | null>
  /** Address of the client, or a function that decides. */
  readonly clientAddress?: Matcher<string>
  /** Id of the session, or a function that decides. */
  readonly connectionId?: Matcher<string>
  /** Number of calls allowed in each interval. */
  readonly count: number
  /** Length of an interval, in milliseconds. */
  readonly intervalMs: number
}

interface ActiveRule {
  readonly rule: RateLimitRule
  beganAt: number
  readonly counts: Map<string, number>
}

const fields = ['type', 'name', 'userId', 'clientAddress', 'connectionId'] as const

/** Meteor's DDPRateLimiter as a value: intervals are fixed windows that begin with their first call; what was refused counts too. */
export class RateLimiter {
  readonly #rules = new Set<ActiveRule>()
  readonly #logger: Logger

  constructor(logger: Logger) {
    this.#logger = logger
  }

  /** @returns a function that takes the rule back. @throws DDPServerError `invalid-option` */
  add(rule: RateLimitRule): () => void {
    const unknown = unknownProperty('field of a rate limit', rule, [...fields, 'count', 'intervalMs'])
    if (unknown !== undefined) throw new DDPServerError('invalid-option', unknown)
    for (const name of ['count', 'intervalMs'] as const) {
      if (!Number.isInteger(rule[name]) || rule[name] < (name === 'count' ? 0 : 1)) {
        throw new DDPServerError('invalid-option', `${name} of a rate limit must be a whole number, not ${String(rule[name])}`)
      }
    }
    const active: ActiveRule = { rule, beganAt: Number.NEGATIVE_INFINITY, counts: new Map() }
    this.#rules.add(active)
    return () => void this.#rules.delete(active)
  }

  /** Counts a call; the error to answer it with if it is one too many by any rule, or if a rule cannot tell. */
  refusal(input: RateLimitInput, now: number): DDPError | undefined {
    if (this.#rules.size === 0) return undefined
    try {
      return this.#count(input, now)
    } catch (thrown) {
      this.#logger.error({ err: thrown, type: input.type, name: input.name }, 'a rate limit rule threw, and the call was refused')
      return internalError()
    }
  }

  #count(input: RateLimitInput, now: number): DDPError | undefined {
    let timeToReset = 0
    for (const active of this.#rules) {
      const key = keyOf(active.rule, input)
      if (key === undefined) continue
      if (now - active.beganAt >= active.rule.intervalMs) {
        active.beganAt = now
        active.counts.clear()
      }
      const count = (active.counts.get(key) ?? 0) + 1
      active.counts.set(key, count)
      if (count > active.rule.count) timeToReset = Math.max(timeToReset, active.beganAt + active.rule.intervalMs - now)
    }
    return timeToReset > 0 ? tooManyRequests(Math.ceil(timeToReset)) : undefined
  }
}

/** Key of calls that are counted together; `undefined` if the rule does not match. */
function keyOf(rule: RateLimitRule, input: RateLimitInput): string | undefined {
  let key = ''
  for (const field of fields) {
    const matcher = rule[field] as Matcher<string | null> | undefined
    if (matcher === undefined) continue
    const value = input[field]
    if (typeof matcher === 'function' ? !callNow(() => matcher(value)) : matcher !== value) return undefined
    key += `${JSON.stringify(value)},`
  }
  return key
}

function tooManyRequests(timeToReset: number): DDPError {
  const seconds = Math.ceil(timeToReset / 1000)
  return new DDPError('too-many-requests', `Error, too many requests. Please slow down. You must wait ${seconds} seconds before trying again.`, { timeToReset })
}
