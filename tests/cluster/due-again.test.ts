import { afterEach, beforeEach, expect, it } from 'vitest'
import { randomId } from '@ddp-cluster/ddp-common'
import { Fleet, until } from './fleet.js'

let fleet: Fleet
beforeEach(async () => {
  fleet = await Fleet.open()
})
afterEach(() => fleet.close())

const pass = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

it('does not read the registry again and again after a stall in which a record with a shorter expiry went', async () => {
  const cluster = await fleet.join({ heartbeatIntervalMs: 500, expireAfterMs: 20_000 })
  const stalled = new Promise<unknown>((resolve) => cluster.on('stalled', resolve))
  const instances = fleet.db.collection<{ _id: string }>('instances')
  const ghost = { ...(await instances.findOne()), _id: randomId(), _createdAt: new Date(), _updatedAt: new Date(), cluster: { protocol: 1, expireAfterMs: 3000, url: 'ws://127.0.0.1:9/websocket' } }
  await instances.insertOne(ghost)
  await until(() => cluster.members().length === 1, 2000)
  for (const end = performance.now() + 1500; performance.now() < end; );
  await stalled
  await instances.deleteOne({ _id: ghost._id })
  // Until its expiry is over it is not due; then it was, all the time.
  await pass(3500)
  let reads = 0
  fleet.client.on('commandStarted', ({ commandName }) => (reads += commandName === 'aggregate' ? 1 : 0))
  await pass(1500)
  expect(reads).toBeLessThanOrEqual(10)
})
