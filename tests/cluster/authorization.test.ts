import { randomBytes } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { randomId } from '@ddp-cluster/ddp-common'
import { type Connection, openConnection } from '@ddp-cluster/ddp-client/internal'
import type { Cluster } from '@ddp-cluster/instance-status'
import { Fleet } from './fleet.js'

let fleet: Fleet
let cluster: Cluster
const connections: Connection[] = []

beforeEach(async () => {
  fleet = await Fleet.open()
  cluster = await fleet.join({ authTimeoutMs: 300 })
})
afterEach(async () => {
  for (const connection of connections.splice(0)) connection.close()
  await fleet.close()
})

function dial(headers: Record<string, string> = {}): Connection {
  const connection = openConnection({ url: cluster.address.url, headers })
  connections.push(connection)
  return connection
}

const ask = (changes: object = {}): object => ({
  protocol: 1, cluster: `${fleet.db.databaseName}.instances/test`, from: randomId(), to: cluster.id, attempt: 1, nonceA: new Uint8Array(randomBytes(32)), ...changes,
})

const error = async (work: Promise<unknown>): Promise<unknown> => work.then(() => 'no error', (reason: unknown) => (reason as { error?: unknown }).error ?? reason)

describe('a session that has not proven itself', () => {
  it('gets nothing that is the cluster\'s', async () => {
    const connection = dial()
    expect(await error(connection.call('cluster.goodbye', []))).toBe('unauthorized')
    expect(await error(connection.subscribe('cluster.broadcast', [{}]).ready)).toBe('unauthorized')
    await connection.call('cluster.challenge', [ask()])
    expect(await error(connection.subscribe('cluster.broadcast', [{}]).ready)).toBe('unauthorized')
    expect(cluster.members()).toEqual([])
  })

  it('is told what is wrong with its challenge', async () => {
    expect(await error(dial().call('cluster.challenge', [ask({ protocol: 2 })]))).toBe('wrong-protocol')
    expect(await error(dial().call('cluster.challenge', [ask({ cluster: 'another' })]))).toBe('wrong-cluster')
    expect(await error(dial().call('cluster.challenge', [ask({ to: 'another' })]))).toBe('wrong-instance')
    for (const bad of [undefined, null, [], 'x', {}, ask({ nonceA: new Uint8Array(31) }), ask({ attempt: 1.5 }), ask({ from: '' }), ask({ from: '__proto__' }), ask({ from: cluster.id })]) {
      expect(await error(dial().call('cluster.challenge', [bad]))).toBe('bad-request')
    }
  })

  it('has one challenge, and no proof is taken without one', async () => {
    const connection = dial()
    expect(await error(connection.call('cluster.prove', [{ proofA: new Uint8Array(32) }]))).toBe('bad-request')
    await connection.call('cluster.challenge', [ask()])
    expect(await error(connection.call('cluster.challenge', [ask()]))).toBe('bad-request')
    expect(await error(connection.call('cluster.prove', [{ proofA: 'x' }]))).toBe('bad-request')
    expect(await error(connection.call('cluster.prove', [{ proofA: new Uint8Array(32) }]))).toBe('unauthorized')
    expect(await connection.closed).toMatchObject({ cause: 'peer-closed', closeCode: 4002 })
  })

  it('is closed when it does not prove itself in time', async () => {
    const connection = dial()
    await connection.call('cluster.challenge', [ask()])
    expect(await connection.closed).toMatchObject({ cause: 'peer-closed', closeCode: 4002 })
  })

  it('is never a browser', async () => {
    const connection = dial({ origin: 'https://example.com' })
    expect(await error(connection.call('cluster.challenge', [ask()]))).toBe('unauthorized')
  })
})
