import { print } from '../bson/print.js'
import { getField, isNumeric, toNumber } from '../bson/value.js'
import { MongoError } from '../mongo-error.js'
import { collectionOf } from './arguments.js'
import type { Doc } from '../bson/value.js'
import type { Cursor } from '../cursors.js'
import type { Call, Command } from './command.js'

/** How long a `getMore` on a change stream waits for an event when the client does not say. */
const defaultAwaitMs = 1000

const getMore: Command = {
  fields: ['collection', 'batchSize', 'term', 'lastKnownCommittedOpTime'],
  run: async (call) => {
    call.server.counters.getmore++
    const id = getField(call.command, 'getMore')
    const collection = getField(call.command, 'collection')
    if (typeof id !== 'bigint') throw new MongoError('TypeMismatch', `Field 'getMore' must be of type long in: ${print(call.command)}`)
    if (collection === undefined) throw new MongoError('FailedToParse', `Field 'collection' missing in: ${print(call.command)}`)
    if (typeof collection !== 'string') throw new MongoError('TypeMismatch', `Field 'collection' must be of type string in: ${print(call.command)}`)
    if (collection === '') throw new MongoError('InvalidNamespace', `Invalid namespace for getMore: ${call.db}.`)
    const given = getField(call.command, 'batchSize')
    if (given !== undefined && !isNumeric(given)) throw new MongoError('TypeMismatch', `Field 'batchSize' must be a number in: ${print(call.command)}`)
    if (id === 0n) throw new MongoError('BadValue', 'Cursor id for getMore must be non-zero')
    const size = given === undefined ? undefined : Math.trunc(toNumber(given))
    if (size !== undefined && size <= 0) throw new MongoError('BadValue', `Batch size for getMore must be positive, but received: ${size}`)
    const cursor = call.server.cursors.get(id, `${call.db}.${collection}`)
    if (!cursor.source.onMore && Object.hasOwn(call.command, 'maxTimeMS')) {
      throw new MongoError('BadValue', 'cannot set maxTimeMS on getMore command for a non-awaitData cursor')
    }
    const count = size ?? Infinity
    let nextBatch = cursor.source.take(count)
    if (nextBatch.length === 0 && !cursor.source.isDone && cursor.source.onMore) nextBatch = await awaitMore(call, cursor, count)
    if (cursor.source.isDone) call.server.cursors.kill(cursor.id)
    return {
      cursor: {
        nextBatch,
        ...(cursor.source.resumeToken && { postBatchResumeToken: cursor.source.resumeToken() }),
        id: cursor.source.isDone ? 0n : cursor.id,
        ns: cursor.namespace,
      },
    }
  },
}

/** Waits until the source has something, the time is over, or nobody waits for the answer any more. */
const awaitMore = (call: Call, cursor: Cursor, count: number): Promise<Doc[]> => {
  const limit = getField(call.command, 'maxTimeMS')
  return new Promise((resolve, reject) => {
    const finish = (docs: Doc[]): void => {
      clearTimeout(timer)
      stop?.()
      call.gone.removeEventListener('abort', onGone)
      resolve(docs)
    }
    const onGone = (): void => finish([])
    const timer = setTimeout(() => finish([]), isNumeric(limit) ? toNumber(limit) : defaultAwaitMs)
    const stop = cursor.source.onMore?.(() => {
      try {
        const docs = cursor.source.take(count)
        if (docs.length > 0 || cursor.source.isDone) finish(docs)
      } catch (cause) {
        finish([])
        reject(cause instanceof Error ? cause : new Error(String(cause)))
      }
    })
    call.gone.addEventListener('abort', onGone)
    if (call.gone.aborted) finish([])
  })
}

const killCursors: Command = {
  fields: ['cursors'],
  run: (call) => {
    const ids = getField(call.command, 'cursors')
    if (typeof getField(call.command, 'killCursors') !== 'string') throw new MongoError('FailedToParse', `First parameter must be a string in: ${print(call.command)}`)
    collectionOf(call)
    if (!Array.isArray(ids)) throw new MongoError('FailedToParse', `Field 'cursors' must be of type array in: ${print(call.command)}`)
    const killed: bigint[] = []
    const notFound: bigint[] = []
    for (const [at, id] of ids.entries()) {
      if (typeof id !== 'bigint') throw new MongoError('FailedToParse', `Field 'cursors' contains an element that is not of type long: ${at}: ${print(id)}`)
    }
    if (ids.length === 0) throw new MongoError('BadValue', `Must specify at least one cursor id in: ${print(call.command)}`)
    for (const id of ids) if (typeof id === 'bigint') (call.server.cursors.kill(id) ? killed : notFound).push(id)
    return { cursorsKilled: killed, cursorsNotFound: notFound, cursorsAlive: [], cursorsUnknown: [] }
  },
}

export const cursorCommands: Readonly<Record<string, Command>> = { getMore, killCursors }
