import { BSONRegExp, BSONSymbol } from 'bson'
import { equalValues } from '../bson/compare.js'
import { MongoError } from '../mongo-error.js'
import type { Value } from '../bson/value.js'
import type { ValueTest } from './comparison.js'

const knownOptions = 'imsx'

/** A JavaScript regular expression for a PCRE one, as far as the two agree. */
export const compileRegex = (pattern: string, options: string): RegExp => {
  for (const option of options.split('')) {
    if (!`${knownOptions}lu`.includes(option)) throw new MongoError(51108, ` invalid flag in regex options: ${option}`)
  }
  const inline = /^\(\?([imsx]+)\)/.exec(pattern)
  const flags = new Set(`${options}${inline?.[1] ?? ''}`.split(''))
  const body = inline ? pattern.slice(inline[0].length) : pattern
  const source = flags.has('x') ? withoutComments(body) : body
  try {
    return new RegExp(source, ['i', 'm', 's'].filter((flag) => flags.has(flag)).join(''))
  } catch {
    throw new MongoError(51091, `Regular expression is invalid: ${whatIsWrong(source)}`)
  }
}

/** The commonest mistakes, in PCRE's words. */
const whatIsWrong = (pattern: string): string => {
  const plain = pattern.replaceAll(/\\./gs, '')
  const outside = plain.replaceAll(/\[\^?\]?[^\]]*\]/g, '')
  if (plain.endsWith('\\')) return '\\ at end of pattern'
  if (outside.includes('[')) return 'missing terminating ] for character class'
  const depth = outside.split('(').length - outside.split(')').length
  if (depth !== 0) return depth > 0 ? 'missing )' : 'unmatched parentheses'
  return /\{(\d+),(\d+)\}/.test(outside) && !/(^|[|(])[*+?]/.test(outside) ? 'numbers out of order in {} quantifier' : 'nothing to repeat'
}

/** The extended syntax: white space and comments outside of classes say nothing. */
const withoutComments = (pattern: string): string =>
  pattern.replaceAll(/(\\.)|(\[(?:\\.|[^\]\\])*\])|\s+|#[^\n]*/g, (_text, escaped?: string, set?: string) => escaped ?? set ?? '')

export const regexTest = (pattern: string, options: string): ValueTest => {
  const regex = compileRegex(pattern, options)
  const self = new BSONRegExp(pattern, options)
  return (value: Value) => {
    if (typeof value === 'string') return regex.test(value)
    if (value instanceof BSONSymbol) return regex.test(value.value)
    return value instanceof BSONRegExp && equalValues(value, self)
  }
}
