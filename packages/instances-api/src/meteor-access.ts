import { createHash } from 'node:crypto'
import { Lookups } from '@ddp-cluster/ddp-common/internal'
import type { Db } from 'mongodb'

/** Credentials of a request: its headers `X-Auth-Token` and `X-User-Id`. */
export interface Credentials {
  /** Login token of the user. */
  readonly authToken: string
  /** Id of the user. */
  readonly userId: string
}

/** Check of credentials: resolves with the user's id, or with undefined for wrong ones. */
export type Authenticate = (credentials: Credentials) => Promise<string | undefined>

/** Whether the user may see the instances. */
export type Authorize = (userId: string) => Promise<boolean>

interface StringIdDocument {
  _id: string
  [key: string]: unknown
}

/** Longer values are nobody's token or id, and are not looked up. */
const longestCredential = 500

/** Meteor's check of a resume token: a login token of the user's is stored as base64(SHA-256(token)), never in the clear. */
export function meteorAuthentication(db: Db, timeoutMs: number): Authenticate {
  const users = db.collection<StringIdDocument>('users')
  return async ({ authToken, userId }) => {
    if (authToken.length > longestCredential || userId.length > longestCredential) return undefined
    const hashedToken = createHash('sha256').update(authToken).digest('base64')
    const selector = { _id: userId, 'services.resume.loginTokens.hashedToken': hashedToken }
    const user = await Lookups.of(db.client ?? db).run({ waitMs: timeoutMs, limitMs: timeoutMs }, (ending) => users.findOne(selector, { projection: { _id: 1 }, ...ending }))
    return user?._id
  }
}

/** Rocket.Chat's check of `view-statistics`: one of the user's roles stands among the roles of that permission. */
export function rocketChatAuthorization(db: Db, timeoutMs: number): Authorize {
  const users = db.collection<StringIdDocument>('users')
  const permissions = db.collection<StringIdDocument>('rocketchat_permissions')
  return async (userId) => {
    const [user, permission] = await Lookups.of(db.client ?? db).run({ waitMs: timeoutMs, limitMs: timeoutMs }, async (ending) => {
      const options = { projection: { roles: 1 }, ...ending }
      return [await users.findOne({ _id: userId }, options), await permissions.findOne({ _id: 'view-statistics' }, options)]
    })
    const granted = new Set(strings(permission?.['roles']))
    return strings(user?.['roles']).some((role) => granted.has(role))
  }
}

function strings(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : []
}
