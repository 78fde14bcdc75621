import { BSONRegExp } from 'bson'
import { getField, isDoc, isNumeric, toNumber } from '../bson/value.js'
import { MongoError } from '../mongo-error.js'
import { comparison } from './comparison.js'
import { fieldOperator } from './operators.js'
import { isOperatorDoc } from './operator-doc.js'
import { visitPath } from './path.js'
import { schemaTest } from './json-schema.js'
import { regexTest } from './regex.js'
import type { Doc, Value } from '../bson/value.js'
import type { Predicate, QueryContext, Trace } from './predicate.js'

/** A query, ready to be asked of documents. */
export class Filter {
  readonly source: Doc
  readonly #predicate: Predicate

  /** @throws MongoError as MongoDB does, for an operator that it does not have and an operand that it does not take. */
  constructor(source: Doc, context: QueryContext) {
    this.source = source
    this.#predicate = parseDocument(source, context)
  }

  matches(doc: Value): boolean {
    return this.#predicate(doc, { index: undefined })
  }

  /** The index for the positional `$`, or `'none'` where the match came through no array; undefined where there is no match. */
  trace(doc: Value): number | 'none' | undefined {
    const trace: Trace = { index: undefined }
    return this.#predicate(doc, trace) ? trace.index ?? 'none' : undefined
  }
}

const parseDocument = (query: Doc, context: QueryContext): Predicate => {
  const predicates = Object.keys(query).flatMap((name) => parseEntry(name, getField(query, name), context))
  return allOf(predicates)
}

const allOf = (predicates: readonly Predicate[]): Predicate => {
  const [only] = predicates
  if (only && predicates.length === 1) return only
  return (value, trace) => predicates.every((predicate) => predicate(value, trace))
}

const parseEntry = (name: string, operand: Value, context: QueryContext): Predicate[] => {
  if (name.startsWith('$')) return topLevelOperator(name, operand, context)
  const parts = name.split('.')
  if (isOperatorDoc(operand)) {
    return Object.keys(operand).flatMap((operator) => {
      if (operator === '$not') return [not(parts, operand[operator], context)]
      return fieldOperator(parts, operator, operand[operator], operand, context, parseDocument)
    })
  }
  const test = operand instanceof BSONRegExp ? regexTest(operand.pattern, operand.options) : comparison('$eq', operand, context.collation)
  return [(value, trace) => visitPath(value, parts, 'both', (found) => {
    if (!test(found.value)) return false
    if (found.index !== undefined) trace.index = found.index
    return true
  })]
}

const not = (parts: readonly string[], operand: Value, context: QueryContext): Predicate => {
  if (!(operand instanceof BSONRegExp) && !isDoc(operand)) throw new MongoError('BadValue', '$not needs a regex or a document')
  if (isDoc(operand) && Object.keys(operand).length === 0) throw new MongoError('BadValue', '$not cannot be empty')
  const inner = operand instanceof BSONRegExp
    ? parseEntry(parts.join('.'), operand, context)
    : Object.keys(operand).flatMap((operator) => operator === '$not'
      ? [not(parts, operand[operator], context)]
      : fieldOperator(parts, operator, operand[operator], operand, context, parseDocument))
  const all = allOf(inner)
  return (value) => !all(value, { index: undefined })
}

const topLevelOperator = (name: string, operand: Value, context: QueryContext): Predicate[] => {
  switch (name) {
    case '$and': return [allOf(clauses(name, operand, context))]
    case '$or': {
      const any = clauses(name, operand, context)
      return [(value, trace) => any.some((predicate) => predicate(value, trace))]
    }
    case '$nor': {
      const none = clauses(name, operand, context)
      return [(value) => !none.some((predicate) => predicate(value, { index: undefined }))]
    }
    case '$comment': return []
    case '$expr': return [expression(operand, context)]
    case '$alwaysTrue': case '$alwaysFalse': return [constant(name, operand)]
    case '$where': throw new MongoError('BadValue', '$where is not allowed in this context')
    case '$text': throw new MongoError('IndexNotFound', 'text index required for $text query')
    case '$jsonSchema': {
      if (!isDoc(operand)) throw new MongoError('TypeMismatch', '$jsonSchema must be an object')
      const test = schemaTest(operand)
      return [(value) => test(value)]
    }
    default: throw new MongoError('BadValue', `unknown top level operator: ${name}`)
  }
}

const clauses = (name: string, operand: Value, context: QueryContext): Predicate[] => {
  if (!Array.isArray(operand)) throw new MongoError('BadValue', `${name} must be an array`)
  if (operand.length === 0) throw new MongoError('BadValue', '$and/$or/$nor must be a nonempty array')
  return operand.map((clause) => {
    if (!isDoc(clause)) throw new MongoError('BadValue', '$or/$and/$nor entries need to be full objects')
    return parseDocument(clause, context)
  })
}

const expression = (operand: Value, context: QueryContext): Predicate => {
  if (context.inside === 'element') throw new MongoError('BadValue', '$expr can only be applied to the top-level document')
  if (!context.expression) throw new MongoError('QueryFeatureNotAllowed', '$expr is not allowed in this context')
  const holds = context.expression(operand)
  return (value) => isDoc(value) && holds(value)
}

const constant = (name: string, operand: Value): Predicate => {
  if (!isNumeric(operand) || toNumber(operand) !== 1) throw new MongoError('FailedToParse', `${name} must be an integer value of 1`)
  return () => name === '$alwaysTrue'
}
