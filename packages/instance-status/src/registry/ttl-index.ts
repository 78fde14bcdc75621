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
  const present = (await instances.listIndexes().toArray()).map(indexOf).find((index) => index.keys.length === 1 && index.keys[0] === '_updatedAt')
  if (present?.seconds === undefined) {
    logger.warn({ index: present?.name }, 'the index on _updatedAt does not expire records; records of crashed instances stay until a peer removes them')
    return
  }
  if (present.seconds >= seconds) return
  await db.command({ collMod: instances.collectionName, index: { name: present.name, expireAfterSeconds: seconds } })
}

/** An index as `listIndexes` tells of it; the seconds come as any of MongoDB's number types. */
function indexOf(index: unknown): { name: string; keys: string[]; seconds: number | undefined } {
  const { name, key, expireAfterSeconds } = index as { name: string; key: object; expireAfterSeconds?: unknown }
  return { name, keys: Object.keys(key), seconds: expireAfterSeconds === undefined ? undefined : Number(expireAfterSeconds) }
}
