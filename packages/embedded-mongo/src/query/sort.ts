import { compareValues } from '../bson/compare.js'
import { isDoc, isNumeric, toNumber } from '../bson/value.js'
import { MongoError } from '../mongo-error.js'
import { visitPath } from './path.js'
import { print } from '../bson/print.js'
import type { StringKey } from '../bson/compare.js'
import type { Doc, Value } from '../bson/value.js'

/** An order of documents for a sort pattern such as `{ a: 1, 'b.c': -1 }`. */
export const sortComparator = (pattern: Doc, collation: StringKey): (a: Doc, b: Doc) => number => {
  const keys = Object.entries(pattern).map(([path, direction]) => ({ parts: path.split('.'), descending: toNumber(direction as number) < 0 }))
  return (a, b) => {
    for (const { parts, descending } of keys) {
      const order = compareValues(sortKey(a, parts, descending, collation), sortKey(b, parts, descending, collation), collation)
      if (order !== 0) return descending ? -order : order
    }
    return 0
  }
}

/** Sorts documents; documents that compare equal stay in their order. */
export const sorted = (docs: readonly Doc[], pattern: Doc, collation: StringKey): Doc[] => [...docs].sort(sortComparator(pattern, collation))

/** Sort key of a document: an array counts as its smallest element, or its largest when descending; an empty one as undefined, below null. */
const sortKey = (doc: Doc, parts: readonly string[], descending: boolean, collation: StringKey): Value => {
  const [only] = parts
  const direct = parts.length === 1 && only !== undefined ? (Object.hasOwn(doc, only) ? doc[only] : null) : undefined
  if (direct !== undefined && !Array.isArray(direct)) return direct
  let best: Value
  let any = false
  const offer = (value: Value): void => {
    const order = any ? compareValues(value, best, collation) : 0
    if (!any || (descending ? order > 0 : order < 0)) best = value
    any = true
  }
  visitPath(doc, parts, 'whole', (found) => {
    if (!Array.isArray(found.value)) offer(found.exists ? found.value : null)
    else if (found.value.length === 0) offer(undefined)
    else for (const element of found.value) offer(element)
    return false
  })
  return any ? best : null
}

/** @throws MongoError where a sort pattern is none. */
export const checkSort = (pattern: Doc): void => {
  for (const [path, direction] of Object.entries(pattern)) {
    if (isDoc(direction)) {
      if (Object.keys(direction)[0] === '$meta') throw new MongoError(40218, 'query requires text score metadata, but it is not available')
      throw new MongoError('BadValue', `Illegal key in $sort specification: ${path}: ${print(direction)}`)
    }
    const order = isNumeric(direction) ? toNumber(direction) : NaN
    if (path === '' ) throw new MongoError('BadValue', 'FieldPath cannot be constructed with empty string')
    if (path.startsWith('$')) throw new MongoError(16410, `FieldPath field names may not start with '$'.`)
    if (!isNumeric(direction)) throw new MongoError(15974, `Illegal key in $sort specification: ${path}: ${print(direction)}`)
    if (order !== 1 && order !== -1) throw new MongoError(15975, '$sort key ordering must be 1 (for ascending) or -1 (for descending)')
  }
}
