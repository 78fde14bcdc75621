/* oxlint-disable unicorn/no-thenable -- `then` is the name that $cond and $switch of MongoDB give to a branch */
import { Double } from 'mongodb'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startAsking } from './ask.js'
import type { Document } from 'mongodb'
import type { Asked } from './ask.js'

// Expressions of arrays, of variables and of choices, as MongoDB 4.4 documents them.
let server: Asked

beforeAll(async () => {
  server = await startAsking()
})

afterAll(() => server[Symbol.asyncDispose]())

test.each<[expression: Document | string, value: unknown]>([
  [{ $let: { vars: { a: 2, b: 3 }, in: { $multiply: ['$$a', '$$b'] } } }, 6],
  [{ $let: { vars: { a: 1 }, in: { $let: { vars: { a: 2, b: '$$a' }, in: ['$$a', '$$b'] } } } }, [2, 1]],
  [{ $filter: { input: [1, 2, 3], as: 'n', cond: { $gt: ['$$n', 1] } } }, [2, 3]],
  [{ $filter: { input: [0, null, 'x'], cond: '$$this' } }, ['x']],
  [{ $filter: { input: null, cond: true } }, null],
  [{ $map: { input: [1, 2], as: 'n', in: { $add: ['$$n', 1] } } }, [2, 3]],
  [{ $map: { input: '$missing', in: 1 } }, null],
  [{ $reduce: { input: ['a', 'b'], initialValue: '', in: { $concat: ['$$value', '$$this'] } } }, 'ab'],
  [{ $reduce: { input: null, initialValue: 1, in: '$$value' } }, null],
  [{ $reduce: { input: [], initialValue: 1, in: '$$value' } }, 1],
  [{ $cond: { if: false, then: 1, else: 2 } }, 2],
  [{ $cond: [true, 1, 2] }, 1],
  [{ $switch: { branches: [{ case: false, then: 1 }, { case: 1, then: 2 }] } }, 2],
  [{ $switch: { branches: [{ case: false, then: 1 }], default: 3 } }, 3],
  [{ $slice: [[1, 2, 3], 2] }, [1, 2]],
  [{ $slice: [[1, 2, 3], -2] }, [2, 3]],
  [{ $slice: [[1, 2, 3], 1, 1] }, [2]],
  [{ $slice: [[1, 2, 3], -5, 2] }, [1, 2]],
  [{ $slice: [null, 2] }, null],
  [{ $arrayElemAt: [[1, 2], -1] }, 2],
  [{ $arrayElemAt: [null, 0] }, null],
  [{ $range: [0, 3] }, [0, 1, 2]],
  [{ $range: [5, 0, -2] }, [5, 3, 1]],
  [{ $range: [0, 3, -1] }, []],
  [{ $concatArrays: [[1], [2, 3]] }, [1, 2, 3]],
  [{ $concatArrays: [[1], null] }, null],
  [{ $setUnion: [[1, 2], [2, 3]] }, [1, 2, 3]],
  [{ $setIntersection: [[1, 2, 2], [2, 3]] }, [2]],
  [{ $setDifference: [[1, 2], [2]] }, [1]],
  [{ $setIsSubset: [[1], [1, 2]] }, true],
  [{ $setIsSubset: [[3], [1, 2]] }, false],
  [{ $setEquals: [[1, 2, 1], [2, 1]] }, true],
  [{ $setUnion: [[1], null] }, null],
  [{ $anyElementTrue: [[0, 1]] }, true],
  [{ $anyElementTrue: [[]] }, false],
  [{ $allElementsTrue: [[1, null]] }, false],
  [{ $allElementsTrue: [[]] }, true],
  [{ $indexOfArray: [[1, 2, 1], 1, 1] }, 2],
  [{ $indexOfArray: [[1, 2], 3] }, -1],
  [{ $indexOfArray: [[1, 2, 3], 3, 0, 2] }, -1],
  [{ $indexOfArray: [null, 3] }, null],
  [{ $reverseArray: [[1, 2]] }, [2, 1]],
  [{ $reverseArray: null }, null],
  [{ $isArray: [[1]] }, true],
  [{ $isArray: 'x' }, false],
  [{ $in: [2, [1, 2]] }, true],
  [{ $size: [[1, 2]] }, 2],
  [{ $arrayToObject: [[['a', 1], ['b', 2]]] }, { a: 1, b: 2 }],
  [{ $arrayToObject: [[{ k: 'a', v: 1 }]] }, { a: 1 }],
  [{ $arrayToObject: null }, null],
  [{ $objectToArray: { $literal: { a: 1 } } }, [{ k: 'a', v: 1 }]],
  [{ $objectToArray: null }, null],
  [{ $mergeObjects: [{ a: 1, b: 1 }, null, { b: 2 }] }, { a: 1, b: 2 }],
  ['$$CURRENT._id', 1],
  [{ $map: { input: [new Double(1.5)], in: { $trunc: '$$this' } } }, [1]],
  [{ $stdDevPop: [[1, 3]] }, 1],
  [{ $stdDevSamp: [[1]] }, null],
])('%j', async (expression, value) => expect(await server.value(expression)).toEqual(value))

test.each<[expression: Document | string, code: number]>([
  [{ $let: 1 }, 16874], [{ $let: { vars: {}, in: 1, x: 1 } }, 16875], [{ $let: { in: 1 } }, 16876], [{ $let: { vars: {} } }, 16877],
  [{ $map: 1 }, 16878], [{ $map: { input: [], in: 1, x: 1 } }, 16879], [{ $map: { in: 1 } }, 16880], [{ $map: { input: [] } }, 16882], [{ $map: { input: 1, in: 1 } }, 16883],
  [{ $filter: 1 }, 28646], [{ $filter: { input: [], cond: 1, x: 1 } }, 28647], [{ $filter: { cond: 1 } }, 28648], [{ $filter: { input: [] } }, 28650], [{ $filter: { input: 1, cond: 1 } }, 28651],
  [{ $reduce: 1 }, 40075], [{ $reduce: { input: [], initialValue: 1, in: 1, x: 1 } }, 40076], [{ $reduce: { initialValue: 1, in: 1 } }, 40077], [{ $reduce: { input: [], in: 1 } }, 40078],
  [{ $reduce: { input: [], initialValue: 1 } }, 40079], [{ $reduce: { input: 1, initialValue: 1, in: 1 } }, 40080],
  [{ $cond: { if: 1, then: 1, else: 1, x: 1 } }, 17083], [{ $cond: { then: 1, else: 1 } }, 17080], [{ $cond: { if: 1, else: 1 } }, 17081], [{ $cond: { if: 1, then: 1 } }, 17082], [{ $cond: [1, 2] }, 16020],
  [{ $ifNull: [1] }, 16020],
  [{ $switch: 1 }, 40060], [{ $switch: { branches: 1 } }, 40061], [{ $switch: { branches: [1] } }, 40062], [{ $switch: { branches: [{ x: 1 }] } }, 40063], [{ $switch: { branches: [{ then: 1 }] } }, 40064],
  [{ $switch: { branches: [{ case: 1 }] } }, 40065], [{ $switch: { branches: [{ case: false, then: 1 }] } }, 40066], [{ $switch: { x: 1 } }, 40067], [{ $switch: { branches: [] } }, 40068],
  [{ $slice: [1, 1] }, 28724], [{ $slice: [[1], 'x'] }, 28725], [{ $slice: [[1], 0.5] }, 28726], [{ $slice: [[1], 0, 'x'] }, 28727], [{ $slice: [[1], 0, 0.5] }, 28728], [{ $slice: [[1], 0, 0] }, 28729], [{ $slice: [[1]] }, 28667],
  [{ $arrayElemAt: [1, 0] }, 28689], [{ $arrayElemAt: [[1], 'x'] }, 28690], [{ $arrayElemAt: [[1], 0.5] }, 28691], [{ $arrayElemAt: [[1]] }, 16020],
  [{ $range: ['x', 1] }, 34443], [{ $range: [0.5, 1] }, 34444], [{ $range: [0, 'x'] }, 34445], [{ $range: [0, 1.5] }, 34446], [{ $range: [0, 1, 'x'] }, 34447], [{ $range: [0, 1, 0.5] }, 34448], [{ $range: [0, 1, 0] }, 34449],
  [{ $concatArrays: [[1], 1] }, 28664], [{ $setUnion: [[1], 1] }, 17043], [{ $setIntersection: [[1], 1] }, 17047], [{ $setEquals: [[1], 1] }, 17044],
  [{ $anyElementTrue: ['x'] }, 17041], [{ $allElementsTrue: ['x'] }, 17040], [{ $reverseArray: 1 }, 34435], [{ $size: 1 }, 17124], [{ $in: [1, 1] }, 40081], [{ $indexOfArray: [1, 1] }, 40090],
  [{ $arrayToObject: 1 }, 40386], [{ $objectToArray: 1 }, 40390], [{ $mergeObjects: [1] }, 40400],
  [{ $add: [{ $abs: 1, $ceil: 1 }] }, 15983], [{ $add: [{ 'a.b': 1 }] }, 16405], ['$a..b', 15998], ['$', 16872], ['$a.', 40353], ['$a.$b', 16410],
  [{ $dateToString: { date: new Date(0), format: '%' } }, 18535],
])('%j is refused with %i', async (expression, code) => {
  const [got] = await server.refusal({ aggregate: 'one', pipeline: [{ $project: { v: expression } }], cursor: {} })
  expect(got).toBe(code)
})
