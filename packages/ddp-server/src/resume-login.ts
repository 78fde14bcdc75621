import { createHash } from 'node:crypto'
import { DDPError } from '@ddp-cluster/ddp-common'
import { isPlainObject, LookupError, type LookupEnding, Lookups, systemClock, unknownProperty, type Clock } from '@ddp-cluster/ddp-common/internal'
import { DDPServerError } from './errors.js'
import type { LoginHandler } from './login.js'

/** Part of a MongoDB collection that a login needs; the official driver's `Collection` has it. */
export interface UsersCollection {
  /** `signal` and `maxTimeMS` end it when the database does not answer. */
  findOne(filter: Record<string, unknown>, options: { projection: Record<string, unknown> } & LookupEnding): Promise<unknown>
}

/** Options of `resumeLogin()`. */
export interface ResumeLoginOptions {
  /**
   * Lifetime of a token from its `when` on, in milliseconds; `Infinity` for tokens that do not expire. A token without `when`, such as Rocket.Chat's personal
   * access tokens, does not expire; one whose `when` is no date is refused.
   *
   * @defaultValue 90 days, as in Meteor
   */
  readonly lifetimeMs?: number
  /** For tests. Its wall clock is compared with `when`. */
  readonly clock?: Clock
}

/** Everybody may ask: a token is looked up when its turn comes, and for so long. After a restart all clients log in at once. */
const limits = { waitMs: 30_000, limitMs: 5000 }

const day = 24 * 60 * 60 * 1000
const ninetyDays = 90 * day
/** Expiry of tokens that do not expire, as in Meteor: clients read `tokenExpires` of every answer as a date. */
const hundredYears = 365 * 100 * day
const tokensField = 'services.resume.loginTokens'

/**
 * Meteor's login with a resume token, `{ resume: token }`: the user is the one among whose `services.resume.loginTokens` there is a
 * `hashedToken` that is the base64 of the token's SHA-256. Answers what Meteor does, `{ id, token, tokenExpires, type: 'resume' }`; `tokenExpires` of a token
 * that does not expire is 100 years from now, as in Meteor. Refuses with 403 what is not known or has expired, with 400 another request, with 503 when the database does not answer.
 * Looks up at most eight logins at once, for all that share the driver's client: up to eight connections of its pool.
 * @throws DDPServerError `invalid-option` for an option that there is not, and for a lifetime that is no number above 0
 */
export function resumeLogin(users: UsersCollection, options: ResumeLoginOptions = {}): LoginHandler {
  const unknown = unknownProperty('option of resumeLogin()', options, ['lifetimeMs', 'clock'])
  if (unknown !== undefined) throw new DDPServerError('invalid-option', unknown)
  const { lifetimeMs = ninetyDays, clock = systemClock } = options
  if (!(typeof lifetimeMs === 'number' && lifetimeMs > 0)) throw new DDPServerError('invalid-option', `lifetimeMs of resumeLogin() must be a number of milliseconds above 0, not ${String(lifetimeMs)}`)
  return async (request) => {
    const token = isPlainObject(request) ? request['resume'] : undefined
    if (typeof token !== 'string') throw new DDPError(400, 'Unrecognized options for login request')
    const hashedToken = createHash('sha256').update(token).digest('base64')
    const lookUp = (ending: LookupEnding): Promise<unknown> => users.findOne({ [`${tokensField}.hashedToken`]: hashedToken }, { projection: { [`${tokensField}.$`]: 1 }, ...ending })
    const user = await Lookups.ofLogins(clientOf(users)).run(limits, lookUp).catch((error: unknown) => {
      throw error instanceof LookupError ? new DDPError(503, 'The database does not answer; try again later') : error
    })
    const found = foundToken(user, hashedToken)
    if (found === undefined) throw loggedOut()
    const { id, when } = found
    const now = clock.wallNow()
    const tokenExpires = new Date(Math.min(when === undefined ? Infinity : when.getTime() + lifetimeMs, now + hundredYears))
    if (now >= tokenExpires.getTime()) throw loggedOut()
    return { id, token, tokenExpires, type: 'resume' }
  }
}

/** The driver's client of a collection, so that all logins of it are counted together; what is no collection of the driver stands for itself. */
function clientOf(users: UsersCollection): object {
  const client = isObject(users) && isObject(users['db']) ? users['db']['client'] : undefined
  return isObject(client) ? client : users
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null

/** The words are Meteor's: its clients show them. */
const loggedOut = (): DDPError => new DDPError(403, "You've been logged out by the server. Please log in again.")

/** Checks the database's answer again, so that one that understands less of the query than MongoDB lets nobody in. */
function foundToken(user: unknown, hashedToken: string): { readonly id: string; readonly when: Date | undefined } | undefined {
  if (!isPlainObject(user) || typeof user['_id'] !== 'string') return undefined
  const tokens = valueAt(user, 'services', 'resume', 'loginTokens')
  if (!Array.isArray(tokens)) return undefined
  const token: unknown = tokens.find((candidate: unknown) => isPlainObject(candidate) && candidate['hashedToken'] === hashedToken)
  if (!isPlainObject(token)) return undefined
  const { when } = token
  if (when !== undefined && !(when instanceof Date && Number.isFinite(when.getTime()))) return undefined
  return { id: user['_id'], when }
}

function valueAt(value: unknown, ...path: readonly string[]): unknown {
  return path.reduce<unknown>((inner, key) => (isPlainObject(inner) ? inner[key] : undefined), value)
}
