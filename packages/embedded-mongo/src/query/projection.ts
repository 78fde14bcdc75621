import { getField, isDoc, isNumeric, isTruthy, setField, toNumber, typeOf } from '../bson/value.js'
import { MongoError } from '../mongo-error.js'
import { Filter } from './filter.js'
import { Projection } from '../pipeline/projection.js'
import type { Doc, Value } from '../bson/value.js'
import type { CommandScope } from '../expression/scope.js'
import type { QueryContext } from './predicate.js'

type Shape = (doc: Doc, match: number | 'none' | undefined) => Doc

/**
 * The projection of a `find`: what `$project` does, and `$slice`, `$elemMatch` and the positional `$` as well.
 *
 * @returns what makes the shown document; its second argument is where the query matched, which `'a.$'` shows.
 */
export const findProjection = (spec: Doc, query: QueryContext, scope: CommandScope): { shape: Shape, needsMatch: boolean } => {
  const plain: Doc = {}
  const steps: { path: string, run: (value: Value, match: number | 'none' | undefined) => Value, includes: boolean }[] = []
  let needsMatch = false
  for (const [path, value] of Object.entries(spec)) {
    if (path.endsWith('.$')) {
      if (!isTruthy(value)) throw new MongoError(31395, `positional projection cannot be used with exclusion`)
      if (needsMatch) throw new MongoError(31276, 'Cannot specify more than one positional projection per query.')
      needsMatch = true
      const field = path.slice(0, -2)
      plain[field] = 1
      steps.push({ path: field, includes: true, run: (array, match) => positional(array, match) })
    } else if (isDoc(value) && Object.keys(value)[0] === '$elemMatch') {
      const condition = value['$elemMatch']
      if (!isDoc(condition)) throw new MongoError(31274, `elemMatch: Invalid argument, object required, but got ${typeOf(condition)}`)
      if (path.includes('.')) throw new MongoError(31275, 'Cannot use $elemMatch projection on a nested field.')
      const filter = new Filter({ e: { $elemMatch: condition } }, query)
      steps.push({ path, includes: true, run: (array) => elementOf(array, filter) })
    } else if (isDoc(value) && Object.keys(value)[0] === '$slice' && isFindSlice(value['$slice'])) {
      const limits = value['$slice']
      steps.push({ path, includes: false, run: (array) => sliced(array, limits) })
    } else {
      plain[path] = value
    }
  }
  return { shape: shapeOf(plain, steps, scope), needsMatch }
}

const shapeOf = (plain: Doc, steps: { path: string, run: (value: Value, match: number | 'none' | undefined) => Value, includes: boolean }[], scope: CommandScope): Shape => {
  const includes = steps.some((step) => step.includes && !Object.hasOwn(plain, step.path))
  const names = Object.keys(plain).filter((name) => name !== '_id')
  const excludes = names.some((name) => isNumeric(plain[name]) ? !isTruthy(plain[name]) : plain[name] === false)
  const spec = { ...plain }
  if (excludes || (names.length === 0 && !includes)) {
    const projection = Object.keys(spec).length === 0 ? undefined : new Projection(spec, scope, 'find')
    return (doc, match) => applySteps(projection ? projection.apply(doc) : doc, steps, match)
  }
  for (const step of steps) if (!Object.hasOwn(spec, step.path)) spec[step.path] = 1
  const projection = new Projection(spec, scope, 'find')
  return (doc, match) => applySteps(projection.apply(doc), steps, match)
}

const applySteps = (doc: Doc, steps: readonly { path: string, run: (value: Value, match: number | 'none' | undefined) => Value }[], match: number | 'none' | undefined): Doc =>
  steps.reduce((shown, step) => replaceAt(shown, step.path.split('.'), (value) => step.run(value, match)) as Doc, doc)

const replaceAt = (value: Value, parts: readonly string[], run: (value: Value) => Value): Value => {
  const [part, ...rest] = parts
  if (part === undefined) return run(value)
  if (Array.isArray(value)) return value.map((element) => replaceAt(element, parts, run))
  if (!isDoc(value) || !Object.hasOwn(value, part)) return value
  const copy: Doc = {}
  for (const name of Object.keys(value)) {
    const inner = name === part ? replaceAt(getField(value, name), rest, run) : value[name]
    if (inner !== undefined || name !== part) setField(copy, name, inner)
  }
  return copy
}

const positional = (array: Value, match: number | 'none' | undefined): Value => {
  if (!Array.isArray(array)) return array
  if (typeof match !== 'number') {
    throw new MongoError(51246, `Executor error during find command :: caused by :: positional operator '.$' couldn't find a matching element in the array`)
  }
  return array.slice(match, match + 1)
}

const elementOf = (array: Value, filter: Filter): Value => {
  if (!Array.isArray(array)) return undefined
  const element = array.find((candidate) => filter.matches({ e: [candidate] }))
  return element === undefined ? undefined : [element]
}

const isFindSlice = (limits: Value): boolean => isNumeric(limits) || (Array.isArray(limits) && limits.length === 2 && limits.every(isNumeric))

const sliced = (array: Value, limits: Value): Value => {
  if (!Array.isArray(array)) return array
  if (isNumeric(limits)) return toNumber(limits) >= 0 ? array.slice(0, toNumber(limits)) : array.slice(toNumber(limits))
  const [skip, count] = (limits as number[]).map(toNumber)
  const from = (skip ?? 0) < 0 ? Math.max(0, array.length + (skip ?? 0)) : skip ?? 0
  return array.slice(from, from + (count ?? 0))
}
