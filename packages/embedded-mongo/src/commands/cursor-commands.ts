import { print } from '../bson/print.js'
import { getField, isNumeric, toNumber } from '../bson/value.js'
import { MongoError } from '../mongo-error.js'
import { missingField, numberArgument, wrongType } from './arguments.js'
import type { Doc } from '../bson/value.js'
import type { Cursor } from '../cursors.js'
import type { Call, Command } from './command.js'

/** How long a `getMore` on a change stream waits for an event when the client does not say. */
const defaultAwaitMs = 1000

const getMore: Command = {
  fields: ['collection', 'batchSize', 'term', 'lastKnownCommittedOpTime'],
  required: ['collection'],
  run: async (call) => {
    call.server.counters.getmore++
    const id = getField(call.command, 'getMore')
    const collection = getField(call.command, 'collection')
    if (typeof id !== 'bigint') throw new MongoError('TypeMismatch', `Field 'getMore' must be of type long in: ${print(call.command)}`)
    if (typeof collection !== 'string') throw new MongoError('TypeMismatch', `Field 'collection' must be of type string in: ${print(call.command)}`)
    if (collection === '') throw new MongoError('InvalidNamespace', `Invalid namespace for getMore: ${call.db}.`)
    const size = numberArgument(call, 'batchSize')
    if (size !== undefined && size < 0) throw new MongoError('BadValue', `Batch size for getMore must be positive, but received: ${size}`)
    const cursor = call.server.cursors.get(id, `${call.db}.${collection}`)
    if (!cursor.source.onMore && Object.hasOwn(call.command, 'maxTimeMS')) {
      throw new MongoError('BadValue', 'cannot set maxTimeMS on getMore command for a non-awaitData cursor')
    }
    const count = size === undefined || size === 0 ? Infinity : size
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
  required: ['cursors'],
  run: (call) => {
    const ids = getField(call.command, 'cursors')
    if (!Array.isArray(ids)) throw missingField('killCursors', 'cursors')
    const killed: bigint[] = []
    const notFound: bigint[] = []
    for (const id of ids) {
      if (typeof id !== 'bigint') throw wrongType('killCursors', 'cursors', id, 'long')
      ;(call.server.cursors.kill(id) ? killed : notFound).push(id)
    }
    return { cursorsKilled: killed, cursorsNotFound: notFound, cursorsAlive: [], cursorsUnknown: [] }
  },
}

export const cursorCommands: Readonly<Record<string, Command>> = { getMore, killCursors }
