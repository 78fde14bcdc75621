import { valueKey } from '../bson/key.js'
import { isDoc, setField } from '../bson/value.js'
import { accumulators } from '../expression/accumulators.js'
import { compileExpression } from '../expression/compile.js'
import { Scope } from '../expression/scope.js'
import { MongoError } from '../mongo-error.js'
import type { Doc, Value } from '../bson/value.js'
import type { Run, StageContext } from './context.js'

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
      const key = valueKey(value, context.scope.collation)
      const existing = groups.get(key)
      if (existing) existing.scopes.push(scope)
      else groups.set(key, { id: value, scopes: [scope] })
    }
    return [...groups.values()].map((found) => ({ _id: found.id, ...fields(found.scopes) }))
  }
}
