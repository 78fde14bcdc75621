import { Double, MaxKey, MinKey } from 'bson'
import { canonicalType, compareValues, equalValues } from '../bson/compare.js'
import type { StringKey } from '../bson/compare.js'
import type { Value } from '../bson/value.js'

export type Comparison = '$eq' | '$lt' | '$lte' | '$gt' | '$gte'

/** A test of one value: the operand of a comparison is of the same type, or it is false. */
export type ValueTest = (value: Value) => boolean

export const comparison = (operator: Comparison, operand: Value, key: StringKey): ValueTest => {
  if (operator === '$eq') return equality(operand, key)
  const accepts = accepting(operator)
  const type = canonicalType(operand)
  if (operand instanceof MinKey || operand instanceof MaxKey) return (value) => accepts(compareValues(value, operand))
  if (isNaNValue(operand)) return (value) => accepts(0) && isNaNValue(value)
  if (operand === null || operand === undefined) return (value) => accepts(0) && (value === null || value === undefined)
  return (value) => canonicalType(value) === type && !isNaNValue(value) && accepts(compareValues(value, operand, key))
}

const equality = (operand: Value, key: StringKey): ValueTest => {
  if (operand === null || operand === undefined) return (value) => value === null || value === undefined
  if (typeof operand === 'string' && !key) return (value) => value === operand || (typeof value === 'object' && equalValues(value, operand))
  return (value) => equalValues(value, operand, key)
}

const accepting = (operator: '$lt' | '$lte' | '$gt' | '$gte'): (order: number) => boolean => {
  switch (operator) {
    case '$lt': return (order) => order < 0
    case '$lte': return (order) => order <= 0
    case '$gt': return (order) => order > 0
    case '$gte': return (order) => order >= 0
  }
}

const isNaNValue = (value: Value): boolean =>
  (typeof value === 'number' && value !== value) || (value instanceof Double && value.value !== value.value)
