import { Binary, BSONRegExp, BSONSymbol, Decimal128, Double, Long, MaxKey, MinKey } from 'mongodb'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startAsking } from './ask.js'
import type { Document } from 'mongodb'
import type { Asked } from './ask.js'

// What MongoDB 4.4 documents or its source says; no mongod has been asked for these.
let server: Asked

const documents: Document[] = [
  { _id: 1, n: 5, s: 'abc', l: [1, 2, 3], o: { k: 1 } },
  { _id: 2, n: 6.5, s: 'Abd', l: [{ k: 1, v: 'x' }, { k: 2, v: 'y' }], o: { k: 2 } },
  { _id: 3, n: Long.fromString('9007199254740993'), s: new BSONSymbol('abc'), l: [], o: null },
  { _id: 4, n: Number.NaN, b: new Binary(Buffer.from([0b101, 0x80])), l: [[1, 2], [3]] },
  { _id: 5, n: Decimal128.fromString('5'), m: new MinKey(), l: 'abc' },
  { _id: 6, n: -1, m: new MaxKey(), r: new BSONRegExp('^a', 'i') },
]

beforeAll(async () => {
  server = await startAsking()
  await server.ask({ insert: 'c', documents })
})
afterAll(() => server[Symbol.asyncDispose]())

const found = async (filter: Document): Promise<unknown[]> => (await server.batch({ find: 'c', filter, sort: { _id: 1 } })).map(({ _id }) => _id as unknown)

describe('a query finds', () => {
  test.each<[filter: Document, ids: number[]]>([
    // bits: a mask, positions, or a BinData; of numbers that are whole, and of BinData
    [{ n: { $bitsAllSet: 5 } }, [1, 6]],
    [{ n: { $bitsAllSet: [0, 2] } }, [1, 6]],
    [{ n: { $bitsAllClear: [1, 3] } }, [1, 3]],
    [{ n: { $bitsAnySet: Long.fromNumber(6) } }, [1, 6]],
    [{ n: { $bitsAnyClear: [0] } }, []],
    [{ n: { $bitsAllSet: new Binary(Buffer.from([1])) } }, [1, 3, 6]],
    [{ n: { $bitsAllSet: [200] } }, [6]],
    [{ b: { $bitsAllSet: [0, 2, 15] } }, [4]],
    [{ b: { $bitsAnySet: [1, 99] } }, []],
    [{ s: { $bitsAllClear: 1 } }, []],
    // comparisons of what has no order among numbers
    [{ n: { $gte: Number.NaN } }, [4]],
    [{ n: { $gt: Number.NaN } }, []],
    [{ n: { $lt: Decimal128.fromString('6.6') } }, [1, 2, 5, 6]],
    [{ n: { $eq: Long.fromString('9007199254740993') } }, [3]],
    [{ n: { $eq: 9007199254740992 } }, []],
    [{ m: { $gt: new MinKey() } }, [1, 2, 3, 4, 6]],
    [{ m: { $lte: new MaxKey() } }, [1, 2, 3, 4, 5, 6]],
    [{ o: { $gte: null } }, [3, 4, 5, 6]],
    [{ o: { $gt: null } }, []],
    // lists of values
    [{ n: { $in: [1, 2, 3, 4, 5, 6, 7, 8, 9, null] } }, [1, 5]],
    [{ s: { $in: ['1', '2', '3', '4', '5', '6', '7', '8', /^ab/] } }, [1, 3]],
    [{ x: { $in: [null, 1] } }, [1, 2, 3, 4, 5, 6]],
    [{ n: { $nin: [5, 6.5] } }, [3, 4, 6]],
    // of texts
    [{ s: { $regex: 'B', $options: 'i' } }, [1, 2, 3]],
    [{ s: { $regex: /^AB/i } }, [1, 2, 3]],
    [{ s: { $regex: new BSONRegExp('a b # comment', 'x') } }, [1, 3]],
    [{ s: { $regex: '(?i)^ABC' } }, [1, 3]],
    [{ s: { $not: /^a/ } }, [2, 4, 5, 6]],
    [{ s: { $not: { $eq: 'abc' } } }, [2, 4, 5, 6]],
    [{ r: { $eq: new BSONRegExp('^a', 'i') } }, [6]],
    // of arrays
    [{ l: { $all: [1, 3] } }, [1]],
    [{ l: { $all: [] } }, []],
    [{ l: { $all: [/^ab/] } }, [5]],
    [{ l: { $all: [{ $elemMatch: { k: 1 } }, { $elemMatch: { v: 'y' } }] } }, [2]],
    [{ l: { $elemMatch: { k: 2, v: 'x' } } }, []],
    [{ l: { $elemMatch: { $gt: 1, $lt: 3 } } }, [1]],
    [{ l: { $elemMatch: { $or: [{ k: 2 }, { v: 'z' }] } } }, [2]],
    [{ l: { $elemMatch: { $elemMatch: { $eq: 3 } } } }, [4]],
    [{ l: { $elemMatch: { $size: 2 } } }, [4]],
    [{ l: { $elemMatch: { 0: 3 } } }, [4]],
    [{ l: { $size: 0 } }, [3]],
    [{ l: { $size: new Double(3) } }, [1]],
    // of remainders: of what is a number, without its fraction
    [{ n: { $mod: [2, 1] } }, [1, 3, 5]],
    [{ n: { $mod: [2.9, Long.fromNumber(0)] } }, [2]],
    [{ n: { $mod: [2, -1] } }, [6]],
    // of documents as a whole
    [{ $comment: 'why', _id: 1 }, [1]],
    [{ $alwaysTrue: 1, _id: { $lt: 3 } }, [1, 2]],
    [{ $alwaysFalse: 1 }, []],
    [{ $nor: [{ n: 5 }, { _id: { $gt: 4 } }] }, [2, 3, 4]],
    [{ $expr: { $eq: ['$o.k', '$_id'] } }, [1, 2]],
  ])('%j', async (filter, ids) => expect(await found(filter)).toEqual(ids))
})

describe('a query is refused', () => {
  const noObject = /must be a non-?empty array|entries need to be full objects|must be an array/
  test.each<[filter: Document, code: number, message: string | RegExp]>([
    [{ n: { $bitsAllSet: 'x' } }, 2, /takes an Array, a number, or a BinData but received: /],
    [{ n: { $bitsAllSet: -1 } }, 9, /^Expected a positive number in: /],
    [{ n: { $bitsAllSet: 1.5 } }, 9, /^Expected an integer: /],
    [{ n: { $bitsAllSet: Number.NaN } }, 9, /^Expected an integer, but found NaN in: /],
    [{ n: { $bitsAllSet: 1e30 } }, 9, /^Cannot represent as a 64-bit integer: /],
    [{ n: { $bitsAllSet: Decimal128.fromString('1.5') } }, 9, /^Cannot represent as a 64-bit integer: /],
    [{ n: { $bitsAllSet: ['x'] } }, 2, /^bit positions must be an integer but got: /],
    [{ n: { $bitsAllSet: [Number.NaN] } }, 2, /^bit positions cannot take a NaN: /],
    [{ n: { $bitsAllSet: [3e9] } }, 2, /^bit positions cannot be represented as a 32-bit signed integer: /],
    [{ n: { $bitsAllSet: [1.5] } }, 2, /^bit positions must be an integer but got: /],
    [{ n: { $bitsAllSet: [-1] } }, 2, /^bit positions must be >= 0 but got: /],
    [{ n: { $ne: /x/ } }, 2, 'Can\'t have regex as arg to $ne.'],
    [{ n: { $gt: /x/ } }, 2, 'Can\'t have RegEx as arg to predicate over field \'n\'.'],
    [{ n: { $in: 5 } }, 2, '$in needs an array'],
    [{ n: { $nin: [{ $gt: 1 }] } }, 2, 'cannot nest $ under $in'],
    [{ n: { $mod: 5 } }, 2, 'malformed mod, needs to be an array'],
    [{ n: { $mod: [] } }, 2, 'malformed mod, not enough elements'],
    [{ n: { $mod: ['x', 1] } }, 2, 'malformed mod, divisor not a number'],
    [{ n: { $mod: [2] } }, 2, 'malformed mod, not enough elements'],
    [{ n: { $mod: [2, 1, 0] } }, 2, 'malformed mod, too many elements'],
    [{ n: { $mod: [0, 1] } }, 2, 'divisor cannot be 0'],
    [{ s: { $options: 'i' } }, 2, '$options needs a $regex'],
    [{ s: { $regex: 5 } }, 2, '$regex has to be a string'],
    [{ s: { $regex: 'x', $options: 5 } }, 2, '$options has to be a string'],
    [{ s: { $options: 'i', $regex: /x/i } }, 51074, 'options set in both $regex and $options'],
    [{ s: { $regex: /x/i, $options: 'i' } }, 51075, 'options set in both $regex and $options'],
    [{ s: { $regex: 'x', $options: 'q' } }, 51108, / invalid flag in regex options: q$/],
    [{ s: { $regex: 'x\\' } }, 51091, 'Regular expression is invalid: \\ at end of pattern'],
    [{ s: { $regex: '[a' } }, 51091, 'Regular expression is invalid: missing terminating ] for character class'],
    [{ s: { $regex: 'a)' } }, 51091, 'Regular expression is invalid: unmatched parentheses'],
    [{ s: { $regex: 'a{3,2}' } }, 51091, 'Regular expression is invalid: numbers out of order in {} quantifier'],
    [{ s: { $regex: '*a' } }, 51091, 'Regular expression is invalid: nothing to repeat'],
    [{ s: { $not: 5 } }, 2, '$not needs a regex or a document'],
    [{ s: { $not: {} } }, 2, '$not cannot be empty'],
    [{ l: { $size: 'x' } }, 2, '$size needs a number'],
    [{ l: { $size: 1.5 } }, 2, '$size must be a whole number'],
    [{ l: { $size: 3e9 } }, 2, '$size must be representable as a 32-bit integer'],
    [{ l: { $size: -1 } }, 2, '$size may not be negative'],
    [{ l: { $all: 5 } }, 2, '$all needs an array'],
    [{ l: { $all: [{ $elemMatch: { k: 1 } }, 5] } }, 2, '$all/$elemMatch has to be consistent'],
    [{ l: { $all: [{ $gt: 1 }] } }, 2, 'no $ expressions in $all'],
    [{ l: { $elemMatch: 5 } }, 2, '$elemMatch needs an Object'],
    [{ l: { $elemMatch: { $and: [{ $expr: true }] } } }, 2, '$expr can only be applied to the top-level document'],
    [{ s: { $where: 'x' } }, 2, '$where cannot be applied to a field'],
    [{ s: { $nonsense: 1 } }, 2, 'unknown operator: $nonsense'],
    [{ $where: 'true' }, 2, '$where is not allowed in this context'],
    [{ $text: { $search: 'x' } }, 27, 'text index required for $text query'],
    [{ $jsonSchema: 5 }, 14, '$jsonSchema must be an object'],
    [{ $and: 5 }, 2, noObject],
    [{ $or: [] }, 2, noObject],
    [{ $nor: [5] }, 2, noObject],
    [{ $alwaysTrue: 2 }, 9, '$alwaysTrue must be an integer value of 1'],
    [{ $alwaysFalse: 'x' }, 9, '$alwaysFalse must be an integer value of 1'],
  ])('%j', async (filter, code, message) => {
    const [gotCode, gotMessage] = await server.refusal({ find: 'c', filter })
    if (typeof message === 'string') expect([gotCode, gotMessage]).toEqual([code, message])
    else {
      expect(gotCode).toBe(code)
      expect(gotMessage).toMatch(message)
    }
  })
})

describe('a schema', () => {
  const number = { bsonType: 'number' }
  test.each<[schema: Document, ids: number[]]>([
    [{ required: ['m'] }, [5, 6]],
    [{ title: 'words', description: 'more', properties: { n: { type: 'number', minimum: 5 } }, required: ['n'] }, [1, 2, 3, 5]],
    [{ properties: { n: { minimum: 5, exclusiveMinimum: true } }, required: ['n'] }, [2, 3]],
    [{ properties: { _id: { maximum: 2, exclusiveMaximum: true } } }, [1]],
    [{ properties: { _id: { maximum: 2 } } }, [1, 2]],
    [{ properties: { n: { multipleOf: 5 } } }, [1, 5]],
    [{ properties: { s: { pattern: '^ab' } }, required: ['s'] }, [1, 3]],
    [{ properties: { s: { minLength: 3, maxLength: 3, type: 'string' } }, required: ['s'] }, [1, 2]],
    [{ properties: { l: { minItems: 1, maxItems: 2 } }, required: ['l'] }, [2, 4, 5]],
    [{ properties: { l: { items: number } }, required: ['l'] }, [1, 3, 5]],
    [{ properties: { l: { items: [number], additionalItems: false } }, required: ['l'] }, [3, 5]],
    [{ properties: { l: { items: [number], additionalItems: number } }, required: ['l'] }, [1, 3, 5]],
    [{ properties: { l: { uniqueItems: true, bsonType: ['array'] } }, required: ['l'] }, [1, 2, 3, 4]],
    [{ properties: { o: { enum: [null, { k: 1 }] } }, required: ['o'] }, [1, 3]],
    [{ properties: { o: { type: ['object', 'null'], minProperties: 1, maxProperties: 1 } }, required: ['o'] }, [1, 2, 3]],
    [{ patternProperties: { '^m$': { bsonType: 'minKey' } }, required: ['m'] }, [5]],
    [{ properties: { _id: {}, n: {}, s: {}, l: {} }, patternProperties: { '^o': {} }, additionalProperties: false }, [1, 2, 3]],
    [{ additionalProperties: { bsonType: ['number', 'string', 'array', 'object', 'null'] } }, [1, 2]],
    [{ dependencies: { m: ['r'] }, required: ['m'] }, [6]],
    [{ dependencies: { m: { required: ['l'] } }, required: ['m'] }, [5]],
    [{ allOf: [{ required: ['m'] }, { required: ['l'] }] }, [5]],
    [{ anyOf: [{ required: ['r'] }, { required: ['b'] }] }, [4, 6]],
    [{ oneOf: [{ required: ['m'] }, { required: ['l'] }] }, [1, 2, 3, 4, 6]],
    [{ not: { required: ['l'] } }, [6]],
  ])('%j finds', async ($jsonSchema, ids) => expect(await found({ $jsonSchema })).toEqual(ids))

  test.each<[schema: Document, code: number]>([
    [{ title: 5 }, 14], [{ description: 5 }, 14], [{ type: 'nonsense' }, 2], [{ type: [5] }, 14], [{ enum: 5 }, 14], [{ required: 'n' }, 14], [{ required: [] }, 9],
    [{ required: [5] }, 14], [{ required: ['n', 'n'] }, 9], [{ properties: 5 }, 14], [{ properties: { n: 5 } }, 14], [{ dependencies: 5 }, 14], [{ minProperties: -1 }, 9],
    [{ maxProperties: 1.5 }, 9], [{ minItems: 'x' }, 14], [{ uniqueItems: 5 }, 14], [{ pattern: 5 }, 14], [{ minimum: 'x' }, 14], [{ exclusiveMinimum: 5, minimum: 5 }, 14],
    [{ multipleOf: 'x' }, 14], [{ allOf: 5 }, 14], [{ allOf: [] }, 9], [{ not: 5 }, 14], [{ $ref: '#' }, 9], [{ nonsense: 1 }, 9],
  ])('%j is refused', async ($jsonSchema, code) => expect(await server.refusal({ find: 'c', filter: { $jsonSchema } })).toEqual([code, expect.any(String)]))
})
