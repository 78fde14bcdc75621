import { Context, ProcessingMode, evalExpr } from 'mingo/core'
import * as mingoExpressions from 'mingo/operators/expression'
import { double, fromForeign, isDoc, isNumeric, toNumber } from '../bson/value.js'
import { MongoError } from '../mongo-error.js'
import type { Value } from '../bson/value.js'
import type { Compile } from './field-path.js'
import type { Evaluate, Names, Scope } from './scope.js'

/** Functions that mingo computes: of angles and chance, which need no types that JavaScript lacks. */
const offered = new Set([
  '$sin', '$cos', '$tan', '$asin', '$acos', '$atan', '$atan2', '$sinh', '$cosh', '$tanh', '$asinh', '$acosh', '$atanh',
  '$degreesToRadians', '$radiansToDegrees', '$rand',
])

const operators = new Map<string, unknown>(Object.entries(mingoExpressions))

const options = { context: Context.init({ expression: { ...mingoExpressions } }), processingMode: ProcessingMode.CLONE_OFF, useStrictMode: true, failOnError: true, idKey: '_id', scriptEnabled: false }

export const isMingoOperator = (operator: string): boolean => offered.has(operator)

export const mingoOperator = (operator: string, operand: Value, names: Names, compile: Compile): Evaluate | undefined => {
  if (!offered.has(operator) || !operators.has(operator)) return undefined
  const argument = compileArguments(operand, names, compile)
  return (scope) => {
    try {
      const result = fromForeign(evalExpr({}, { [operator]: argument(scope) }, options))
      return typeof result === 'number' ? double(result) : result
    } catch (cause) {
      if (cause instanceof MongoError) throw cause
      throw new MongoError('BadValue', `${operator}: ${cause instanceof Error ? cause.message : String(cause)}`)
    }
  }
}

/** The arguments keep their shape (a list, a document of names, or one value), each replaced by its value. */
const compileArguments = (operand: Value, names: Names, compile: Compile): ((scope: Scope) => unknown) => {
  // A list of one is its element.
  if (Array.isArray(operand) && operand.length === 1) return compileArguments(operand[0], names, compile)
  if (Array.isArray(operand)) {
    const elements = operand.map((element) => compile(element, names))
    return (scope) => elements.map((evaluate) => literal(evaluate(scope)))
  }
  if (isDoc(operand) && !Object.keys(operand)[0]?.startsWith('$')) {
    const fields = Object.entries(operand).map(([name, value]): [string, Evaluate] => [name, compile(value, names)])
    return (scope) => Object.fromEntries(fields.map(([name, evaluate]) => [name, literal(evaluate(scope))]))
  }
  const only = compile(operand, names)
  return (scope) => literal(only(scope))
}

const literal = (value: Value): unknown => ({ $literal: plain(value) })

const plain = (value: Value): unknown => {
  if (isNumeric(value)) return toNumber(value)
  return Array.isArray(value) ? value.map(plain) : value
}
