import { isDoc, isNumeric, isTypeName, toNumber, typeNameOf, typeOf } from '../bson/value.js'
import { MongoError } from '../mongo-error.js'
import { conversionTo } from './functions/types.js'
import type { Value } from '../bson/value.js'
import type { Compile } from './field-path.js'
import type { Evaluate, Names } from './scope.js'

const parameters = ['input', 'to', 'onError', 'onNull']

/** `$convert`, which is all the `$toInt` and the like with a say in what becomes of null and of what cannot be converted. */
export const convert = (operand: Value, names: Names, compile: Compile): Evaluate => {
  if (!isDoc(operand)) throw new MongoError('FailedToParse', `$convert expects an object of named arguments but found: ${typeOf(operand)}`)
  for (const name of Object.keys(operand)) if (!parameters.includes(name)) throw new MongoError('FailedToParse', `$convert found an unknown argument: ${name}`)
  for (const name of ['input', 'to']) if (!Object.hasOwn(operand, name)) throw new MongoError('FailedToParse', `Missing '${name}' parameter to $convert`)
  const [input, to, onError, onNull] = parameters.map((name) => (Object.hasOwn(operand, name) ? compile(operand[name], names) : undefined))
  return (scope) => {
    const value = input?.(scope)
    const target = to?.(scope)
    if (value === null || value === undefined) return onNull ? onNull(scope) : null
    if (target === null || target === undefined) return null
    const type = targetType(target)
    try {
      return conversionTo(type, value)
    } catch (cause) {
      if (onError && cause instanceof MongoError && cause.codeName === 'ConversionFailure') return onError(scope)
      throw cause
    }
  }
}

const targetType = (target: Value): string => {
  if (typeof target === 'string') {
    if (!isTypeName(target)) throw new MongoError('BadValue', `Unknown type name: ${target}`)
    return target
  }
  if (!isNumeric(target)) throw new MongoError('FailedToParse', `$convert's 'to' argument must be a string or number, but is ${typeOf(target)}`)
  const number = toNumber(target)
  if (!Number.isInteger(number)) throw new MongoError('FailedToParse', 'In $convert, numeric \'to\' argument is not an integer')
  const name = typeNameOf(number)
  if (name === undefined) throw new MongoError('FailedToParse', `In $convert, numeric value for 'to' does not correspond to a BSON type: ${number}`)
  return name
}
