import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { fetchAnswer, missingLinks } from '../../examples/cluster/answers.js'
import { addUser, type LoginHeaders, seedDemoUser } from '../../examples/cluster/demo-user.js'
import { type InstanceProcess, startInstance } from '../../examples/cluster/instance-process.js'
import { openMongo, type Mongo } from '../../examples/cluster/mongo.js'
import { randomId } from '@ddp-cluster/ddp-common'
import { type Db, MongoClient } from 'mongodb'
import { until } from './fleet.js'

let mongo: Mongo
let client: MongoClient
let db: Db
let headers: LoginHeaders
let instances: InstanceProcess[] = []

beforeEach(async () => {
  mongo = await openMongo(process.env['MONGO_URL'])
  client = await new MongoClient(mongo.url).connect()
  db = client.db(`ddp_cluster_test_${randomId(8)}`)
  headers = await seedDemoUser(db)
  instances = await Promise.all([1, 2, 3].map(() => startInstance(mongo.url, db.databaseName)))
  await until(async () => (await missing(instances)).length === 0, 10_000, () => missing(instances))
})

afterEach(async () => {
  await Promise.all(instances.map((instance) => instance.stop(3000)))
  await db.dropDatabase()
  await client.close()
  await mongo.close()
})

async function missing(among: readonly InstanceProcess[]): Promise<string[]> {
  return missingLinks(among, await Promise.all(among.map((instance) => fetchAnswer(instance, headers))))
}

/** How `asked` shows `shown`: `connected`, another status, or `absent`. */
async function shownAs(asked: InstanceProcess, shown: InstanceProcess): Promise<string> {
  const got = await fetchAnswer(asked, headers)
  if ('problem' in got) return got.problem
  return got.answer.instances.connections.find(({ instanceRecord }) => instanceRecord._id === shown.id)?.currentStatus.status ?? 'absent'
}

describe('a cluster of processes', () => {
  it('no longer shows a process that was killed as connected, and then not at all; a new one is linked to all within two seconds', async () => {
    const [victim, ...others] = instances as [InstanceProcess, ...InstanceProcess[]]
    const killedAt = performance.now()
    process.kill(victim.pid, 'SIGKILL')
    await until(async () => !(await Promise.all(others.map((other) => shownAs(other, victim)))).includes('connected'), 2000)
    const unlisted = Math.round(performance.now() - killedAt)
    await until(async () => (await Promise.all(others.map((other) => shownAs(other, victim)))).every((shown) => shown === 'absent'), 3000)
    const dropped = Math.round(performance.now() - killedAt)
    expect(await missing(others)).toEqual([])

    const fresh = await startInstance(mongo.url, db.databaseName)
    const listening = performance.now()
    instances = [...others, fresh]
    await until(async () => (await missing(instances)).length === 0, 2000, () => missing(instances))
    const linked = Math.round(performance.now() - listening)
    process.stdout.write(`killed: no longer connected after ${unlisted} ms, dropped after ${dropped} ms; a new process linked to all after ${linked} ms\n`)
  })

  it('forgets a process that left at SIGTERM at once, and its record is gone', async () => {
    const [leaver, ...others] = instances as [InstanceProcess, ...InstanceProcess[]]
    await leaver.stop(3000)
    expect(leaver.ended()).toBe('SIGTERM')
    await until(async () => (await Promise.all(others.map((other) => shownAs(other, leaver)))).every((shown) => shown === 'absent'), 1000)
    expect(await db.collection('instances').countDocuments()).toBe(2)
  })

  it('answers as documented to those who may not ask', async () => {
    const url = instances[0]?.url ?? ''
    const get = async (init: RequestInit): Promise<unknown[]> => {
      const response = await fetch(url, init)
      expect(response.headers.get('cache-control')).toBe('no-store')
      expect(response.headers.get('content-type')).toBe('application/json')
      return [response.status, await response.text()]
    }
    const loggedOut = '{"status":"error","message":"You must be logged in to do this."}'
    expect(await get({})).toEqual([401, loggedOut])
    expect(await get({ headers: { ...headers, 'X-Auth-Token': 'wrong' } })).toEqual([401, loggedOut])
    expect(await get({ headers: { ...headers, 'X-User-Id': 'somebody' } })).toEqual([401, loggedOut])
    const guest = await addUser(db, 'guest', ['user'])
    expect(await get({ headers: { ...guest } })).toEqual([403, '{"success":false,"error":"unauthorized"}'])
    const posted = await fetch(url, { method: 'POST', headers: { ...headers } })
    expect([posted.status, posted.headers.get('allow'), await posted.text()]).toEqual([405, 'GET, HEAD, OPTIONS', '{"status":"error","message":"API endpoint does not exist"}'])
    expect((await get({ headers: { ...headers } }))[0]).toBe(200)
  })
})
