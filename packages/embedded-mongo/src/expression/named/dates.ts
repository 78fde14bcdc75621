import { ObjectId, Timestamp } from 'bson'
import { DistantDate, dateOf } from '../../bson/date.js'
import { isNumeric, toNumber, typeOf } from '../../bson/value.js'
import { print } from '../../bson/print.js'
import { MongoError } from '../../mongo-error.js'
import { formatted, isoDayOf, isoWeekOf, momentOf, timeOf, timeOfWeek, weekOf } from '../calendar.js'
import { conversionTo } from '../functions/types.js'
import { isNullish } from '../function-operator.js'
import type { Value } from '../../bson/value.js'
import type { Moment } from '../calendar.js'
import type { NamedOperator } from '../named-operator.js'

type Arguments = Readonly<Record<string, Value>>

/** @throws MongoError 16006 for what is no time */
const timeFrom = (value: Value): number => {
  if (value instanceof DistantDate) throw new MongoError(18537, 'a date before the year -271821 or after 275760 cannot be computed with')
  if (value instanceof Date) return value.getTime()
  if (value instanceof Timestamp) return value.getHighBitsUnsigned() * 1000
  if (value instanceof ObjectId) return value.getTimestamp().getTime()
  throw new MongoError(16006, `can't convert from BSON type ${value === undefined ? 'missing' : typeOf(value)} to Date`)
}

/** The zone, or null where the argument is, which makes the whole null. */
const zoneFrom = ({ timezone }: Arguments, given: ReadonlySet<string>): string | undefined | null => {
  if (!given.has('timezone')) return undefined
  if (isNullish(timezone)) return null
  if (typeof timezone !== 'string') throw new MongoError(40517, `timezone must evaluate to a string, found ${typeOf(timezone)}`)
  return timezone
}

const part = (name: string, of: (moment: Moment) => Value): NamedOperator => ({
  required: { date: new MongoError(40539, `missing 'date' argument to ${name}`) },
  optional: ['timezone'],
  alone: 'date',
  errors: {
    object: (type) => new MongoError(40536, `${name} accepts a date, but was given ${type}`),
    unknown: (option) => new MongoError(40535, `unrecognized option to ${name}: "${option}"`),
  },
  run: (args, given) => {
    const zone = zoneFrom(args, given)
    return isNullish(args['date']) || zone === null ? null : of(momentOf(timeFrom(args['date']), zone))
  },
})

const toText: NamedOperator['run'] = (args, given) => {
  const { date, format, onNull } = args
  const zone = zoneFrom(args, given)
  if (given.has('format') && !isNullish(format) && typeof format !== 'string') {
    throw new MongoError(18533, `$dateToString requires that 'format' be a string, found: ${typeOf(format)} with value ${print(format)}`)
  }
  if (isNullish(date)) return given.has('onNull') ? onNull : null
  if (zone === null || (given.has('format') && isNullish(format))) return null
  return formatted(momentOf(timeFrom(date), zone), typeof format === 'string' ? format : zone === undefined ? '%Y-%m-%dT%H:%M:%S.%LZ' : '%Y-%m-%dT%H:%M:%S.%L')
}

const toParts: NamedOperator['run'] = (args, given) => {
  const { date, iso8601 } = args
  const zone = zoneFrom(args, given)
  if (isNullish(date) || zone === null || (given.has('iso8601') && isNullish(iso8601))) return null
  if (given.has('iso8601') && typeof iso8601 !== 'boolean') throw new MongoError(40521, `iso8601 must evaluate to a bool, found ${typeOf(iso8601)}`)
  const moment = momentOf(timeFrom(date), zone)
  const { hour, minute, second, millisecond } = moment
  if (iso8601 !== true) return { year: moment.year, month: moment.month, day: moment.day, hour, minute, second, millisecond }
  const { year, week } = isoWeekOf(moment)
  return { isoWeekYear: year, isoWeek: week, isoDayOfWeek: isoDayOf(moment), hour, minute, second, millisecond }
}

const clock = ['hour', 'minute', 'second', 'millisecond']

const fromParts: NamedOperator['run'] = (args, given) => {
  const zone = zoneFrom(args, given)
  const isWeeks = given.has('isoWeekYear')
  if (!isWeeks && !given.has('year')) throw new MongoError(40516, '$dateFromParts requires either \'year\' or \'isoWeekYear\' to be present')
  const names = [...(isWeeks ? ['isoWeekYear', 'isoWeek', 'isoDayOfWeek'] : ['year', 'month', 'day']), ...clock]
  const values = names.map((name, at) => (given.has(name) ? integer(name, args[name]) : at < 3 ? 1 : 0))
  if (zone === null || values.includes(null)) return null
  const [year = 1, month = 1, day = 1, hour = 0, minute = 0, second = 0, ms = 0] = values.map(Number)
  if (year < 1 || year > 9999) throw new MongoError(40523, `'${names[0] ?? ''}' must evaluate to an integer in the range 1 to 9999, found ${year}`)
  const time = (isWeeks ? timeOfWeek : timeOf)([year, month, day, hour, minute, second, ms], zone)
  return dateOf(time)
}

const integer = (name: string, value: Value): number | null => {
  if (isNullish(value)) return null
  if (!isNumeric(value) || !Number.isInteger(toNumber(value))) throw new MongoError(40515, `'${name}' must evaluate to an integer, found ${typeOf(value)} with value ${print(value)}`)
  return toNumber(value)
}

const fromText: NamedOperator['run'] = (args, given) => {
  const { dateString, format, onNull, onError } = args
  const zone = zoneFrom(args, given)
  if (isNullish(dateString)) return given.has('onNull') ? onNull : null
  if (zone === null || (given.has('format') && isNullish(format))) return null
  try {
    if (typeof dateString !== 'string') {
      throw new MongoError('ConversionFailure', `$dateFromString requires that 'dateString' be a string, found: ${typeOf(dateString)} with value ${print(dateString)}`)
    }
    return typeof format === 'string' ? parsed(dateString, format, zone) : inZone(conversionTo('date', dateString), dateString, zone)
  } catch (cause) {
    if (given.has('onError') && cause instanceof MongoError && cause.codeName === 'ConversionFailure') return onError
    throw cause
  }
}

/** A text that names no zone of its own is of the zone that is given. */
const inZone = (value: Value, text: string, zone: string | undefined): Value => {
  if (!(value instanceof Date) || zone === undefined || /(Z|[+-]\d\d:?\d\d)$/.test(text)) return value
  const { year, month, day, hour, minute, second, millisecond } = momentOf(value.getTime(), undefined)
  return new Date(timeOf([year, month, day, hour, minute, second, millisecond], zone))
}

const digits: Readonly<Record<string, string>> = { Y: '(\\d{4})', m: '(\\d{1,2})', d: '(\\d{1,2})', H: '(\\d{1,2})', M: '(\\d{1,2})', S: '(\\d{1,2})', L: '(\\d{1,3})', z: '(Z|[+-]\\d\\d:?\\d\\d)' }

const parsed = (text: string, format: string, zone: string | undefined): Value => {
  const letters: string[] = []
  const pattern = format.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&').replaceAll(/%(.)/g, (_all, letter: string) => {
    if (letter === '%') return '%'
    const digit = digits[letter]
    if (digit === undefined) throw new MongoError(18536, `Invalid format character '%${letter}' in format string`)
    letters.push(letter)
    return digit
  })
  const match = new RegExp(`^${pattern}$`).exec(text)
  if (!match) throw new MongoError('ConversionFailure', `Error parsing date string '${text}'; 0: Format literal not found '${text[0] ?? ''}'`)
  const found = (letter: string): string | undefined => match[letters.indexOf(letter) + 1]
  const number = (letter: string, otherwise: number): number => (letters.includes(letter) ? Number(found(letter)) : otherwise)
  const own = letters.includes('z') ? found('z') : zone
  return new Date(timeOf([number('Y', 1970), number('m', 1), number('d', 1), number('H', 0), number('M', 0), number('S', 0), number('L', 0)], own))
}

const named = (name: string, [objectCode, unknownCode]: readonly [number, number], required: NamedOperator['required'], optional: readonly string[], run: NamedOperator['run']): NamedOperator => ({
  required, optional, run,
  errors: {
    object: () => new MongoError(objectCode, `${name} only supports an object as its argument`),
    unknown: (option) => new MongoError(unknownCode, `Unrecognized argument to ${name}: ${option}`),
  },
})

export const dateOperators: Readonly<Record<string, NamedOperator>> = {
  $year: part('$year', ({ year }) => year),
  $month: part('$month', ({ month }) => month),
  $dayOfMonth: part('$dayOfMonth', ({ day }) => day),
  $hour: part('$hour', ({ hour }) => hour),
  $minute: part('$minute', ({ minute }) => minute),
  $second: part('$second', ({ second }) => second),
  $millisecond: part('$millisecond', ({ millisecond }) => millisecond),
  $dayOfWeek: part('$dayOfWeek', ({ dayOfWeek }) => dayOfWeek),
  $dayOfYear: part('$dayOfYear', ({ dayOfYear }) => dayOfYear),
  $week: part('$week', weekOf),
  $isoWeek: part('$isoWeek', (moment) => isoWeekOf(moment).week),
  $isoWeekYear: part('$isoWeekYear', (moment) => BigInt(isoWeekOf(moment).year)),
  $isoDayOfWeek: part('$isoDayOfWeek', isoDayOf),
  $dateToString: named('$dateToString', [18629, 18534], { date: new MongoError(18628, 'Missing \'date\' parameter to $dateToString') }, ['format', 'timezone', 'onNull'], toText),
  $dateToParts: named('$dateToParts', [40524, 40520], { date: new MongoError(40522, 'Missing \'date\' parameter to $dateToParts') }, ['timezone', 'iso8601'], toParts),
  $dateFromParts: named('$dateFromParts', [40519, 40518], {}, ['year', 'month', 'day', 'isoWeekYear', 'isoWeek', 'isoDayOfWeek', ...clock, 'timezone'], fromParts),
  $dateFromString: named('$dateFromString', [40540, 40541], { dateString: new MongoError(40542, 'Missing \'dateString\' parameter to $dateFromString') }, ['format', 'timezone', 'onError', 'onNull'], fromText),
}
