import { isCommandError } from './deployment.js'
import type { Handles } from './handles.js'
import type { Ending } from './operations.js'
import type { Warnings } from './warnings.js'

const indexOptionsConflict = 85
const indexKeySpecsConflict = 86

/** Where another index has the name that MongoDB would give ours. */
const ownName = 'ddp_cluster_expiry'

/** Others may raise the index at the same moment, each to its own expiry: it is looked at again so often. */
const mostRaises = 10

/**
 * Sees to it that MongoDB itself forgets records that nobody renews. An index that is there is only ever raised: instances
 * with a longer expiry may share the collection, and many that start at once must not drop each other's index. Without the rights to do so an
 * instance joins all the same: its peers remove what is left of the dead.
 */
export async function ensureTtlIndex(handles: Handles, expireAfterMs: number, warnings: Warnings, ending: Ending): Promise<void> {
  const seconds = Math.ceil(expireAfterMs / 1000)
  try {
    if (await create(handles, seconds, ending)) return
    await raise(handles, seconds, warnings, ending)
  } catch (error) {
    if (!isRefusal(error)) throw error
    warnings.once({ error: String(error) }, 'MongoDB refuses to make or to raise the index that expires records; peers remove those of the dead')
  }
}

/** Whether there is an index now that expires at these seconds. */
async function create({ instances }: Handles, seconds: number, ending: Ending): Promise<boolean> {
  try {
    await instances.createIndex({ _updatedAt: 1 }, { expireAfterSeconds: seconds, ...ending })
    return true
  } catch (error) {
    if (isCommandError(error, indexOptionsConflict)) return false
    if (!isCommandError(error, indexKeySpecsConflict)) throw error
  }
  try {
    await instances.createIndex({ _updatedAt: 1 }, { name: ownName, expireAfterSeconds: seconds, ...ending })
    return true
  } catch (error) {
    if (isCommandError(error, indexOptionsConflict) || isCommandError(error, indexKeySpecsConflict)) return false
    throw error
  }
}

async function raise({ instances, db }: Handles, seconds: number, warnings: Warnings, ending: Ending): Promise<void> {
  for (let attempt = 0; attempt < mostRaises; attempt += 1) {
    const onUpdatedAt = (await instances.listIndexes(ending).toArray()).map(indexOf).filter(({ keys }) => keys.length === 1 && keys[0] === '_updatedAt')
    const complete = onUpdatedAt.filter(({ isPartial }) => !isPartial)
    const present = complete.find(({ seconds: expiry }) => expiry !== undefined) ?? complete[0] ?? onUpdatedAt[0]
    if (present?.isPartial) {
      warnings.once({ index: present.name }, 'the index on _updatedAt is partial and does not expire every record; peers remove those of the dead')
      return
    }
    if (present?.seconds === undefined) {
      warnings.once({ index: present?.name }, 'the index on _updatedAt does not expire records; peers remove those of the dead')
      return
    }
    if (present.seconds >= seconds) return
    await db.command({ collMod: instances.collectionName, index: { name: present.name, expireAfterSeconds: seconds } }, ending)
  }
}

/** An answer of MongoDB, as against none. */
const isRefusal = (error: unknown): boolean => error instanceof Error && error.name === 'MongoServerError'

/** An index as `listIndexes` tells of it; the seconds come as any of MongoDB's number types. */
function indexOf(index: unknown): { name: string; keys: string[]; seconds: number | undefined; isPartial: boolean } {
  const { name, key, expireAfterSeconds, partialFilterExpression } = index as { name: string; key: object; expireAfterSeconds?: unknown; partialFilterExpression?: unknown }
  return { name, keys: Object.keys(key), seconds: expireAfterSeconds === undefined ? undefined : Number(expireAfterSeconds), isPartial: partialFilterExpression !== undefined }
}
