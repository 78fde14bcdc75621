import { compareValues } from '../bson/compare.js'
import { valueKey } from '../bson/key.js'
import { double, isDoc, isNumeric, setField, toNumber, typeOf } from '../bson/value.js'
import { calculateLoosely } from '../expression/arithmetic.js'
import { compileExpression } from '../expression/compile.js'
import { Scope } from '../expression/scope.js'
import { MongoError } from '../mongo-error.js'
import type { Doc, Value } from '../bson/value.js'
import type { Run, StageContext } from './context.js'

type Accumulator = (values: readonly Value[]) => Value

const present = (values: readonly Value[]): Value[] => values.filter((value) => value !== null && value !== undefined)

const extreme = (sign: 1 | -1): Accumulator => (values) => {
  let best: Value = null
  for (const value of present(values)) if (best === null || compareValues(value, best) * sign > 0) best = value
  return best
}

const deviation = (population: boolean): Accumulator => (values) => {
  const numbers = values.filter(isNumeric).map(toNumber)
  if (numbers.length < (population ? 1 : 2)) return null
  const mean = numbers.reduce((sum, value) => sum + value, 0) / numbers.length
  const squares = numbers.reduce((sum, value) => sum + (value - mean) ** 2, 0)
  return double(Math.sqrt(squares / (numbers.length - (population ? 0 : 1))))
}

const accumulators: Readonly<Record<string, Accumulator>> = {
  $sum: (values) => values.filter(isNumeric).reduce((sum: Value, value) => calculateLoosely('+', sum as number, value), 0),
  $avg: (values) => {
    const numbers = values.filter(isNumeric)
    return numbers.length === 0 ? null : double(numbers.reduce<number>((sum, value) => sum + toNumber(value), 0) / numbers.length)
  },
  $min: extreme(-1),
  $max: extreme(1),
  $first: (values) => values[0] ?? null,
  $last: (values) => values.at(-1) ?? null,
  $push: (values) => values.filter((value) => value !== undefined),
  $addToSet: (values) => [...new Map(values.filter((value) => value !== undefined).map((value) => [valueKey(value), value])).values()],
  $stdDevPop: deviation(true),
  $stdDevSamp: deviation(false),
  $mergeObjects: (values) => {
    const merged: Doc = {}
    for (const value of present(values)) {
      if (!isDoc(value)) throw new MongoError(40400, `$mergeObjects requires object inputs, but input is of type ${typeOf(value)}`)
      for (const [name, inner] of Object.entries(value)) setField(merged, name, inner)
    }
    return merged
  },
}

/** The fields that accumulators make of the documents of a group. */
export const accumulated = (outputs: Doc, context: StageContext): ((scopes: readonly Scope[]) => Doc) => {
  const fields = Object.entries(outputs).map(([name, value]) => {
    if (name.includes('.')) throw new MongoError(40235, `The field name '${name}' cannot contain '.'`)
    if (name.startsWith('$')) throw new MongoError(40236, `The field name '${name}' cannot be an operator name`)
    if (!isDoc(value)) throw new MongoError(40234, `The field '${name}' must be an accumulator object`)
    const [operator, ...more] = Object.keys(value)
    if (operator === undefined || more.length > 0) throw new MongoError(40238, `The field '${name}' must specify one accumulator`)
    const accumulate = Object.hasOwn(accumulators, operator) ? accumulators[operator] : undefined
    if (!accumulate) throw new MongoError(15952, `unknown group operator '${operator}'`)
    return { name, accumulate, evaluate: compileExpression(value[operator], context.names) }
  })
  return (scopes) => {
    const doc: Doc = {}
    for (const { name, accumulate, evaluate } of fields) setField(doc, name, accumulate(scopes.map(evaluate)))
    return doc
  }
}

/** `$group`: one document for each value of `_id`, in the order in which the values were first seen. */
export const group = (spec: Value, context: StageContext): Run => {
  if (!isDoc(spec)) throw new MongoError(15947, 'a group\'s fields must be specified in an object')
  if (!Object.hasOwn(spec, '_id')) throw new MongoError(15955, 'a group specification must include an _id')
  const { _id, ...outputs } = spec
  const id = compileExpression(_id, context.names)
  const fields = accumulated(outputs, context)
  return (docs) => {
    const groups = new Map<string, { id: Value, scopes: Scope[] }>()
    for (const doc of docs) {
      const scope = new Scope(context.scope, doc)
      const value = id(scope) ?? null
      const key = valueKey(value)
      const existing = groups.get(key)
      if (existing) existing.scopes.push(scope)
      else groups.set(key, { id: value, scopes: [scope] })
    }
    return [...groups.values()].map((found) => ({ _id: found.id, ...fields(found.scopes) }))
  }
}
