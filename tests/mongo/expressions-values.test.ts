import { Binary, BSONRegExp, Code, Decimal128, Double, Int32, Long, ObjectId, Timestamp } from 'mongodb'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startAsking } from './ask.js'
import type { Document } from 'mongodb'
import type { Asked } from './ask.js'

// What the functions of numbers, texts, types and objects of MongoDB 4.4 give, and refuse, as it documents; no mongod has been asked for these.
let server: Asked

beforeAll(async () => {
  server = await startAsking()
})
afterAll(() => server[Symbol.asyncDispose]())

const decimal = (text: string): Decimal128 => Decimal128.fromString(text)
const long = (text: string): Long => Long.fromString(text)
const date = new Date('2020-03-04T05:06:07.089Z')
const id = new ObjectId('5e5f3a3f0000000000000000')
const longest = '9223372036854775807'

describe('an expression gives', () => {
  // By text, as a Long and a Decimal128 are objects, and a type is what is asked for.
  test.each<[expression: Document, type: string, text: string]>([
    // sums: as wide as they must be
    [{ $add: [1, 2] }, 'int', '3'],
    [{ $add: [2147483647, 1] }, 'long', '2147483648'],
    [{ $add: [long('1'), 2] }, 'long', '3'],
    [{ $add: [1, new Double(0.5)] }, 'double', '1.5'],
    [{ $add: [long(longest), 1] }, 'double', '9223372036854776000'],
    [{ $add: [decimal('0.1'), decimal('0.2')] }, 'decimal', '0.3'],
    [{ $add: [decimal('Infinity'), 1] }, 'decimal', 'Infinity'],
    [{ $subtract: [decimal('-Infinity'), 1] }, 'decimal', '-Infinity'],
    [{ $subtract: [decimal('Infinity'), decimal('Infinity')] }, 'decimal', 'NaN'],
    [{ $add: [date, 1000] }, 'date', '2020-03-04T05:06:08.089Z'],
    [{ $add: [0.6, date] }, 'date', '2020-03-04T05:06:07.090Z'],
    [{ $subtract: [5, long('7')] }, 'long', '-2'],
    [{ $subtract: [date, new Date(0)] }, 'long', '1583298367089'],
    [{ $subtract: [date, 89] }, 'date', '2020-03-04T05:06:07.000Z'],
    [{ $multiply: [2, decimal('1.5'), 2] }, 'decimal', '6.0'],
    [{ $divide: [7, 2] }, 'double', '3.5'],
    [{ $divide: [decimal('7'), 2] }, 'decimal', '3.50000000000000'],
    [{ $mod: [7, -3] }, 'int', '1'],
    [{ $mod: [-7, long('3')] }, 'long', '-1'],
    [{ $mod: [7.5, 2] }, 'double', '1.5'],
    [{ $abs: -5 }, 'int', '5'],
    [{ $abs: long('-5') }, 'long', '5'],
    [{ $abs: long('5') }, 'long', '5'],
    [{ $abs: new Double(-1.5) }, 'double', '1.5'],
    [{ $ceil: 5 }, 'int', '5'],
    [{ $ceil: 1.2 }, 'double', '2'],
    [{ $floor: decimal('-1.2') }, 'decimal', '-2'],
    [{ $floor: long('7') }, 'long', '7'],
    [{ $round: [2.5] }, 'double', '2'],
    [{ $round: [3.5, 0] }, 'double', '4'],
    [{ $round: [1.25, 1] }, 'double', '1.2'],
    [{ $round: [1234, -2] }, 'int', '1200'],
    [{ $round: [long('1250'), -2] }, 'long', '1200'],
    [{ $trunc: [-1.29, 1] }, 'double', '-1.2'],
    [{ $trunc: decimal('1.9') }, 'decimal', '1'],
    [{ $pow: [2, 10] }, 'int', '1024'],
    [{ $pow: [2, 40] }, 'long', '1099511627776'],
    [{ $pow: [long('2'), 3] }, 'long', '8'],
    [{ $pow: [2, -1] }, 'double', '0.5'],
    [{ $pow: [new Double(2), 2] }, 'double', '4'],
    [{ $exp: 0 }, 'double', '1'],
    [{ $sqrt: 16 }, 'double', '4'],
    [{ $ln: 1 }, 'double', '0'],
    [{ $log10: 1000 }, 'double', '3'],
    [{ $log: [8, 2] }, 'double', '3'],
    [{ $log: [decimal('8'), 2] }, 'decimal', '3'],
    // angles
    [{ $sin: 0 }, 'double', '0'],
    [{ $cos: [0] }, 'double', '1'],
    [{ $atan2: [0, new Double(1)] }, 'double', '0'],
    [{ $degreesToRadians: 0 }, 'double', '0'],
    // conversions
    [{ $toInt: '42' }, 'int', '42'],
    [{ $toInt: 1.9 }, 'int', '1'],
    [{ $toInt: true }, 'int', '1'],
    [{ $toLong: date }, 'long', '1583298367089'],
    [{ $toLong: '-7' }, 'long', '-7'],
    [{ $toDouble: '1.5' }, 'double', '1.5'],
    [{ $toDouble: false }, 'double', '0'],
    [{ $toDouble: long('3') }, 'double', '3'],
    [{ $toDecimal: 1.5 }, 'decimal', '1.50000000000000'],
    [{ $toDecimal: '1E+3' }, 'decimal', '1E+3'],
    [{ $toDecimal: true }, 'decimal', '1'],
    [{ $toDecimal: Infinity }, 'decimal', 'Infinity'],
    [{ $toBool: 0 }, 'bool', 'false'],
    [{ $toBool: 'false' }, 'bool', 'true'],
    [{ $toString: true }, 'string', 'true'],
    [{ $toString: 1.5 }, 'string', '1.5'],
    [{ $toString: long(longest) }, 'string', longest],
    [{ $toString: id }, 'string', '5e5f3a3f0000000000000000'],
    [{ $toString: date }, 'string', '2020-03-04T05:06:07.089Z'],
    [{ $toDate: id }, 'date', '2020-03-04T05:18:55.000Z'],
    [{ $toDate: long('1000') }, 'date', '1970-01-01T00:00:01.000Z'],
    [{ $toDate: 1000.5 }, 'date', '1970-01-01T00:00:01.000Z'],
    [{ $toDate: '2020-03-04T05:06:07' }, 'date', '2020-03-04T05:06:07.000Z'],
    [{ $toDate: date }, 'date', date.toISOString()],
    [{ $toObjectId: '5e5f3a3f0000000000000000' }, 'objectId', '5e5f3a3f0000000000000000'],
    [{ $toObjectId: id }, 'objectId', '5e5f3a3f0000000000000000'],
    [{ $convert: { input: 'x', to: 'int', onError: 'none' } }, 'string', 'none'],
    [{ $convert: { input: null, to: 'int', onNull: 7 } }, 'int', '7'],
    [{ $isNumber: decimal('1') }, 'bool', 'true'],
    [{ $type: '$missing' }, 'string', 'missing'],
    [{ $type: new Timestamp({ t: 1, i: 1 }) }, 'string', 'timestamp'],
    // texts
    [{ $concat: ['a', 'b'] }, 'string', 'ab'],
    [{ $toUpper: 'aé1' }, 'string', 'Aé1'],
    [{ $toLower: 12 }, 'string', '12'],
    [{ $toUpper: null }, 'string', ''],
    [{ $strcasecmp: ['a', 'B'] }, 'int', '-1'],
    [{ $strcasecmp: ['a', 'A'] }, 'int', '0'],
    [{ $indexOfBytes: ['abcabc', 'c', 3, 5] }, 'int', '-1'],
    [{ $indexOfCP: ['abc', 'c'] }, 'int', '2'],
    [{ $binarySize: new Binary(Buffer.from('abc')) }, 'int', '3'],
    [{ $substr: ['abcdef', 1, 2] }, 'string', 'bc'],
    [{ $substrBytes: ['abcdef', 4, -1] }, 'string', 'ef'],
    [{ $substrCP: ['éab', 1, 9] }, 'string', 'ab'],
    [{ $strLenBytes: 'é' }, 'int', '2'],
    [{ $strLenCP: 'é' }, 'int', '1'],
    [{ $split: ['a-b', '-'] }, 'array', 'a,b'],
    // objects
    [{ $mergeObjects: [{ a: 1 }, null, { b: 2 }] }, 'object', '{"a":1,"b":2}'],
    [{ $arrayToObject: [[['a', 1], ['b', 2]]] }, 'object', '{"a":1,"b":2}'],
    [{ $arrayToObject: { $literal: [{ k: 'a', v: 1 }] } }, 'object', '{"a":1}'],
    [{ $objectToArray: { $literal: {} } }, 'array', ''],
  ])('%j: %s %s', async (expression, type, text) => {
    const { v, t } = (await server.value({ v: expression, t: { $type: expression } })) as { v: unknown; t: string }
    const shown = v instanceof Date ? v.toISOString() : t === 'object' ? JSON.stringify(v) : String(v)
    expect([t, shown]).toEqual([type, text])
  })

  test.each<Document>([
    { $add: [1, null] }, { $subtract: [null, 1] }, { $multiply: [2, '$missing'] }, { $divide: [null, 1] }, { $mod: [1, null] }, { $abs: null }, { $ceil: null }, { $round: [null] },
    { $round: [1.5, null] }, { $log: [null, 2] }, { $pow: [2, null] }, { $toInt: null }, { $toDate: '$missing' }, { $concat: ['a', null] }, { $indexOfCP: [null, 'a'] },
    { $binarySize: null }, { $split: [null, '-'] }, { $objectToArray: null }, { $arrayToObject: null }, { $bsonSize: null }, { $convert: { input: null, to: 'int' } },
  ])('null for what is null: %j', async (expression) => expect(await server.value(expression)).toBeNull())
})

describe('an expression is refused', () => {
  test.each<[expression: Document, code: number, message: RegExp]>([
    [{ $add: ['x', 1] }, 16554, /^\$add only supports numeric or date types, not string$/],
    [{ $add: [date, date] }, 16612, /^only one date allowed in an \$add expression$/],
    [{ $add: [date, Number.NaN] }, 241, /./],
    [{ $subtract: ['x', 1] }, 16556, /^cant \$subtract a/],
    [{ $multiply: ['x', 1] }, 16555, /^\$multiply only supports numeric types, not string$/],
    [{ $divide: ['x', 1] }, 16609, /^\$divide only supports numeric types, not string and int$/],
    [{ $mod: [1, 0] }, 16610, /^can't \$mod by zero$/],
    [{ $mod: ['x', 1] }, 16611, /^\$mod only supports numeric types, not string and int$/],
    [{ $abs: 'x' }, 28765, /^\$abs only supports numeric types, not string$/],
    [{ $ceil: 'x' }, 28765, /^\$ceil only supports numeric types, not string$/],
    [{ $round: ['x'] }, 51081, /^\$round only supports numeric types, not string$/],
    [{ $pow: ['x', 1] }, 28762, /^\$pow's base must be numeric, not string$/],
    [{ $pow: [1, 'x'] }, 28763, /^\$pow's exponent must be numeric, not string$/],
    [{ $pow: [0, -1] }, 28764, /^\$pow cannot take a base of 0 and a negative exponent$/],
    [{ $log: [2, 'x'] }, 28757, /^\$log's base must be numeric, not string$/],
    [{ $sqrt: -1 }, 28714, /^\$sqrt's argument must be greater than or equal to 0$/],
    [{ $log10: 0 }, 28761, /^\$log10's argument must be a positive number, but is 0$/],
    [{ $toInt: 'x' }, 241, /^Failed to parse number 'x' in \$convert with no onError value: /],
    [{ $toInt: '' }, 241, /No digits$/],
    [{ $toInt: '1.5' }, 241, /^Failed to parse number '1\.5'/],
    [{ $toInt: 3e9 }, 241, /^Conversion would overflow target type in \$convert with no onError value: 3000000000$/],
    [{ $toLong: Number.NaN }, 241, /^Attempt to convert NaN value to integer type/],
    [{ $toLong: Infinity }, 241, /^Attempt to convert infinity value to integer type/],
    [{ $toInt: date }, 241, /^Unsupported conversion from date to int in \$convert/],
    [{ $toDouble: id }, 241, /^Unsupported conversion from objectId to double in \$convert/],
    [{ $toDate: new Int32(5) }, 241, /^Unsupported conversion from int to date in \$convert/],
    [{ $toDate: 'x' }, 241, /^Error parsing date string 'x'/],
    [{ $toObjectId: 5 }, 241, /^Unsupported conversion from int to objectId in \$convert/],
    [{ $toObjectId: 'x' }, 241, /^Failed to parse objectId 'x' in \$convert/],
    [{ $toString: [[1]] }, 241, /^Unsupported conversion from array to string in \$convert/],
    [{ $convert: { input: 1, to: 'array' } }, 241, /^Unsupported conversion from int to array in \$convert/],
    [{ $concat: ['a', 5] }, 16702, /^\$concat only supports strings, not int$/],
    [{ $toUpper: { $literal: {} } }, 16007, /^can't convert from BSON type object to String$/],
    [{ $toLower: new BSONRegExp('x') }, 16007, /^can't convert from BSON type regex to String$/],
    [{ $toLower: new Code('x') }, 16007, /^can't convert from BSON type javascript to String$/],
    [{ $indexOfBytes: [5, 'a'] }, 40091, /^\$indexOfBytes requires a string as the first argument, found: int$/],
    [{ $indexOfCP: ['a', '$missing'] }, 40094, /^\$indexOfCP requires a string as the second argument, found: missing$/],
    [{ $indexOfCP: ['a', 'a', 1.5] }, 40096, /^\$indexOfCP requires an integral starting index, found a value of type: double, with value: 1\.5$/],
    [{ $binarySize: 5 }, 51276, /^\$binarySize requires a string or BinData argument, found: int$/],
    [{ $substrBytes: ['a', 'x', 1] }, 34450, /^\$substrBytes: /],
    [{ $strLenCP: 5 }, 34471, /requires a string argument, found: int$/],
    [{ $split: [5, '-'] }, 40085, /as a first argument, found: int$/],
    [{ $split: ['a', 5] }, 40086, /as a second argument, found: int$/],
    [{ $split: ['a', ''] }, 40087, /^\$split requires a non-empty separator$/],
    [{ $mergeObjects: [5] }, 40400, /^\$mergeObjects requires object inputs, but input 5 is of type int$/],
    [{ $objectToArray: 5 }, 40390, /^\$objectToArray requires a document input, found: int$/],
    [{ $bsonSize: 5 }, 31393, /^\$bsonSize requires a document input, found: int$/],
    [{ $arrayToObject: 5 }, 40386, /^\$arrayToObject requires an array input, found: int$/],
    [{ $arrayToObject: [[5]] }, 40398, /^Unrecognised input type format for \$arrayToObject: int$/],
    [{ $arrayToObject: [[['a']]] }, 40397, /found array of size: 1$/],
    [{ $arrayToObject: [[[5, 1]]] }, 40395, /Found key type: int$/],
    [{ $arrayToObject: { $literal: [{ k: 1 }] } }, 40392, /Found incorrect number of keys:1$/],
    [{ $arrayToObject: { $literal: [{ k: 1, w: 1 }] } }, 40393, /Missing either or both keys/],
    [{ $arrayToObject: { $literal: [{ k: 1, v: 1 }] } }, 40394, /Found type: int$/],
    [{ $sin: 'x' }, 2, /^\$sin: /],
  ])('%j: %i', async (expression, code, message) => {
    const [gotCode, gotMessage] = await server.refusal({ aggregate: 'one', pipeline: [{ $project: { v: expression } }], cursor: {} })
    expect(gotCode).toBe(code)
    expect(gotMessage.replace('Invalid $project :: caused by :: ', '')).toMatch(message)
  })
})
