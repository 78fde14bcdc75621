import { compareValues } from '../../bson/compare.js'
import { identical } from '../../bson/identical.js'
import { getField, isDoc, typeOf } from '../../bson/value.js'
import { MongoError } from '../../mongo-error.js'
import { set, unchanged } from '../modifier.js'
import type { Value } from '../../bson/value.js'
import type { Modifier, UpdateContext } from '../modifier.js'

export const setTo = (value: Value): Modifier => ({
  onlyExisting: false,
  apply: (current) => (current !== undefined && identical(current, value) ? unchanged : set(value)),
})

export const unset: Modifier = {
  onlyExisting: true,
  apply: () => ({ kind: 'removed' }),
}

export const extreme = (operator: '$min' | '$max', value: Value, context: UpdateContext): Modifier => ({
  onlyExisting: false,
  apply: (current) => {
    if (current === undefined) return set(value)
    const order = compareValues(value, current, context.collation)
    return (operator === '$min' ? order < 0 : order > 0) ? set(value) : unchanged
  },
})

export const currentDate = (operand: Value, context: UpdateContext): Modifier => {
  const type = currentDateType(operand)
  return { onlyExisting: false, apply: () => set(type === 'date' ? context.now : context.nextTimestamp()) }
}

const currentDateType = (operand: Value): 'date' | 'timestamp' => {
  if (typeof operand === 'boolean') return 'date'
  if (!isDoc(operand)) {
    throw new MongoError('BadValue',
      `${typeOf(operand)} is not valid type for $currentDate. Please use a boolean ('true') or a $type expression ({$type: 'timestamp/date'}).`)
  }
  for (const name of Object.keys(operand)) if (name !== '$type') throw new MongoError('BadValue', `Unrecognized $currentDate option: ${name}`)
  const type = getField(operand, '$type')
  if (type === 'date' || type === 'timestamp') return type
  throw new MongoError('BadValue', 'The \'$type\' string field is required to be \'date\' or \'timestamp\': {$currentDate: {field : {$type: \'date\'}}}')
}
