import { MongoError } from '../mongo-error.js'
import { accumulationFunctions } from './functions/accumulations.js'
import { arrayFunctions } from './functions/arrays.js'
import { comparisonFunctions } from './functions/comparisons.js'
import { numberFunctions } from './functions/numbers.js'
import { objectFunctions } from './functions/objects.js'
import { stringFunctions } from './functions/strings.js'
import { typeFunctions } from './functions/types.js'
import { argumentsOf, wrongCount } from './special.js'
import type { Value } from '../bson/value.js'
import type { Compile } from './field-path.js'
import type { FunctionOperator } from './function-operator.js'
import type { Evaluate, Names } from './scope.js'

const functions = new Map<string, FunctionOperator>(Object.entries({
  ...numberFunctions, ...comparisonFunctions, ...arrayFunctions, ...objectFunctions, ...stringFunctions, ...accumulationFunctions, ...typeFunctions,
}))

/** An operator whose arguments are evaluated first and which then is a function of their values. */
export const functionOperator = (operator: string, operand: Value, names: Names, compile: Compile): Evaluate | undefined => {
  const entry = functions.get(operator)
  if (!entry) return undefined
  const [least, most] = entry.takes
  const args = argumentsOf(operand).map((argument) => compile(argument, names))
  if (args.length < least || args.length > most) {
    if (least === most) throw wrongCount(operator, String(least), args.length)
    throw new MongoError(28667, `Expression ${operator} takes at least ${least} arguments, and at most ${most}, but ${args.length} were passed in.`)
  }
  return (scope) => entry.run(args.map((evaluate) => evaluate(scope)), scope)
}

export const isFunction = (operator: string): boolean => functions.has(operator)
