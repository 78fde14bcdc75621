import { createHash } from 'node:crypto'
import type { Db } from 'mongodb'

export const token = 'the-token-that-nobody-may-see'
export const hashedToken = createHash('sha256').update(token).digest('base64')
/** The headers of a user who may see the instances. `guest` has the same token, and may not. */
export const user = { 'X-Auth-Token': token, 'X-User-Id': 'admin' }
export const credentials = { authToken: token, userId: 'admin' }

/** Rocket.Chat's documents for both. */
export async function addUsers(db: Db): Promise<void> {
  const services = { resume: { loginTokens: [{ when: new Date(), hashedToken }] } }
  await db.collection<{ _id: string; roles: string[]; services: object }>('users').insertMany([
    { _id: 'admin', roles: ['admin'], services },
    { _id: 'guest', roles: ['guest'], services },
  ])
  await db.collection<{ _id: string; roles: string[] }>('rocketchat_permissions').insertOne({ _id: 'view-statistics', roles: ['admin'] })
}
