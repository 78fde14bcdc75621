import { BSON } from 'bson'
import { expect, test } from 'vitest'
import { wallClock } from '../clock.js'
import { runCommand } from '../commands/registry.js'
import { Server } from '../server-state.js'
import { Store } from '../storage/store.js'
import { InvalidMessage, encodeReply, parseMessage } from './message.js'

/** `MONGO_FUZZ_FRAMES=1000000` for the long run; `MONGO_FUZZ_SEED` to repeat one. */
const frames = Number(process.env['MONGO_FUZZ_FRAMES'] ?? 50_000)
const seed = Number(process.env['MONGO_FUZZ_SEED'] ?? 1)

/** Mulberry32: the same numbers for the same seed. */
const random = (state: number) => (): number => {
  state = (state + 0x6d2b79f5) | 0
  let t = Math.imul(state ^ (state >>> 15), 1 | state)
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
  return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
}

const commands: readonly object[] = [
  { insert: 'c', documents: [{ a: 1, b: [1, { c: 'x' }], d: new Date(0) }], $db: 't' },
  { find: 'c', filter: { a: { $gt: 1 }, b: { $elemMatch: { c: /x/ } }, $or: [{ d: null }] }, sort: { a: 1 }, projection: { b: { $slice: 1 } }, $db: 't' },
  { find: 'c', filter: { a: { $in: [1, 2, 'x'] }, 'b.c': { $type: 'string', $not: { $size: 2 } }, $expr: { $eq: ['$a', { $size: '$b' }] } }, $db: 't' },
  { update: 'c', updates: [{ q: { a: 1 }, u: { $set: { 'b.$[].c': 1 }, $push: { e: { $each: [1], $sort: -1 } }, $inc: { f: 1 } }, upsert: true }], $db: 't' },
  { aggregate: 'c', pipeline: [{ $unwind: '$b' }, { $group: { _id: '$a', n: { $sum: { $add: ['$a', 1] } } } }, { $sort: { n: 1 } }], cursor: {}, $db: 't' },
  { aggregate: 'c', pipeline: [{ $project: { n: { $cond: [true, '$n', { $concat: ['x', 'y'] }] }, s: { $substrCP: ['$k', 0, 2] } } }], cursor: {}, $db: 't' },
  { aggregate: 'c', pipeline: [{ $changeStream: { fullDocument: 'updateLookup' } }, { $match: { operationType: 'insert' } }], cursor: {}, $db: 't' },
  { findAndModify: 'c', query: { a: 1 }, update: [{ $set: { a: { $toInt: '$a' } } }], upsert: true, $db: 't' },
  { createIndexes: 'c', indexes: [{ key: { a: 1 }, name: 'a', expireAfterSeconds: 5 }], $db: 't' },
  { hello: 1, topologyVersion: { processId: new BSON.ObjectId(), counter: BSON.Long.fromNumber(6) }, maxAwaitTimeMS: 1, $db: 'admin' },
  { getMore: BSON.Long.fromNumber(5), collection: 'c', $db: 't' },
  { aggregate: 'c', pipeline: [{ $bucket: { groupBy: '$a', boundaries: [0, 2, 'x'], default: 'other' } }, { $redact: { $cond: ['$_id', '$$DESCEND', '$$KEEP'] } }], cursor: {}, $db: 't' },
  { aggregate: 'c', pipeline: [{ $graphLookup: { from: 'c', startWith: '$a', connectFromField: 'b', connectToField: 'a', as: 'p.q', maxDepth: 3 } }], cursor: {}, $db: 't' },
  { aggregate: 'c', pipeline: [{ $bucketAuto: { groupBy: '$a', buckets: 3 } }, { $merge: { into: 'd', whenMatched: [{ $set: { n: '$$new.count' } }] } }], cursor: {}, $db: 't' },
  { aggregate: 'c', pipeline: [{ $project: { n: { $convert: { input: '$a', to: 'int', onError: 'x' } } } }, { $out: 'e' }], cursor: {}, hint: '_id_', $db: 't' },
  { create: 'k', capped: true, size: 4096, validator: { a: { $gt: 1 } }, $db: 't' },
  { find: 'k', tailable: true, awaitData: true, batchSize: 1, maxTimeMS: 5, $db: 't' },
  { aggregate: 'c', pipeline: [{ $project: { d: { $dateToString: { date: '$d', format: '%Y-%j', timezone: 'Europe/Berlin' } }, r: { $regexFind: { input: 'abc', regex: 'b' } }, z: { $zip: { inputs: ['$b', [1]] } } } }], cursor: {}, $db: 't' },
  { aggregate: 'c', pipeline: [{ $project: { p: { $dateFromParts: { year: 2020, month: 2, day: 3 } }, i: { $indexOfCP: ['abc', 'c', 1] }, t: { $trim: { input: ' x ' } } } }], cursor: {}, $db: 't' },
  { find: 'c', filter: { s: { $gte: 'x' }, $jsonSchema: { required: ['a'], properties: { a: { bsonType: 'int', minimum: 1 }, b: { items: { type: 'number' }, uniqueItems: true } } } }, collation: { locale: 'en', strength: 2 }, hint: { a: 1 }, $db: 't' },
  { explain: { find: 'c', filter: { a: { $gt: 1 }, b: null }, sort: { a: -1 }, limit: 3, projection: { a: 1 } }, verbosity: 'executionStats', $db: 't' },
  { createIndexes: 'c', indexes: [{ key: { b: 1, d: -1 }, name: 'b', unique: true, partialFilterExpression: { a: { $exists: true } }, hidden: false }], commitQuorum: 1, $db: 't' },
  { collMod: 'c', index: { keyPattern: { a: 1 }, expireAfterSeconds: 7, hidden: true }, $db: 't' },
  { dropIndexes: 'c', index: ['a', 'b'], $db: 't' },
  { killCursors: 'c', cursors: [BSON.Long.fromNumber(5)], $db: 't' },
  { delete: 'c', deletes: [{ q: { a: { $in: [1, 2] } }, limit: 0 }], $db: 't' },
]

const message = (command: object): Buffer => {
  const body = BSON.serialize(command)
  const frame = Buffer.alloc(21 + body.length)
  frame.writeInt32LE(frame.length, 0)
  frame.writeInt32LE(2013, 12)
  frame.set(body, 21)
  return frame
}

const sound = commands.map(message)

/** A sound message with a few of its bytes changed; mostly not its head, and mostly by little, so that most get past the first look. */
const mutated = (next: () => number): Buffer => {
  const frame = Buffer.from(sound[Math.floor(next() * sound.length)] ?? Buffer.alloc(26))
  const first = next() < 0.9 ? 25 : 4
  for (let count = Math.floor(next() * 3) + 1; count > 0; count--) frame[first + Math.floor(next() * (frame.length - first))] = Math.floor(next() * 256)
  return frame
}

test(`${frames} mutated frames (seed ${seed}): each is answered or refused, and none fails inside`, { timeout: Math.max(60_000, frames) }, async () => {
  const server = new Server(new Store(wallClock), wallClock, 'rs0')
  const failures: { error: unknown, frame: string }[] = []
  // Nobody is there to be waited for, so that what would wait answers at once.
  const gone = AbortSignal.abort()
  const next = random(seed)
  let answered = 0
  for (let sent = 0; sent < frames; sent++) {
    const frame = mutated(next)
    try {
      const parsed = parseMessage(frame)
      const { reply } = await runCommand(server, parsed.command, gone, undefined, (error) => failures.push({ error, frame: frame.toString('hex') }))
      encodeReply(parsed, 1, 1, reply, false)
      answered++
    } catch (error) {
      if (!(error instanceof InvalidMessage)) failures.push({ error, frame: frame.toString('hex') })
    }
    if (sent % 1000 === 0) server.store.dropDatabase('t')
  }
  expect(failures.slice(0, 3)).toEqual([])
  expect(answered).toBeGreaterThan(frames / 20)
})
