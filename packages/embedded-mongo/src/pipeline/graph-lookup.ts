import { valueKey } from '../bson/key.js'
import { print } from '../bson/print.js'
import { getField, isDoc, isNumeric, toNumber, typeOf } from '../bson/value.js'
import { compileExpression } from '../expression/compile.js'
import { Scope } from '../expression/scope.js'
import { MongoError } from '../mongo-error.js'
import { Filter } from '../query/filter.js'
import { visitPath } from '../query/path.js'
import { putAt } from '../update/path.js'
import { cloneValue } from '../bson/value.js'
import type { StringKey } from '../bson/compare.js'
import type { Doc, Value } from '../bson/value.js'
import type { Run, StageContext } from './context.js'

const names = new Set(['from', 'as', 'startWith', 'connectFromField', 'connectToField', 'maxDepth', 'depthField', 'restrictSearchWithMatch'])

/** `$graphLookup`: what can be reached from a document by following one field to another, each document once, the nearest first. */
export const graphLookup = (spec: Value, context: StageContext): Run => {
  if (!isDoc(spec)) throw new MongoError(40327, `the $graphLookup stage specification must be an object, but found ${typeOf(spec)}`)
  for (const name of Object.keys(spec)) if (!names.has(name)) throw new MongoError(40104, `Unknown argument to $graphLookup: ${name}`)
  const { startWith, maxDepth, restrictSearchWithMatch: restriction } = spec
  if (maxDepth !== undefined && !isNumeric(maxDepth)) throw new MongoError(40100, `maxDepth must be numeric, found type: ${typeOf(maxDepth)}`)
  const deepest = maxDepth === undefined ? Infinity : toNumber(maxDepth)
  if (deepest < 0) throw new MongoError(40101, `maxDepth requires a nonnegative argument, found: ${deepest}`)
  if (maxDepth !== undefined && !Number.isInteger(deepest)) throw new MongoError(40102, `maxDepth could not be represented as a long long: ${deepest}`)
  if (restriction !== undefined && !isDoc(restriction)) {
    throw new MongoError(40185, `restrictSearchWithMatch must be an object, found ${typeOf(restriction)}`)
  }
  const [from, as, connectFrom, connectTo, depthField] = ['from', 'as', 'connectFromField', 'connectToField', 'depthField'].map((name) => text(spec, name))
  if (from === undefined || as === undefined || connectFrom === undefined || connectTo === undefined || startWith === undefined) {
    throw new MongoError(40105, '$graphLookup requires \'from\', \'as\', \'startWith\', \'connectFromField\', and \'connectToField\' to be specified.')
  }
  const { collation } = context.scope
  const start = compileExpression(startWith, context.names)
  const filter = restriction && new Filter(restriction, context.query)
  return (docs) => {
    const byKey = new Map<string, Doc[]>()
    for (const doc of context.read(from)) {
      if (filter && !filter.matches(doc)) continue
      for (const key of new Set(valuesAt(doc, connectTo).map((value) => valueKey(value, collation)))) byKey.set(key, [...byKey.get(key) ?? [], doc])
    }
    return docs.map((doc) => {
      const first = start(new Scope(context.scope, doc))
      const shown = cloneValue(doc) as Doc
      putAt(shown, as.split('.'), reached(Array.isArray(first) ? first : [first], byKey, { connectFrom, deepest, depthField, collation }))
      return shown
    })
  }
}

const text = (spec: Doc, name: string): string | undefined => {
  const value = getField(spec, name)
  if (value !== undefined && typeof value !== 'string') {
    throw new MongoError(40103, `expected string as argument for ${name}, found: ${print(value)}`)
  }
  return value
}

const valuesAt = (doc: Doc, path: string): Value[] => {
  const values: Value[] = []
  visitPath(doc, path.split('.'), 'both', ({ value }) => {
    if (!Array.isArray(value) && value !== undefined) values.push(value)
    return false
  })
  return values
}

interface Search {
  readonly connectFrom: string
  readonly deepest: number
  readonly depthField: string | undefined
  readonly collation: StringKey
}

const reached = (start: readonly Value[], byKey: ReadonlyMap<string, readonly Doc[]>, { connectFrom, deepest, depthField, collation }: Search): Doc[] => {
  const visited = new Map<string, Doc>()
  let frontier = new Set(start.filter((value) => value !== undefined).map((value) => valueKey(value, collation)))
  for (let depth = 0; depth <= deepest && frontier.size > 0; depth++) {
    const next = new Set<string>()
    for (const doc of [...frontier].flatMap((key) => byKey.get(key) ?? [])) {
      const id = valueKey(getField(doc, '_id'))
      if (visited.has(id)) continue
      const shown = cloneValue(doc) as Doc
      if (depthField !== undefined) putAt(shown, depthField.split('.'), BigInt(depth))
      visited.set(id, shown)
      for (const value of valuesAt(doc, connectFrom)) next.add(valueKey(value, collation))
    }
    frontier = next
  }
  return [...visited.values()]
}
