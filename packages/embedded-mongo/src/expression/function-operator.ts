import type { Value } from '../bson/value.js'
import type { Scope } from './scope.js'

/** An operator as a function of values; `undefined` among them is a missing field. */
export interface FunctionOperator {
  /** How many arguments, at least and at most. */
  readonly takes: readonly [number, number]
  run(args: readonly Value[], scope: Scope): Value
}

export const anyNumber: readonly [number, number] = [0, Infinity]

export const isNullish = (value: Value): value is null | undefined => value === null || value === undefined
