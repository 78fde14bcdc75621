import { canonicalType, compareValues } from '../../bson/compare.js'
import { isTruthy } from '../../bson/value.js'
import type { Value } from '../../bson/value.js'
import type { FunctionOperator } from '../function-operator.js'
import type { Scope } from '../scope.js'

/** In expressions what is missing is smaller than everything, null too. */
const compare = ([a, b]: readonly Value[], scope: Scope): number => {
  if (a === undefined || b === undefined) return Math.sign(Number(a !== undefined && canonicalType(a) >= 0) - Number(b !== undefined && canonicalType(b) >= 0))
  return compareValues(a, b, scope.command.collation)
}

const comparing = (accepts: (order: number) => boolean): FunctionOperator => ({ takes: [2, 2], run: (args, scope) => accepts(compare(args, scope)) })

export const comparisonFunctions: Readonly<Record<string, FunctionOperator>> = {
  $eq: comparing((order) => order === 0),
  $ne: comparing((order) => order !== 0),
  $lt: comparing((order) => order < 0),
  $lte: comparing((order) => order <= 0),
  $gt: comparing((order) => order > 0),
  $gte: comparing((order) => order >= 0),
  $cmp: { takes: [2, 2], run: compare },
  $not: { takes: [1, 1], run: ([value]) => !isTruthy(value) },
}
