import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createRequire } from 'node:module'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type EmbeddedMongo, startEmbeddedMongo } from '@ddp-cluster/embedded-mongo'
import { randomId } from '@ddp-cluster/ddp-common'
import type { Cluster, Departure } from '@ddp-cluster/instance-status'
import { type Collection, type Db, MongoClient } from 'mongodb'
import type { CleanerSettings, Run } from './departures/messages.js'
import { Fleet, linked, until } from './fleet.js'

const file = fileURLToPath(new URL('departures/cleaner.ts', import.meta.url))
const execArgv = ['--import', pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href, '--conditions=@ddp-cluster/source']

const linkHeartbeat = { linkHeartbeatIntervalMs: 200, linkHeartbeatTimeoutMs: 200 }

interface Row {
  readonly _id: string
  readonly leftAt?: Date
  readonly goodbye?: boolean
}

describe('departures among processes', () => {
  // Long enough for a process that wakes up to be back in time, also on a machine that has much to do.
  const heartbeatIntervalMs = 600
  const options = { heartbeatIntervalMs, expireAfterMs: 1800, ...linkHeartbeat }
  let mongo: EmbeddedMongo | undefined
  let client: MongoClient
  let db: Db
  let runs: Collection<Run>
  let settings: CleanerSettings
  const children = new Map<string, ChildProcess>()

  beforeEach(async () => {
    const url = process.env['MONGO_URL']
    mongo = url ? undefined : await startEmbeddedMongo()
    const mongoUrl = url || (mongo?.uri ?? '')
    client = await new MongoClient(mongoUrl).connect()
    db = client.db(`ddp_cluster_test_${randomId(8)}`)
    runs = db.collection<Run>('runs')
    settings = { mongoUrl, database: db.databaseName, runMs: 300, options }
  })
  afterEach(async () => {
    await kill(...children.keys())
    await db.dropDatabase()
    await client.close()
    await mongo?.close()
  })

  async function start(count: number): Promise<string[]> {
    return Promise.all(
      Array.from({ length: count }, async () => {
        const child = spawn(process.execPath, [...execArgv, file, JSON.stringify(settings)], { stdio: ['ignore', 2, 2, 'ipc'] })
        const ended = once(child, 'exit').then(() => Promise.reject(new Error('a process ended before it had joined')))
        const [id] = (await Promise.race([once(child, 'message'), ended])) as [string]
        ended.catch(() => undefined)
        children.set(id, child)
        return id
      }),
    )
  }

  async function kill(...ids: string[]): Promise<void> {
    await Promise.all(
      ids.map(async (id) => {
        const child = children.get(id)
        children.delete(id)
        if (!child || child.exitCode !== null) return
        child.kill('SIGKILL')
        await once(child, 'exit')
      }),
    )
  }

  const rows = (): Promise<Row[]> => db.collection<Row>('instances_departures').find().toArray()
  const runsOf = async (...ids: string[]): Promise<Run[]> => (await runs.find({}, { sort: { begunAt: 1 } }).toArray()).filter(({ of }) => ids.includes(of))
  const done = async (...ids: string[]): Promise<boolean> => {
    const ended = new Set((await runsOf(...ids)).filter(({ endedAt }) => endedAt !== undefined).map(({ of }) => of))
    return ended.size === ids.length && (await rows()).every(({ _id }) => !ids.includes(_id))
  }

  /** No two handlers ran at one moment; of a process that was killed the run ended at its death. */
  async function expectOneAtATime(deaths: Readonly<Record<string, number>>): Promise<void> {
    const all = await runs.find({}, { sort: { begunAt: 1 } }).toArray()
    all.forEach(({ by, endedAt }, index) => {
      const next = all[index + 1]
      if (next) expect(next.begunAt).toBeGreaterThanOrEqual(endedAt ?? deaths[by] ?? Number.POSITIVE_INFINITY)
    })
    const tokens = all.map(({ token }) => token)
    expect(tokens).toEqual(tokens.toSorted((a, b) => a - b))
  }

  it('are cleaned up after once, by one survivor, also when the first to do it is killed in the middle', async () => {
    const [victim = '', ...others] = await start(4)
    const deaths: Record<string, number> = {}
    deaths[victim] = performance.timeOrigin + performance.now()
    await kill(victim)
    await until(async () => (await runsOf(victim)).length > 0, 10_000)
    const runner = (await runsOf(victim))[0]?.by ?? ''
    expect(others).toContain(runner)
    await kill(runner)
    deaths[runner] = performance.timeOrigin + performance.now()
    await until(() => done(victim, runner), 15_000, rows)
    const ofVictim = await runsOf(victim)
    expect(ofVictim).toHaveLength(2)
    expect(ofVictim[0]?.endedAt).toBeUndefined()
    expect(ofVictim[1]?.by).not.toBe(runner)
    expect(await runsOf(runner)).toHaveLength(1)
    await expectOneAtATime(deaths)
    const at = (run: Run | undefined, death: number | undefined): number => Math.round((run?.begunAt ?? Number.NaN) - (death ?? Number.NaN))
    expect(at(ofVictim[0], deaths[victim])).toBeGreaterThan(2 * heartbeatIntervalMs)
    process.stdout.write(`begun ${at(ofVictim[0], deaths[victim])} ms after the death (two heartbeats are ${2 * heartbeatIntervalMs} ms), begun anew ${at(ofVictim[1], deaths[runner])} ms after that of the first to do it\n`)
  }, 40_000)

  it('of all at once are cleaned up after by who starts next', async () => {
    const all = await start(3)
    await kill(...all)
    expect(await runs.countDocuments()).toBe(0)
    await start(2)
    await until(() => done(...all), 15_000, rows)
    expect(await runsOf(...all)).toHaveLength(3)
    await expectOneAtATime({})
  }, 40_000)

  it('are none of an instance that stood still and comes back in time; its row is there again for the day that it dies', async () => {
    const [sleeper = '', witness = ''] = await start(2)
    const records = db.collection<{ _id: string }>('instances')
    children.get(sleeper)?.kill('SIGSTOP')
    await until(async () => (await records.countDocuments({ _id: sleeper })) === 0, 5000)
    children.get(sleeper)?.kill('SIGCONT')
    await until(async () => (await records.countDocuments({ _id: sleeper })) === 1, 5000)
    // Time in which it must not be cleaned up after: more than twice what it takes for one who is gone.
    await new Promise((resolve) => setTimeout(resolve, 5 * heartbeatIntervalMs))
    expect(await runsOf(sleeper)).toEqual([])
    expect((await rows()).find(({ _id }) => _id === sleeper)).toBeDefined()
    expect((await rows()).find(({ _id }) => _id === sleeper)?.leftAt).toBeUndefined()
    await kill(sleeper)
    await until(() => done(sleeper), 15_000, rows)
    expect((await runsOf(sleeper)).map(({ by }) => by)).toEqual([witness])
  }, 40_000)

  it('by SIGTERM are cleaned up after at once, and a clean-up under way is not begun anew while its process leaves', async () => {
    const [first = '', second = '', third = ''] = await start(3)
    children.get(first)?.kill('SIGTERM')
    await until(async () => (await runsOf(first)).length > 0, 3000)
    const runner = (await runsOf(first))[0]?.by ?? ''
    children.get(runner)?.kill('SIGTERM')
    await until(() => done(first, runner), 15_000, rows)
    await expectOneAtATime({})
    expect((await runsOf(first)).length).toBeLessThanOrEqual(2)
    expect([second, third]).toContain(runner)
  }, 40_000)
})

describe('onLeft', () => {
  const heartbeatIntervalMs = 200
  const options = { heartbeatIntervalMs, expireAfterMs: 1000, ...linkHeartbeat }
  let fleet: Fleet
  beforeEach(async () => {
    fleet = await Fleet.open()
  })
  afterEach(() => fleet.close())

  const rows = (): Promise<Row[]> => fleet.db.collection<Row>('instances_departures').find().toArray()
  const joinMany = async (count: number): Promise<Cluster[]> => {
    const clusters = await Promise.all(Array.from({ length: count }, () => fleet.join({ ...options, extraInformation: { zone: 'a' } })))
    await linked(clusters)
    return clusters
  }

  it('tells one survivor who it was, with a token that grows', async () => {
    const [first, second, third] = (await joinMany(3)) as [Cluster, Cluster, Cluster]
    const told: Departure[] = []
    for (const cluster of [first, second]) cluster.onLeft((departure) => told.push(departure))
    await third.close()
    await until(() => told.length > 0, 2000)
    expect(told[0]).toMatchObject({ id: third.id, pid: process.pid, extraInformation: { host: 'localhost', zone: 'a' }, token: 1 })
    expect(told[0]?.joinedAt).toBeInstanceOf(Date)
    expect(told[0]?.signal.aborted).toBe(false)
    await until(async () => (await rows()).length === 2, 2000)
    await second.close()
    await until(() => told.length > 1, 3000)
    expect(told.map(({ id }) => id)).toEqual([third.id, second.id])
    expect(told[1]?.token).toBeGreaterThan(1)
  })

  it('calls a handler that rejects again, and says so; a row goes when all have resolved', async () => {
    const logged: unknown[] = []
    const silent = (): undefined => undefined
    const cluster = await fleet.join({ ...options, logger: { debug: silent, info: silent, warn: silent, error: (fields) => logged.push(fields) } })
    const other = await fleet.join(options)
    await linked([cluster, other])
    const called: string[] = []
    cluster.onLeft(() => called.push('first'))
    cluster.onLeft(() => {
      called.push('second')
      if (called.length < 4) throw new Error('not yet')
    })
    const stop = cluster.onLeft(() => called.push('never'))
    stop()
    await other.close()
    await until(async () => (await rows()).length === 1, 5000)
    expect(called).toEqual(['first', 'second', 'first', 'second'])
    expect(logged).toMatchObject([{ instance: other.id, attempts: 1, error: 'Error: not yet' }])
  })

  it('is called anew elsewhere when its instance leaves in the middle, though the handler returned, and what had yet to be called there is not', async () => {
    const [first, second, third] = (await joinMany(3)) as [Cluster, Cluster, Cluster]
    const told: string[] = []
    const handle = (by: string) => async ({ signal }: Departure): Promise<void> => {
      told.push(by)
      // Stops half way, as it is asked to.
      if (told.length === 1) await new Promise((resolve) => signal.addEventListener('abort', resolve))
    }
    const members = new Map([['first', first], ['second', second]])
    for (const [name, cluster] of members) {
      cluster.onLeft(handle(name))
      cluster.onLeft(handle(`${name} again`))
    }
    await third.close()
    await until(() => told.length === 1, 10_000)
    const [runner = '', other = ''] = told[0] === 'first' ? ['first', 'second'] : ['second', 'first']
    const closing = members.get(runner)?.close()
    await until(async () => (await rows()).every(({ _id }) => _id !== third.id), 10_000, () => told)
    await closing
    expect(told.slice(0, 3)).toEqual([runner, other, `${other} again`])
  })

  it('hears of those who left before anybody listened, and of nobody who is there', async () => {
    const [first, second, third] = (await joinMany(3)) as [Cluster, Cluster, Cluster]
    await second.close()
    await until(() => first.members().length === 1, 2000)
    const told: string[] = []
    first.onLeft(({ id }) => told.push(id))
    await until(async () => (await rows()).length === 2, 3000)
    expect(told).toEqual([second.id])
    expect((await rows()).map(({ _id }) => _id).sort()).toEqual([first.id, third.id].sort())
  })

  it('looks past rows that are none of ours, and hears nothing of another cluster in the same collection', async () => {
    const [first, second] = (await joinMany(2)) as [Cluster, Cluster]
    const stranger = await fleet.join({ ...options, name: 'other' })
    const strangerLeft = await fleet.join({ ...options, name: 'other' })
    const told: string[] = []
    await fleet.db.collection('instances_departures').insertMany([
      { name: 'test' },
      { _id: 'short', name: 'test', goodbye: true },
      { _id: randomId(), name: 'test', goodbye: true, pid: 1, joinedAt: 'yesterday', extraInformation: {}, heartbeatIntervalMs: 1 },
      { _id: randomId(), name: 'test', goodbye: true, pid: 1, joinedAt: new Date(), extraInformation: null, heartbeatIntervalMs: Number.NaN },
    ] as never[])
    first.onLeft(({ id }) => told.push(`first: ${id}`))
    stranger.onLeft(({ id }) => told.push(`stranger: ${id}`))
    await Promise.all([second.close(), strangerLeft.close()])
    await until(() => told.length >= 2, 3000)
    expect(told.sort()).toEqual([`first: ${second.id}`, `stranger: ${strangerLeft.id}`])
  })

  it('costs nothing at rest, and its rows are forgotten after seven days', async () => {
    const clusters = await joinMany(3)
    const told: string[] = []
    for (const cluster of clusters) cluster.onLeft(({ id }) => told.push(id))
    const asked: string[] = []
    fleet.client.on('commandStarted', ({ command }) => {
      const { aggregate, find, findAndModify, update, delete: deletes, insert } = command as Record<string, unknown>
      const collection = aggregate ?? find ?? findAndModify ?? update ?? deletes ?? insert
      if (typeof collection === 'string') asked.push(collection)
    })
    await new Promise((resolve) => setTimeout(resolve, 3 * heartbeatIntervalMs))
    asked.splice(0)
    await new Promise((resolve) => setTimeout(resolve, 8 * heartbeatIntervalMs))
    // The records, and the secret.
    expect(new Set(asked)).toEqual(new Set(['instances', 'instances_settings']))
    const index = (await fleet.db.collection('instances_departures').indexes()).find(({ name }) => name === 'leftAt_1')
    expect(index).toMatchObject({ key: { leftAt: 1 }, expireAfterSeconds: 7 * 24 * 60 * 60 })
    expect((await rows()).map(({ leftAt }) => leftAt)).toEqual([undefined, undefined, undefined])
    expect(told).toEqual([])
  })

  it('notes who is gone also when nobody cleans up', async () => {
    const [first, second] = (await joinMany(2)) as [Cluster, Cluster]
    await second.close()
    expect((await rows()).find(({ _id }) => _id === second.id)).toMatchObject({ goodbye: true, leftAt: expect.any(Date) as Date })
    await fleet.db.collection<{ _id: string }>('instances_departures').insertOne({ ...(await rows())[0], _id: randomId() })
    await fleet.db.collection('instances_departures').updateMany({ _id: { $nin: [first.id, second.id] as never[] } }, { $unset: { leftAt: '', goodbye: '' } })
    await fleet.join(options)
    await until(async () => (await rows()).filter(({ leftAt }) => leftAt !== undefined).length === 2, 2000)
  })

  it('is refused after close(), and for what is no function', async () => {
    const cluster = await fleet.join(options)
    expect(() => cluster.onLeft('x' as never)).toThrow(expect.objectContaining({ code: 'invalid-option' }))
    await cluster.close()
    expect(() => cluster.onLeft(() => undefined)).toThrow(expect.objectContaining({ code: 'closed' }))
  })
})
