import { MongoClient } from 'mongodb'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Cluster } from '@ddp-cluster/instance-status'
import { Fleet, linked } from './fleet.js'
import { RoughProxy } from './rough-proxy.js'

/** Peers hear of a record by their change stream, and may dial, prove themselves and subscribe before its own instance has MongoDB's reply. */

let fleet: Fleet
let proxy: RoughProxy
let slow: MongoClient
beforeEach(async () => {
  fleet = await Fleet.open()
  const url = new URL(fleet.url)
  proxy = await RoughProxy.before(Number(url.port))
  url.host = `127.0.0.1:${proxy.port}`
  url.searchParams.delete('replicaSet')
  url.searchParams.set('directConnection', 'true')
  slow = await new MongoClient(url.href).connect()
})
afterEach(async () => {
  await fleet.close()
  await slow.close()
  proxy.close()
})

const joinSlowly = (): Promise<Cluster> => fleet.join({ db: slow.db(fleet.db.databaseName) })

describe('joinCluster() with late replies of MongoDB', () => {
  it('counts a peer that subscribed before the reply to the registration as linked', async () => {
    const first = await fleet.join()
    proxy.delayMs = 50
    const second = await joinSlowly()
    await linked([first, second], 5000)
    expect(second.members().map(({ id, status }) => [id, status])).toEqual([[first.id, 'alive']])
  })

  it('links pairs that join with replies that take 0 to 40 ms, whoever comes first', async () => {
    for (let pair = 0; pair < pairs; pair += 1) {
      const name = `pair ${pair}`
      proxy.delayMs = Math.floor(Math.random() * 40)
      const [first, second] = await Promise.all([fleet.join({ name }), fleet.join({ name, db: slow.db(fleet.db.databaseName) })])
      await linked([first, second], 5000)
      await Promise.all([first.close(), second.close()])
    }
  })
})

/** `JOIN_PAIRS=1000` runs the long form. */
const pairs = Number(process.env['JOIN_PAIRS'] ?? 10)
