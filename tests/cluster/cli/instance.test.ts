import { once } from 'node:events'
import { createServer, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Cluster, joinCluster } from '@ddp-cluster/instance-status'
import { instancesApi, type InstancesApiOptions } from '@ddp-cluster/instances-api'
import { Fleet, linked } from '../fleet.js'
import { ask, askInTerminal, type Finished, run, screenLines, strayControls } from './terminal.js'

const user = 'aUser'
const token = 'aTokenThatNobodyMaySee'

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

/** An instance with its API, which knows one user. */
async function serve(options: Partial<InstancesApiOptions> = {}): Promise<{ cluster: Cluster; url: string }> {
  const { server, port } = await fleet.listen()
  const cluster = fleet.track(await joinCluster({ db: fleet.db, name: 'test', server, address: { host: 'localhost', port }, linkTimeoutMs: 300 }))
  const authenticate: InstancesApiOptions['authenticate'] = (given) => Promise.resolve(given.authToken === token && given.userId === user ? user : undefined)
  const api = instancesApi({ cluster, authenticate, authorize: () => Promise.resolve(true), ...options })
  server.on('request', (request, response) => void api(request, response))
  return { cluster, url: `http://localhost:${port}` }
}

/** Something else that answers HTTP. */
async function impostor(answer: (response: ServerResponse, path: string) => unknown): Promise<string> {
  const server = createServer((request, response) => void answer(response, request.url ?? '')).listen(0, '127.0.0.1')
  servers.push(server)
  await once(server, 'listening')
  return `http://localhost:${(server.address() as AddressInfo).port}`
}

const envFor = (url: string): Record<string, string> => ({ DDP_CLUSTER_URL: url, DDP_CLUSTER_USER: user, DDP_CLUSTER_TOKEN: token })

const expectSilent = ({ stdout, stderr }: Finished): void => expect(stdout + stderr).not.toContain(token)

describe('status of an instance', () => {
  it.each(['3.10', '4', '6'] as const)('shows it and the links that it dialled, in format %s', async (format) => {
    const { cluster, url } = await serve({ format })
    const other = await fleet.join()
    await linked([cluster, other])
    const finished = await ask(['status', '--json'], envFor(url))
    const { instances } = JSON.parse(finished.stdout) as { instances: { id: string; status: string; address: string }[] }
    expect(instances).toMatchObject([{ id: cluster.id, status: 'self' }, { id: other.id, status: 'connected', address: `localhost:${other.address.port}` }])
    expect(finished.code).toBe(0)
  })

  it('says why a link is down, and ends with 1', async () => {
    const { cluster, url } = await serve()
    const { server, port } = await fleet.listen()
    server.close()
    await once(server, 'close')
    const { server: own } = await fleet.listen()
    const wrong = fleet.track(await joinCluster({ db: fleet.db, name: 'test', server: own, address: { host: 'localhost', port }, linkTimeoutMs: 300 }))
    await expect.poll(() => cluster.members().some(({ status }) => status === 'suspect'), { timeout: 5000 }).toBe(true)
    const finished = await ask(['status', '--url', url, '--user', user, '--token', token])
    expect(finished.stdout).toMatch(new RegExp(`^${wrong.id}\t\\w+\tlocalhost:${port}\t.*refused`, 'm'))
    expect(finished.code).toBe(1)
    expectSilent(finished)
  })
})

describe('an instance that does not answer as it should', () => {
  it.each([
    ['a wrong token', 'not-logged-in', async () => ({ ...envFor((await serve({ authenticate: () => Promise.resolve(undefined) })).url) })],
    ['a user without the right', 'not-allowed', async () => envFor((await serve({ authorize: () => Promise.resolve(false) })).url)],
    ['nobody there', 'instance-unreachable', () => Promise.resolve(envFor('http://localhost:1'))],
    ['no JSON', 'not-an-instance', async () => envFor(await impostor((response) => response.end('<html>')))],
    ['JSON of something else', 'not-an-instance', async () => envFor(await impostor((response) => response.end('{"instances":7}')))],
    ['a redirect', 'not-an-instance', async () => envFor(await impostor((response) => response.writeHead(302, { location: 'http://localhost:1/' }).end()))],
    ['nothing of the API', 'not-an-instance', async () => envFor(await impostor((response) => response.writeHead(404).end()))],
    ['too many questions', 'too-many-requests', async () => envFor(await impostor((response) => response.writeHead(429, { 'retry-after': '7' }).end()))],
    ['too many questions, it does not say for how long', 'too-many-requests', async () => envFor(await impostor((response) => response.writeHead(429, { 'retry-after': 'Tue, 24 Nov 2026 12:00:00 GMT' }).end()))],
    ['no MongoDB', 'instance-unreachable', async () => envFor(await impostor((response) => response.writeHead(503).end()))],
    ['a redirect to nowhere', 'not-an-instance', async () => envFor(await impostor((response) => response.writeHead(307).end()))],
    ['a failure', 'not-an-instance', async () => envFor(await impostor((response) => response.writeHead(500).end('it broke')))],
    ['a failure without a word', 'not-an-instance', async () => envFor(await impostor((response) => response.writeHead(500).end()))],
    ['an answer that is broken off', 'instance-unreachable', async () => envFor(await impostor((response) => {
      response.writeHead(200, { 'content-length': '100' })
      response.write('{', () => response.destroy())
    }))],
    ['an answer that never ends', 'not-an-instance', async () => envFor(await impostor((response) => flood(response)))],
  ])('%s: 3, %s, and never the token', async (_what, code, env) => {
    const asked = await env()
    const finished = await ask(['status'], asked)
    expect([finished.code, finished.stdout]).toEqual([3, ''])
    expect(finished.stderr).toMatch(/^ddp-cluster: .+\n.+\n$/)
    expectSilent(finished)
    const json = await ask(['status', '--json'], asked)
    expect(JSON.parse(json.stdout)).toMatchObject({ error: { code } })
    expectSilent(json)
  })

  it('is told how long to wait, where it says so', async () => {
    const advice = async (retryAfter: string): Promise<string> => (await ask(['status'], envFor(await impostor((response) => response.writeHead(429, { 'retry-after': retryAfter }).end())))).stderr.split('\n')[1] ?? ''
    expect([await advice('7'), await advice('7000000')]).toEqual(['wait 7 s', 'wait a minute'])
  })

  it('says of fields that are missing what it can', async () => {
    const link = (currentStatus: object, rest: object = {}): object => ({ currentStatus, instanceRecord: { _id: 'x', extraInformation: { host: 'h' } }, ...rest })
    const url = await impostor((response) => response.end(JSON.stringify({ instances: { current: {}, connections: [{}, link({ connected: true }), link({ connected: true }, { broadcastAuth: true }), link({ retryCount: 3 })] } })))
    const { code, stdout } = await ask(['status', '--json'], envFor(url))
    const { instances } = JSON.parse(stdout) as { instances: object[] }
    expect(instances).toMatchObject([
      { id: '?', address: '', name: '', status: 'not connected', reason: 'the link is not up, no reason is known (0 attempts)' },
      { id: 'x', address: 'h:', status: 'unproven', reason: expect.stringContaining('has not proven') as unknown },
      { status: 'connected', well: true },
      { status: 'not connected', reason: 'the link is not up, no reason is known (3 attempts)' },
    ])
    expect(code).toBe(1)
  })

  it('that repeats the token, in every way that it can, does not have it printed', async () => {
    const url = await impostor((response) => response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ instances: { current: {}, connections: [{ currentStatus: { reason: `${'x'.repeat(480)}${token} ${token}` }, instanceRecord: { _id: token, name: Buffer.from(token).toString('base64') } }] } })))
    for (const args of [['status'], ['status', '--json']]) {
      const finished = await ask(args, envFor(url))
      expectSilent(finished)
      expect(finished.stdout).not.toContain(Buffer.from(token).toString('base64'))
      expect(finished.stdout).toContain('[secret]')
    }
  })
})

function flood(response: ServerResponse): void {
  response.on('error', () => undefined)
  const chunk = Buffer.alloc(1024 * 1024, 32)
  const more = (): void => {
    while (!response.destroyed && response.write(chunk));
    if (!response.destroyed) response.once('drain', more)
  }
  more()
}

const down = 'unreachable: \u001b[31mECONNREFUSED\n'
const sight = (id: string, rest: object = {}) => ({ id, address: `10.0.0.${id[0]}:3000`, status: 'alive', since: '2026-11-23T11:00:00.000Z', link: { status: 'connected', connected: true, authorized: true, retryCount: 0, roundTripMs: 1.6 }, ...rest })
const ids = ['1', '2', '3'].map((digit) => digit.repeat(17))
const observer = (id: string, rest: object = {}) => ({ id, address: `10.0.0.${id[0]}:3000`, name: 'test', pid: 1, local: id === ids[0], ok: true, self: { registry: 'reachable', unreachableBy: [], heartbeatAgeMs: 1000 }, members: ids.filter((other) => other !== id).map((other) => sight(other)), ...rest })
const matrix = (instances: readonly object[]): Promise<string> => impostor((response) => response.end(JSON.stringify({ success: true, at: '2026-11-23T11:01:00.000Z', instances })))

describe('matrix', () => {
  it('says for every pair how the one sees the other: 0 when all see all', async () => {
    const url = await matrix(ids.map((id) => observer(id)))
    const { code, stdout, stderr } = await ask(['matrix'], envFor(url))
    expect(stdout.trimEnd().split('\n')).toHaveLength(7)
    expect(stdout).toContain(`${ids[0]}\t${ids[1]}\talive\t1.6\t\n`)
    expect([code, stderr]).toEqual([0, ''])
  })

  it('names who is suspect to whom, who is not seen, and who did not answer: 1', async () => {
    const [one = '', two = '', three = ''] = ids
    const url = await matrix([observer(one, { members: [sight(two, { status: 'suspect', reason: down }), sight(three)] }), observer(two, { members: [sight(one)] }), { id: three, address: '10.0.0.3:3000', ok: false, problem: 'timeout', message: 'no answer within 2000 ms' }])
    const { code, stderr } = await ask(['matrix'], envFor(url))
    expect(stderr.trimEnd().split('\n')).toEqual([
      `${one} (10.0.0.1:3000) sees ${two} (10.0.0.2:3000) as suspect for 60 s: unreachable: \\u{1b}[31mECONNREFUSED\\u{a}`,
      `${two} (10.0.0.2:3000) does not know ${three} (10.0.0.3:3000)`,
      `${three} (10.0.0.3:3000) did not say what it sees: timeout, no answer within 2000 ms`,
    ])
    expect(code).toBe(1)
  })

  it('has no row of an instance that does not use the API, and does not hold it against it', async () => {
    const { cluster, url } = await serve()
    const other = await fleet.join()
    await linked([cluster, other])
    const { code, stderr } = await ask(['matrix'], envFor(url))
    expect(stderr).toBe(`${other.id} (localhost:${other.address.port}) does not use instancesApi(): nobody knows what it sees\n`)
    expect(code).toBe(0)
  })

  it('is what real instances see of each other, a wrong address among them', async () => {
    const { cluster, url } = await serve()
    const { cluster: second } = await serve()
    await linked([cluster, second])
    const well = await ask(['matrix'], envFor(url))
    expect(well.stdout).toMatch(new RegExp(`^${cluster.id}\t${second.id}\talive\t`, 'm'))
    expect([well.code, well.stderr]).toEqual([0, ''])

    const { server, port } = await fleet.listen()
    server.close()
    await once(server, 'close')
    const { server: own } = await fleet.listen()
    const wrong = fleet.track(await joinCluster({ db: fleet.db, name: 'test', server: own, address: { host: 'localhost', port }, linkTimeoutMs: 300 }))
    const suspects = (one: Cluster): boolean => one.members().some(({ id, status }) => id === wrong.id && status === 'suspect')
    await expect.poll(() => suspects(cluster) && suspects(second), { timeout: 5000 }).toBe(true)
    // What is answered may be a second old.
    await expect.poll(async () => (await ask(['matrix'], envFor(url))).stderr, { timeout: 5000, interval: 200 }).toMatch(new RegExp(`^${cluster.id} .* sees ${wrong.id} .* as suspect.*refused`, 'm'))
    const { code, stdout } = await ask(['doctor', '--json'], envFor(url))
    const { findings } = JSON.parse(stdout) as { findings: { code: string; instances: string[] }[] }
    for (const one of [cluster, second]) expect(findings.some((finding) => finding.code === 'link-down' && finding.instances.join() === [one.id, wrong.id].join())).toBe(true)
    expect(code).toBe(1)
  })

  it('needs an instance: MongoDB has no links', async () => {
    const { code, stderr } = await ask(['matrix', '--mongo', fleet.url])
    expect(stderr).toContain('give --url')
    expect(code).toBe(2)
  })
})

describe('matrix in a terminal', () => {
  it.each([80, 160])('shows at %i columns who is suspect to whom, and why', async (columns) => {
    const [one = '', two = '', three = ''] = ids
    const url = await matrix([observer(one, { members: [sight(two, { status: 'suspect', reason: down.repeat(5) }), sight(three)] }), observer(two), observer(three)])
    const { code, stdout } = await askInTerminal(columns, ['matrix'], envFor(url))
    const lines = screenLines(stdout)
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(columns)
    expect(lines.find((line) => line.startsWith('#1    -'))).toMatch(/^#1 +- +suspect +2ms$/)
    expect(lines.join(' ')).toContain('\\u{1b}[31mECONNREFUSED')
    expect(strayControls(stdout)).toEqual([])
    expect(code).toBe(1)
  })

  it.each([80, 160])('keeps to %i columns, also when there are many instances', async (columns) => {
    const many = 'abcdefghijkmnopqrstuvwxyz'.split('').map((letter) => letter.repeat(17))
    const seen = many.map((id) => ({ id, address: '10.11.12.13:30000', name: 'test', ok: true, local: false, self: { registry: 'reachable', unreachableBy: [] }, members: many.filter((other) => other !== id).map((other) => sight(other)) }))
    const { code, stdout } = await askInTerminal(columns, ['matrix'], envFor(await matrix(seen)))
    const lines = screenLines(stdout)
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(columns)
    expect(lines.filter((line) => line.startsWith('sees'))).toHaveLength(columns === 80 ? 2 : 1)
    expect(lines.find((line) => line.startsWith('#25 ') && line.includes('2ms'))).toBeDefined()
    expect(strayControls(stdout)).toEqual([])
    expect(code).toBe(0)
  })
})

describe('--watch', () => {
  const well = { instances: { current: { instanceRecord: [{ _id: 'x', name: 'app' }] }, connections: [] } }

  /** An instance that is well, breaks down at the second look, and is well again; watched until it was looked at so often. */
  async function watched(ask: (url: string, stopping: AbortSignal) => Promise<Finished>): Promise<Finished> {
    const stopping = new AbortController()
    let looks = 0
    const url = await impostor((response) => {
      looks += 1
      if (looks === 2) response.writeHead(503).end()
      else response.end(JSON.stringify(well))
      if (looks === 4) stopping.abort()
    })
    return await ask(url, stopping.signal)
  }

  it('says what has changed, and what was wrong with a look, piped, as JSON and over what a terminal showed; 0 when it is stopped', async () => {
    const [piped, json, drawn] = await Promise.all([
      watched((url, stopping) => ask(['status', '--watch'], envFor(url), stopping)),
      watched((url, stopping) => ask(['status', '--watch', '--json'], envFor(url), stopping)),
      watched((url, stopping) => askInTerminal(80, ['status', '--watch'], envFor(url), stopping)),
    ])
    expect(piped.stdout.split('\n').filter((row) => row.startsWith('x\t'))).toHaveLength(2)
    expect(piped.stderr).toMatch(/does not reach its MongoDB, or is starting or ending\ntry again; /)
    expect(json.stdout.trimEnd().split('\n').map((text) => JSON.parse(text) as unknown)).toMatchObject([{ well: true }, { error: { code: 'instance-unreachable' } }, { well: true }])
    expect(drawn.stdout).toContain('no answer, trying again every 2 s')
    expect(drawn.stdout.split('\u001b[J')).toHaveLength(3)
    expect([piped.code, json.code, drawn.code]).toEqual([0, 0, 0])
  }, 30_000)

  it('is stopped before the first answer: 130', async () => {
    const stopping = new AbortController()
    const url = await impostor(() => stopping.abort())
    expect(await ask(['status', '--watch'], envFor(url), stopping.signal)).toEqual({ code: 130, stdout: '', stderr: '' })
    expect(await ask(['status', '--mongo', fleet.url], {}, stopping.signal)).toMatchObject({ code: 130, stdout: '' })
  })
})

describe('doctor of an instance', () => {
  it('finds nothing wrong with one that is well', async () => {
    const { cluster, url } = await serve()
    await linked([cluster, await fleet.join()])
    const { code, stdout } = await ask(['doctor', '--json'], { ...envFor(url), MONGO_URL: fleet.url })
    expect((JSON.parse(stdout) as { findings: { severity: string; code: string }[] }).findings.map((finding) => `${finding.severity} ${finding.code}`)).toEqual(['info localhost-everywhere', 'info view-missing'])
    expect(code).toBe(0)
  })

  it('tells a proxy that drops upgrades by itself', async () => {
    const url = await matrix(ids.map((id) => observer(id)))
    const finished = await ask(['doctor', '--json'], envFor(url))
    expect(finished.stdout).toContain('"code": "upgrade-dropped"')
    expect(finished.code).toBe(1)
  })

  it('reads the matrix: links, registry, heartbeats, lost events', async () => {
    const [one = '', two = '', three = ''] = ids
    const url = await matrix([
      observer(one, { members: [sight(two, { status: 'suspect', reason: down }), sight(three, { log: { lost: 7 } })] }),
      observer(two, { self: { registry: 'lost', unreachableBy: [{ id: one, reason: down }] } }),
      observer(three, { self: { registry: 'reachable', unreachableBy: [], heartbeatAgeMs: 45_000 } }),
    ])
    const { stdout } = await ask(['doctor'], envFor(url))
    const codes = stdout.trimEnd().split('\n').slice(1).map((row) => row.split('\t')[1])
    expect(codes).toEqual(['upgrade-dropped', 'link-down', 'registry-lost', 'not-dialled-back', 'events-lost', 'heartbeat-late'])
  })

  it('without a matrix, as of an earlier version, is looked at by its links', async () => {
    const record = { _id: 'x', extraInformation: { host: 'h', port: '1' } }
    const url = await impostor((response, path) => path.endsWith('instances.get') ? response.end(JSON.stringify({ instances: { current: { instanceRecord: [] }, connections: [{ currentStatus: { status: 'waiting', connected: false, reason: down }, instanceRecord: record }] } })) : response.writeHead(404).end())
    const { code, stdout } = await ask(['doctor', '--json'], envFor(url))
    const { findings } = JSON.parse(stdout) as { findings: { code: string; what: string }[] }
    expect(findings.map((finding) => finding.code)).toEqual(['upgrade-dropped', 'link-down', 'matrix-missing'])
    expect(findings[1]?.what).toContain('The link to x (h:1) is waiting')
    expect(code).toBe(1)
  })

  it.each([['ahead of', 3_600_000], ['behind', -3_600_000]])('whose clock is %s ours', async (where, byMs) => {
    const url = await impostor((response) => response.writeHead(200, { date: new Date(Date.now() + byMs).toUTCString() }).end(JSON.stringify({ success: true, at: new Date(), instances: [] })))
    const { stdout } = await ask(['doctor', '--json'], envFor(url))
    const { findings } = JSON.parse(stdout) as { findings: { code: string; what: string }[] }
    expect(findings.find((finding) => finding.code === 'clocks-apart')?.what).toMatch(new RegExp(` is 60 min ${where} that of this machine|1 h ${where}`))
  })

  it('of which one does not say what it sees', async () => {
    const [one = '', two = '', three = ''] = ids
    const silent = (id: string, problem: string, message: string): object => ({ id, address: '10.0.0.2:3000', ok: false, problem, message })
    const url = await matrix([observer(one), silent(two, 'timeout', 'no answer within 1000 ms'), silent(three, 'bad-answer', '')])
    const { stdout } = await ask(['doctor', '--json'], envFor(url))
    const { findings } = JSON.parse(stdout) as { findings: { code: string; what: string }[] }
    expect(findings.filter((finding) => finding.code === 'instance-silent').map(({ what }) => what)).toEqual([
      `${two} (10.0.0.2:3000) did not say what it sees: timeout, no answer within 1000 ms.`,
      `${three} (10.0.0.2:3000) did not say what it sees: bad-answer.`,
    ])
  })

  it('that refuses is a finding, and 3', async () => {
    const { url } = await serve({ authorize: () => Promise.resolve(false) })
    const finished = await ask(['doctor', '--json'], envFor(url))
    expect(finished.stdout).toContain('"code": "instance-refused"')
    expect(finished.code).toBe(3)
  })
})

describe('the command line', () => {
  it.each([
    [[], 'Give a command'],
    [['frobnicate'], 'no such command'],
    [['status', 'more'], 'takes options only'],
    [['status', '--frobnicate'], 'Unknown option'],
    [['status'], 'whom to ask?'],
    [['status', '--url', 'ftp://x', '--user', 'u', '--token', 't'], 'answers HTTP'],
    [['status', '--url', 'http://localhost:1'], 'DDP_CLUSTER_TOKEN'],
    [['status', '--url', `http://u:${token}@localhost:1`, '--user', 'u', '--token', 't'], 'no user, password'],
    [['status', '--url', 'http://localhost:1', '--user', 'u', '--token', `${token}\n`], 'newline'],
    [['status', '--mongo', `postgres://u:${token}@localhost`], 'mongodb://'],
    [['status', '--mongo', `mongodb://u:${token}@localhost/x?nonsense=1`], 'makes no sense'],
    [['doctor', '--watch', '--mongo', 'mongodb://localhost'], 'doctor looks once'],
    [['status', '--mongo', 'mongodb://localhost', '--url', 'http://localhost', '--user', 'u', '--token', 't'], 'one of the two'],
    [['status', '--collection', 'x y', '--mongo', 'mongodb://localhost'], 'name of a collection'],
  ])('%j makes no sense: 2, and in words why', async (args, why) => {
    const finished = await ask(args)
    expect(finished.stderr).toContain(why)
    expect([finished.code, finished.stdout]).toEqual([2, ''])
    expectSilent(finished)
  })

  it('tells what there is, and its version', async () => {
    expect((await ask(['--help'])).stdout).toContain('DDP_CLUSTER_TOKEN')
    expect(await ask(['--version'])).toMatchObject({ code: 0, stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) as unknown })
  })

  it('runs as a process: the token comes by the environment, and is nowhere in its arguments', async () => {
    const { url } = await serve()
    const finished = await run(['status'], envFor(url))
    expect(finished.stdout).toContain('\tself\t')
    expect(finished.code).toBe(0)
  })
})
