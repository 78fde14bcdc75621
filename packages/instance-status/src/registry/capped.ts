import type { Handles } from './handles.js'
import type { Ending } from './operations.js'
import type { Warnings } from './warnings.js'

/** Warns of capped collections: nothing can be removed from them, updates must not grow a document, and the oldest documents vanish. */
export async function warnOfCapped({ db, instances, settings, leases, departures }: Handles, warnings: Warnings, ending: Ending): Promise<void> {
  const ours = [instances, settings, leases, departures].map(({ collectionName }) => collectionName)
  // Without the right to list collections there is nothing to tell.
  const present = await db.listCollections({ name: { $in: ours } }, ending).toArray().catch((error: unknown) => {
    if (error instanceof Error && error.name === 'MongoServerError') return []
    throw error
  })
  const collections = present.flatMap(({ name, ...info }) => ('options' in info && info.options?.['capped'] === true ? [name] : [])).sort()
  if (collections.length > 0) warnings.once({ collections }, 'these collections are capped and lose documents that are needed; drop them, and they are made anew')
}
