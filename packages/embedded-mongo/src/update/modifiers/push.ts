import { isNumeric, isDoc, toNumber, typeOf } from '../../bson/value.js'
import { identical } from '../../bson/identical.js'
import { MongoError } from '../../mongo-error.js'
import { sortComparator } from '../../query/sort.js'
import { unchanged } from '../modifier.js'
import type { Doc, Value } from '../../bson/value.js'
import type { Modifier, UpdateContext } from '../modifier.js'

interface Clauses {
  readonly each: readonly Value[]
  readonly slice: number | undefined
  readonly position: number | undefined
  readonly sort: ((a: Value, b: Value) => number) | undefined
}

/** `$push`, with `$each`, `$position`, `$slice` and `$sort`. */
export const push = (operand: Value, context: UpdateContext): Modifier => {
  const clauses = isDoc(operand) && Object.hasOwn(operand, '$each')
    ? parseClauses(operand, context)
    : { each: [operand], slice: undefined, position: undefined, sort: undefined }
  return {
    onlyExisting: false,
    apply: (current, place) => {
      if (current !== undefined && !Array.isArray(current)) {
        throw new MongoError('BadValue', `The field '${place.path}' must be an array but is of type ${typeOf(current)} in document ${place.id}`)
      }
      return pushInto(current ?? [], current === undefined, clauses)
    },
  }
}

const pushInto = (values: readonly Value[], isNew: boolean, clauses: Clauses): ReturnType<Modifier['apply']> => {
  const { each, slice, position, sort } = clauses
  const at = position === undefined ? values.length : position < 0 ? Math.max(0, values.length + position) : Math.min(position, values.length)
  let pushed = [...values.slice(0, at), ...each, ...values.slice(at)]
  if (sort) pushed.sort(sort)
  if (slice !== undefined) pushed = slice >= 0 ? pushed.slice(0, slice) : pushed.slice(slice)
  if (!isNew && pushed.length === values.length && pushed.every((value, index) => identical(value, values[index]))) return unchanged
  const onlyAppended = !isNew && values.length > 0 && at === values.length && !sort && slice === undefined
  return onlyAppended ? { kind: 'set', value: pushed, appendedFrom: values.length } : { kind: 'set', value: pushed }
}

const parseClauses = (operand: Doc, context: UpdateContext): Clauses => {
  const { $each: each, $slice: slice, $position: position, $sort: sort, ...unknown } = operand
  if (!Array.isArray(each)) throw new MongoError('BadValue', `The argument to $each in $push must be an array but it was of type: ${typeOf(each)}`)
  const [first] = Object.keys(unknown)
  if (first !== undefined) throw new MongoError('BadValue', `Unrecognized clause in $push: ${first}`)
  return {
    each,
    slice: slice === undefined ? undefined : whole(slice, (type) => `The value for $slice must be an integer value but was given type: ${type}`),
    position: position === undefined ? undefined : whole(position, (type) => `The value for $position must be an integer value, not of type: ${type}`),
    sort: sort === undefined ? undefined : elementOrder(sort, context),
  }
}

const whole = (value: Value, message: (type: string) => string): number => {
  if (!isNumeric(value) || !Number.isInteger(toNumber(value))) throw new MongoError('BadValue', message(typeOf(value)))
  return toNumber(value)
}

const elementOrder = (sort: Value, context: UpdateContext): (a: Value, b: Value) => number => {
  if (isNumeric(sort) && Math.abs(toNumber(sort)) === 1) {
    const order = sortComparator({ e: sort }, context.collation)
    return (a, b) => order({ e: a }, { e: b })
  }
  if (!isDoc(sort)) {
    throw new MongoError('BadValue', 'The $sort is invalid: use 1/-1 to sort the whole element, or {field:1/-1} to sort embedded fields')
  }
  if (Object.keys(sort).length === 0) {
    throw new MongoError('BadValue', 'The $sort pattern is empty when it should be a set of fields.')
  }
  for (const [name, direction] of Object.entries(sort)) {
    if (!isNumeric(direction) || Math.abs(toNumber(direction)) !== 1) throw new MongoError('BadValue', 'The $sort element value must be either 1 or -1')
    if (name === '' || name.startsWith('.') || name.endsWith('.')) throw new MongoError('BadValue', `The $sort field is a dotted field but has an empty part: ${name}`)
  }
  const order = sortComparator(sort, context.collation)
  return (a, b) => order(isDoc(a) ? a : {}, isDoc(b) ? b : {})
}
