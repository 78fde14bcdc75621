import { Long } from 'mongodb'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startAsking } from './ask.js'
import type { Document } from 'mongodb'
import type { Asked } from './ask.js'

let server: Asked

beforeAll(async () => {
  server = await startAsking()
  await server.ask({ insert: 'c', documents: [{ _id: 3, a: 1, b: 'y' }, { _id: 1, a: 2 }, { _id: 2, a: 1, b: 'x' }, { _id: 4, c: [1, 2] }] })
  await server.ask({ createIndexes: 'c', indexes: [{ key: { a: 1 }, name: 'a_1' }, { key: { b: 1 }, name: 'b_1', sparse: true }] })
})

afterAll(() => server[Symbol.asyncDispose]())

const ids = async (command: Document): Promise<unknown[]> => (await server.batch({ find: 'c', ...command })).map(({ _id }) => _id as unknown)

describe('documents come in the order of the plan', () => {
  test.each<[string, Document, number[]]>([
    ['as inserted', {}, [3, 1, 2, 4]],
    ['of the ids', { filter: { _id: { $in: [4, 1, 3] } } }, [1, 3, 4]],
    ['of the ids, in a range', { filter: { _id: { $gt: 1 } } }, [2, 3, 4]],
    ['of an index', { filter: { a: { $gte: 1 } } }, [3, 2, 1]],
    ['of an index that only sorts', { sort: { a: -1 } }, [1, 2, 3, 4]],
    ['of the hint', { hint: { a: 1 } }, [4, 3, 2, 1]],
    ['backwards', { hint: { $natural: -1 } }, [4, 2, 1, 3]],
    ['backwards by a sort', { sort: { $natural: -1 } }, [4, 2, 1, 3]],
    ['of a sparse index, which leaves documents out when it is asked for', { hint: 'b_1' }, [2, 3]],
    ['a sparse index does not serve to sort', { sort: { b: 1 } }, [1, 4, 2, 3]],
  ])('%s', async (_name, command, wanted) => expect(await ids(command)).toEqual(wanted))
})

describe('a cursor is done', () => {
  const idOf = async (command: Document): Promise<string> => String((await server.ask(command) as { cursor: { id: Long } }).cursor.id)

  test.each<[string, Document, boolean]>([
    ['when a scan was asked for more than there is', { find: 'c', batchSize: 5 }, true],
    ['not when a scan gave the last document: it has not looked further', { find: 'c', batchSize: 4 }, false],
    ['with the last document of a sort', { find: 'c', sort: { c: 1 }, batchSize: 4 }, true],
    ['with the last document of a limit', { find: 'c', limit: 2, batchSize: 2 }, true],
    ['with the one document of an id', { find: 'c', filter: { _id: 1 }, batchSize: 1 }, true],
    ['not when a pipeline gave its last document', { aggregate: 'c', pipeline: [], cursor: { batchSize: 4 } }, false],
    ['at once where there is no collection', { find: 'nope', batchSize: 0 }, true],
  ])('%s', async (_name, command, isDone) => expect((await idOf(command)) === '0').toBe(isDone))

  test('by a getMore that finds nothing', async () => {
    const { cursor } = await server.ask({ find: 'c', batchSize: 4 }) as { cursor: { id: Long } }
    expect(await server.ask({ getMore: Long.fromValue(cursor.id), collection: 'c' })).toMatchObject({ cursor: { nextBatch: [], id: 0 } })
  })
})

describe('explain', () => {
  const winning = async (command: Document): Promise<unknown> =>
    ((await server.ask({ explain: command, verbosity: 'queryPlanner' }))['queryPlanner'] as Document)['winningPlan']

  test('tells how documents would be found', async () => {
    expect(await winning({ find: 'c', filter: { _id: 1 } })).toEqual({ stage: 'IDHACK' })
    expect(await winning({ find: 'c', filter: { z: 1 }, limit: 1 })).toEqual({ stage: 'LIMIT', limitAmount: 1, inputStage: { stage: 'COLLSCAN', filter: { z: { $eq: 1 } }, direction: 'forward' } })
    expect(await winning({ find: 'c', filter: { a: { $gt: 1 } } })).toMatchObject({ stage: 'FETCH', inputStage: { stage: 'IXSCAN', indexName: 'a_1', indexBounds: { a: ['(1, inf.0]'] } } })
    expect(await winning({ find: 'c', filter: {}, sort: { z: 1 } })).toMatchObject({ stage: 'SORT', inputStage: { stage: 'COLLSCAN' } })
    expect(await winning({ count: 'c', query: { a: 1 } })).toMatchObject({ stage: 'COUNT', inputStage: { inputStage: { indexName: 'a_1' } } })
    expect(await winning({ update: 'c', updates: [{ q: { _id: 1 }, u: { $set: { x: 1 } } }] })).toEqual({ stage: 'UPDATE', inputStage: { stage: 'IDHACK' } })
    expect(await winning({ find: 'nope' })).toEqual({ stage: 'EOF' })
  })

  test('of a pipeline tells what its stages read', async () => {
    const reply = await server.ask({ aggregate: 'c', pipeline: [{ $match: { a: 1 } }, { $group: { _id: '$b' } }], explain: true })
    expect(reply['stages']).toMatchObject([{ $cursor: { queryPlanner: { parsedQuery: { a: { $eq: 1 } }, winningPlan: { stage: 'FETCH' } } } }, { $group: { _id: '$b' } }])
  })

  test('counts what is looked at, and changes nothing', async () => {
    const { executionStats } = await server.ask({ explain: { delete: 'c', deletes: [{ q: { a: 1 }, limit: 0 }] }, verbosity: 'executionStats' })
    expect(executionStats).toMatchObject({ nReturned: 2, totalKeysExamined: 2 })
    expect(await ids({ filter: { a: 1 } })).toEqual([3, 2])
    expect(await server.refusal({ explain: { ping: 1 } })).toEqual([20, 'Cannot explain cmd: ping'])
    expect(await server.refusal({ explain: { nope: 1 } })).toEqual([59, 'Explain failed due to unknown command: nope'])
  })
})

test('a hidden index is not used, and cannot be hinted at', async () => {
  await server.ask({ createIndexes: 'h', indexes: [{ key: { a: -1 }, name: 'a' }] })
  await server.ask({ insert: 'h', documents: [{ _id: 1, a: 1 }, { _id: 2, a: 2 }] })
  const found = async (): Promise<unknown[]> => (await server.batch({ find: 'h', filter: { a: { $gt: 0 } } })).map(({ _id }) => _id as unknown)
  expect(await found()).toEqual([2, 1])
  expect(await server.ask({ collMod: 'h', index: { name: 'a', hidden: true } })).toMatchObject({ hidden_old: false, hidden_new: true })
  expect(await found()).toEqual([1, 2])
  expect((await server.refusal({ find: 'h', hint: 'a' }))[0]).toBe(2)
})
