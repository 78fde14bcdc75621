import { Decimal128 } from 'bson'
import { compareValues } from '../bson/compare.js'
import { valueKey } from '../bson/key.js'
import { double, isDoc, isNumeric, setField, toNumber, typeOf } from '../bson/value.js'
import { MongoError } from '../mongo-error.js'
import { calculateLoosely, decimal128Of } from './arithmetic.js'
import type { Doc, Value } from '../bson/value.js'

/** Accumulator of many values into one: of the documents of a group, or of the elements of an array. */
export type Accumulator = (values: readonly Value[]) => Value

const present = (values: readonly Value[]): Value[] => values.filter((value) => value !== null && value !== undefined)

const extreme = (sign: 1 | -1): Accumulator => (values) => {
  let best: Value = null
  for (const value of present(values)) if (best === null || compareValues(value, best) * sign > 0) best = value
  return best
}

const deviation = (population: boolean): Accumulator => (values) => {
  const numbers = values.filter(isNumeric).map(toNumber)
  if (numbers.length < (population ? 1 : 2)) return null
  const mean = numbers.reduce((sum, value) => sum + value, 0) / numbers.length
  const squares = numbers.reduce((sum, value) => sum + (value - mean) ** 2, 0)
  return double(Math.sqrt(squares / (numbers.length - (population ? 0 : 1))))
}

export const accumulators: Readonly<Record<string, Accumulator>> = {
  $sum: (values) => values.filter(isNumeric).reduce((sum: Value, value) => calculateLoosely('+', sum as number, value), 0),
  $avg: (values) => {
    const numbers = values.filter(isNumeric)
    if (numbers.length === 0) return null
    const mean = numbers.reduce<number>((sum, value) => sum + toNumber(value), 0) / numbers.length
    return numbers.some((value) => value instanceof Decimal128) ? decimal128Of(mean) : double(mean)
  },
  $min: extreme(-1),
  $max: extreme(1),
  $first: (values) => values[0] ?? null,
  $last: (values) => values.at(-1) ?? null,
  $push: (values) => values.filter((value) => value !== undefined),
  $addToSet: (values) => [...new Map(values.filter((value) => value !== undefined).map((value) => [valueKey(value), value])).values()],
  $stdDevPop: deviation(true),
  $stdDevSamp: deviation(false),
  $mergeObjects: (values) => {
    const merged: Doc = {}
    for (const value of present(values)) {
      if (!isDoc(value)) throw new MongoError(40400, `$mergeObjects requires object inputs, but input is of type ${typeOf(value)}`)
      for (const [name, inner] of Object.entries(value)) setField(merged, name, inner)
    }
    return merged
  },
}

