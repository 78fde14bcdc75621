import { print } from '../bson/print.js'
import { isDoc, setField } from '../bson/value.js'
import { compileExpression } from '../expression/compile.js'
import { Scope } from '../expression/scope.js'
import { MongoError } from '../mongo-error.js'
import type { Doc, Value } from '../bson/value.js'
import type { Evaluate } from '../expression/scope.js'
import type { Run, StageContext } from './context.js'

/** `$redact`: each document says of itself, level by level, whether it is kept, left out, or asked further inside. */
export const redact = (spec: Value, context: StageContext): Run => {
  const evaluate = compileExpression(spec, context.names.with('KEEP', 'PRUNE', 'DESCEND'))
  return (docs) => docs.map((doc) => level(doc, evaluate, new Scope(context.scope, doc))).filter((doc) => doc !== undefined)
}

const level = (doc: Doc, evaluate: Evaluate, scope: Scope): Doc | undefined => {
  const verdict = evaluate(scope.with('CURRENT', doc))
  switch (verdict) {
    case 'KEEP': return doc
    case 'PRUNE': return undefined
    case 'DESCEND': break
    default: throw new MongoError(17053, `$redact's expression should not return anything aside from the variables $$KEEP, $$DESCEND, and $$PRUNE, but returned ${print(verdict)}`)
  }
  const left: Doc = {}
  for (const name of Object.keys(doc)) {
    const inner = within(doc[name], evaluate, scope)
    if (inner !== undefined) setField(left, name, inner)
  }
  return left
}

const within = (value: Value, evaluate: Evaluate, scope: Scope): Value => {
  if (isDoc(value)) return level(value, evaluate, scope)
  return Array.isArray(value) ? value.map((element) => within(element, evaluate, scope)).filter((element) => element !== undefined) : value
}
