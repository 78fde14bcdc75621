import { Timestamp } from 'bson'
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
  const length = toNumber(count) < 0 ? undefined : begin + toNumber(count)
  return points ? points.slice(begin, length).join('') : Buffer.from(coerce(text)).subarray(begin, length).toString()
}

const lengthOf = (name: string, run: (text: string) => number): FunctionOperator => ({
  takes: [1, 1],
  run: ([text]) => {
    if (typeof text !== 'string') throw new MongoError(34473, `${name} requires a string argument, found: ${text === undefined ? 'missing' : typeOf(text)}`)
    return run(text)
  },
})

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
  $substr: { takes: [3, 3], run: substring('$substrBytes') },
  $substrBytes: { takes: [3, 3], run: substring('$substrBytes') },
  $substrCP: { takes: [3, 3], run: substring('$substrCP') },
  $strLenBytes: lengthOf('$strLenBytes', (text) => Buffer.byteLength(text)),
  $strLenCP: lengthOf('$strLenCP', (text) => Array.from(text).length),
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
