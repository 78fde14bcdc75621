import { Binary, Timestamp } from 'bson'
import { print } from '../../bson/print.js'
import { isNumeric, toNumber, typeOf } from '../../bson/value.js'
import { MongoError } from '../../mongo-error.js'
import { anyNumber, isNullish } from '../function-operator.js'
import { stringOf } from './types.js'
import type { Value } from '../../bson/value.js'
import type { FunctionOperator } from '../function-operator.js'

/** A text out of any value that the string operators take; what is missing counts as empty. */
const coerce = (value: Value): string => {
  if (isNullish(value)) return ''
  if (typeof value === 'string') return value
  if (isNumeric(value) || value instanceof Date || value instanceof Timestamp) return stringOf(value)
  throw new MongoError(16007, `can't convert from BSON type ${typeOf(value)} to String`)
}

const substring = (name: string) => ([text, from, count]: readonly Value[]): Value => {
  if (!isNumeric(from)) throw new MongoError(34450, `${name}: starting index must be a numeric type (is BSON type ${typeOf(from)})`)
  if (!isNumeric(count)) throw new MongoError(34452, `${name}: length must be a numeric type (is BSON type ${typeOf(count)})`)
  const points = name === '$substrCP' ? Array.from(coerce(text)) : undefined
  const begin = toNumber(from)
  if (points && begin < 0) throw new MongoError(34454, `${name}: the starting index must be a non-negative integer.`)
  const length = toNumber(count) < 0 ? undefined : begin + toNumber(count)
  return points ? points.slice(begin, length).join('') : Buffer.from(coerce(text)).subarray(begin, length).toString()
}

const lengthOf = (name: string, code: number, run: (text: string) => number): FunctionOperator => ({
  takes: [1, 1],
  run: ([text]) => {
    if (typeof text !== 'string') throw new MongoError(code, `${name} requires a string argument, found: ${text === undefined ? 'missing' : typeOf(text)}`)
    return run(text)
  },
})

/** Where a text is in another, counted in bytes or in characters; -1 where it is not. */
const indexOf = (name: '$indexOfBytes' | '$indexOfCP'): FunctionOperator => ({
  takes: [2, 4],
  run: ([text, sought, start, end]) => {
    if (isNullish(text)) return null
    const [first, second] = name === '$indexOfBytes' ? [40091, 40092] : [40093, 40094]
    if (typeof text !== 'string') throw new MongoError(first, `${name} requires a string as the first argument, found: ${typeOf(text)}`)
    if (typeof sought !== 'string') throw new MongoError(second, `${name} requires a string as the second argument, found: ${sought === undefined ? 'missing' : typeOf(sought)}`)
    const [from, until] = [place(name, 'starting', start) ?? 0, place(name, 'ending', end) ?? Infinity]
    const at = (units: readonly (string | number)[], wanted: readonly (string | number)[]): number => {
      for (let begin = from; begin + wanted.length <= Math.min(units.length, until); begin++) {
        if (wanted.every((unit, offset) => units[begin + offset] === unit)) return begin
      }
      return -1
    }
    return name === '$indexOfBytes' ? at([...Buffer.from(text)], [...Buffer.from(sought)]) : at(Array.from(text), Array.from(sought))
  },
})

const place = (name: string, which: string, value: Value): number | undefined => {
  if (value === undefined) return undefined
  if (!isNumeric(value) || !Number.isInteger(toNumber(value))) {
    throw new MongoError(40096, `${name} requires an integral ${which} index, found a value of type: ${typeOf(value)}, with value: ${print(value)}`)
  }
  if (toNumber(value) < 0) throw new MongoError(40097, `${name} requires a nonnegative ${which} index, found: ${toNumber(value)}`)
  return toNumber(value)
}

export const stringFunctions: Readonly<Record<string, FunctionOperator>> = {
  $concat: {
    takes: anyNumber,
    run: (args) => {
      let text = ''
      for (const value of args) {
        if (isNullish(value)) return null
        if (typeof value !== 'string') throw new MongoError(16702, `$concat only supports strings, not ${typeOf(value)}`)
        text += value
      }
      return text
    },
  },
  $toUpper: { takes: [1, 1], run: ([text]) => coerce(text).replaceAll(/[a-z]+/g, (letters) => letters.toUpperCase()) },
  $toLower: { takes: [1, 1], run: ([text]) => coerce(text).replaceAll(/[A-Z]+/g, (letters) => letters.toLowerCase()) },
  $strcasecmp: {
    takes: [2, 2],
    run: ([a, b]) => {
      const [x, y] = [coerce(a).toUpperCase(), coerce(b).toUpperCase()]
      return x < y ? -1 : x > y ? 1 : 0
    },
  },
  $indexOfBytes: indexOf('$indexOfBytes'),
  $indexOfCP: indexOf('$indexOfCP'),
  $binarySize: {
    takes: [1, 1],
    run: ([value]) => {
      if (isNullish(value)) return null
      if (value instanceof Binary) return value.position
      if (typeof value !== 'string') throw new MongoError(51276, `$binarySize requires a string or BinData argument, found: ${typeOf(value)}`)
      return Buffer.byteLength(value)
    },
  },
  $substr: { takes: [3, 3], run: substring('$substrBytes') },
  $substrBytes: { takes: [3, 3], run: substring('$substrBytes') },
  $substrCP: { takes: [3, 3], run: substring('$substrCP') },
  $strLenBytes: lengthOf('$strLenBytes', 34473, (text) => Buffer.byteLength(text)),
  $strLenCP: lengthOf('$strLenCP', 34471, (text) => Array.from(text).length),
  $split: {
    takes: [2, 2],
    run: ([text, separator]) => {
      if (isNullish(text) || isNullish(separator)) return null
      if (typeof text !== 'string') throw new MongoError(40085, `$split requires an expression that evaluates to a string as a first argument, found: ${typeOf(text)}`)
      if (typeof separator !== 'string') throw new MongoError(40086, `$split requires an expression that evaluates to a string as a second argument, found: ${typeOf(separator)}`)
      if (separator === '') throw new MongoError(40087, '$split requires a non-empty separator')
      return text.split(separator)
    },
  },
}
