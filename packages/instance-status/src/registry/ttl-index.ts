import type { Logger } from '@ddp-cluster/ddp-common'
import { isCommandError } from './deployment.js'
import type { Handles } from './handles.js'

const indexOptionsConflict = 85
const indexKeySpecsConflict = 86

/**
 * Sees to it that MongoDB itself forgets records that nobody renews. An index that is there is only ever raised: instances
 * with a longer expiry may share the collection, and many that start at once must not drop each other's index.
 */
export async function ensureTtlIndex({ instances, db }: Handles, expireAfterMs: number, logger: Logger): Promise<void> {
  const seconds = Math.ceil(expireAfterMs / 1000)
  try {
    await instances.createIndex({ _updatedAt: 1 }, { expireAfterSeconds: seconds })
    return
  } catch (error) {
    if (!isCommandError(error, indexOptionsConflict) && !isCommandError(error, indexKeySpecsConflict)) throw error
  }
  const present = (await instances.listIndexes().toArray()).find((index) => isOurKey(index['key']))
  const presentSeconds: unknown = present?.['expireAfterSeconds']
  if (!present || presentSeconds === undefined) {
    logger.warn({ index: present?.['name'] as unknown }, 'the index on _updatedAt does not expire records; records of crashed instances stay until a peer removes them')
    return
  }
  if (Number(presentSeconds) >= seconds) return
  await db.command({ collMod: instances.collectionName, index: { name: present['name'] as string, expireAfterSeconds: seconds } })
}

function isOurKey(key: unknown): boolean {
  const entries = typeof key === 'object' && key !== null ? Object.entries(key) : []
  return entries.length === 1 && entries[0]?.[0] === '_updatedAt'
}
