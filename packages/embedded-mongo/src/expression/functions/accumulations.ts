import { accumulators } from '../accumulators.js'
import { anyNumber } from '../function-operator.js'
import type { FunctionOperator } from '../function-operator.js'

/** Accumulators of a group that are also functions: of several values, or of the elements of one array. */
export const accumulationFunctions: Readonly<Record<string, FunctionOperator>> = Object.fromEntries(
  ['$sum', '$avg', '$min', '$max', '$stdDevPop', '$stdDevSamp'].map((name): [string, FunctionOperator] => [name, {
    takes: anyNumber,
    run: (args) => {
      const [only] = args
      return accumulators[name]?.(args.length === 1 && Array.isArray(only) ? only : args) ?? null
    },
  }]),
)
