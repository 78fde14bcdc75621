import { BSONRegExp } from 'bson'
import { equalValues } from '../../bson/compare.js'
import { print } from '../../bson/print.js'
import { isDoc, typeOf } from '../../bson/value.js'
import { MongoError } from '../../mongo-error.js'
import { Filter } from '../../query/filter.js'
import { integerOf } from '../../query/integer.js'
import { isOperatorDoc } from '../../query/operator-doc.js'
import { set, unchanged } from '../modifier.js'
import type { Value } from '../../bson/value.js'
import type { Modifier, UpdateContext } from '../modifier.js'

export const addToSet = (operand: Value, context: UpdateContext): Modifier => {
  const each = valuesToAdd(operand)
  const distinct = each.filter((value, at) => !each.slice(0, at).some((earlier) => equalValues(earlier, value, context.collation)))
  return {
    onlyExisting: false,
    apply: (current, place) => {
      if (current === undefined) return set(distinct)
      if (!Array.isArray(current)) {
        throw new MongoError('BadValue', `Cannot apply $addToSet to non-array field. Field named '${place.field}' has non-array type ${typeOf(current)}`)
      }
      const added = distinct.filter((value) => !current.some((element) => equalValues(element, value, context.collation)))
      return added.length === 0 ? unchanged : set([...current, ...added])
    },
  }
}

const valuesToAdd = (operand: Value): readonly Value[] => {
  if (!isDoc(operand) || Object.keys(operand)[0] !== '$each') return [operand]
  const { $each: each, ...rest } = operand
  if (!Array.isArray(each)) {
    throw new MongoError('TypeMismatch', `The argument to $each in $addToSet must be an array but it was of type ${typeOf(each)}`)
  }
  if (Object.keys(rest).length > 0) throw new MongoError('BadValue', `Found unexpected fields after $each in $addToSet: ${print(operand)}`)
  return each
}

export const pop = (field: string, operand: Value): Modifier => {
  const from = integerOf(field, operand)
  if (from !== 1n && from !== -1n) throw new MongoError('FailedToParse', `$pop expects 1 or -1, found: ${print(operand)}`)
  return {
    onlyExisting: true,
    apply: (current, place) => {
      if (!Array.isArray(current)) throw new MongoError('TypeMismatch', `Path '${place.path}' contains an element of non-array type '${typeOf(current)}'`)
      if (current.length === 0) return unchanged
      return set(from === 1n ? current.slice(0, -1) : current.slice(1))
    },
  }
}

const removing = (isMatch: (element: Value) => boolean): Modifier => ({
  onlyExisting: true,
  apply: (current) => {
    if (!Array.isArray(current)) throw new MongoError('BadValue', 'Cannot apply $pull to a non-array value')
    const left = current.filter((element) => !isMatch(element))
    return left.length === current.length ? unchanged : set(left)
  },
})

/** `$pull`: a value, a condition on values, or a query on the fields of embedded documents. */
export const pull = (operand: Value, context: UpdateContext): Modifier => {
  if (operand instanceof BSONRegExp || isOperatorDoc(operand)) {
    const filter = new Filter({ e: operand }, { ...context.query, inside: 'element' })
    return removing((element) => filter.matches({ e: Array.isArray(element) ? [element] : element }))
  }
  if (isDoc(operand)) {
    const filter = new Filter(operand, { ...context.query, inside: 'element' })
    return removing((element) => isDoc(element) && filter.matches(element))
  }
  return removing((element) => equalValues(element, operand, context.collation))
}

export const pullAll = (operand: Value, context: UpdateContext): Modifier => {
  if (!Array.isArray(operand)) throw new MongoError('BadValue', `$pullAll requires an array argument but was given a ${typeOf(operand)}`)
  return removing((element) => operand.some((value) => equalValues(element, value, context.collation)))
}

