import { afterEach, beforeEach, expect, it } from 'vitest'
import { randomId } from '@ddp-cluster/ddp-common'
import { type EmbeddedMongo, startEmbeddedMongo } from '@ddp-cluster/embedded-mongo'
import { MongoClient } from 'mongodb'
import { type Handles, openHandles } from '../registry/handles.js'
import type { Ending } from '../registry/operations.js'
import { DepartureRows } from './departure-rows.js'

let mongo: EmbeddedMongo
let client: MongoClient
let handles: Handles
let nowMs: number

const ending: Ending = { signal: new AbortController().signal, maxTimeMS: 10_000 }

beforeEach(async () => {
  nowMs = Date.UTC(2026, 0, 1)
  mongo = await startEmbeddedMongo({ clock: { now: () => nowMs } })
  client = await new MongoClient(mongo.uri).connect()
  handles = openHandles(client.db('departures'), 'instances')
})
afterEach(async () => {
  await client.close()
  await mongo.close()
})

const rowsOf = (): { readonly id: string; readonly rows: DepartureRows } => {
  const _id = randomId()
  const facts = { _id, name: 'test', pid: 7, extraInformation: { host: 'h', port: '1', price: '$3' }, cluster: { protocol: 1, expireAfterMs: 60_000, url: 'ws://h:1/websocket' } }
  return { id: _id, rows: new DepartureRows(handles, facts, 100) }
}

it('a row is as it was written, times by the database, and shows the record beside it', async () => {
  const [mine, theirs] = [rowsOf(), rowsOf()]
  await theirs.rows.enter(ending)
  const row = { id: theirs.id, pid: 7, extraInformation: { host: 'h', port: '1', price: '$3' }, joinedAt: new Date(nowMs), heartbeatIntervalMs: 100, goodbye: false, noted: false }
  expect(await mine.rows.read(ending)).toEqual([{ ...row, recordMovedAt: undefined }])
  await handles.instances.insertOne({ _id: theirs.id, _updatedAt: new Date(5) })
  expect(await mine.rows.read(ending)).toEqual([{ ...row, recordMovedAt: 5 }])
  expect(await theirs.rows.read(ending)).toEqual([])
})

it('what was seen of a row holds for that row alone: one that its instance writes anew is neither noted nor deleted', async () => {
  const [mine, theirs] = [rowsOf(), rowsOf()]
  await theirs.rows.enter(ending)
  const seen = await mine.rows.read(ending)
  nowMs += 10
  await theirs.rows.enter(ending)
  await mine.rows.note(seen, ending)
  for (const row of seen) await mine.rows.remove(row, ending)
  const again = await mine.rows.read(ending)
  expect(again).toMatchObject([{ noted: false, joinedAt: new Date(nowMs) }])
  await mine.rows.note(again, ending)
  expect(await mine.rows.read(ending)).toMatchObject([{ noted: true }])
  await theirs.rows.enter(ending)
  expect(await mine.rows.read(ending)).toMatchObject([{ noted: false }])
  await theirs.rows.sayGoodbye(ending)
  const [last] = await mine.rows.read(ending)
  expect(last).toMatchObject({ goodbye: true, noted: true })
  if (last) await mine.rows.remove(last, ending)
  expect(await mine.rows.read(ending)).toEqual([])
})

it('a record is deleted as it was seen, or not at all', async () => {
  const [mine, theirs] = [rowsOf(), rowsOf()]
  await theirs.rows.enter(ending)
  const [absent] = await mine.rows.read(ending)
  await handles.instances.insertOne({ _id: theirs.id, _updatedAt: new Date(5) })
  const [seen] = await mine.rows.read(ending)
  if (!absent || !seen) throw new Error('there is a row')
  expect(await mine.rows.reap(absent, ending)).toBe(true)
  await handles.instances.updateOne({ _id: theirs.id }, { $set: { _updatedAt: new Date(6) } })
  expect(await mine.rows.reap(seen, ending)).toBe(false)
  expect(await handles.instances.countDocuments()).toBe(1)
  expect(await mine.rows.reap({ ...seen, recordMovedAt: 6 }, ending)).toBe(true)
  expect(await handles.instances.countDocuments()).toBe(0)
})
