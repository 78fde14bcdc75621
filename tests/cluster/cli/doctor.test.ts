import { once } from 'node:events'
import { createServer, request, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { joinCluster } from '@ddp-cluster/instance-status'
import { Fleet, linked } from '../fleet.js'
import { ask, askInTerminal, type Finished, screenLines, strayControls } from './terminal.js'

interface Report {
  readonly well: boolean
  readonly findings: readonly { readonly severity: string; readonly code: string; readonly what: string; readonly todo: string; readonly instances: readonly string[] }[]
}

let fleet: Fleet
const servers: Server[] = []
beforeEach(async () => {
  fleet = await Fleet.open()
})
afterEach(async () => {
  await fleet.close()
  for (const server of servers.splice(0)) {
    server.close()
    server.closeAllConnections()
  }
})

const records = () => fleet.db.collection<{ _id: string }>('instances')
const reportOf = ({ stdout }: Finished): Report => JSON.parse(stdout) as Report
const consult = (...args: string[]): Promise<Finished> => ask(['doctor', '--json', ...args], { MONGO_URL: fleet.url })
/** Severity and code of everything that is no mere information. */
const codes = ({ findings }: Report): string[] => findings.filter(({ severity }) => severity !== 'info').map(({ code }) => code)
const two = async (options: Parameters<Fleet['join']>[0] = {}) => {
  const clusters = await Promise.all([fleet.join(options), fleet.join(options)])
  await linked(clusters)
  return clusters
}

/** An instance that lives and advertises another address. */
async function joinAt(port: number, own: Fleet = fleet) {
  const { server } = await own.listen()
  return own.track(await joinCluster({ db: own.db, name: 'test', server, address: { host: 'localhost', port }, linkTimeoutMs: 300 }))
}

async function listening(server: Server): Promise<number> {
  servers.push(server)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

/** A proxy before an instance that passes on requests, and knows nothing of upgrades. */
const plainProxy = (port: number): Promise<number> =>
  listening(createServer((incoming, outgoing) => {
    const { method, url, headers: { connection: _, upgrade: __, ...headers } } = incoming
    const passed = request({ host: '127.0.0.1', port, method, path: url, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers)
      answer.pipe(outgoing)
    })
    passed.on('error', () => outgoing.destroy())
    incoming.pipe(passed)
  }))

describe('doctor', () => {
  it('finds nothing wrong in a healthy cluster, says what it looked at, and ends with 0', async () => {
    await two()
    const finished = await consult()
    expect(codes(reportOf(finished))).toEqual([])
    expect(reportOf(finished).findings.map(({ code }) => code)).toEqual(['localhost-everywhere'])
    expect(finished.code).toBe(0)
    const piped = await ask(['doctor'], { MONGO_URL: fleet.url })
    expect(piped.stderr).toMatch(/MongoDB answers in .* has change streams/)
    expect(piped.stderr).toContain('2 advertised addresses were dialled')
  })

  it('names an address where nobody answers', async () => {
    await two()
    const { server, port } = await fleet.listen()
    server.close()
    await once(server, 'close')
    const third = await joinAt(port)
    const finished = await consult()
    const { findings } = reportOf(finished)
    expect(findings.find(({ code }) => code === 'address-unreachable')).toMatchObject({ severity: 'error', instances: [third.id], what: expect.stringMatching(/not reached from here.*refused/) as unknown, todo: expect.stringContaining('INSTANCE_IP') as unknown })
    expect(codes(reportOf(finished))).toEqual(['address-unreachable'])
    expect(finished.code).toBe(1)
  })

  it('names somebody else\'s address, and who answers there', async () => {
    const [first] = await two()
    const third = await joinAt(Number(first?.address.port))
    const { findings } = reportOf(await consult())
    expect(findings.find(({ code }) => code === 'address-of-another')).toMatchObject({ instances: [third.id], what: expect.stringContaining(`where ${first?.id} answers`) as unknown })
    expect(findings.find(({ code }) => code === 'duplicate-address')?.instances).toEqual(expect.arrayContaining([first?.id, third.id]))
  })

  it('names what is no instance, and an instance of another cluster', async () => {
    await two()
    const other = await fleet.join({ name: 'other', collectionName: 'elsewhere' })
    const port = await listening(createServer((_request, response) => response.writeHead(404).end()))
    await joinAt(port)
    await joinAt(Number(other.address.port))
    const finished = await consult()
    expect(codes(reportOf(finished)).sort()).toEqual(['address-no-instance', 'address-of-another-cluster'])
  })

  it('tells a proxy that drops upgrades from a wrong address', async () => {
    await two()
    const { server, port } = await fleet.listen()
    server.on('request', (_request, response) => response.setHeader('content-type', 'application/json').end('{"status":"ok"}'))
    const proxy = await plainProxy(port)
    const third = fleet.track(await joinCluster({ db: fleet.db, name: 'test', server, address: { host: 'localhost', port: proxy }, linkTimeoutMs: 300 }))
    const { findings } = reportOf(await consult())
    expect(findings.filter(({ severity }) => severity === 'error')).toMatchObject([{ code: 'upgrade-dropped', instances: [third.id], todo: expect.stringContaining('proxy_set_header Upgrade') as unknown }])
  })

  it('names a TTL index that is missing, that does not expire, that is partial, or that is too short', async () => {
    await two()
    const index = async (): Promise<string> => (await records().indexes()).find(({ key }) => key['_updatedAt'] === 1)?.name ?? ''
    await fleet.db.command({ collMod: 'instances', index: { name: await index(), expireAfterSeconds: 30 } })
    expect(reportOf(await consult()).findings.find(({ code }) => code === 'ttl-index-short')).toMatchObject({ severity: 'error', what: expect.stringContaining('after 30 s; instances want 60 s, and renew them every 10 s') as unknown })
    await records().dropIndex(await index())
    expect(codes(reportOf(await consult()))).toEqual(['ttl-index-missing'])
    await records().createIndex({ _updatedAt: 1 })
    expect(codes(reportOf(await consult()))).toEqual(['ttl-index-missing'])
    await records().dropIndex(await index())
    await records().createIndex({ _updatedAt: 1 }, { expireAfterSeconds: 60, partialFilterExpression: { old: true } })
    expect(codes(reportOf(await consult()))).toEqual(['ttl-index-missing'])
  })

  it('names records that are stale, foreign, from the future, and of several names', async () => {
    await two()
    const [record] = await records().find().toArray()
    const { cluster } = record as unknown as { cluster: object }
    await records().insertMany([
      { ...record, _id: 'g'.repeat(17), name: 'one', _updatedAt: new Date(Date.now() - 5000), cluster: { ...cluster, expireAfterMs: 1000, url: 'ws://localhost:1/websocket' } },
      { ...record, _id: 'h'.repeat(17), name: 'two', _updatedAt: new Date(Date.now() + 3_600_000), cluster: { ...cluster, url: 'ws://localhost:2/websocket' } },
      { _id: 'i'.repeat(17) },
    ] as { _id: string }[])
    const { findings } = reportOf(await consult())
    const about = (code: string) => findings.find((finding) => finding.code === code)
    expect(about('stale-record')?.instances).toEqual(['g'.repeat(17)])
    expect(about('record-from-the-future')?.instances).toEqual(['h'.repeat(17)])
    expect(about('foreign-record')?.instances).toEqual(['i'.repeat(17)])
    expect(about('several-names')?.what).toContain('3 names')
  })

  it('names an instance that answers and does not renew its record', async () => {
    const [first] = await two({ heartbeatIntervalMs: 60_000, expireAfterMs: 180_000 })
    // The TTL index must not take it before it is looked at.
    const [index] = (await records().indexes()).filter(({ key }) => key['_updatedAt'] === 1)
    await fleet.db.command({ collMod: 'instances', index: { name: index?.name, expireAfterSeconds: 3600 } })
    await records().updateOne({ _id: first?.id ?? '' }, { $set: { _updatedAt: new Date(Date.now() - 200_000) } })
    expect(codes(reportOf(await consult()))).toContain('stale-but-answers')
  })

  it('names instances that wait differently long, and localhost among others', async () => {
    await two()
    const other = await fleet.join({ expireAfterMs: 90_000 })
    await records().updateOne({ _id: other.id }, { $set: { 'extraInformation.host': '10.0.0.9' } })
    const { findings } = reportOf(await consult())
    expect(findings.find(({ code }) => code === 'differing-expiry')?.what).toContain('60 s, 90 s')
    expect(findings.find(({ code }) => code === 'localhost-among-others')?.instances).toHaveLength(2)
  })

  it('finds nobody: 1, and says where it looked', async () => {
    const finished = await consult('--name', 'nobody')
    expect(codes(reportOf(finished))).toEqual(['no-instances'])
    expect(reportOf(finished).findings[0]?.what).toContain('.instances has no record of an instance named nobody')
    expect(finished.code).toBe(1)
  })

  it('cannot reach MongoDB: a finding, and 3', async () => {
    const finished = await ask(['doctor', '--json'], { MONGO_URL: 'mongodb://user:hunter22@127.0.0.1:1/app' })
    expect(codes(reportOf(finished))).toEqual(['mongo-unreachable'])
    expect(reportOf(finished).findings[0]?.what).toContain('127.0.0.1:1')
    expect(finished.stdout + finished.stderr).not.toContain('hunter22')
    expect(finished.code).toBe(3)
  })
})

describe('doctor of an odd MongoDB', () => {
  const odd = async (unusual: Parameters<typeof Fleet.open>[0]): Promise<Finished> => {
    const own = await Fleet.open(unusual)
    try {
      await linked(await Promise.all([own.join(), own.join()]))
      return await ask(['doctor', '--json', '--mongo', own.url])
    } finally {
      await own.close()
    }
  }

  it('names a standalone, which has no change streams', async () => {
    expect(codes(reportOf(await odd({ replicaSet: false })))).toEqual(['no-change-streams'])
  })

  it('names a clock that is an hour off', async () => {
    const finished = await odd({ clock: { now: () => Date.now() - 3_600_000 } })
    expect(reportOf(finished).findings.find(({ code }) => code === 'clocks-apart')?.what).toBe('The clock of MongoDB is 60 min behind that of this machine.')
    // By the database's own clock nobody is stale.
    expect(codes(reportOf(finished))).toEqual(['clocks-apart'])
  })

  it('names one that is slow', async () => {
    const own = await Fleet.open({})
    try {
      await linked(await Promise.all([own.join(), own.join()]))
      await own.client.db('admin').command({ configureFailPoint: 'failCommand', mode: 'alwaysOn', data: { failCommands: ['ping'], appName: 'ddp-cluster', blockConnection: true, blockTimeMS: 600 } })
      expect(codes(reportOf(await ask(['doctor', '--json', '--mongo', own.url])))).toEqual(['mongo-slow'])
    } finally {
      await own.close()
    }
  })
})

/** Clusters that are well, or not, each in one way; with what is to stand on the screen. */
const scenes: readonly (readonly [name: string, code: number, words: readonly string[], unusual: Parameters<typeof Fleet.open>[0], play: (own: Fleet) => Promise<unknown>])[] = [
  ['a healthy cluster', 0, ['all is well as seen from'], undefined, async () => undefined],
  ['a wrong address', 1, ['ERROR address-unreachable', 'INSTANCE_IP'], undefined, async (own) => {
    const { server, port } = await own.listen()
    server.close()
    await once(server, 'close')
    await joinAt(port, own)
  }],
  ['somebody else\'s address', 1, ['ERROR address-of-another', 'ERROR duplicate-address'], undefined, async (own) => {
    const other = await own.join()
    await joinAt(Number(other.address.port), own)
  }],
  ['a TTL index at odds', 1, ['ERROR ttl-index-short', 'collMod'], undefined, async (own) => {
    const [index] = (await own.db.collection('instances').indexes()).filter(({ key }) => key['_updatedAt'] === 1)
    await own.db.command({ collMod: 'instances', index: { name: index?.name, expireAfterSeconds: 20 } })
  }],
  ['no change streams', 1, ['WARNING no-change-streams', 'rs.initiate()'], { replicaSet: false }, async () => undefined],
  ['clocks apart', 1, ['WARNING clocks-apart', 'NTP'], { clock: { now: () => Date.now() + 3_600_000 } }, async () => undefined],
  ['what is no record, with a hostile id', 1, ['WARNING foreign-record', '\\u{1b}[31m\\u{a}'], undefined, (own) => own.db.collection<{ _id: string }>('instances').insertOne({ _id: 'odd\u001b[31m\n' })],
]

describe('doctor in a terminal', () => {
  it.each(scenes)('%s: ends with %i, and says %j, in words that fit 80 and 160 columns', async (_name, code, words, unusual, play) => {
    const own = await Fleet.open(unusual)
    try {
      await linked(await Promise.all([own.join(), own.join()]))
      await play(own)
      for (const columns of [80, 160]) {
        const finished = await askInTerminal(columns, ['doctor'], { MONGO_URL: own.url })
        const lines = screenLines(finished.stdout)
        for (const line of lines) expect(line.length).toBeLessThanOrEqual(columns)
        for (const word of words) expect(lines.some((line) => line.includes(word)), `${word}\n${lines.join('\n')}`).toBe(true)
        expect(strayControls(finished.stdout)).toEqual([])
        expect(finished.stdout).toContain(code === 0 ? '\u001b[32mall is well\u001b[39m' : words[0]?.startsWith('ERROR') ? '\u001b[31mERROR\u001b[39m' : '\u001b[33mWARNING\u001b[39m')
        expect(finished.code).toBe(code)
      }
    } finally {
      await own.close()
    }
  })
})
