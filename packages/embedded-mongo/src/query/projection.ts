import { getField, isDoc, isNumeric, isTruthy, setField, toNumber, typeNumber, typeOf } from '../bson/value.js'
import { MongoError } from '../mongo-error.js'
import { print } from '../bson/print.js'
import { Filter } from './filter.js'
import { Projection } from '../pipeline/projection.js'
import type { Doc, Value } from '../bson/value.js'
import type { CommandScope } from '../expression/scope.js'
import type { QueryContext } from './predicate.js'

type Shape = (doc: Doc, match: number | 'none' | undefined) => Doc

/** Projection of one field by `find` that `$project` cannot express. */
interface Step {
  readonly path: string
  readonly kind: 'positional' | 'elemMatch' | 'slice'
  readonly run: (value: Value, match: number | 'none' | undefined) => Value
}

/**
 * The projection of a `find`: what `$project` does, and `$slice`, `$elemMatch` and the positional `$` as well.
 *
 * @param filter the query: the positional `$` needs a condition on its field there.
 * @returns what makes the shown document; its second argument is where the query matched, which `'a.$'` shows.
 */
export const findProjection = (spec: Doc, query: QueryContext, scope: CommandScope, filter: Doc): { shape: Shape, needsMatch: boolean } => {
  const plain: Doc = {}
  const steps: Step[] = []
  const has = (kind: Step['kind']): boolean => steps.some((step) => step.kind === kind)
  for (const [path, value] of Object.entries(spec)) {
    if (isPositional(path)) {
      const field = positionalField(path, value, filter, has)
      setField(plain, field, 1)
      steps.push({ path: field, kind: 'positional', run: positional })
    } else if (isDoc(value) && Object.keys(value)[0] === '$elemMatch' && Object.keys(value).length === 1) {
      steps.push({ path, kind: 'elemMatch', run: elemMatch(path, value['$elemMatch'], query, has) })
    } else if (isDoc(value) && Object.keys(value)[0] === '$slice' && Object.keys(value).length === 1 && !isExpressionSlice(value['$slice'])) {
      steps.push({ path, kind: 'slice', run: slice(value) })
    } else {
      setField(plain, path, value)
    }
  }
  return { shape: shapeOf(plain, steps, scope), needsMatch: has('positional') }
}

const isPositional = (path: string): boolean => path === '$' || path.endsWith('.$') || path.includes('.$.')

/** The field whose matching element `'field.$'` shows. */
const positionalField = (path: string, value: Value, filter: Doc, has: (kind: Step['kind']) => boolean): string => {
  if (isDoc(value)) throw new MongoError(31271, 'positional projection cannot be used with an expression or sub object')
  if (!isNumeric(value) && typeof value !== 'boolean') throw new MongoError(31308, 'positional projection cannot be used with a literal')
  if (!isTruthy(value)) throw new MongoError(31395, 'positional projection cannot be used with exclusion')
  if (has('positional')) throw new MongoError(31276, 'Cannot specify more than one positional projection per query.')
  if (has('elemMatch')) throw new MongoError(31256, 'Cannot specify positional operator and $elemMatch.')
  const [first = ''] = path.split('.')
  if (!conditionsOn(filter).has(first)) throw new MongoError(31277, `Positional projection '${path}' does not match the query document.`)
  if (path.endsWith('.$.')) throw new MongoError(31270, 'Path cannot end with \'.$.\'')
  const at = path.includes('.$.') ? path.indexOf('.$.') : path.length - 2
  if (/(^|\.)\$(\.|$)/.test(path.slice(at + 3))) throw new MongoError(31287, `Cannot use positional operator twice: ${path}`)
  return path.slice(0, at)
}

/** The first part of every field that a query says something about. */
const conditionsOn = (query: Doc): Set<string> => {
  const found = new Set<string>()
  for (const [name, operand] of Object.entries(query)) {
    if (!name.startsWith('$')) found.add(name.split('.')[0] ?? '')
    else if (Array.isArray(operand)) for (const clause of operand) if (isDoc(clause)) for (const field of conditionsOn(clause)) found.add(field)
  }
  return found
}

const elemMatch = (path: string, condition: Value, query: QueryContext, has: (kind: Step['kind']) => boolean): Step['run'] => {
  if (!isDoc(condition)) throw new MongoError(31274, `elemMatch: Invalid argument, object required, but got ${typeOf(condition)}`)
  if (has('positional')) throw new MongoError(31255, 'Cannot specify positional operator and $elemMatch.')
  if (path.includes('.')) throw new MongoError(31275, 'Cannot use $elemMatch projection on a nested field.')
  const filter = new Filter({ e: { $elemMatch: condition } }, query)
  return (array) => {
    if (!Array.isArray(array)) return undefined
    const element = array.find((candidate) => filter.matches({ e: [candidate] }))
    return element === undefined ? undefined : [element]
  }
}

/** `$slice` as the operator of expressions, which names its array: `{ $slice: ['$a', 1] }`. */
const isExpressionSlice = (limits: Value): boolean => {
  if (!Array.isArray(limits) || limits.length < 2) return false
  return limits.length === 3 || (limits.length === 2 && !isNumeric(limits[0]))
}

const slice = (spec: Doc): Step['run'] => {
  const limits = spec['$slice']
  if (isNumeric(limits)) {
    const count = Math.trunc(toNumber(limits))
    return (array) => (Array.isArray(array) ? (count >= 0 ? array.slice(0, count) : array.slice(count)) : array)
  }
  const refused = (why: string): MongoError => new MongoError(28667,
    `Invalid $slice syntax. The given syntax ${print(spec)} did not match the find() syntax because :: ${why} :: The given syntax did not match the expression $slice syntax. :: caused by :: Expression $slice takes at least 2 arguments, and at most 3, but 1 were passed in.`)
  if (!Array.isArray(limits)) throw refused('Location31273: $slice only supports numbers and [skip, limit] arrays')
  const [skip, limit] = limits
  if (limits.length !== 2) throw refused('Location31272: $slice array argument should be of form [skip, limit]')
  if (!isNumeric(skip) || !isNumeric(limit)) {
    throw new MongoError(28724, `Invalid $slice syntax. The given syntax ${print(spec)} did not match the find() syntax because :: Location31258: $slice expects the limit argument to be a number, got ${typeNumber(typeOf(limit))} :: The given syntax did not match the expression $slice syntax. :: caused by :: First argument to $slice must be an array, but is of type: ${typeOf(skip)}`)
  }
  const from = Math.trunc(toNumber(skip))
  const count = Math.trunc(toNumber(limit))
  if (count <= 0) {
    throw new MongoError(28724, `Invalid $slice syntax. The given syntax ${print(spec)} did not match the find() syntax because :: Location31259: $slice limit must be positive, got ${count} :: The given syntax did not match the expression $slice syntax. :: caused by :: First argument to $slice must be an array, but is of type: ${typeOf(skip)}`)
  }
  return (array) => {
    if (!Array.isArray(array)) return array
    const begin = from < 0 ? Math.max(0, array.length + from) : from
    return array.slice(begin, begin + count)
  }
}

/** Without a field that says which of the two it is: a `$slice` alone leaves the rest shown, an `$elemMatch` or a positional `$` does not. */
const shapeOf = (plain: Doc, steps: readonly Step[], scope: CommandScope): Shape => {
  const names = Object.keys(plain).filter((name) => name !== '_id')
  const spec = { ...plain }
  const includes = names.length > 0 ? !excludes(plain, names)
    : steps.some((step) => step.kind === 'slice') ? isShown(plain['_id']) : steps.some((step) => step.kind === 'elemMatch') || isShown(plain['_id'])
  if (includes) for (const step of steps) if (!Object.hasOwn(spec, step.path)) setField(spec, step.path, 1)
  const projection = Object.keys(spec).length === 0 || (!includes && names.length === 0 && isShown(spec['_id'])) ? undefined : new Projection(spec, scope, 'find')
  return (doc, match) => applySteps(projection ? projection.apply(doc) : doc, steps, match)
}

const isShown = (value: Value): boolean => value !== undefined && isTruthy(value)

const excludes = (plain: Doc, names: readonly string[]): boolean => names.some((name) => (isNumeric(plain[name]) ? !isTruthy(plain[name]) : plain[name] === false))

const applySteps = (doc: Doc, steps: readonly Step[], match: number | 'none' | undefined): Doc =>
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

const positional: Step['run'] = (array, match) => {
  if (!Array.isArray(array)) return array
  if (typeof match !== 'number') {
    throw new MongoError(51246, 'Executor error during find command :: caused by :: positional operator \'.$\' couldn\'t find a matching element in the array')
  }
  return array.slice(match, match + 1)
}
