import { isNumeric, toNumber } from './bson/value.js'
import { earliestDate } from './storage/index.js'
import type { Store } from './storage/store.js'

/** Removes what has expired by a TTL index. @param now milliseconds since the epoch. @returns how many documents. */
export const expire = (store: Store, now: number): number => {
  let removed = 0
  for (const [db, collections] of store.databases()) {
    for (const [name, collection] of collections) {
      for (const index of collection.indexes.values()) {
        const after = index.spec['expireAfterSeconds']
        const [path] = Object.keys(index.key)
        if (!isNumeric(after) || path === undefined || collection.cap) continue
        const before = now - toNumber(after) * 1000
        // A map may lose entries while it is gone through.
        for (const doc of collection.all()) {
          const date = earliestDate(doc, path)
          if (date === undefined || date > before) continue
          store.remove(db, name, collection, doc)
          removed++
        }
      }
    }
  }
  return removed
}
