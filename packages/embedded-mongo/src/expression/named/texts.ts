import { BSONRegExp } from 'bson'
import { isTruthy, typeOf } from '../../bson/value.js'
import { print } from '../../bson/print.js'
import { MongoError } from '../../mongo-error.js'
import { compileRegex } from '../../query/regex.js'
import { isNullish } from '../function-operator.js'
import type { Doc, Value } from '../../bson/value.js'
import type { NamedOperator } from '../named-operator.js'

/** Characters that MongoDB trims by default: the white space of ASCII and of Unicode. */
const whiteSpace = '\0\t\n\v\f\r \u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a'

const trim = (name: string, sides: { readonly left: boolean, readonly right: boolean }): NamedOperator => ({
  required: { input: new MongoError(50695, `${name} requires an 'input' field`) },
  optional: ['chars'],
  errors: {
    object: (type) => new MongoError(50696, `${name} only supports an object as an argument, found ${type}`),
    unknown: (option) => new MongoError(50694, `${name} found an unknown argument: ${option}`),
  },
  run: ({ input, chars }, given) => {
    if (isNullish(input)) return null
    if (typeof input !== 'string') throw new MongoError(50699, `${name} requires its input to be a string, got ${print(input)} (of type ${typeOf(input)}) instead.`)
    if (given.has('chars') && isNullish(chars)) return null
    if (given.has('chars') && typeof chars !== 'string') throw new MongoError(50700, ` ${name} requires 'chars' to be a string, got ${print(chars)} (of type ${typeOf(chars)}) instead.`)
    const cut = new Set(Array.from(typeof chars === 'string' ? chars : whiteSpace))
    const points = Array.from(input)
    let from = 0
    let to = points.length
    while (sides.left && from < to && cut.has(points[from] ?? '')) from++
    while (sides.right && to > from && cut.has(points[to - 1] ?? '')) to--
    return points.slice(from, to).join('')
  },
})

const regex = (name: string, run: (input: string, pattern: RegExp) => Value, ofNull: Value): NamedOperator => ({
  required: { input: new MongoError(31022, `${name} requires 'input' parameter`), regex: new MongoError(31023, `${name} requires 'regex' parameter`) },
  optional: ['options'],
  errors: {
    object: (type) => new MongoError(51103, `${name} expects an object of named arguments but found: ${type}`),
    unknown: (option) => new MongoError(31024, `${name} found unknown argument: ${option}`),
  },
  run: ({ input, regex: given, options }) => {
    if (!isNullish(input) && typeof input !== 'string') throw new MongoError(51104, `${name} needs 'input' to be of type string`)
    if (!isNullish(given) && typeof given !== 'string' && !(given instanceof BSONRegExp)) throw new MongoError(51105, `${name} needs 'regex' to be of type string or regex`)
    if (!isNullish(options) && typeof options !== 'string') throw new MongoError(51106, `${name} needs 'options' to be of type string`)
    if (isNullish(input) || isNullish(given)) return ofNull
    const own = typeof given === 'string' ? '' : given.options
    if (own !== '' && !isNullish(options)) throw new MongoError(51107, `${name}: found regex option(s) specified in both 'regex' and 'option' fields`)
    return run(input, compileRegex(typeof given === 'string' ? given : given.pattern, own === '' ? options ?? '' : own))
  },
})

const found = (input: string, match: RegExpMatchArray): Doc => ({
  match: match[0], idx: Array.from(input.slice(0, match.index)).length, captures: match.slice(1).map((capture: string | undefined) => capture ?? null),
})

const all = (pattern: RegExp): RegExp => new RegExp(pattern.source, `${pattern.flags.replace('g', '')}g`)

const replace = (name: string, run: (input: string, find: string, replacement: string) => string): NamedOperator => ({
  required: {
    input: new MongoError(51749, `${name} requires 'input' to be specified`), find: new MongoError(51748, `${name} requires 'find' to be specified`),
    replacement: new MongoError(51747, `${name} requires 'replacement' to be specified`),
  },
  optional: [],
  errors: {
    object: (type) => new MongoError(51751, `${name} requires an object as an argument, found: ${type}`),
    unknown: (option) => new MongoError(51750, `${name} found an unknown argument: ${option}`),
  },
  run: ({ input, find, replacement }) => {
    const text = (argument: string, value: Value, code: number): string | null => {
      if (isNullish(value)) return null
      if (typeof value !== 'string') throw new MongoError(code, `${name} requires that '${argument}' be a string, found: ${print(value)}`)
      return value
    }
    const [a, b, c] = [text('input', input, 51746), text('find', find, 51745), text('replacement', replacement, 51744)]
    return a === null || b === null || c === null ? null : run(a, b, c)
  },
})

const zip: NamedOperator = {
  required: { inputs: new MongoError(34465, '$zip requires at least one input array') },
  optional: ['defaults', 'useLongestLength'],
  errors: {
    object: (type) => new MongoError(34460, `$zip only supports an object as an argument, found ${type}`),
    unknown: (option) => new MongoError(34464, `$zip found an unknown argument: ${option}`),
  },
  run: ({ inputs, defaults, useLongestLength }) => {
    if (!Array.isArray(inputs)) throw new MongoError(34461, `inputs must be an array of expressions, found ${typeOf(inputs)}`)
    if (inputs.length === 0) throw new MongoError(34465, '$zip requires at least one input array')
    if (Array.isArray(defaults) && !isTruthy(useLongestLength)) throw new MongoError(34466, 'cannot specify defaults unless useLongestLength is true')
    if (Array.isArray(defaults) && defaults.length !== inputs.length) throw new MongoError(34467, 'defaults and inputs must have the same length')
    if (inputs.some(isNullish)) return null
    const arrays = inputs.map((input) => {
      if (!Array.isArray(input)) throw new MongoError(34468, `$zip found a non-array expression in input: ${print(input)}`)
      return input
    })
    const lengths = arrays.map((array) => array.length)
    const length = isTruthy(useLongestLength) ? Math.max(...lengths) : Math.min(...lengths)
    return Array.from({ length }, (_, at) => arrays.map((array, which) => (at < array.length ? array[at] ?? null : Array.isArray(defaults) ? defaults[which] ?? null : null)))
  },
}

export const textOperators: Readonly<Record<string, NamedOperator>> = {
  $trim: trim('$trim', { left: true, right: true }),
  $ltrim: trim('$ltrim', { left: true, right: false }),
  $rtrim: trim('$rtrim', { left: false, right: true }),
  $regexMatch: regex('$regexMatch', (input, pattern) => pattern.test(input), false),
  $regexFind: regex('$regexFind', (input, pattern) => {
    const match = pattern.exec(input)
    return match ? found(input, match) : null
  }, null),
  $regexFindAll: regex('$regexFindAll', (input, pattern) => Array.from(input.matchAll(all(pattern)), (match) => found(input, match)), []),
  $replaceOne: replace('$replaceOne', (input, find, replacement) => input.replace(find, () => replacement)),
  $replaceAll: replace('$replaceAll', (input, find, replacement) => (find === '' ? input : input.replaceAll(find, () => replacement))),
  $zip: zip,
}
