import { BSONRegExp } from 'bson'
import { equalValues } from '../bson/compare.js'
import { valueKey } from '../bson/key.js'
import { isDoc, isNumeric, isTruthy, toNumber } from '../bson/value.js'
import { MongoError } from '../mongo-error.js'
import { bitTest } from './bits.js'
import { comparison } from './comparison.js'
import { truncated } from './integer.js'
import { isOperatorDoc } from './operator-doc.js'
import { visitPath } from './path.js'
import { regexTest } from './regex.js'
import { typeTest } from './type-set.js'
import type { Doc, Value } from '../bson/value.js'
import type { ValueTest } from './comparison.js'
import type { Predicate, QueryContext, Trace } from './predicate.js'

/** Makes a predicate of a whole query, for `$elemMatch`. */
export type ParseQuery = (query: Doc, context: QueryContext) => Predicate

/**
 * One operator of a field (`{ a: { $gt: 1 } }`), as predicates over the whole value that the query is asked of.
 *
 * @param siblings the document that the operator stands in: `$regex` reads its `$options` there.
 * @throws MongoError for an operator that MongoDB does not have.
 */
export const fieldOperator = (
  parts: readonly string[], operator: string, operand: Value, siblings: Doc, context: QueryContext, parse: ParseQuery,
): Predicate[] => {
  switch (operator) {
    case '$eq': return [operand instanceof BSONRegExp ? regexEquality(parts, operand) : anyAt(parts, comparison('$eq', operand, context.collation))]
    case '$ne':
      if (operand instanceof BSONRegExp) throw new MongoError('BadValue', 'Can\'t have regex as arg to $ne.')
      return [negated(anyAt(parts, comparison('$eq', operand, context.collation)))]
    case '$lt': case '$lte': case '$gt': case '$gte':
      if (operand instanceof BSONRegExp) throw new MongoError('BadValue', `Can't have RegEx as arg to predicate over field '${parts.join('.')}'.`)
      return [anyAt(parts, comparison(operator, operand, context.collation))]
    case '$in': return [anyAt(parts, inTest(operator, operand, context))]
    case '$nin': return [negated(anyAt(parts, inTest(operator, operand, context)))]
    case '$exists': {
      const exists: Predicate = (value) => visitPath(value, parts, 'whole', (found) => found.exists)
      return [isTruthy(operand) ? exists : negated(exists)]
    }
    case '$type': return [existingAt(parts, typeTest(operand))]
    case '$mod': return [existingAt(parts, modTest(operand))]
    case '$regex': return [anyAt(parts, regexOf(siblings))]
    case '$options':
      if (!('$regex' in siblings)) throw new MongoError('BadValue', '$options needs a $regex')
      return []
    case '$size': return [wholeAt(parts, sizeTest(operand))]
    case '$all': return all(parts, operand, context, parse)
    case '$elemMatch': return [elemMatch(parts, operand, context, parse)]
    case '$bitsAllSet': case '$bitsAllClear': case '$bitsAnySet': case '$bitsAnyClear': return [existingAt(parts, bitTest(operator, operand))]
    case '$where': throw new MongoError('BadValue', '$where cannot be applied to a field')
    default: throw new MongoError('BadValue', `unknown operator: ${operator}`)
  }
}

const negated = (predicate: Predicate): Predicate => (value) => !predicate(value, { index: undefined })

const anyAt = (parts: readonly string[], test: ValueTest): Predicate => {
  const [only] = parts
  return (value, trace) => {
    if (parts.length === 1 && only !== undefined && isDoc(value)) {
      const direct = Object.hasOwn(value, only) ? value[only] : undefined
      if (!Array.isArray(direct)) return test(direct)
    }
    return visitPath(value, parts, 'both', (found) => keep(trace, found.index, test(found.value)))
  }
}

const existingAt = (parts: readonly string[], test: ValueTest): Predicate => (value, trace) =>
  visitPath(value, parts, 'both', (found) => found.exists && keep(trace, found.index, test(found.value)))

const wholeAt = (parts: readonly string[], test: ValueTest): Predicate => (value, trace) =>
  visitPath(value, parts, 'whole', (found) => found.exists && keep(trace, found.index, test(found.value)))

const keep = (trace: Trace, index: number | undefined, matched: boolean): boolean => {
  if (matched && index !== undefined) trace.index = index
  return matched
}

const regexEquality = (parts: readonly string[], operand: BSONRegExp): Predicate => existingAt(parts, (value) => equalValues(value, operand))

/** From how many values on a set is looked up and not gone through. */
const lookUpFrom = 8

const inTest = (operator: string, operand: Value, context: QueryContext): ValueTest => {
  if (!Array.isArray(operand)) throw new MongoError('BadValue', `${operator} needs an array`)
  if (operand.some((element) => isOperatorDoc(element))) throw new MongoError('BadValue', `cannot nest $ under ${operator === '$nin' ? '$in' : operator}`)
  const regexes = operand.filter((element) => element instanceof BSONRegExp).map((element) => regexTest(element.pattern, element.options))
  const values = operand.filter((element) => !(element instanceof BSONRegExp))
  const matchesRegex: ValueTest = (value) => regexes.some((test) => test(value))
  if (values.length >= lookUpFrom && !context.collation) {
    const keys = new Set(values.map((value) => valueKey(value ?? null)))
    return (value) => keys.has(valueKey(value ?? null)) || matchesRegex(value)
  }
  const tests = values.map((value) => comparison('$eq', value, context.collation))
  return (value) => tests.some((test) => test(value)) || matchesRegex(value)
}

const modTest = (operand: Value): ValueTest => {
  if (!Array.isArray(operand)) throw new MongoError('BadValue', 'malformed mod, needs to be an array')
  const [divisor, remainder] = operand
  if (operand.length < 1) throw new MongoError('BadValue', 'malformed mod, not enough elements')
  if (!isNumeric(divisor)) throw new MongoError('BadValue', 'malformed mod, divisor not a number')
  if (operand.length < 2) throw new MongoError('BadValue', 'malformed mod, not enough elements')
  if (operand.length > 2) throw new MongoError('BadValue', 'malformed mod, too many elements')
  const by = truncated(divisor)
  const rest = truncated(remainder)
  if (by === 0n) throw new MongoError('BadValue', 'divisor cannot be 0')
  return (value) => isNumeric(value) && Number.isFinite(toNumber(value)) && truncated(value) % by === rest
}

const regexOf = (siblings: Doc): ValueTest => {
  let pattern = ''
  let options = ''
  for (const [operator, operand] of Object.entries(siblings)) {
    if (operator === '$regex') {
      if (typeof operand !== 'string' && !(operand instanceof BSONRegExp)) throw new MongoError('BadValue', '$regex has to be a string')
      pattern = typeof operand === 'string' ? operand : operand.pattern
      if (typeof operand !== 'string' && operand.options !== '') {
        if (options !== '') throw new MongoError(51074, 'options set in both $regex and $options')
        options = operand.options
      }
    } else if (operator === '$options') {
      if (typeof operand !== 'string') throw new MongoError('BadValue', '$options has to be a string')
      if (options !== '') throw new MongoError(51075, 'options set in both $regex and $options')
      options = operand
    }
  }
  return regexTest(pattern, options)
}

const sizeTest = (operand: Value): ValueTest => {
  if (!isNumeric(operand)) throw new MongoError('BadValue', '$size needs a number')
  const size = toNumber(operand)
  if (!Number.isInteger(size)) throw new MongoError('BadValue', '$size must be a whole number')
  if (size !== (size | 0)) throw new MongoError('BadValue', '$size must be representable as a 32-bit integer')
  if (size < 0) throw new MongoError('BadValue', '$size may not be negative')
  return (value) => Array.isArray(value) && value.length === size
}

const all = (parts: readonly string[], operand: Value, context: QueryContext, parse: ParseQuery): Predicate[] => {
  if (!Array.isArray(operand)) throw new MongoError('BadValue', '$all needs an array')
  if (operand.length === 0) return [() => false]
  const isElemMatch = (element: Value): element is Doc => isDoc(element) && Object.keys(element)[0] === '$elemMatch'
  if (isElemMatch(operand[0])) {
    return operand.map((element) => {
      if (!isElemMatch(element)) throw new MongoError('BadValue', '$all/$elemMatch has to be consistent')
      return elemMatch(parts, element['$elemMatch'], context, parse)
    })
  }
  return operand.map((element) => {
    if (isOperatorDoc(element)) throw new MongoError('BadValue', 'no $ expressions in $all')
    return anyAt(parts, element instanceof BSONRegExp ? regexTest(element.pattern, element.options) : comparison('$eq', element, context.collation))
  })
}

const elemMatch = (parts: readonly string[], operand: Value, context: QueryContext, parse: ParseQuery): Predicate => {
  if (!isDoc(operand)) throw new MongoError('BadValue', '$elemMatch needs an Object')
  const test = elementTest(operand, { ...context, inside: 'element' }, parse)
  return (value, trace) => visitPath(value, parts, 'whole', (found) => {
    if (!Array.isArray(found.value)) return false
    const at = found.value.findIndex((element) => test(element))
    return keep(trace, found.index ?? at, at !== -1)
  })
}

const elementTest = (operand: Doc, context: QueryContext, parse: ParseQuery): ValueTest => {
  const [first] = Object.keys(operand)
  const ofValues = isOperatorDoc(operand, true) && first !== '$and' && first !== '$or' && first !== '$nor' && first !== '$where'
  if (ofValues) return valueTest(operand, context, parse)
  const predicate = parse(operand, context)
  return (element) => (isDoc(element) || Array.isArray(element)) && predicate(Array.isArray(element) ? Object.fromEntries(element.entries()) : element, { index: undefined })
}

/** Operators that test an array as a whole, not its elements. */
const ofWhole = new Set(['$elemMatch', '$size'])

/** An element is asked as the field of a document that has only it; its own arrays are not looked into. */
const valueTest = (operand: Doc, context: QueryContext, parse: ParseQuery): ValueTest => {
  const part = (wanted: boolean): Predicate => parse({ e: Object.fromEntries(Object.entries(operand).filter(([operator]) => ofWhole.has(operator) === wanted)) }, context)
  const names = Object.keys(operand)
  const whole = names.some((name) => ofWhole.has(name)) ? part(true) : () => true
  const single = names.every((name) => ofWhole.has(name)) ? () => true : part(false)
  return (element) => whole({ e: element }, { index: undefined }) && single({ e: Array.isArray(element) ? [element] : element }, { index: undefined })
}
