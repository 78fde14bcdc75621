import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { DDPError, type Logger } from '@ddp-cluster/ddp-common'
import { openConnection } from '@ddp-cluster/ddp-client/internal'
import { type Cluster, joinCluster } from '@ddp-cluster/instance-status'
import { seeded } from '../fuzz/seeded.js'
import { CutProxy } from './cut-proxy.js'
import { Fleet, linked, until } from './fleet.js'
import { RawPeer } from './raw-peer.js'

const secret = 'a secret that nobody may read in a message or a log'

let fleet: Fleet
let first: Cluster
let second: Cluster
let proxy: CutProxy
let logged: unknown[]
let told: string[]

const logger: Logger = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: (fields) => logged.push(fields) }

/** The second is dialled through a proxy. */
beforeEach(async () => {
  logged = []
  told = []
  fleet = await Fleet.open()
  first = await fleet.join({ secret })
  const { server, port } = await fleet.listen()
  proxy = await CutProxy.before(port)
  second = fleet.track(await joinCluster({ db: fleet.db, name: 'test', server, address: { host: '127.0.0.1', port: proxy.port }, secret, logger }))
  second.method('add', (a, b) => (a as number) + (b as number))
  second.method('from', function () {
    return this.from
  })
  second.method('echo', (...values) => values)
  await linked([first, second])
})
afterEach(async () => {
  proxy.close()
  await fleet.close()
  expect(JSON.stringify([told, logged])).not.toContain(secret)
})

/** What a call rejects with, in the words that programs and people see. */
async function failure(work: Promise<unknown>): Promise<Record<string, unknown>> {
  const error: unknown = await work.then((value) => new Error(`answered ${JSON.stringify(value)}`), (reason: unknown) => reason)
  const { name, message, code, error: ddp, instanceId, reason } = error as Record<string, unknown>
  told.push(String(message))
  return { name, code: code ?? ddp, instanceId, reason }
}

/** A method that answers when the test says so. */
function slow(cluster: Cluster, name = 'slow'): { readonly calls: unknown[]; readonly answer: (value: unknown) => void } {
  const answers: ((value: unknown) => void)[] = []
  const calls: unknown[] = []
  cluster.method(name, (value) => {
    calls.push(value)
    return new Promise((resolve) => answers.push(resolve))
  })
  return { calls, answer: (value) => answers.forEach((resolve) => resolve(value)) }
}

describe('a call', () => {
  it('is answered with what the method returns, every value as EJSON brings it', async () => {
    expect(await first.call(second.id, 'add', [1, 2])).toBe(3)
    expect(await first.call(second.id, 'from')).toBe(first.id)
    const values = [new Date(7), new Uint8Array([1, 2]), { $date: 1 }, Number.NaN, null, ['a', { b: [] }]]
    expect(await first.call(second.id, 'echo', values)).toEqual(values)
    second.method('nothing', () => undefined)
    expect(await first.call(second.id, 'nothing')).toBeUndefined()
  })

  it('to oneself is the same: later, with copies', async () => {
    const values: unknown[] = []
    first.method('keep', function (value) {
      values.push(value, this.from)
      return value
    })
    const value = { at: new Date(7), list: [1] }
    const answer = first.call(first.id, 'keep', [value])
    expect(values).toEqual([])
    value.list.push(2)
    expect(await answer).toEqual({ at: new Date(7), list: [1] })
    expect(values).toEqual([{ at: new Date(7), list: [1] }, first.id])
    expect(await answer).not.toBe(values[0])
  })

  it.each(['another', 'oneself'])('to %s brings the error that the method threw, and nothing of any other', async (whom) => {
    const target = whom === 'oneself' ? second : first
    second.method('refuse', () => {
      throw new DDPError('not-found', 'there is none', { id: 7 })
    })
    second.method('break', () => Promise.reject(new Error(`a bug, and ${secret.slice(0, 8)}`)))
    second.method('unsendable', () => ({ big: 1n }))
    const refused: unknown = await target.call(second.id, 'refuse').catch((error: unknown) => error)
    expect(refused).toBeInstanceOf(DDPError)
    expect(refused).toMatchObject({ error: 'not-found', reason: 'there is none', details: { id: 7 } })
    const redacted = { name: 'DDPError', code: 500, instanceId: undefined, reason: 'Internal server error' }
    expect(await failure(target.call(second.id, 'break'))).toEqual(redacted)
    expect(await failure(target.call(second.id, 'unsendable'))).toMatchObject({ name: 'DDPError', code: 'result-not-encodable', reason: 'the result of "unsendable" cannot be sent: result.big is a bigint' })
    expect(logged).toMatchObject([{ method: 'break', from: target.id }, { method: 'unsendable', from: target.id }])
    expect(await failure(target.call(second.id, 'none'))).toMatchObject({ name: 'DDPError', code: 404 })
    expect(await failure(target.call(second.id, '__proto__'))).toMatchObject({ name: 'DDPError', code: 404 })
  })

  it('does not wait for the one before it', async () => {
    const { answer } = slow(second)
    const waiting = first.call(second.id, 'slow')
    expect(await first.call(second.id, 'add', [1, 1])).toBe(2)
    answer('done')
    expect(await waiting).toBe('done')
  })

  it('to a member that is not linked yet waits for the link, and for the methods', async () => {
    const third = await fleet.join({ secret })
    await until(() => first.members().some(({ id }) => id === third.id), 2000)
    const answer = first.call(third.id, 'late')
    third.method('late', () => 'in time')
    expect(await answer).toBe('in time')
  })
})

describe('a call that fails says who did not answer, and why:', () => {
  it('left, when there is no such member, or no more', async () => {
    expect(await failure(first.call('nobody', 'add'))).toMatchObject({ name: 'ClusterError', code: 'left', instanceId: 'nobody' })
    await second.close()
    await until(() => first.members().length === 0, 2000)
    expect(await failure(first.call(second.id, 'add'))).toMatchObject({ code: 'left', instanceId: second.id })
  })

  it('suspect, with the reason, when it cannot be reached', async () => {
    proxy.close()
    await until(() => first.members()[0]?.status === 'suspect', 2000)
    const { code, instanceId, reason } = await failure(first.call(second.id, 'add', [1, 2]))
    expect([code, instanceId]).toEqual(['suspect', second.id])
    expect(reason).toBe(first.members()[0]?.reason)
  })

  it('outcome-unknown, when the link is lost before the answer, and runs once', async () => {
    const { calls, answer } = slow(second)
    const pending = failure(first.call(second.id, 'slow', ['once']))
    await until(() => calls.length === 1, 2000)
    proxy.cut()
    expect(await pending).toMatchObject({ code: 'outcome-unknown', instanceId: second.id })
    await linked([first, second])
    answer('too late')
    expect(await first.call(second.id, 'add', [1, 2])).toBe(3)
    expect(calls).toEqual(['once'])
  })

  it('timeout, when the answer takes too long, and drops it when it comes', async () => {
    const { calls, answer } = slow(second)
    const self = slow(first, 'self')
    const pending = [failure(first.call(second.id, 'slow', [], { timeoutMs: 50 })), failure(first.call(first.id, 'self', [], { timeoutMs: 50 }))]
    expect(await Promise.all(pending)).toMatchObject([{ code: 'timeout', instanceId: second.id }, { code: 'timeout', instanceId: first.id }])
    answer('late')
    self.answer('late')
    expect(await first.call(second.id, 'add', [1, 2])).toBe(3)
    expect([calls.length, self.calls.length]).toEqual([1, 1])
  })

  it('suspect, when a new member is not linked in time', async () => {
    const third = await fleet.join({ secret, address: { host: '127.0.0.1', port: 1 } })
    await until(() => first.members().some(({ id }) => id === third.id), 2000)
    expect(await failure(first.call(third.id, 'add', [], { timeoutMs: 50 }))).toMatchObject({ code: 'suspect', instanceId: third.id, reason: 'not linked yet' })
  })

  it.each(['dialled through a proxy', 'dialled directly'])('left, when it is leaving, and answers what it had begun (%s)', async (how) => {
    const [leaver, caller] = how === 'dialled directly' ? [first, second] : [second, first]
    const { calls, answer } = slow(leaver)
    const begun = caller.call(leaver.id, 'slow')
    await until(() => calls.length === 1, 2000)
    const leaving = leaver.close()
    expect(await failure(caller.call(leaver.id, 'add', [1, 2]))).toMatchObject({ code: 'left', instanceId: leaver.id })
    answer('in time')
    expect(await begun).toBe('in time')
    await leaving
    await until(() => caller.members().length === 0, 2000)
  })

  it('closed, when this instance closes', async () => {
    slow(second)
    slow(first, 'self')
    const third = await fleet.join({ secret, address: { host: '127.0.0.1', port: 1 } })
    await until(() => first.members().length === 2, 2000)
    const pending = [first.call(second.id, 'slow'), first.call(first.id, 'self'), first.call(third.id, 'add')].map(failure)
    await first.close()
    expect((await Promise.all(pending)).map(({ code }) => code)).toEqual(['closed', 'closed', 'closed'])
    expect(await failure(first.call(second.id, 'add'))).toMatchObject({ code: 'closed' })
    expect((await first.callAll('add')).map(({ status }) => status)).not.toContain('fulfilled')
  })

  it('too-many-calls, when five hundred run', async () => {
    const { calls, answer } = slow(second)
    const all = Array.from({ length: 510 }, () => first.call(second.id, 'slow', []).catch((error: unknown) => (error as { code: string }).code))
    await until(() => calls.length === 500, 5000)
    answer('done')
    const answers = await Promise.all(all)
    expect(answers.filter((one) => one === 'too-many-calls')).toHaveLength(10)
    expect(answers.filter((one) => one === 'done')).toHaveLength(500)
    expect(await first.call(second.id, 'add', [1, 2])).toBe(3)
  })
})

describe('calls while the link is cut again and again', () => {
  it.each([1, 2])('run once or not at all, and every one of them settles rightly (seed %i)', async (seed) => {
    const random = seeded(seed)
    const runs = new Map<number, number>()
    second.method('count', (n) => {
      runs.set(n as number, (runs.get(n as number) ?? 0) + 1)
      return n
    })
    const outcomes: { n: number; outcome: unknown }[] = []
    const pending: Promise<unknown>[] = []
    for (let n = 0; n < 2000; n += 1) {
      const note = (outcome: unknown): number => outcomes.push({ n, outcome })
      pending.push(first.call(second.id, 'count', [n], { timeoutMs: 5000 }).then(note, (error: unknown) => note((error as { code: string }).code)))
      if (random() < 0.2) await new Promise((resolve) => setTimeout(resolve, random() * 3))
      if (random() < 0.01) proxy.cut()
      if (n % 500 === 250) await linked([first, second], 10_000)
    }
    await Promise.all(pending)
    await linked([first, second], 10_000)
    expect(Math.max(...runs.values())).toBe(1)
    const counts: Record<string, number> = {}
    for (const { n, outcome } of outcomes) {
      const kind = typeof outcome === 'number' ? 'answered' : String(outcome)
      counts[kind] = (counts[kind] ?? 0) + 1
      if (kind === 'answered') expect([outcome, runs.get(n)]).toEqual([n, 1])
      if (kind === 'suspect') expect(runs.has(n)).toBe(false)
    }
    process.stdout.write(`2000 calls: ${JSON.stringify(counts)}, ${runs.size} ran\n`)
    expect(outcomes).toHaveLength(2000)
    expect(Object.keys(counts).filter((kind) => !['answered', 'suspect', 'outcome-unknown'].includes(kind))).toEqual([])
    expect(counts['answered']).toBeGreaterThan(500)
  }, 60_000)
})

describe('a peer that speaks the protocol badly', () => {
  it('is told so, and harms nobody', async () => {
    const peer = await RawPeer.prove(second, { secret })
    const bad: unknown[][] = [[], ['add'], ['add', {}], ['', []], [7, []], ['x'.repeat(201), []], [null, null]]
    for (const params of bad) expect(await failure(peer.connection.call('cluster.call', params))).toMatchObject({ name: 'DDPError', code: 'bad-request' })
    for (const name of ['__proto__', 'constructor', 'toString', 'cluster.call']) expect(await failure(peer.connection.call('cluster.call', [name, []]))).toMatchObject({ code: 404 })
    expect(await peer.connection.call('cluster.call', ['add', [1, 2], 'more'])).toBe(3)
    expect(await first.call(second.id, 'add', [1, 2])).toBe(3)
    peer.connection.close()
  })
})

describe('values that cannot be sent', () => {
  it.each([
    ['no method', ['', []], 'invalid-call'],
    ['a name of 201 characters', ['x'.repeat(201), []], 'invalid-call'],
    ['parameters that are no array', ['add', 'x'], 'invalid-call'],
    ['no time', ['add', [], { timeoutMs: 0 }], 'invalid-call'],
    ['NaN as the time', ['add', [], { timeoutMs: Number.NaN }], 'invalid-call'],
    ['more time than an hour', ['add', [], { timeoutMs: 3_600_001 }], 'invalid-call'],
    ['a BigInt', ['add', [1n]], 'call-not-encodable'],
    ['what is nested too deep', ['add', [JSON.parse(`${'['.repeat(95)}${']'.repeat(95)}`)]], 'call-not-encodable'],
    ['five megabytes', ['add', ['x'.repeat(5 * 1024 * 1024)]], 'call-too-large'],
  ] as [string, [string, unknown[], object?], string][])('%s are refused here, and harm nobody', async (_, args, code) => {
    expect(await failure(first.call(7 as never, 'add'))).toMatchObject({ code: 'invalid-call' })
    for (const id of [first.id, second.id]) expect(await failure(first.call(id, ...args))).toMatchObject({ name: 'ClusterError', code })
    expect(await failure(first.callAll(...args))).toMatchObject({ code })
    expect(await first.call(second.id, 'add', [1, 2])).toBe(3)
  })

  it('are refused there when the method returns them, and the link lives on', async () => {
    second.method('large', () => 'x'.repeat(9 * 1024 * 1024))
    second.method('deep', () => JSON.parse(`${'['.repeat(95)}${']'.repeat(95)}`) as unknown)
    expect(await failure(first.call(second.id, 'large'))).toMatchObject({ name: 'DDPError', code: 'result-too-large' })
    expect(await failure(first.call(second.id, 'deep'))).toMatchObject({ name: 'DDPError', code: 'result-not-encodable' })
    second.method('throws', (what) => {
      throw new DDPError('large', what === 'details' ? 'why' : 'x'.repeat(5 * 1024 * 1024), 'x'.repeat(9 * 1024 * 1024))
    })
    for (const what of ['details', 'reason']) expect(await failure(first.call(second.id, 'throws', [what]))).toMatchObject({ name: 'DDPError', code: 'result-too-large' })
    expect(first.members()[0]?.link?.currentStatus.retryCount).toBe(0)
  })
})

describe('many large answers at once', () => {
  it('arrive one after the other, and the link lives on', async () => {
    const text = 'x'.repeat(3 * 1024 * 1024)
    second.method('large', () => text)
    second.method('throws', () => {
      throw new DDPError('large', 'why', text)
    })
    const answers = await Promise.allSettled(['large', 'throws'].flatMap((name) => Array.from({ length: 8 }, () => first.call(second.id, name, [], { timeoutMs: 60_000 }))))
    expect(answers.map((answer) => (answer.status === 'fulfilled' ? (answer.value as string).length : (answer.reason as DDPError).error))).toEqual([...Array<number>(8).fill(text.length), ...Array<string>(8).fill('large')])
    expect(first.members()[0]?.link?.currentStatus.retryCount).toBe(0)
  }, 30_000)
})

describe('methods for instances', () => {
  it('are none for clients of the endpoint, and its methods are none for instances', async () => {
    second.ddpServer.method('for clients', () => 'hello')
    const connection = openConnection({ url: second.address.url })
    expect(await connection.call('for clients', [])).toBe('hello')
    expect(await failure(connection.call('add', [1, 2]))).toMatchObject({ code: 404 })
    expect(await failure(connection.call('cluster.call', ['add', [1, 2]]))).toMatchObject({ code: 'unauthorized' })
    expect(await failure(first.call(second.id, 'for clients'))).toMatchObject({ code: 404 })
    expect(await failure(first.call(second.id, 'cluster.goodbye'))).toMatchObject({ code: 404 })
    connection.close()
  })

  it('have one handler for each name, until it is taken back', async () => {
    const stop = second.method('one', () => 1)
    expect(() => second.method('one', () => 2)).toThrow(expect.objectContaining({ code: 'method-taken' }))
    stop()
    second.method('one', () => 2)
    stop()
    expect(await first.call(second.id, 'one')).toBe(2)
    expect(() => second.method('', () => 2)).toThrow(expect.objectContaining({ code: 'invalid-call' }))
  })
})

describe('callAll', () => {
  it('has one outcome for each, this instance\'s first', async () => {
    first.method('add', (a) => a)
    const third = await fleet.join({ secret })
    await linked([first, second, third])
    proxy.close()
    await until(() => first.members().find(({ id }) => id === second.id)?.status === 'suspect', 2000)
    const outcomes = await first.callAll('add', [1, 2])
    expect(outcomes).toHaveLength(3)
    expect(outcomes[0]).toEqual({ id: first.id, status: 'fulfilled', value: 1 })
    expect(outcomes.find(({ id }) => id === second.id)).toMatchObject({ status: 'rejected', reason: { code: 'suspect', instanceId: second.id } })
    expect(outcomes.find(({ id }) => id === third.id)).toMatchObject({ status: 'rejected', reason: { error: 404 } })
  })
})
