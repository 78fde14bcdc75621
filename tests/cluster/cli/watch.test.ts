import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { MongoClient } from 'mongodb'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { DDPError, randomId } from '@ddp-cluster/ddp-common'
import { createDDPServer, type DDPServer, type Publication } from '@ddp-cluster/ddp-server'
import { startEmbeddedMongo } from '@ddp-cluster/embedded-mongo'
import { joinCluster } from '@ddp-cluster/instance-status'
import { instancesApi } from '@ddp-cluster/instances-api'
import { Fleet, linked, until } from '../fleet.js'
import { ask, askInTerminal, finished, noTerminal, start, screenLines, startInTerminal, strayControls } from './terminal.js'

const token = 'aTokenThatNobodyMaySee'
const timeline = 'instances.timeline'

describe('watch of the records', () => {
  let fleet: Fleet
  beforeEach(async () => {
    fleet = await Fleet.open()
  })
  afterEach(() => fleet.close())

  it('tells who registers and who is removed, as a process whose output is piped, and ends with 0 at SIGINT', async () => {
    const first = await fleet.join()
    const running = start(['watch'], { MONGO_URL: fleet.url })
    // It has looked once when it says anything of what comes later: one after the other joins until one is seen.
    const joined: string[] = []
    await until(async () => {
      joined.push((await fleet.join()).id)
      return running.stdout.includes('\tregistered\t')
    }, 15_000, () => running)
    const [, , id] = running.stdout.split('\n')[0]?.split('\t') ?? []
    expect(joined).toContain(id)
    await first.close()
    await until(() => running.stdout.includes(`\tremoved\t${first.id}\t`), 10_000, () => running)
    running.child.kill('SIGINT')
    expect(await running.exited).toBe(0)
  })

  it('ends without a word when who reads it has gone', async () => {
    const running = start(['watch', '--json'], { MONGO_URL: fleet.url })
    running.child.stdout?.destroy()
    // Every look finds another record that stays: there is something to say each time.
    await until(async () => {
      await fleet.db.collection('instances').insertOne({})
      return running.child.exitCode !== null
    }, 15_000, () => running.stderr)
    expect([await running.exited, running.stderr]).toEqual([0, ''])
  })

  describe.skipIf(noTerminal !== undefined)(`in a terminal${noTerminal === undefined ? '' : ` (skipped: ${noTerminal})`}`, () => {
    it('status --watch draws over what it drew, and ends with 0 at Ctrl-C', async () => {
      const clusters = await Promise.all([fleet.join(), fleet.join()])
      await linked(clusters)
      const running = startInTerminal(80, ['status', '--watch'], { MONGO_URL: fleet.url })
      await until(() => running.stdout.includes('\u001b[J'), 15_000, () => running)
      await clusters[0]?.close()
      await until(() => running.stdout.includes('1 instance\u001b'), 15_000, () => running)
      running.child.stdin?.write('\u0003')
      const { code, stdout } = await finished(running)
      expect(code).toBe(0)
      const redraw = new RegExp(`${String.fromCharCode(27)}\\[\\d+A${String.fromCharCode(27)}\\[J`)
      expect(strayControls(stdout.replaceAll('^C', '').split(redraw).join(''))).toEqual([])
    })
  })
})

describe('watch of the records, as it goes on', () => {
  it('tells what is no record, who falls silent and is renewed, and who is removed', async () => {
    const mongo = await startEmbeddedMongo()
    const client = await new MongoClient(mongo.uri).connect()
    const stopping = new AbortController()
    let said = ''
    const records = client.db('watched').collection<{ _id: string }>('instances')
    const [silent, late] = [randomId(), randomId()]
    const now = new Date()
    const record = { _createdAt: now, extraInformation: { host: 'h', port: '1' }, name: 'app', pid: 1, cluster: { protocol: 1, expireAfterMs: 60_000, url: 'ws://h:1/websocket' } }
    try {
      await records.insertOne({ _id: silent, ...record, _updatedAt: now } as { _id: string })
      const asking = ask(['watch'], { MONGO_URL: `${mongo.uri.replace(/\/(\?|$)/, '/watched$1')}` }, stopping.signal, (text) => (said += text))
      // It has looked once when it says anything of what comes later.
      let n = 0
      await until(async () => {
        await records.insertOne({ _id: `odd${(n += 1)}` })
        return said.includes('\tforeign\t')
      }, 15_000, () => said)
      await records.updateOne({ _id: silent }, { $set: { _updatedAt: new Date(now.getTime() - 120_000) } })
      await until(() => said.includes(`\tstale\t${silent}\th:1\tnot renewed for `), 10_000, () => said)
      await records.updateOne({ _id: silent }, { $set: { _updatedAt: new Date() } })
      await until(() => said.includes(`\trenewed\t${silent}\th:1\t`), 10_000, () => said)
      await records.insertOne({ _id: late, ...record, _updatedAt: new Date(0) } as { _id: string })
      await until(() => said.includes(`\tregistered\t${late}\t`) && said.includes(`\tstale\t${late}\t`), 10_000, () => said)
      await records.deleteOne({ _id: silent })
      await until(() => said.includes(`\tremoved\t${silent}\t`), 10_000, () => said)
      stopping.abort()
      expect(await asking).toMatchObject({ code: 0, stderr: '' })
    } finally {
      stopping.abort()
      await client.close()
      await mongo.close()
    }
  }, 60_000)
})

describe('watch of a real instance', () => {
  it('tells who joins and who leaves', async () => {
    const fleet = await Fleet.open()
    const stopping = new AbortController()
    const heard: string[] = []
    try {
      const { server, port } = await fleet.listen()
      const cluster = fleet.track(await joinCluster({ db: fleet.db, name: 'test', server, address: { host: 'localhost', port } }))
      const user = 'me'
      const api = instancesApi({ cluster, authenticate: ({ authToken }) => Promise.resolve(authToken === token ? user : undefined), authorize: () => Promise.resolve(true) })
      server.on('request', (request, response) => void api(request, response))
      const asking = ask(['watch'], { DDP_CLUSTER_URL: `http://localhost:${port}`, DDP_CLUSTER_USER: user, DDP_CLUSTER_TOKEN: token }, stopping.signal, (text) => heard.push(text))
      // It follows when it tells of one: one after the other joins until then.
      const joined: string[] = []
      await until(async () => {
        const other = await fleet.join()
        joined.push(other.id)
        await linked([cluster, other])
        await other.close()
        return heard.some((line) => line.includes('\tleft\t'))
      }, 15_000, () => heard)
      const [, id] = /\tleft\t(\w+)\tlocalhost:\d+\tclosed\n/.exec(heard.join('')) ?? []
      expect(joined).toContain(id)
      stopping.abort()
      expect(await asking).toMatchObject({ code: 0, stderr: '' })
    } finally {
      stopping.abort()
      await fleet.close()
    }
  }, 30_000)
})

describe('watch of an instance', () => {
  let http: Server
  let endpoint: DDPServer
  const watchers: Publication[] = []
  const credentials: unknown[] = []
  beforeEach(() => serve(0))
  afterEach(() => close())

  async function serve(port: number): Promise<void> {
    http = createServer().listen(port, '127.0.0.1')
    await once(http, 'listening')
    endpoint = createDDPServer({ server: http })
    endpoint.publish('instances', function (given) {
      credentials.push(given)
      if ((given as { authToken: string }).authToken !== token) throw new DDPError(401, 'You must be logged in to do this.')
      this.added(timeline, '1', { at: new Date(1000), type: 'joined', instance: 'older' })
      this.ready()
      watchers.push(this)
    })
  }

  async function close(): Promise<void> {
    await endpoint.close()
    http.close()
    http.closeAllConnections()
    watchers.length = 0
  }

  const port = (): number => (http.address() as AddressInfo).port
  const env = (given = token): Record<string, string> => ({ DDP_CLUSTER_URL: `http://localhost:${port()}`, DDP_CLUSTER_USER: 'me', DDP_CLUSTER_TOKEN: given })
  const watching = (): Promise<void> => until(() => watchers.length > 0, 15_000)

  it('tells what comes, not what was, in JSON lines', async () => {
    const running = start(['watch', '--json'], env())
    await watching()
    watchers[0]?.added(timeline, '2', { at: new Date(2000), type: 'left', instance: 'x', address: '10.0.0.1:3000', reason: 'refused' })
    watchers[0]?.added(timeline, '3', { at: new Date(3000), type: 'gap', instance: 'y', lost: 7 })
    await until(() => running.stdout.split('\n').length > 2, 5000, () => running)
    running.child.kill('SIGTERM')
    expect(await running.exited).toBe(0)
    expect(running.stdout.trimEnd().split('\n').map((text) => JSON.parse(text) as unknown)).toEqual([
      { at: '1970-01-01T00:00:02.000Z', type: 'left', instance: 'x', address: '10.0.0.1:3000', reason: 'refused' },
      { at: '1970-01-01T00:00:03.000Z', type: 'gap', instance: 'y', reason: '7 events lost' },
    ])
  })

  it('goes on over a lost connection, and says so', async () => {
    const stopping = new AbortController()
    const heard: string[] = []
    const asking = ask(['watch'], env(), stopping.signal, (text) => heard.push(text))
    await watching()
    const at = port()
    await close()
    await serve(at)
    await watching()
    watchers[0]?.added(timeline, '2', { at: new Date(2000), type: 'recovered', instance: 'x' })
    await until(() => heard.join('').includes('recovered'), 5000, () => heard)
    stopping.abort()
    const { code, stdout, stderr } = await asking
    expect(stdout).toBe('1970-01-01T00:00:02.000Z\trecovered\tx\t\t\n')
    expect(stderr).toMatch(/^the connection is lost, trying again: .+\nconnected again\n$/)
    expect(code).toBe(0)
  })

  it('is not let in: 3, without the token', async () => {
    const { code, stdout, stderr } = await ask(['watch'], env('anotherToken'))
    expect([code, stdout]).toEqual([3, ''])
    expect(stderr).toContain('does not know this user and token')
    expect(stderr).not.toContain('anotherToken')
  })

  it('of who publishes no instances, or is not there: 3', async () => {
    await close()
    http = createServer().listen(0, '127.0.0.1')
    await once(http, 'listening')
    endpoint = createDDPServer({ server: http })
    expect(await ask(['watch', '--json'], env())).toMatchObject({ code: 3, stdout: expect.stringContaining('not-an-instance') as unknown })
    const there = env()
    await close()
    expect(await ask(['watch', '--json'], there)).toMatchObject({ code: 3, stdout: expect.stringContaining('instance-unreachable') as unknown })
    await serve(0)
  }, 30_000)

  describe('in a terminal', () => {
    it.each([80, 160])('keeps to %i columns, and nothing from the wire moves the cursor', async (columns) => {
      const stopping = new AbortController()
      let said = ''
      const asking = askInTerminal(columns, ['watch'], env(), stopping.signal, (text) => (said += text))
      await watching()
      const hostile = '\u001b[2J\r\n\u202e'
      watchers[0]?.added(timeline, '2', { at: new Date(2000), type: `sus${hostile}`, instance: hostile.repeat(30), address: hostile, reason: `why ${hostile}`.repeat(30) })
      watchers[0]?.added(timeline, '3', { at: new Date(3000), type: 'stalled', delayMs: 5000 })
      await until(() => said.includes('for 5 s'), 5000, () => said)
      stopping.abort()
      const { code, stdout } = await asking
      for (const line of screenLines(stdout)) expect(line.length).toBeLessThanOrEqual(columns)
      expect(strayControls(stdout)).toEqual([])
      expect(code).toBe(0)
    })
  })

  it.each([[403, 'not-allowed'], [429, 'too-many-requests'], [500, 'instance-unreachable'], [401, 'not-logged-in']] as const)('that ends the subscription with %i: 3, %s', async (error, code) => {
    const asking = ask(['watch', '--json'], env())
    await watching()
    watchers[0]?.error(new DDPError(error, 'because'))
    const { code: ended, stdout } = await asking
    expect(JSON.parse(stdout)).toMatchObject({ error: { code, message: expect.stringContaining('because') as unknown } })
    expect(ended).toBe(3)
  })

  it('that ends the subscription without a reason: 3', async () => {
    const asking = ask(['watch', '--json'], env())
    await watching()
    watchers[0]?.stop()
    expect(await asking).toMatchObject({ code: 3, stdout: expect.stringContaining('instance-unreachable') as unknown })
  })
})
