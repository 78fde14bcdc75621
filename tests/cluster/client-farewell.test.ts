import { connect } from '@ddp-cluster/ddp-client'
import { createDDPServer, type DDPServer } from '@ddp-cluster/ddp-server'
import { type Cluster, joinCluster } from '@ddp-cluster/instance-status'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Fleet, linked, until } from './fleet.js'

/** Handlers that announce a client that leaves, while its instance leaves itself. */

let fleet: Fleet
let closing: (() => unknown)[]
beforeEach(async () => {
  closing = []
  fleet = await Fleet.open()
})
afterEach(async () => {
  for (const close of closing) await close()
  await fleet.close()
})

const announce = (ddpServer: DDPServer, cluster: () => Cluster): void => {
  ddpServer.onConnection((connection) => {
    connection.onClose(() => cluster().stream('users').emit('left', 'at once'))
    connection.onClose(async () => {
      await new Promise((resolve) => setTimeout(resolve, 20))
      cluster().stream('users').emit('left', 'after a look into the database')
    })
  })
  ddpServer.publish('presence', function () {
    this.onStop(() => cluster().stream('users').emit('left', 'subscription'))
    this.ready()
  })
}

async function heardBy(other: Cluster): Promise<unknown[]> {
  const heard: unknown[] = []
  other.stream('users').on('left', (what) => void heard.push(what))
  await other.stream('users').ready()
  return heard
}

async function client(cluster: Cluster): Promise<void> {
  const ddp = connect({ url: cluster.address.url })
  closing.push(() => ddp.close())
  await ddp.subscribe('presence').ready
}

const everything = ['subscription', 'at once', 'after a look into the database']

describe('what onClose and onStop of a client emit', () => {
  it('still reaches the other instances when cluster.close() ends the client', async () => {
    const [leaving, other] = [await fleet.join(), await fleet.join()]
    announce(leaving.ddpServer, () => leaving)
    await linked([leaving, other])
    const heard = await heardBy(other)
    await client(leaving)
    await leaving.close()
    await until(() => heard.length === 3, 5000, () => heard)
    expect(heard).toEqual(everything)
  })

  it.each(['ddpServer.close()', 'a signal'])('still reaches them when %s ends the clients of an endpoint of the application, and the instance says goodbye', async (how) => {
    const { server, port } = await fleet.listen()
    const ddpServer = createDDPServer({ server })
    closing.push(() => ddpServer.close())
    const leaving = fleet.track(await joinCluster({ db: fleet.db, name: 'test', ddpServer, address: { host: 'localhost', port }, handleSignals: true }))
    const other = await fleet.join()
    announce(ddpServer, () => leaving)
    await linked([leaving, other])
    const heard = await heardBy(other)
    const left: unknown[] = []
    other.on('memberLeft', ({ reason }) => void left.push(reason))
    await client(leaving)
    if (how === 'a signal') {
      // With a listener of the application the signal is not raised again.
      const own = (): void => undefined
      process.on('SIGTERM', own)
      closing.push(() => process.off('SIGTERM', own))
      process.emit('SIGTERM', 'SIGTERM')
    } else {
      await ddpServer.close()
    }
    await leaving.closed
    await until(() => heard.length === 3 && left.length === 1, 5000, () => [heard, left])
    expect(heard).toEqual(everything)
    expect(left).toEqual(['closed'])
  })

  it('does not hold up close() when a handler never ends', async () => {
    const leaving = await fleet.join({ closeTimeoutMs: 1000 })
    leaving.ddpServer.onConnection((connection) => {
      connection.onClose(() => new Promise(() => undefined))
    })
    leaving.ddpServer.publish('presence', function () {
      this.ready()
    })
    await client(leaving)
    const startedAt = performance.now()
    await leaving.close()
    expect(performance.now() - startedAt).toBeLessThan(5000)
  })
})
