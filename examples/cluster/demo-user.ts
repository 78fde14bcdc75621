import { createHash } from 'node:crypto'
import { randomId } from '@ddp-cluster/ddp-common'
import type { Db } from 'mongodb'

/** The request headers of one who is logged in. */
export interface LoginHeaders {
  readonly 'X-Auth-Token': string
  readonly 'X-User-Id': string
}

interface UserDocument {
  _id: string
  username: string
  roles: string[]
  services: { resume: { loginTokens: { when: Date; hashedToken: string }[] } }
}

/** Adds a user with these roles, logged in as Meteor does it: only the hash of the token is stored. */
export async function addUser(db: Db, username: string, roles: readonly string[]): Promise<LoginHeaders> {
  const token = randomId(43)
  const hashedToken = createHash('sha256').update(token).digest('base64')
  const user = { _id: randomId(), username, roles: [...roles], services: { resume: { loginTokens: [{ when: new Date(), hashedToken }] } } }
  await db.collection<UserDocument>('users').insertOne(user)
  return { 'X-Auth-Token': token, 'X-User-Id': user._id }
}

/** A user who may see the instances, and the permission that says so. */
export async function seedDemoUser(db: Db): Promise<LoginHeaders> {
  await db.collection<{ _id: string; roles: string[] }>('rocketchat_permissions').insertOne({ _id: 'view-statistics', roles: ['admin'] })
  return addUser(db, 'demo', ['admin'])
}
