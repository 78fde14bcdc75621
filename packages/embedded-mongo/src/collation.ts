import { print } from './bson/print.js'
import { getField, isDoc, isNumeric, toNumber, typeOf } from './bson/value.js'
import { MongoError } from './mongo-error.js'
import type { StringKey } from './bson/compare.js'
import type { Doc, Value } from './bson/value.js'

const fields = new Set(['locale', 'caseLevel', 'caseFirst', 'strength', 'numericOrdering', 'alternate', 'maxVariable', 'normalization', 'backwards', 'version'])

/** Languages whose order differs from that of the letters alone in ways that are not known here. */
const plain = /^(en|de|fr|it|nl|pt|id|ms|root)(_|-|$)/

/**
 * What strings are compared by as a command's `collation` asks for; undefined for the simple one, which compares bytes.
 *
 * Letters first, then accents, then case, as far as the strength says: 1 to 3, 3 by default.
 *
 * @throws MongoError for a collation that is none (2, 4, 9, 14), and 115 for what this server does not know.
 */
export const collationOf = (owner: Doc): StringKey => {
  const spec = getField(owner, 'collation')
  if (spec === undefined) return undefined
  if (!isDoc(spec)) throw new MongoError('TypeMismatch', `BSON field 'collation' is the wrong type '${typeOf(spec)}', expected type 'object'`)
  if (Object.keys(spec).length === 0) return undefined
  const locale = getField(spec, 'locale')
  if (locale === undefined) throw new MongoError('NoSuchKey', 'Missing expected field "locale"')
  if (typeof locale !== 'string') throw new MongoError('TypeMismatch', `"locale" had the wrong type. Expected string, found ${typeOf(locale)}`)
  for (const field of Object.keys(spec)) {
    if (!fields.has(field)) throw new MongoError('FailedToParse', `Collation spec contains unknown field. Collation spec: ${print(spec)}`)
  }
  if (locale === 'simple') {
    if (Object.keys(spec).length > 1) throw new MongoError('BadValue', `If locale="simple" is specified, no other fields should be present. Collation spec: ${print(spec)}`)
    return undefined
  }
  if (!isLocale(locale)) throw new MongoError('BadValue', `Field 'locale' is invalid in: ${print(spec)}`)
  const strength = strengthOf(spec)
  checkUsual(spec, locale)
  return keyFor(strength, getField(spec, 'numericOrdering') === true)
}

const isLocale = (locale: string): boolean => {
  try {
    return Intl.Collator.supportedLocalesOf(locale.replaceAll('_', '-')).length > 0
  } catch {
    return false
  }
}

const strengthOf = (spec: Doc): number => {
  const strength = getField(spec, 'strength')
  if (strength === undefined) return 3
  if (!isNumeric(strength)) throw new MongoError('TypeMismatch', `"strength" had the wrong type. Expected number, found ${typeOf(strength)}`)
  const level = toNumber(strength)
  if (![1, 2, 3, 4, 5].includes(level)) throw new MongoError('FailedToParse', `Field 'strength' must be an integer 1 through 5. Got: ${level}`)
  return level
}

/** @throws MongoError 115 for a setting that would order strings in another way than is known here. */
const checkUsual = (spec: Doc, locale: string): void => {
  const usual: Readonly<Record<string, Value>> = { caseLevel: false, caseFirst: 'off', alternate: 'non-ignorable', backwards: false }
  const unusual = Object.entries(usual).find(([field, value]) => (getField(spec, field) ?? value) !== value)
  if (unusual || !plain.test(locale) || toNumber((getField(spec, 'strength') ?? 3) as number) > 3) {
    throw new MongoError('CommandNotSupported', `the collation ${print(spec)} is not supported by the embedded server`)
  }
}

/** The letters of a text without accents and in one case; then its accents; then which letters are large. Each level only decides where those before are equal. */
const keyFor = (strength: number, numeric: boolean) => (text: string): string => {
  const parts = text.normalize('NFD')
  const accents = parts.replaceAll(/[^\p{M}]/gu, ' ')
  const letters = parts.replaceAll(/\p{M}/gu, '')
  const small = letters.toLowerCase()
  const counted = numeric ? small.replaceAll(/\d+/g, (digits) => digits.replace(/^0+(?=\d)/, '').padStart(40, '0')) : small
  const first = Array.from(counted, weight).join('')
  if (strength === 1) return first
  const second = `${first}\0${accents.trimEnd()}`
  if (strength === 2) return second
  return `${second}\0${Array.from(letters, (letter) => (letter === letter.toLowerCase() ? '0' : '1')).join('')}`
}

/** White space and punctuation before symbols, these before digits, digits before letters. */
const weight = (letter: string): string => (/\p{L}/u.test(letter) ? `\u0004${letter}` : /\p{N}/u.test(letter) ? `\u0003${letter}` : /[\p{P}\p{Z}]/u.test(letter) ? `\u0001${letter}` : `\u0002${letter}`)
