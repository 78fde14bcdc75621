import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { randomId } from '@ddp-cluster/ddp-common'
import { joinCluster } from '@ddp-cluster/instance-status'
import { Fleet, until } from './fleet.js'

let fleet: Fleet
beforeEach(async () => {
  fleet = await Fleet.open()
})
afterEach(() => fleet.close())

const instances = () => fleet.db.collection<{ _id: string }>('instances')

/** Leaves behind what kill -9 does: records that were renewed just now. */
async function ghosts(count: number, port: number): Promise<string[]> {
  const ids = Array.from({ length: count }, () => randomId())
  const cluster = { protocol: 1, expireAfterMs: 60_000, url: `ws://localhost:${port}/websocket` }
  const now = [{ $set: { _createdAt: '$$NOW', _updatedAt: '$$NOW', name: 'test', pid: 1, extraInformation: { host: 'localhost', port: String(port) }, cluster } }]
  for (const _id of ids) await instances().updateOne({ _id }, now, { upsert: true })
  return ids
}

describe('an instance that starts again at the address at which it was killed', () => {
  it.each([1, 3])('is rid of %i records of its own past at once', async (count) => {
    const { server, port } = await fleet.listen()
    await ghosts(count, port)
    const cluster = fleet.track(await joinCluster({ db: fleet.db, name: 'test', server, address: { host: 'localhost', port } }))
    const told: string[] = []
    for (const event of ['memberJoined', 'memberSuspected', 'memberLeft'] as const) cluster.on(event, ({ id }) => told.push(`${event} ${id}`))
    await until(() => cluster.members().length === 0, 3000, () => cluster.members())
    await until(async () => (await instances().countDocuments()) === 1, 3000)
    expect(told).toEqual([])
  })
})
