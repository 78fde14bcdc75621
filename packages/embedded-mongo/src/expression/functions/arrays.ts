import { compareValues, equalValues } from '../../bson/compare.js'
import { valueKey } from '../../bson/key.js'
import { print } from '../../bson/print.js'
import { isNumeric, isTruthy, toNumber, typeOf } from '../../bson/value.js'
import { MongoError } from '../../mongo-error.js'
import { anyNumber, isNullish } from '../function-operator.js'
import type { Value } from '../../bson/value.js'
import type { FunctionOperator } from '../function-operator.js'

const integer = (value: Value, refuse: () => MongoError, unfit = refuse): number => {
  if (!isNumeric(value)) throw refuse()
  if ((toNumber(value) | 0) !== toNumber(value)) throw unfit()
  return toNumber(value)
}

const elementAt = ([array, index]: readonly Value[]): Value => {
  if (isNullish(array) || isNullish(index)) return null
  if (!Array.isArray(array)) throw new MongoError(28689, `$arrayElemAt's first argument must be an array, but is ${typeOf(array)}`)
  if (!isNumeric(index)) throw new MongoError(28690, `$arrayElemAt's second argument must be a numeric value, but is ${typeOf(index)}`)
  const at = integer(index, () => new MongoError(28691, `$arrayElemAt's second argument must be representable as a 32-bit integer: ${toNumber(index)}`))
  return array.at(at)
}

const slice = (args: readonly Value[]): Value => {
  if (args.some(isNullish)) return null
  const [array, second, third] = args
  if (!Array.isArray(array)) throw new MongoError(28724, `First argument to $slice must be an array, but is of type: ${typeOf(array)}`)
  if (!isNumeric(second)) throw new MongoError(28725, `Second argument to $slice must be a numeric value, but is of type: ${typeOf(second)}`)
  const from = integer(second, () => new MongoError(28726, `Second argument to $slice can't be represented as a 32-bit integer: ${toNumber(second)}`))
  if (args.length === 2) return from >= 0 ? array.slice(0, from) : array.slice(from)
  if (!isNumeric(third)) throw new MongoError(28727, `Third argument to $slice must be numeric, but is of type: ${typeOf(third)}`)
  const count = integer(third, () => new MongoError(28728, `Third argument to $slice can't be represented as a 32-bit integer: ${toNumber(third)}`))
  if (count <= 0) throw new MongoError(28729, `Third argument to $slice must be positive: ${count}`)
  const begin = from < 0 ? Math.max(0, array.length + from) : from
  return array.slice(begin, begin + count)
}

const range = ([start, end, step = 1]: readonly Value[]): Value => {
  const from = integer(start, () => new MongoError(34443, `$range requires a numeric starting value, found value of type: ${typeOf(start)}`),
    () => new MongoError(34444, `$range requires a starting value that can be represented as a 32-bit integer, found value: ${print(start)}`))
  const until = integer(end, () => new MongoError(34445, `$range requires a numeric ending value, found value of type: ${typeOf(end)}`),
    () => new MongoError(34446, `$range requires an ending value that can be represented as a 32-bit integer, found value: ${print(end)}`))
  const by = integer(step, () => new MongoError(34447, `$range requires a numeric step value, found value of type:${typeOf(step)}`),
    () => new MongoError(34448, `$range requires a step value that can be represented as a 32-bit integer, found value: ${print(step)}`))
  if (by === 0) throw new MongoError(34449, '$range requires a non-zero step value')
  const values: number[] = []
  for (let value = from; by > 0 ? value < until : value > until; value += by) values.push(value)
  return values
}

const arrays = (name: string, code: number, args: readonly Value[]): Value[][] | null => {
  if (args.some(isNullish)) return null
  return args.map((array) => {
    if (!Array.isArray(array)) throw new MongoError(code, `All operands of ${name} must be arrays. One argument is of type: ${typeOf(array)}`)
    return array
  })
}

const distinct = (values: readonly Value[]): Value[] => [...new Map(values.map((value) => [valueKey(value), value])).values()]
  .sort((a, b) => compareValues(a, b))

const keysOf = (values: readonly Value[]): Set<string> => new Set(values.map((value) => valueKey(value)))

const setOf = (name: string, code: number, run: (sets: Value[][]) => Value, takes = anyNumber): FunctionOperator => ({
  takes,
  run: (args) => {
    const sets = arrays(name, code, args)
    return sets && run(sets)
  },
})

const quantified = (name: string, code: number, run: (values: Value[]) => boolean): FunctionOperator => ({
  takes: [1, 1],
  run: ([values]) => {
    if (!Array.isArray(values)) throw new MongoError(code, `${name}'s argument must be an array, but is ${typeOf(values)}`)
    return run(values)
  },
})

const indexOfArray = ([array, value, start = 0, end]: readonly Value[]): Value => {
  if (isNullish(array)) return null
  if (!Array.isArray(array)) throw new MongoError(40090, `$indexOfArray requires an array as a first argument, found: ${typeOf(array)}`)
  const until = end === undefined ? array.length : toNumber(end as number)
  return array.findIndex((element, at) => at >= toNumber(start as number) && at < until && equalValues(element, value))
}

export const arrayFunctions: Readonly<Record<string, FunctionOperator>> = {
  $size: {
    takes: [1, 1],
    run: ([array]) => {
      if (!Array.isArray(array)) throw new MongoError(17124, `The argument to $size must be an array, but was of type: ${array === undefined ? 'missing' : typeOf(array)}`)
      return array.length
    },
  },
  $isArray: { takes: [1, 1], run: ([value]) => Array.isArray(value) },
  $arrayElemAt: { takes: [2, 2], run: elementAt },
  $first: { takes: [1, 1], run: ([array]) => (isNullish(array) ? null : elementAt([array, 0])) },
  $last: { takes: [1, 1], run: ([array]) => (isNullish(array) ? null : elementAt([array, -1])) },
  $slice: { takes: [2, 3], run: slice },
  $range: { takes: [2, 3], run: range },
  $concatArrays: {
    takes: anyNumber,
    run: (args) => {
      if (args.some(isNullish)) return null
      return args.flatMap((array) => {
        if (!Array.isArray(array)) throw new MongoError(28664, `$concatArrays only supports arrays, not ${typeOf(array)}`)
        return array
      })
    },
  },
  $reverseArray: {
    takes: [1, 1],
    run: ([array]) => {
      if (isNullish(array)) return null
      if (!Array.isArray(array)) throw new MongoError(34435, `The argument to $reverseArray must be an array, but was of type: ${typeOf(array)}`)
      return array.toReversed()
    },
  },
  $in: {
    takes: [2, 2],
    run: ([value, array], scope) => {
      if (!Array.isArray(array)) throw new MongoError(40081, `$in requires an array as a second argument, found: ${array === undefined ? 'missing' : typeOf(array)}`)
      return array.some((element) => equalValues(element, value, scope.command.collation))
    },
  },
  $indexOfArray: { takes: [2, 4], run: indexOfArray },
  $setUnion: setOf('$setUnion', 17043, (sets) => distinct(sets.flat())),
  $setIntersection: setOf('$setIntersection', 17047, (sets) => {
    const keys = sets.slice(1).map(keysOf)
    return distinct((sets[0] ?? []).filter((value) => keys.every((set) => set.has(valueKey(value)))))
  }),
  $setDifference: setOf('$setDifference', 17048, ([a = [], b = []]) => {
    const keys = keysOf(b)
    return [...new Map(a.map((value) => [valueKey(value), value])).values()].filter((value) => !keys.has(valueKey(value)))
  }, [2, 2]),
  $setEquals: setOf('$setEquals', 17044, (sets) => {
    const [first = new Set<string>(), ...rest] = sets.map(keysOf)
    return rest.every((set) => set.size === first.size && [...set].every((key) => first.has(key)))
  }, [2, Infinity]),
  $setIsSubset: setOf('$setIsSubset', 17046, ([a = [], b = []]) => {
    const keys = keysOf(b)
    return a.every((value) => keys.has(valueKey(value)))
  }, [2, 2]),
  $allElementsTrue: quantified('$allElementsTrue', 17040, (values) => values.every(isTruthy)),
  $anyElementTrue: quantified('$anyElementTrue', 17041, (values) => values.some(isTruthy)),
}
