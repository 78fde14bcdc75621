import { Decimal128, Double, Long } from 'mongodb'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startAsking } from './ask.js'
import type { Document } from 'mongodb'
import type { Asked } from './ask.js'

let server: Asked

beforeAll(async () => {
  server = await startAsking()
})

afterAll(() => server[Symbol.asyncDispose]())

const date = new Date('2020-03-04T05:06:07.089Z')

test.each<[expression: Document, value: unknown]>([
  [{ $dateToParts: { date } }, { year: 2020, month: 3, day: 4, hour: 5, minute: 6, second: 7, millisecond: 89 }],
  [{ $dateToParts: { date, iso8601: true } }, { isoWeekYear: 2020, isoWeek: 10, isoDayOfWeek: 3, hour: 5, minute: 6, second: 7, millisecond: 89 }],
  [{ $dateFromParts: { year: 2020, month: 2 } }, new Date('2020-02-01T00:00:00Z')],
  [{ $dateFromParts: { year: 2020, month: 14, day: 1, timezone: 'Europe/Berlin' } }, new Date('2021-01-31T23:00:00Z')],
  [{ $dateFromParts: { isoWeekYear: 2020, isoWeek: 53, isoDayOfWeek: 7 } }, new Date('2021-01-03T00:00:00Z')],
  [{ $dateToString: { date } }, '2020-03-04T05:06:07.089Z'],
  [{ $dateToString: { date, format: '%Y/%m/%d %H:%M:%S.%L %j %w %u %U %V %G %z %Z%%', timezone: '+02:30' } }, '2020/03/04 07:36:07.089 064 4 3 09 10 2020 +0230 150%'],
  [{ $dateToString: { date: null, onNull: 'none' } }, 'none'],
  [{ $dateFromString: { dateString: '04.03.2020', format: '%d.%m.%Y', timezone: 'America/New_York' } }, new Date('2020-03-04T05:00:00Z')],
  [{ $dateFromString: { dateString: 'nonsense', onError: 'wrong' } }, 'wrong'],
  [{ $hour: { date, timezone: 'Asia/Kolkata' } }, 10],
  [{ $week: new Date('2017-01-01T00:00:00Z') }, 1],
  [{ $isoWeek: new Date('2017-01-01T00:00:00Z') }, 52],
  [{ $trim: { input: '  x\t' } }, 'x'],
  [{ $ltrim: { input: 'ggoodbyesg', chars: 'gd' } }, 'oodbyesg'],
  [{ $regexFind: { input: 'cafétéria', regex: 't(.)' } }, { match: 'té', idx: 4, captures: ['é'] }],
  [{ $regexFindAll: { input: 'aXbx', regex: 'x', options: 'i' } }, [{ match: 'X', idx: 1, captures: [] }, { match: 'x', idx: 3, captures: [] }]],
  [{ $regexMatch: { input: null, regex: 'x' } }, false],
  [{ $replaceAll: { input: 'a.a', find: 'a', replacement: { $literal: '$&' } } }, '$&.$&'],
  [{ $indexOfCP: ['cafétéria', 'é', 4] }, 5],
  [{ $indexOfBytes: ['cafétéria', 't'] }, 5],
  [{ $zip: { inputs: [[1, 2], [3]], useLongestLength: true, defaults: [0, 9] } }, [[1, 3], [2, 9]]],
  [{ $strcasecmp: ['b', 'A'] }, 1],
  [{ $binarySize: 'né' }, 3],
  [{ $bsonSize: { $literal: { a: 1 } } }, 12],
  [{ $sum: [[1, 2, 'x', 3]] }, 6],
  [{ $sum: [1, 2, [3]] }, 3],
  [{ $max: [1, 7, null] }, 7],
  [{ $avg: [[1, 2]] }, 1.5],
])('%j', async (expression, value) => expect(await server.value(expression)).toEqual(value))

test('numbers keep the types that MongoDB gives them', async () => {
  const typeOf = (expression: unknown): Promise<unknown> => server.value({ $type: expression })
  expect(await typeOf({ $isoWeekYear: date })).toBe('long')
  expect(await typeOf({ $sum: [1, Long.fromNumber(1)] })).toBe('long')
  expect(await typeOf({ $avg: [[1, 3]] })).toBe('double')
  expect(await typeOf({ $avg: [[1, Decimal128.fromString('3')]] })).toBe('decimal')
  expect(await typeOf({ $min: [new Double(1), 2] })).toBe('double')
})

describe('what an operator does not take is refused', () => {
  test.each<[expression: Document, code: number, message: string]>([
    [{ $year: 'x' }, 16006, 'can\'t convert from BSON type string to Date'],
    [{ $year: { date, nonsense: 1 } }, 40535, 'unrecognized option to $year: "nonsense"'],
    [{ $hour: { date, timezone: 'Nowhere/Land' } }, 40485, 'unrecognized time zone identifier: "Nowhere/Land"'],
    [{ $dateToString: { format: '%Y' } }, 18628, 'Missing \'date\' parameter to $dateToString'],
    [{ $dateToString: { date, format: '%q' } }, 18536, 'Invalid format character \'%q\' in format string'],
    [{ $dateFromParts: { month: 1 } }, 40516, '$dateFromParts requires either \'year\' or \'isoWeekYear\' to be present'],
    [{ $trim: 'x' }, 50696, '$trim only supports an object as an argument, found string'],
    [{ $trim: { input: 5 } }, 50699, '$trim requires its input to be a string, got 5 (of type int) instead.'],
    [{ $regexMatch: { input: 'x' } }, 31023, '$regexMatch requires \'regex\' parameter'],
    [{ $regexMatch: { input: 5, regex: 'x' } }, 51104, '$regexMatch needs \'input\' to be of type string'],
    [{ $replaceOne: { input: 'x', find: 1, replacement: 'y' } }, 51745, '$replaceOne requires that \'find\' be a string, found: 1'],
    [{ $indexOfCP: ['x', 'y', -1] }, 40097, '$indexOfCP requires a nonnegative starting index, found: -1'],
    [{ $divide: [1, 0] }, 16608, 'can\'t $divide by zero'],
    [{ $toDecimal: 'x' }, 241, 'Failed to parse number \'x\' in $convert with no onError value: Failed to parse string to decimal'],
  ])('%j', async (expression, code, message) => {
    const [gotCode, gotMessage] = await server.refusal({ aggregate: 'one', pipeline: [{ $project: { v: expression } }], cursor: {} })
    expect([gotCode, gotMessage.replace('Invalid $project :: caused by :: ', '')]).toEqual([code, message])
  })
})
