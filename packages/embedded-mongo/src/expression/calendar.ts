import { MongoError } from '../mongo-error.js'

/** A time as a calendar and a clock on the wall show it. */
export interface Moment {
  readonly year: number
  /** 1 is January. */
  readonly month: number
  readonly day: number
  readonly hour: number
  readonly minute: number
  readonly second: number
  readonly millisecond: number
  /** 1 is Sunday. */
  readonly dayOfWeek: number
  /** 1 is January 1. */
  readonly dayOfYear: number
  readonly offsetMinutes: number
}

const dayMs = 86_400_000

/** @param zone an Olson name or an offset (`+02:00`); undefined for UTC. @throws MongoError 40485 for a zone that is none */
export const momentOf = (time: number, zone: string | undefined): Moment => {
  if (Number.isNaN(time)) throw new MongoError(18537, 'the date is out of the range that can be computed with')
  const offset = offsetAt(time, zone)
  const local = new Date(time + offset)
  const year = local.getUTCFullYear()
  return {
    year, month: local.getUTCMonth() + 1, day: local.getUTCDate(), hour: local.getUTCHours(), minute: local.getUTCMinutes(), second: local.getUTCSeconds(),
    millisecond: local.getUTCMilliseconds(), dayOfWeek: local.getUTCDay() + 1, offsetMinutes: offset / 60_000,
    dayOfYear: Math.floor((local.getTime() - startOfYear(year)) / dayMs) + 1,
  }
}

/** The time of a moment in a zone; parts beyond their range carry over (month 13 is January of the next year). */
export const timeOf = (parts: readonly [year: number, month: number, day: number, hour: number, minute: number, second: number, ms: number], zone: string | undefined): number => {
  const [year, month, day, hour, minute, second, ms] = parts
  const local = new Date(0)
  local.setUTCFullYear(year, month - 1, day)
  local.setUTCHours(hour, minute, second, ms)
  return inZone(local.getTime(), zone)
}

/** Time of a moment in a zone, given in ISO weeks. */
export const timeOfWeek = (parts: readonly [year: number, week: number, day: number, hour: number, minute: number, second: number, ms: number], zone: string | undefined): number => {
  const [year, week, day, ...clock] = parts
  const fourth = new Date(startOfYear(year) + 3 * dayMs)
  const monday = 4 - ((fourth.getUTCDay() + 6) % 7)
  return timeOf([year, 1, monday + (week - 1) * 7 + day - 1, ...clock], zone)
}

const inZone = (local: number, zone: string | undefined): number => {
  if (Number.isNaN(local)) throw new MongoError(18537, 'the date is out of the range that can be computed with')
  const first = local - offsetAt(local, zone)
  return local - offsetAt(first, zone)
}

const startOfYear = (year: number): number => new Date(0).setUTCFullYear(year, 0, 1)

/** Weeks begin on Sunday; the days before the first one are in week 0. */
export const weekOf = ({ dayOfYear, dayOfWeek }: Moment): number => Math.floor((dayOfYear - 1 + 7 - (dayOfWeek - 1)) / 7)

/** 1 is Monday. */
export const isoDayOf = ({ dayOfWeek }: Moment): number => ((dayOfWeek + 5) % 7) + 1

/** The ISO week, and the year that it belongs to. */
export const isoWeekOf = (moment: Moment): { year: number, week: number } => {
  const { year, month, day } = moment
  const thursday = new Date(0)
  thursday.setUTCFullYear(year, month - 1, day + 4 - isoDayOf(moment))
  const isoYear = thursday.getUTCFullYear()
  return { year: isoYear, week: Math.floor((thursday.getTime() - startOfYear(isoYear)) / dayMs / 7) + 1 }
}

/** How far a zone is ahead of UTC, in milliseconds. */
const offsetAt = (time: number, zone: string | undefined): number => {
  if (zone === undefined || zone === 'UTC' || zone === 'GMT' || zone === 'Z') return 0
  const fixed = /^([+-])(\d\d):?(\d\d)?$/.exec(zone)
  if (fixed) return (fixed[1] === '-' ? -1 : 1) * (Number(fixed[2]) * 60 + Number(fixed[3] ?? 0)) * 60_000
  const shown = Object.fromEntries(formatter(zone).formatToParts(time).map(({ type, value }) => [type, Number(value)]))
  const local = Date.UTC(shown['year'] ?? 0, (shown['month'] ?? 1) - 1, shown['day'] ?? 1, shown['hour'] ?? 0, shown['minute'] ?? 0, shown['second'] ?? 0)
  return local - Math.floor(time / 1000) * 1000
}

const formatters = new Map<string, Intl.DateTimeFormat>()

const formatter = (zone: string): Intl.DateTimeFormat => {
  const known = formatters.get(zone)
  if (known) return known
  try {
    const made = new Intl.DateTimeFormat('en-US', {
      timeZone: zone, hourCycle: 'h23', year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric', minute: 'numeric', second: 'numeric',
    })
    formatters.set(zone, made)
    return made
  } catch {
    throw new MongoError(40485, `unrecognized time zone identifier: "${zone}"`)
  }
}

const padded = (value: number, width: number): string => String(value).padStart(width, '0')

/** Writes a time as a format says, such as `%Y-%m-%d`. @throws MongoError 18535 or 18536 for a format that is none */
export const formatted = (moment: Moment, format: string): string => format.replaceAll(/%(.?)/gs, (_all, letter: string) => {
  switch (letter) {
    case 'Y': return padded(moment.year, 4)
    case 'm': return padded(moment.month, 2)
    case 'd': return padded(moment.day, 2)
    case 'H': return padded(moment.hour, 2)
    case 'M': return padded(moment.minute, 2)
    case 'S': return padded(moment.second, 2)
    case 'L': return padded(moment.millisecond, 3)
    case 'j': return padded(moment.dayOfYear, 3)
    case 'w': return String(moment.dayOfWeek)
    case 'u': return String(isoDayOf(moment))
    case 'U': return padded(weekOf(moment), 2)
    case 'V': return padded(isoWeekOf(moment).week, 2)
    case 'G': return padded(isoWeekOf(moment).year, 4)
    case 'z': {
      const minutes = Math.abs(moment.offsetMinutes)
      return `${moment.offsetMinutes < 0 ? '-' : '+'}${padded(Math.floor(minutes / 60), 2)}${padded(minutes % 60, 2)}`
    }
    case 'Z': return String(moment.offsetMinutes)
    case '%': return '%'
    case '': throw new MongoError(18535, 'Unmatched \'%\' at end of format string')
    default: throw new MongoError(18536, `Invalid format character '%${letter}' in format string`)
  }
})
