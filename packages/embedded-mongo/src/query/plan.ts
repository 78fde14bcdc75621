import { BSONRegExp } from 'bson'
import { valueKey } from '../bson/key.js'
import { getField } from '../bson/value.js'
import { isOperatorDoc } from './operator-doc.js'
import type { Doc, Value } from '../bson/value.js'
import type { Collection } from '../storage/collection.js'
import type { Filter } from './filter.js'

/** The documents that satisfy a query, in natural order where no index narrows them down. */
export function* findDocs(collection: Collection, filter: Filter): Generator<Doc> {
  for (const doc of candidates(collection, filter.source)) if (filter.matches(doc)) yield doc
}

const candidates = (collection: Collection, query: Doc): Iterable<Doc> => {
  const ids = equalTo(getField(query, '_id'))
  if (ids) return byIds(collection, ids)
  for (const index of collection.indexes.values()) {
    const [path = ''] = Object.keys(index.key)
    const values = index.answers(path) ? equalTo(getField(query, path)) : undefined
    if (values?.length === 1) return collection.byIndex(index, values[0])
  }
  return collection.all()
}

/** The values that a field must be equal to one of; undefined where the query says something else. */
const equalTo = (condition: Value): readonly Value[] | undefined => {
  if (condition === undefined || condition === null || Array.isArray(condition) || condition instanceof BSONRegExp) return undefined
  if (!isOperatorDoc(condition)) return [condition]
  const { $eq: only, $in: among } = condition
  const values = only !== undefined ? [only] : Array.isArray(among) ? among : undefined
  return values?.some((value) => value === null || value === undefined || Array.isArray(value) || value instanceof BSONRegExp) === true ? undefined : values
}

/** The candidates of each id, in the order of the ids as an index has them. */
const byIds = function* (collection: Collection, ids: readonly Value[]): Generator<Doc> {
  const distinct = new Map(ids.map((id) => [valueKey(id), id]))
  for (const id of distinct.values()) {
    const doc = collection.byId(id)
    if (doc) yield doc
  }
}
