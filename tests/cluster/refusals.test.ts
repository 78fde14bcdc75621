import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ManualClock } from '@ddp-cluster/ddp-common/internal'
import { joinCluster, type JoinOptions } from '@ddp-cluster/instance-status'
import { Fleet } from './fleet.js'

let fleet: Fleet
beforeEach(async () => {
  fleet = await Fleet.open()
})
afterEach(() => fleet.close())

const cyclic: Record<string, unknown> = {}
cyclic['self'] = cyclic

describe('joinCluster refuses', () => {
  it.each([
    ['an expiry of two heartbeats', { expireAfterMs: 20_000, heartbeatIntervalMs: 10_000 }],
    ['a short secret', { secret: 'hunter2' }],
    ['a collection that MongoDB does not take', { collectionName: 'a$b' }],
    ['no collection', { collectionName: '' }],
    ['what is no server', { server: {} as never }],
    ['extra information in a circle', { extraInformation: cyclic }],
    ['extra information that JSON does not know', { extraInformation: { big: 1n } }],
  ] as [string, Partial<JoinOptions>][])('%s, and leaves nothing behind', async (_, options) => {
    const { server, port } = await fleet.listen()
    const before = server.eventNames()
    const error: unknown = await joinCluster({ db: fleet.db, name: 'test', server, address: { host: 'localhost', port }, ...options }).catch((reason: unknown) => reason)
    expect(error).toMatchObject({ name: 'ClusterError', code: 'invalid-option' })
    expect(String(error)).not.toContain('hunter2')
    expect(server.eventNames()).toEqual(before)
    expect(await fleet.db.collection('instances').countDocuments()).toBe(0)
  })

  it('no options at all', async () => {
    await expect(joinCluster(undefined as never)).rejects.toMatchObject({ code: 'invalid-option' })
  })

  it('a server that does not listen', async () => {
    const { server } = await fleet.listen()
    server.close()
    const clock = new ManualClock()
    const joining = joinCluster({ db: fleet.db, name: 'test', server, clock }).catch((error: unknown) => error)
    clock.advance(10_000)
    expect(await joining).toMatchObject({ code: 'not-listening' })
  })

  it('a second cluster on one server, and does the first no harm', async () => {
    const { server, port } = await fleet.listen()
    const address = { host: 'localhost', port }
    const first = await fleet.join({ server, address })
    await expect(fleet.join({ server, address })).rejects.toMatchObject({ code: 'path-taken' })
    const records = await fleet.db.collection<{ _id: string }>('instances').find().toArray()
    expect(records.map(({ _id }) => _id)).toEqual([first.id])
  })

  it('a port that is taken', async () => {
    const { port } = await fleet.listen()
    await expect(joinCluster({ db: fleet.db, name: 'test', listen: { host: '127.0.0.1', port } })).rejects.toMatchObject({ code: 'listen-failed' })
    await expect(joinCluster({ db: fleet.db, name: 'test', listen: { port: 99_999 } })).rejects.toMatchObject({ code: 'listen-failed' })
  })
})

it('close() keeps to its time, whoever is connected and says nothing', async () => {
  const cluster = await joinCluster({ db: fleet.db, name: 'test', listen: { host: '127.0.0.1' }, closeTimeoutMs: 1000 })
  const stranger = connect(Number(cluster.address.port), '127.0.0.1')
  await once(stranger, 'connect')
  const before = performance.now()
  await cluster.close()
  expect(performance.now() - before).toBeLessThan(1000)
  stranger.destroy()
  await expect(cluster.records()).rejects.toMatchObject({ code: 'closed' })
})

it('two clusters in one process leave at a signal, and the process ends by it', async () => {
  const file = fileURLToPath(new URL('two-with-signals.ts', import.meta.url))
  const child = spawn(process.execPath, ['--import', 'tsx', '--conditions=@ddp-cluster/source', file], { stdio: ['ignore', 'pipe', 'inherit'] })
  await once(child.stdout, 'data')
  child.kill('SIGTERM')
  const [code, signal] = (await once(child, 'exit')) as [number | null, string | null]
  expect([code, signal]).toEqual([null, 'SIGTERM'])
})
