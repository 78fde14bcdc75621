import { createHmac, randomBytes } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { randomId } from '@ddp-cluster/ddp-common'
import { type Connection, openConnection } from '@ddp-cluster/ddp-client/internal'
import { type Cluster, joinCluster } from '@ddp-cluster/instance-status'
import { WebSocketServer } from 'ws'
import { Fleet, linked, until } from './fleet.js'

// Issue 6: no event reaches, and no call is taken from, whoever does not prove the cluster's secret. Every stranger here comes as far as it can and then tries all of it.

const secret = 'the secret that the cluster has now, as of today'
const oldSecret = 'the secret that it had before, and takes still today'
const retiredSecret = 'the secret before that, which is worth nothing any more'

let fleet: Fleet
let cluster: Cluster
let calls: unknown[]
let frames: unknown[]
const connections: Connection[] = []

beforeEach(async () => {
  calls = []
  frames = []
  fleet = await Fleet.open()
  cluster = await fleet.join({ secret: [secret, oldSecret], authTimeoutMs: 2000 })
  cluster.method('touch', (...params) => calls.push(params))
})
afterEach(async () => {
  for (const connection of connections.splice(0)) connection.close()
  await fleet.close()
})

function dial(headers: Record<string, string> = {}, target = cluster): Connection {
  const connection = openConnection({ url: target.address.url, headers, onMessage: (message) => frames.push(message) })
  connections.push(connection)
  return connection
}

/** What a proof is about, and with which secret it is made. */
interface Claim {
  readonly role: 'dialler' | 'dialled'
  readonly secret: string
  readonly cluster: string
  readonly from: string
  readonly to: string
  readonly attempt: number
  readonly nonceA: Uint8Array
}

const claim = (changes: Partial<Claim> = {}): Claim => ({
  role: 'dialler', secret, cluster: `${fleet.db.databaseName}.instances/test`, from: randomId(), to: cluster.id, attempt: 1, nonceA: new Uint8Array(randomBytes(32)), ...changes,
})

function proofOf({ role, secret: key, cluster: name, from, to, attempt, nonceA }: Claim, nonceB: Uint8Array): Uint8Array {
  const hmac = createHmac('sha256', key)
  for (const field of [role, '1', name, from, to, String(attempt), nonceA, nonceB]) {
    const bytes = Buffer.from(field as string)
    const length = Buffer.alloc(4)
    length.writeUInt32BE(bytes.length)
    hmac.update(length).update(bytes)
  }
  return new Uint8Array(hmac.digest())
}

const challenge = async (connection: Connection, { cluster: name, from, to, attempt, nonceA }: Claim): Promise<Uint8Array> =>
  ((await connection.call('cluster.challenge', [{ protocol: 1, cluster: name, from, to, attempt, nonceA }])) as { nonceB: Uint8Array }).nonceB

const prove = (connection: Connection, proofA: Uint8Array): Promise<unknown> => connection.call('cluster.prove', [{ proofA }])

/** Asks as `said` and proves `proven`. */
async function introduce(connection: Connection, said: Claim, proven: Claim = said): Promise<unknown> {
  return prove(connection, proofOf(proven, await challenge(connection, said)))
}

const refusal = (work: Promise<unknown>): Promise<unknown> => work.then((value) => ['taken', value], (error: unknown) => (error as { error?: unknown }).error ?? (error as { code?: unknown }).code)

/** Tries everything that a peer may do. */
async function expectNothingFor(connection: Connection, id?: string): Promise<void> {
  for (const [method, params] of [['cluster.call', ['touch', ['a stranger']]], ['cluster.goodbye', []], ['cluster.flush', [0]], ['touch', []]] as [string, unknown[]][]) {
    expect(['unauthorized', 'superseded', 404, 'closed'], method).toContain(await refusal(connection.call(method, params)))
  }
  expect(['unauthorized', 'superseded', 'closed']).toContain(await refusal(connection.subscribe('cluster.broadcast', [{}]).ready))
  cluster.stream('room').emit('message', 'for members only')
  // What would have been sent is here by the time that this is answered.
  await connection.ping().catch(() => undefined)
  expect(calls).toEqual([])
  expect(JSON.stringify(frames)).not.toContain('for members only')
  if (id !== undefined) expect(cluster.members().find((member) => member.id === id)?.status ?? 'unknown').not.toBe('alive')
}

describe('an event reaches, and a call is taken from, a peer', () => {
  it.each([['the secret', secret], ['the old secret while both are taken', oldSecret]])('that proves %s', async (_, key) => {
    const connection = dial()
    await introduce(connection, claim({ secret: key }))
    await connection.subscribe('cluster.broadcast', [{}]).ready
    expect(await connection.call('cluster.call', ['touch', ['a peer']])).toBe(1)
    cluster.stream('room').emit('message', 'for members only')
    await until(() => JSON.stringify(frames).includes('for members only'), 2000)
    expect(calls).toEqual([['a peer']])
  })
})

describe('nothing reaches, and nothing is taken from,', () => {
  it('a stranger that proves nothing', async () => {
    await expectNothingFor(dial())
  })

  it('a stranger that asked for a challenge and did not answer it', async () => {
    const connection = dial()
    await challenge(connection, claim())
    await expectNothingFor(connection)
  })

  it.each([
    ['with a wrong secret', () => ({ secret: 'x'.repeat(40) })],
    ['with an empty secret', () => ({ secret: '' })],
    ['with a secret that was rotated out', () => ({ secret: retiredSecret })],
    ['for another pair: from another instance', () => ({ from: randomId() })],
    ['for another pair: to another instance', () => ({ to: randomId() })],
    ['for another cluster', () => ({ cluster: `${fleet.db.databaseName}.instances/other` })],
    ['for another attempt', () => ({ attempt: 2 })],
    ['for another nonce', () => ({ nonceA: new Uint8Array(randomBytes(32)) })],
    ['in the other role', () => ({ role: 'dialled' as const })],
  ])('a stranger whose proof is made %s', async (_, changes) => {
    const said = claim()
    const connection = dial()
    expect(await refusal(introduce(connection, said, { ...said, ...changes() }))).toBe('unauthorized')
    await expectNothingFor(connection, said.from)
  })

  it.each([
    ['another cluster', () => ({ cluster: `${fleet.db.databaseName}.instances/other` }), 'wrong-cluster'],
    ['another instance', () => ({ to: randomId() }), 'wrong-instance'],
    ['this instance itself', () => ({ from: cluster.id }), 'bad-request'],
  ])('whoever looks for %s, whatever it knows', async (_, changes, code) => {
    const connection = dial()
    expect(await refusal(introduce(connection, claim(changes())))).toBe(code)
    await expectNothingFor(connection)
  })

  it('a stranger that replays a proof which it overheard', async () => {
    const said = claim()
    const honest = dial()
    const overheard = proofOf(said, await challenge(honest, said))
    await prove(honest, overheard)
    const connection = dial()
    // Word for word what the honest peer said; but the instance asks with another nonce.
    await challenge(connection, said)
    expect(await refusal(prove(connection, overheard))).toBe('unauthorized')
    await expectNothingFor(connection)
  })

  it('a stranger that has the instance prove itself, and hands that back as its own', async () => {
    const { server, port } = await fleet.listen()
    const id = randomId()
    const connection = dial()
    const reflected: Promise<unknown> = new Promise((resolve, reject) => {
      // The instance dials the stranger, is asked with the nonce that it gave itself, and proves.
      const said = claim({ from: id })
      const nonceB = challenge(connection, said)
      new WebSocketServer({ server }).on('connection', (socket) => {
        socket.on('message', (data: Buffer) => {
          const message = JSON.parse(data.toString()) as { msg: string; id: string; method?: string; params?: { proofA?: { $binary: string } }[] }
          if (message.msg === 'connect') socket.send(JSON.stringify({ msg: 'connected', session: 'x' }))
          if (message.method === 'cluster.challenge') void nonceB.then((bytes) => socket.send(JSON.stringify({ msg: 'result', id: message.id, result: { nonceB: { $binary: Buffer.from(bytes).toString('base64') } } })))
          const proof = message.params?.[0]?.proofA?.$binary
          if (message.method === 'cluster.prove' && proof !== undefined) prove(connection, new Uint8Array(Buffer.from(proof, 'base64'))).then(resolve, reject)
        })
      })
    })
    reflected.catch(() => undefined)
    const now = new Date()
    const record = { _createdAt: now, _updatedAt: now, name: 'test', pid: 1, extraInformation: { host: 'localhost', port: String(port) }, cluster: { protocol: 1, expireAfterMs: 60_000, url: `ws://127.0.0.1:${port}/websocket` } }
    await fleet.db.collection<{ _id: string }>('instances').insertOne({ _id: id, ...record })
    expect(await refusal(reflected)).toBe('unauthorized')
    await expectNothingFor(connection, id)
    expect(await refusal(cluster.call(id, 'anything', [], { timeoutMs: 200 }))).toBe('suspect')
  })

  it('a page in a browser, though it knows the secret', async () => {
    for (const origin of ['https://example.com', 'null']) {
      const connection = dial({ origin })
      expect(await refusal(introduce(connection, claim()))).toBe('unauthorized')
      await expectNothingFor(connection)
    }
  })

  it('a session of a peer that has a later one', async () => {
    const from = randomId()
    const [older, newer] = [dial(), dial()]
    await introduce(older, claim({ from, attempt: 1 }))
    await introduce(newer, claim({ from, attempt: 2 }))
    await older.closed
    await expectNothingFor(older)
    // Nor does a delayed one that arrives last take its place.
    const late = dial()
    await introduce(late, claim({ from, attempt: 1 })).catch(() => undefined)
    await expectNothingFor(late)
    expect(await newer.call('cluster.call', ['touch', []])).toBe(1)
  })
})

describe('instances with different secrets', () => {
  const joinWith = async (theirs: string | readonly [string, string]): Promise<Cluster> => {
    const { server, port } = await fleet.listen()
    const other = fleet.track(await joinCluster({ db: fleet.db, name: 'test', server, address: { host: 'localhost', port }, secret: theirs, linkTimeoutMs: 500 }))
    other.method('touch', () => calls.push('there'))
    return other
  }

  it('are in the registry of both, and share nothing', async () => {
    const other = await joinWith('y'.repeat(40))
    await until(() => [cluster, other].every((one) => one.members()[0]?.link?.currentStatus.status === 'failed'), 5000)
    const heard: unknown[] = []
    cluster.stream('room').on('message', (text) => heard.push(text))
    other.stream('room').emit('message', 'across')
    expect(await refusal(other.call(cluster.id, 'touch', [], { timeoutMs: 500 }))).toBe('suspect')
    expect((await cluster.callAll('touch', [], { timeoutMs: 500 })).map(({ id, status }) => [id, status])).toEqual([[cluster.id, 'fulfilled'], [other.id, 'rejected']])
    expect(heard).toEqual([])
    expect(calls).toEqual([[]])
    expect(JSON.stringify([cluster.members(), other.members()])).not.toContain('yyyy')
    expect(JSON.stringify([cluster.members(), other.members()])).not.toContain(secret)
  })

  it.each([['the new one alone', secret], ['the old one alone', oldSecret], ['both, the other way round', [oldSecret, secret] as const]])('while it is rotated, %s is enough', async (_, theirs) => {
    const other = await joinWith(theirs)
    await linked([cluster, other], 15_000)
    expect(await cluster.call(other.id, 'touch')).toBe(1)
    expect(await other.call(cluster.id, 'touch')).toBe(2)
  }, 30_000)
})
