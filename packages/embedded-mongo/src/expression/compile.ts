import { print } from '../bson/print.js'
import { isDoc, setField } from '../bson/value.js'
import { MongoError } from '../mongo-error.js'
import { fieldPath } from './field-path.js'
import { functionOperator, isFunction } from './functions.js'
import { isMingoOperator, mingoOperator } from './mingo-bridge.js'
import { isNamed, namedOperator } from './named.js'
import { isSpecial, specialOperator } from './special.js'
import type { Doc, Value } from '../bson/value.js'
import type { Evaluate, Names } from './scope.js'

/**
 * An aggregation expression, ready to be evaluated.
 *
 * @param names the variables that may be named besides the system's.
 * @throws MongoError as MongoDB does, for an operator that it does not have and arguments that it does not take.
 */
export const compileExpression = (expression: Value, names: Names): Evaluate => {
  if (typeof expression === 'string' && expression.startsWith('$')) return fieldPath(expression, names)
  if (Array.isArray(expression)) {
    const elements = expression.map((element) => compileExpression(element, names))
    return (scope) => elements.map((evaluate) => evaluate(scope) ?? null)
  }
  if (isDoc(expression)) return compileDocument(expression, names)
  return () => expression
}

const compileDocument = (expression: Doc, names: Names): Evaluate => {
  const fields = Object.keys(expression)
  const [first] = fields
  if (first?.startsWith('$')) {
    if (fields.length > 1) {
      throw new MongoError(15983, `An object representing an expression must have exactly one field: ${print(expression)}`)
    }
    return compileOperator(first, expression[first], names)
  }
  const compiled = fields.map((field): [string, Evaluate] => {
    if (field.startsWith('$')) throw new MongoError(16410, 'FieldPath field names may not start with \'$\'.')
    if (field.includes('.')) throw new MongoError(16405, 'dotted field names are only allowed at the top level')
    return [field, compileExpression(expression[field], names)]
  })
  return (scope) => {
    const doc: Doc = {}
    for (const [field, evaluate] of compiled) {
      const value = evaluate(scope)
      if (value !== undefined) setField(doc, field, value)
    }
    return doc
  }
}

const compileOperator = (operator: string, operand: Value, names: Names): Evaluate => {
  const evaluate = specialOperator(operator, operand, names, compileExpression)
    ?? functionOperator(operator, operand, names, compileExpression)
    ?? namedOperator(operator, operand, names, compileExpression)
    ?? mingoOperator(operator, operand, names, compileExpression)
  if (!evaluate) throw new MongoError('InvalidPipelineOperator', `Unrecognized expression '${operator}'`)
  return evaluate
}

/** Whether there is an operator of this name. */
export const isOperator = (name: string): boolean => isSpecial(name) || isFunction(name) || isNamed(name) || isMingoOperator(name)
