import { print } from '../bson/print.js'
import { isDoc } from '../bson/value.js'
import { MongoError } from '../mongo-error.js'
import { hasIndex } from './plan.js'
import type { Doc } from '../bson/value.js'
import type { Collection } from '../storage/collection.js'

/** @throws MongoError 2 where the collection has no index that the hint names. */
export const checkHint = (collection: Collection | undefined, hint: string | Doc | undefined, query: Doc): void => {
  if (!collection || hint === undefined || (isDoc(hint) && (Object.keys(hint).length === 0 || Object.hasOwn(hint, '$natural')))) return
  if (!hasIndex(collection, hint)) throw new MongoError('BadValue', `${processing(collection, query)} planner returned error :: caused by :: hint provided does not correspond to an existing index`)
}

/** How MongoDB names a query in its errors; its tree only as far as it is plain. */
export const processing = (collection: Collection, query: Doc): string => {
  const fields = Object.entries(query)
  const [only] = fields
  const tree = fields.length === 0 ? '$and' : fields.length === 1 && only ? `${only[0]} $eq ${print(only[1])}`
    : `$and\n${fields.map(([name, value]) => `    ${name} $eq ${print(value)}`).join('\n')}`
  return `error processing query: ns=${collection.namespace}Tree: ${tree}\nSort: {}\nProj: {}\n`
}
