import { BSONRegExp, ObjectId, Timestamp } from 'mongodb'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startAsking } from './ask.js'
import type { Document } from 'mongodb'
import type { Asked } from './ask.js'

// What the functions of dates and of patterns of MongoDB 4.4 give, and refuse, as it documents; no mongod has been asked for these.
let server: Asked

beforeAll(async () => {
  server = await startAsking()
})
afterAll(() => server[Symbol.asyncDispose]())

const date = new Date('2020-03-04T05:06:07.089Z')

test.each<[expression: Document, value: unknown]>([
  [{ $year: date }, 2020], [{ $month: [date] }, 3], [{ $dayOfMonth: date }, 4], [{ $minute: date }, 6], [{ $second: date }, 7], [{ $millisecond: date }, 89],
  [{ $dayOfWeek: date }, 4], [{ $dayOfYear: date }, 64], [{ $hour: { date, timezone: null } }, null], [{ $year: { date: null } }, null],
  [{ $year: new Timestamp({ t: 1583298367, i: 1 }) }, 2020], [{ $year: new ObjectId('5e5f3a3f0000000000000000') }, 2020],
  [{ $dateToString: { date, format: null } }, null], [{ $dateToString: { date, timezone: null } }, null], [{ $dateToString: { date: null } }, null],
  [{ $dateToParts: { date: null } }, null], [{ $dateToParts: { date, iso8601: null } }, null],
  [{ $dateFromParts: { year: 2020, month: null } }, null], [{ $dateFromParts: { year: 2020, timezone: null } }, null],
  [{ $dateFromParts: { year: 2020, hour: 30, minute: -1 } }, new Date('2020-01-02T05:59:00Z')],
  [{ $dateFromString: { dateString: null } }, null], [{ $dateFromString: { dateString: null, onNull: 'none' } }, 'none'], [{ $dateFromString: { dateString: '2020', timezone: null } }, null],
  [{ $dateFromString: { dateString: '2020-03-04', timezone: 'Europe/Berlin' } }, new Date('2020-03-03T23:00:00Z')],
  [{ $dateFromString: { dateString: '2020-03-04T05:06:07+01:00' } }, new Date('2020-03-04T04:06:07Z')],
  [{ $dateFromString: { dateString: '04/03/2020 5%', format: '%d/%m/%Y %H%%' } }, new Date('2020-03-04T05:00:00Z')],
  [{ $dateFromString: { dateString: '2020-03-04 05:06:07 +0100', format: '%Y-%m-%d %H:%M:%S %z' } }, new Date('2020-03-04T04:06:07Z')],
  [{ $trim: { input: null } }, null], [{ $trim: { input: 'x', chars: null } }, null], [{ $rtrim: { input: 'xyy', chars: 'y' } }, 'x'], [{ $trim: { input: '   ' } }, ''],
  [{ $regexMatch: { input: 'ABC', regex: new BSONRegExp('b', 'i') } }, true], [{ $regexMatch: { input: 'ABC', regex: new BSONRegExp('b'), options: 'i' } }, true],
  [{ $regexMatch: { input: 'x', regex: null } }, false], [{ $regexFind: { input: 'ac', regex: 'a(b)?c' } }, { match: 'ac', idx: 0, captures: [null] }],
  [{ $regexFind: { input: 'x', regex: 'y' } }, null], [{ $regexFindAll: { input: 'x', regex: 'y' } }, []],
  [{ $replaceOne: { input: null, find: 'x', replacement: 'y' } }, null], [{ $replaceOne: { input: 'aa', find: 'a', replacement: 'b' } }, 'ba'],
  [{ $zip: { inputs: [[1, 2], null] } }, null], [{ $zip: { inputs: [[1, 2], [3]] } }, [[1, 3]]], [{ $zip: { inputs: [[1], []], useLongestLength: true } }, [[1, null]]],
])('%j', async (expression, value) => expect(await server.value(expression)).toEqual(value))

test.each<[expression: Document, code: number]>([
  [{ $year: [date, date] }, 40536], [{ $year: 5 }, 16006], [{ $hour: { date, timezone: 5 } }, 40517], [{ $dateToString: { date, format: 5 } }, 18533],
  [{ $dateToString: { date, format: '%' } }, 18535], [{ $dateToParts: { date, iso8601: 5 } }, 40521], [{ $dateFromParts: { year: 0 } }, 40523], [{ $dateFromParts: { year: 2020, month: 1.5 } }, 40515],
  [{ $dateFromString: { dateString: 5 } }, 241], [{ $dateFromString: { dateString: 'nonsense' } }, 241], [{ $dateFromString: { dateString: '1-1', format: '%Y/%m' } }, 241],
  [{ $dateFromString: { dateString: '1', format: '%q' } }, 18536], [{ $trim: { input: 'x', chars: 5 } }, 50700], [{ $regexFind: 5 }, 51103], [{ $regexFind: { input: 'x', regex: 5 } }, 51105],
  [{ $regexFind: { input: 'x', regex: 'x', options: 5 } }, 51106], [{ $regexFind: { input: 'x', regex: new BSONRegExp('x', 'i'), options: 'i' } }, 51107],
  [{ $replaceOne: 5 }, 51751], [{ $replaceOne: { input: 'x', find: 'x', replacement: 'y', nonsense: 1 } }, 51750], [{ $zip: 5 }, 34460], [{ $zip: { inputs: 5 } }, 34461],
  [{ $zip: { inputs: [] } }, 34465], [{ $zip: { inputs: [[1]], defaults: [1] } }, 34466],
])('%j is refused with %i', async (expression, code) => {
  expect(await server.refusal({ aggregate: 'one', pipeline: [{ $project: { v: expression } }], cursor: {} })).toEqual([code, expect.any(String)])
})
