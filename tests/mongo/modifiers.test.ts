import { Decimal128, Double, Int32, Long, Timestamp } from 'mongodb'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startAsking } from './ask.js'
import type { Document } from 'mongodb'
import type { Asked } from './ask.js'

// What MongoDB 4.4 documents of updates, or its source says; no mongod has been asked for these.
let server: Asked

beforeAll(async () => {
  server = await startAsking()
})
afterAll(() => server[Symbol.asyncDispose]())

const update = (u: Document | Document[], more: Document = {}): Document => ({ update: 'c', updates: [{ q: { _id: 1 }, u, ...more }] })

/** Has this document there, and no other. */
async function put(document: Document): Promise<void> {
  await server.ask({ delete: 'c', deletes: [{ q: {}, limit: 0 }] })
  await server.ask({ insert: 'c', documents: [{ _id: 1, ...document }] })
}

async function changed(before: Document, u: Document | Document[], more?: Document): Promise<Document> {
  await put(before)
  await server.ask(update(u, more))
  const [{ _id, ...after } = {} as Document] = await server.batch({ find: 'c', filter: { _id: 1 } })
  return after
}

describe('an update makes', () => {
  test.each<[before: Document, u: Document, after: Document]>([
    // numbers
    [{ n: 1 }, { $inc: { n: 2 } }, { n: 3 }],
    [{ n: 2147483647 }, { $inc: { n: 1 } }, { n: 2147483648 }],
    [{ n: 1 }, { $inc: { n: 0.5 } }, { n: 1.5 }],
    [{}, { $inc: { n: 2 } }, { n: 2 }],
    [{}, { $mul: { n: 2 } }, { n: 0 }],
    [{ n: 3 }, { $mul: { n: Long.fromNumber(2) } }, { n: 6 }],
    [{ n: 1 }, { $mul: { n: 1 } }, { n: 1 }],
    [{ n: 0b1100 }, { $bit: { n: { and: new Int32(0b1010) } } }, { n: 0b1000 }],
    [{ n: 0b1100 }, { $bit: { n: { or: new Int32(1) } } }, { n: 0b1101 }],
    [{ n: 0b1100 }, { $bit: { n: { xor: new Int32(0b0101), or: Long.fromNumber(2) } } }, { n: 0b1011 }],
    [{}, { $bit: { n: { or: new Int32(5) } } }, { n: 5 }],
    [{ n: 5 }, { $bit: { n: { or: new Int32(5) } } }, { n: 5 }],
    [{ n: 5 }, { $min: { n: 3 }, $max: { m: 1 } }, { n: 3, m: 1 }],
    [{ n: 5 }, { $min: { n: 7 } }, { n: 5 }],
    [{ n: 5 }, { $max: { n: 7 } }, { n: 7 }],
    // fields
    [{ a: 1, b: 2 }, { $unset: { a: '', x: '' } }, { b: 2 }],
    [{ a: 1, b: 2 }, { $rename: { a: 'c' } }, { b: 2, c: 1 }],
    [{ a: 1 }, { $rename: { x: 'c' } }, { a: 1 }],
    [{ a: 1 }, { $setOnInsert: { b: 2 } }, { a: 1 }],
    [{ a: { b: 1 } }, { $set: { 'a.c': 2 } }, { a: { b: 1, c: 2 } }],
    [{ l: [1] }, { $set: { 'l.2': 3 } }, { l: [1, null, 3] }],
    [{ l: [{ k: 1 }, { k: 2 }] }, { $set: { 'l.1.k': 5 } }, { l: [{ k: 1 }, { k: 5 }] }],
    // arrays
    [{ l: [1, 2] }, { $addToSet: { l: 2 } }, { l: [1, 2] }],
    [{ l: [1] }, { $addToSet: { l: { $each: [1, 2, 2] } } }, { l: [1, 2] }],
    [{}, { $addToSet: { l: [1] } }, { l: [[1]] }],
    [{ l: [1, 2, 3] }, { $pop: { l: 1 } }, { l: [1, 2] }],
    [{ l: [1, 2, 3] }, { $pop: { l: -1 } }, { l: [2, 3] }],
    [{ l: [] }, { $pop: { l: 1 } }, { l: [] }],
    [{ a: 1 }, { $pop: { l: 1 } }, { a: 1 }],
    [{ l: [1, 2, 3, 1] }, { $pull: { l: 1 } }, { l: [2, 3] }],
    [{ l: [1, 2, 3] }, { $pull: { l: { $gte: 2 } } }, { l: [1] }],
    [{ l: ['ab', 'b'] }, { $pull: { l: /^a/ } }, { l: ['b'] }],
    [{ l: [{ k: 1, v: 1 }, { k: 2 }, 3] }, { $pull: { l: { k: 1 } } }, { l: [{ k: 2 }, 3] }],
    [{ l: [[1], 2] }, { $pull: { l: { $in: [2] } } }, { l: [[1]] }],
    [{ l: [1] }, { $pull: { l: 9 } }, { l: [1] }],
    [{ l: [1, 2, 3] }, { $pullAll: { l: [1, 3] } }, { l: [2] }],
    [{ l: [1] }, { $push: { l: 2 } }, { l: [1, 2] }],
    [{}, { $push: { l: 2 } }, { l: [2] }],
    [{ l: [1, 4] }, { $push: { l: { $each: [2, 3], $position: 1 } } }, { l: [1, 2, 3, 4] }],
    [{ l: [1, 4] }, { $push: { l: { $each: [2, 3], $position: -1 } } }, { l: [1, 2, 3, 4] }],
    [{ l: [1] }, { $push: { l: { $each: [2], $position: 9 } } }, { l: [1, 2] }],
    [{ l: [3, 1] }, { $push: { l: { $each: [2], $sort: 1 } } }, { l: [1, 2, 3] }],
    [{ l: [3, 1] }, { $push: { l: { $each: [2], $sort: -1, $slice: 2 } } }, { l: [3, 2] }],
    [{ l: [1, 2] }, { $push: { l: { $each: [3], $slice: -2 } } }, { l: [2, 3] }],
    [{ l: [1] }, { $push: { l: { $each: [], $slice: 0 } } }, { l: [] }],
    [{ l: [{ k: 2 }, { k: 1 }, 5] }, { $push: { l: { $each: [{ k: 3 }], $sort: { k: 1 } } } }, { l: [5, { k: 1 }, { k: 2 }, { k: 3 }] }],
    [{ l: [1] }, { $push: { l: { $each: [] } } }, { l: [1] }],
  ])('of %j by %j %j', async (before, u, after) => expect(await changed(before, u)).toEqual(after))

  test('of the elements that an identifier stands for, and of all', async () => {
    const grades = { l: [{ g: 70, d: 1 }, { g: 90, d: 1 }, { g: 95, d: 2 }] }
    expect(await changed(grades, { $set: { 'l.$[e].g': 100 } }, { arrayFilters: [{ 'e.g': { $gte: 90 }, 'e.d': 1 }] })).toEqual({ l: [{ g: 70, d: 1 }, { g: 100, d: 1 }, { g: 95, d: 2 }] })
    expect(await changed(grades, { $set: { 'l.$[e].g': 0 } }, { arrayFilters: [{ $or: [{ 'e.g': 70 }, { 'e.d': 2 }] }] })).toEqual({ l: [{ g: 0, d: 1 }, { g: 90, d: 1 }, { g: 0, d: 2 }] })
    expect(await changed({ l: [1, 2] }, { $inc: { 'l.$[]': 1 } })).toEqual({ l: [2, 3] })
  })
})

test('the time now is a date, or a timestamp where that is asked for', async () => {
  const { a, b, c } = (await changed({ b: 1 }, { $currentDate: { a: true, b: { $type: 'date' }, c: { $type: 'timestamp' } } })) as Record<string, unknown>
  for (const at of [a, b]) expect(Math.abs((at as Date).getTime() - Date.now())).toBeLessThan(60_000)
  expect(c).toBeInstanceOf(Timestamp)
})

describe('an update is refused', () => {
  const number = Decimal128.fromString('9')
  const decimalOne = Decimal128.fromString('1')
  test.each<[before: Document, u: Document, code: number, message: string | RegExp]>([
    [{}, { $inc: { n: 'x' } }, 14, 'Cannot increment with non-numeric argument: {n: "x"}'],
    [{}, { $mul: { n: 'x' } }, 14, 'Cannot multiply with non-numeric argument: {n: "x"}'],
    [{ n: 'x' }, { $inc: { n: 1 } }, 14, 'Cannot apply $inc to a value of non-numeric type. {_id: 1} has the field \'n\' of non-numeric type string'],
    [{ n: Long.MAX_VALUE }, { $inc: { n: 1 } }, 2, 'Failed to apply $inc operations to current value ((NumberLong)9223372036854775807) for document {_id: 1}'],
    [{}, { $bit: { n: 5 } }, 2, 'The $bit modifier is not compatible with a int. You must pass in an embedded document: {$bit: {field: {and/or/xor: #}}'],
    [{}, { $bit: { n: { nor: 5 } } }, 2, 'The $bit modifier only supports \'and\', \'or\', and \'xor\', not \'nor\' which is an unknown operator: {nor: 5}'],
    [{}, { $bit: { n: { and: new Double(1.5) } } }, 2, /^The \$bit modifier field must be an Integer\(32\/64 bit\); a 'double' is not supported here: /],
    [{}, { $bit: { n: {} } }, 2, 'You must pass in at least one bitwise operation. The format is: {$bit: {field: {and/or/xor: #}}'],
    [{ n: 'x' }, { $bit: { n: { and: 1 } } }, 2, /^Cannot apply \$bit to a value of non-integral type\.\{_id: 1\} has the field n of non-integer type string$/],
    [{ l: 5 }, { $addToSet: { l: 1 } }, 2, 'Cannot apply $addToSet to non-array field. Field named \'l\' has non-array type int'],
    [{}, { $addToSet: { l: { $each: 5 } } }, 14, 'The argument to $each in $addToSet must be an array but it was of type int'],
    [{}, { $addToSet: { l: { $each: [], $sort: 1 } } }, 2, /^Found unexpected fields after \$each in \$addToSet: /],
    [{ l: [] }, { $pop: { l: 2 } }, 9, '$pop expects 1 or -1, found: 2'],
    [{ l: [] }, { $pop: { l: number } }, 9, /^\$pop expects 1 or -1, found: /],
    [{ l: 5 }, { $pop: { l: 1 } }, 14, 'Path \'l\' contains an element of non-array type \'int\''],
    [{ l: 5 }, { $pull: { l: 1 } }, 2, 'Cannot apply $pull to a non-array value'],
    [{}, { $pullAll: { l: 5 } }, 2, '$pullAll requires an array argument but was given a int'],
    [{ n: 5 }, { $inc: { n: decimalOne }, $set: { _id: 2 } }, 66, /_id/],
    [{ l: [] }, { $set: { 'l.x': 1 } }, 28, 'Cannot create field \'x\' in element {l: []}'],
    [{ a: 5 }, { $set: { 'a.b': 1 } }, 28, 'Cannot create field \'b\' in element {a: 5}'],
    [{ a: { b: 5 } }, { $set: { 'a.b.c.d': 1 } }, 28, 'Cannot create field \'c\' in element {b: 5}'],
    [{ l: [] }, { $set: { 'l.1500001': 1 } }, 34, /^can't backfill more than 1500000 elements$/],
    [{ a: 1 }, { $rename: { a: '_id' } }, 66, /_id/],
    [{ a: 1 }, { $rename: { _id: 'b' } }, 66, /_id/],
    [{ l: [{ a: 1 }] }, { $rename: { 'l.0.a': 'b' } }, 2, /^The source field cannot be an array element, 'l\.0\.a' in doc with _id: 1 has an array field called 'l'$/],
    [{ l: [1], a: 1 }, { $rename: { a: 'l.0' } }, 2, /^The destination field cannot be an array element, 'l\.0' in doc with _id: 1 has an array field called 'l'$/],
    [{}, { $currentDate: { a: { $type: 'nonsense' } } }, 2, /^The '\$type' string field is required to be 'date' or 'timestamp'/],
    [{}, { $currentDate: { a: 'x' } }, 2, /is not valid type for \$currentDate/],
    [{ l: 5 }, { $push: { l: 1 } }, 2, 'The field \'l\' must be an array but is of type int in document {_id: 1}'],
    [{}, { $push: { l: { $each: 5 } } }, 2, 'The argument to $each in $push must be an array but it was of type: int'],
    [{}, { $push: { l: { $each: [], $nonsense: 1 } } }, 2, 'Unrecognized clause in $push: $nonsense'],
    [{}, { $push: { l: { $each: [], $slice: 'x' } } }, 2, 'The value for $slice must be an integer value but was given type: string'],
    [{}, { $push: { l: { $each: [], $position: 1.5 } } }, 2, 'The value for $position must be an integer value, not of type: double'],
    [{}, { $push: { l: { $each: [], $sort: 2 } } }, 2, /^The \$sort is invalid: use 1\/-1/],
    [{}, { $push: { l: { $each: [], $sort: {} } } }, 2, 'The $sort pattern is empty when it should be a set of fields.'],
    [{}, { $push: { l: { $each: [], $sort: { k: 2 } } } }, 2, 'The $sort element value must be either 1 or -1'],
    [{}, { $push: { l: { $each: [], $sort: { 'k.': 1 } } } }, 2, 'The $sort field is a dotted field but has an empty part: k.'],
  ])('of %j by %j: %i', async (before, u, code, message) => {
    await put(before)
    const [gotCode, gotMessage] = await server.refusal(update(u))
    expect(gotCode).toBe(code)
    if (typeof message === 'string') expect(gotMessage).toBe(message)
    else expect(gotMessage).toMatch(message)
  })

  test.each<[arrayFilters: unknown[], code: number, message: RegExp]>([
    [[5], 14, /./],
    [[{}], 9, /^Cannot use an expression without a top-level field name in arrayFilters$/],
    [[{ E: 1 }], 2, /The top-level field name must be an alphanumeric string beginning with a lowercase letter, found 'E'$/],
    [[{ e: 1 }, { e: 2 }], 9, /^Found multiple array filters with the same top-level field name e$/],
    [[{ e: 1, f: 2 }], 9, /Expected a single top-level field name, found 'e' and 'f'$/],
  ])('with the array filters %j: %i', async (arrayFilters, code, message) => {
    const [gotCode, gotMessage] = await server.refusal(update({ $set: { 'l.$[e]': 1 } }, { arrayFilters }))
    expect(gotCode).toBe(code)
    expect(gotMessage).toMatch(message)
  })
})
