import { BSONRegExp } from 'bson'
import { compareValues, equalValues } from '../bson/compare.js'
import { valueKey } from '../bson/key.js'
import { getField, isDoc, isNumeric, toNumber } from '../bson/value.js'
import { isIdIndex } from '../storage/index.js'
import { isOperatorDoc } from './operator-doc.js'
import { sorted } from './sort.js'
import type { Doc, Value } from '../bson/value.js'
import type { Collection } from '../storage/collection.js'
import type { Index } from '../storage/index.js'
import type { Filter } from './filter.js'

/** An index as a plan names it; `index` is undefined for that of `_id`, which every collection has by itself. */
export interface PlannedIndex {
  readonly name: string
  readonly key: Doc
  readonly index: Index | undefined
}

/** How the documents of a query are found: it decides in which order they come, and `explain` tells it. */
export type Plan =
  | { readonly stage: 'EOF' | 'IDHACK', readonly blockingSort: false }
  | { readonly stage: 'COLLSCAN', readonly backwards: boolean, readonly blockingSort: boolean }
  | { readonly stage: 'IXSCAN', readonly by: PlannedIndex, readonly backwards: boolean, readonly blockingSort: boolean }

/** Question to the planner: `hint` is the name of an index, its keys, or `{ $natural: ±1 }`, checked before. */
export interface Question {
  readonly query: Doc
  readonly sort?: Doc
  readonly hint?: string | Doc | undefined
  /** With a collation no index is used: they compare strings by their bytes. */
  readonly collated?: boolean
}

export const planOf = (collection: Collection | undefined, { query, sort = {}, hint, collated = false }: Question): Plan => {
  if (!collection) return { stage: 'EOF', blockingSort: false }
  const isSorted = Object.keys(sort).length > 0
  const natural = isDoc(hint) ? getField(hint, '$natural') ?? getField(sort, '$natural') : getField(sort, '$natural')
  if (natural !== undefined) return { stage: 'COLLSCAN', backwards: isNumeric(natural) && toNumber(natural) < 0, blockingSort: isSorted && !Object.hasOwn(sort, '$natural') }
  const hasHint = typeof hint === 'string' || (isDoc(hint) && Object.keys(hint).length > 0)
  if (!hasHint && !collated && isSimpleIdQuery(query)) return { stage: 'IDHACK', blockingSort: false }
  const indexes = indexesOf(collection)
  const hinted = hasHint ? indexes.find((by) => (typeof hint === 'string' ? by.name === hint : equalValues(by.key, hint))) : undefined
  const usable = collated ? [] : indexes.filter((by) => isUsable(by))
  const by = hinted ?? best(usable, query) ?? (isSorted ? usable.find((one) => provides(one, query, sort) !== undefined && !isSparse(one)) : undefined)
  if (!by) return { stage: 'COLLSCAN', backwards: false, blockingSort: isSorted }
  const direction = isSorted ? provides(by, query, sort) : undefined
  return { stage: 'IXSCAN', by, backwards: direction === -1, blockingSort: isSorted && direction === undefined }
}

/** The documents that satisfy a query, in the order in which its plan finds them; not yet in that of a blocking sort. */
export function* findDocs(collection: Collection, filter: Filter, plan: Plan = planOf(collection, { query: filter.source })): Generator<Doc> {
  switch (plan.stage) {
    case 'EOF': return
    case 'IDHACK': {
      const doc = collection.byId(idOf(filter.source))
      if (doc && filter.matches(doc)) yield doc
      return
    }
    case 'COLLSCAN': {
      const docs = plan.backwards ? [...collection.all()].toReversed() : collection.all()
      for (const doc of docs) if (filter.matches(doc)) yield doc
      return
    }
    case 'IXSCAN': yield* scan(collection, filter, plan.by, plan.backwards)
  }
}

function* scan(collection: Collection, filter: Filter, { key, index }: PlannedIndex, backwards: boolean): Generator<Doc> {
  const [first = '', ...more] = Object.keys(key)
  const values = equalTo(getField(filter.source, first))
  const candidates = !values ? collection.all() : index ? values.length === 1 && index.answers(first) ? collection.byIndex(index, values[0]) : collection.all()
    : byIds(collection, values)
  // Documents with one value of a single field come in the order in which they were inserted, as from the index itself.
  const isOrdered = values?.length === 1 && more.length === 0
  const matching: Doc[] = []
  for (const doc of candidates) {
    if (!filter.matches(doc) || (index && !index.holds(doc))) continue
    if (isOrdered) yield doc
    else matching.push(doc)
  }
  if (isOrdered) return
  const inOrder = matching.length < 2 ? matching : sorted(matching, key, undefined)
  yield* backwards ? inOrder.toReversed() : inOrder
}

const indexesOf = (collection: Collection): PlannedIndex[] => [
  { name: '_id_', key: { _id: 1 }, index: undefined },
  ...[...collection.indexes.values()].filter(({ spec }) => spec['hidden'] !== true).map((index) => ({ name: index.name, key: index.key, index })),
]

/** Indexes of every document, in the order of their values. */
const isUsable = ({ key, index }: PlannedIndex): boolean =>
  Object.values(key).every((direction) => isNumeric(direction)) && !Object.keys(key).some((path) => path.includes('$**')) && index?.isPartial !== true

const isSparse = ({ index }: PlannedIndex): boolean => index?.isSparse === true

/** The index of which most fields are asked for, equalities first; undefined where none begins with a field of the query. */
const best = (indexes: readonly PlannedIndex[], query: Doc): PlannedIndex | undefined => {
  let found: PlannedIndex | undefined
  let most = 0
  for (const by of indexes) {
    let score = 0
    for (const path of Object.keys(by.key)) {
      const condition = getField(query, path)
      if (condition === undefined || (isSparse(by) && mayBeMissing(condition))) break
      score += equalTo(condition) ? 2 : 1
      if (!equalTo(condition)) break
    }
    if (score > most) [found, most] = [by, score]
  }
  return found
}

const mayBeMissing = (condition: Value): boolean =>
  condition === null || (isOperatorDoc(condition) && Object.entries(condition).some(([operator, operand]) => ['$ne', '$nin', '$not', '$exists'].includes(operator)
    || operand === null || (operator === '$in' && Array.isArray(operand) && operand.includes(null))))

/** In which direction a scan of the index gives the order that is asked for; undefined where in none. */
const provides = ({ key, index }: PlannedIndex, query: Doc, sort: Doc): 1 | -1 | undefined => {
  if (index && !isUsable({ name: '', key, index })) return undefined
  const fixed = (path: string): boolean => equalTo(getField(query, path))?.length === 1
  const fields = Object.entries(key)
  let at = 0
  let direction: 1 | -1 | undefined
  for (const [path, wanted] of Object.entries(sort)) {
    if (fixed(path)) continue
    while (fields[at] && fields[at]?.[0] !== path && fixed(fields[at]?.[0] ?? '')) at++
    const [field, has] = fields[at++] ?? []
    if (field !== path || !isNumeric(has) || !isNumeric(wanted)) return undefined
    const turn = Math.sign(toNumber(has)) === Math.sign(toNumber(wanted)) ? 1 : -1
    if (direction !== undefined && direction !== turn) return undefined
    direction = turn
  }
  return direction ?? 1
}

const isSimpleIdQuery = (query: Doc): boolean => Object.keys(query).length === 1 && equalTo(getField(query, '_id'))?.length === 1 && !isOperatorDoc(query['_id'])

const idOf = (query: Doc): Value => getField(query, '_id')

/** The values that a field must be equal to one of; undefined where the query says something else. */
const equalTo = (condition: Value): readonly Value[] | undefined => {
  if (condition === undefined || condition === null || Array.isArray(condition) || condition instanceof BSONRegExp) return undefined
  if (!isOperatorDoc(condition)) return [condition]
  const { $eq: only, $in: among } = condition
  const values = only !== undefined ? [only] : Array.isArray(among) ? among : undefined
  return values?.some((value) => value === null || value === undefined || Array.isArray(value) || value instanceof BSONRegExp) === true ? undefined : values
}

/** The candidates of each id, in the order of the ids. */
const byIds = function* (collection: Collection, ids: readonly Value[]): Generator<Doc> {
  const distinct = [...new Map(ids.map((id) => [valueKey(id), id])).values()]
  for (const id of distinct.length < 2 ? distinct : distinct.sort((a, b) => compareValues(a, b))) {
    const doc = collection.byId(id)
    if (doc) yield doc
  }
}

/** Whether a hint names an index that there is. */
export const hasIndex = (collection: Collection, hint: string | Doc): boolean =>
  hint === '_id_' || isIdIndex(hint) || indexesOf(collection).some((by) => (typeof hint === 'string' ? by.name === hint : equalValues(by.key, hint)))
