import { MongoError } from '../mongo-error.js'
import { addToSet, pop, pull, pullAll } from './modifiers/array.js'
import { currentDate, extreme, setTo, unset } from './modifiers/field.js'
import { arithmetic, bit } from './modifiers/number.js'
import { push } from './modifiers/push.js'
import type { Value } from '../bson/value.js'
import type { Modifier, UpdateContext } from './modifier.js'

/** The modifier for one field of an update; undefined for an operator that MongoDB does not have. `$rename` is the tree's own. */
export const modifierFor = (operator: string, path: string, operand: Value, context: UpdateContext): Modifier | undefined => {
  switch (operator) {
    case '$set': case '$setOnInsert': return setTo(operand)
    case '$unset': return unset
    case '$inc': case '$mul': return arithmetic(operator, path, operand)
    case '$min': case '$max': return extreme(operator, operand, context)
    case '$currentDate': return currentDate(operand, context)
    case '$push': return push(operand, context)
    case '$addToSet': return addToSet(operand, context)
    case '$pop': return pop(path, operand)
    case '$pull': return pull(operand, context)
    case '$pullAll': return pullAll(operand, context)
    case '$bit': return bit(path, operand)
    default: return undefined
  }
}

export const unknownModifier = (operator: string): MongoError => new MongoError('FailedToParse',
  `Unknown modifier: ${operator}. Expected a valid update modifier or pipeline-style update specified as an array`)
