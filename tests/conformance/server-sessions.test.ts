import { DDPError } from '@ddp-cluster/ddp-common'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { MethodInvocation, Publication, PublicationStrategy } from '@ddp-cluster/ddp-server'
import { RawClient, startServer, type Message, type TestServer } from './server-harness.js'

/** What Meteor's server does beyond the sentences of the specification. */

let server: TestServer
let client: RawClient

beforeEach(async () => {
  server = await startServer()
  client = await RawClient.connect(server.port)
})
afterEach(async () => {
  client.tcp.destroy()
  await server[Symbol.asyncDispose]()
})

const kinds = (messages: Message[]): unknown[] => messages.map(({ msg }) => msg)
const method = (name: string, id: string, ...params: unknown[]): Message => ({ msg: 'method', method: name, id, params })

function gate(): { opened: Promise<void>; open: () => void } {
  let open = (): void => undefined
  const opened = new Promise<void>((resolve) => { open = resolve })
  return { opened, open: () => open() }
}

describe('the order of a session', () => {
  it('begins a message when the one before it has ended', async () => {
    const first = gate()
    server.ddp.method('first', async () => { await first.opened })
    server.ddp.method('second', () => 2)
    client.send(method('first', '1'), method('second', '2'))
    expect(await client.settled()).toEqual([])
    first.open()
    expect(await client.next('result')).toMatchObject({ id: '1' })
    expect(await client.next('result')).toMatchObject({ id: '2' })
  })

  it('begins it earlier where a method or a publication unblocks', async () => {
    const first = gate()
    server.ddp.method('first', async function () { this.unblock(); await first.opened })
    server.ddp.publish('slow', async function () { this.unblock(); await first.opened; this.ready() })
    server.ddp.method('second', () => 2)
    client.send(method('first', '1'), { msg: 'sub', id: 's', name: 'slow' }, method('second', '2'))
    expect(await client.next('result')).toMatchObject({ id: '2' })
    first.open()
    expect(new Set(kinds(await client.settled()))).toEqual(new Set(['ready', 'result', 'updated']))
  })

  it('waits for a publication that is asynchronous', async () => {
    server.ddp.publish('slow', async function () { await Promise.resolve(); this.added('c', '1', {}); this.ready() })
    server.ddp.method('after', () => 1)
    client.send({ msg: 'sub', id: 's', name: 'slow' }, method('after', '1'))
    expect(kinds(await client.settled())).toEqual(['added', 'ready', 'result', 'updated'])
  })

  it('keeps to it over a thousand messages', async () => {
    server.ddp.method('now', (value) => value)
    server.ddp.method('soon', async (value) => value)
    for (let count = 0; count < 1000; count += 1) client.send(method(count % 3 === 0 ? 'soon' : 'now', String(count), count))
    for (let count = 0; count < 1000; count += 1) expect((await client.next('result'))['result']).toBe(count)
  })

  it('ignores a subscription that is there', async () => {
    let started = 0
    server.ddp.publish('p', function () { started += 1; this.ready() })
    client.send({ msg: 'sub', id: 's', name: 'p' }, { msg: 'sub', id: 's', name: 'p' })
    expect(kinds(await client.settled())).toEqual(['ready'])
    expect(started).toBe(1)
  })
})

describe('a publication', () => {
  it('does nothing any more once it has stopped, and stops once', async () => {
    let publication: Publication | undefined
    const keep = (it: Publication): void => { publication = it }
    const stopped: string[] = []
    server.ddp.publish('p', function () {
      keep(this)
      this.onStop(() => { throw new Error('one that throws does not keep the next from running') })
      this.onStop(() => stopped.push('first'))
      this.added('c', '1', {})
      this.ready()
    })
    client.send({ msg: 'sub', id: 's', name: 'p' })
    await client.next('ready')
    publication?.stop()
    publication?.stop()
    publication?.added('c', '2', {})
    publication?.changed('c', '1', { a: 1 })
    publication?.removed('c', '1')
    publication?.ready()
    publication?.error(new Error('late'))
    publication?.onStop(() => stopped.push('at once'))
    expect(await client.settled()).toEqual([{ msg: 'removed', collection: 'c', id: '1' }, { msg: 'nosub', id: 's' }])
    expect(stopped).toEqual(['first', 'at once'])
  })

  it('stops when its client goes', async () => {
    const stopped = gate()
    server.ddp.publish('p', function () { this.onStop(stopped.open); this.ready() })
    client.send({ msg: 'sub', id: 's', name: 'p' })
    await client.next('ready')
    client.send({ msg: 'disconnect' })
    await client.close()
    await stopped.opened
  })

  it('is told what is wrong with a document, and the client sees nothing of it', async () => {
    const cyclic: Record<string, unknown> = {}
    cyclic['self'] = cyclic
    const wrong: [unknown, unknown, unknown][] = [[1, '1', {}], ['c', {}, {}], ['c', '1', 'x'], ['c', '1', null], ['c', '1', { big: 10n }], ['c', '1', cyclic]]
    server.ddp.publish('p', function () {
      for (const [collection, id, fields] of wrong) {
        expect(() => this.added(collection as string, id as string, fields as Record<string, unknown>)).toThrow()
      }
      expect(() => this.changed('c', 'absent', {})).toThrow('not added')
      expect(() => this.removed('c', 'absent')).toThrow('not added')
      this.added('c', '1', { __proto__: null, ok: 1 })
      this.ready()
    })
    client.send({ msg: 'sub', id: 's', name: 'p' })
    expect(await client.settled()).toEqual([{ msg: 'added', collection: 'c', id: '1', fields: { ok: 1 } }, { msg: 'ready', subs: ['s'] }])
  })

  it('cannot change afterwards what it has published', async () => {
    server.ddp.publish('p', function () {
      const list = [1]
      this.added('c', '1', { list })
      list.push(2)
      this.changed('c', '1', { list })
      this.ready()
    })
    client.send({ msg: 'sub', id: 's', name: 'p' })
    expect(await client.next('added')).toMatchObject({ fields: { list: [1] } })
    expect(await client.next('changed')).toMatchObject({ fields: { list: [1, 2] } })
  })

  it('sends no change that is none', async () => {
    server.ddp.publish('p', function () {
      this.added('c', '1', { at: new Date(5), list: [{ a: 1 }] })
      this.changed('c', '1', { at: new Date(5), list: [{ a: 1 }], absent: undefined })
      this.ready()
    })
    client.send({ msg: 'sub', id: 's', name: 'p' })
    expect(kinds(await client.settled())).toEqual(['added', 'ready'])
  })
})

describe('publication strategies', () => {
  const run = async (strategy: PublicationStrategy): Promise<unknown[]> => {
    server.ddp.setPublicationStrategy('c', strategy)
    server.ddp.publish('p', function (value) { this.added('c', '1', { value }); this.ready() })
    client.send({ msg: 'sub', id: 'A', name: 'p', params: [1] }, { msg: 'sub', id: 'B', name: 'p', params: [1] })
    client.send({ msg: 'unsub', id: 'A' }, { msg: 'unsub', id: 'B' })
    return (await client.settled()).map(({ msg, fields }) => (fields === undefined ? msg : [msg, fields]))
  }
  const added = ['added', { value: 1 }]

  it('SERVER_MERGE compares fields', async () => {
    expect(await run('SERVER_MERGE')).toEqual([added, 'ready', 'ready', 'nosub', 'removed', 'nosub'])
  })
  it('NO_MERGE removes what each subscription published', async () => {
    expect(await run('NO_MERGE')).toEqual([added, 'ready', added, 'ready', 'removed', 'nosub', 'removed', 'nosub'])
  })
  it('NO_MERGE_NO_HISTORY removes nothing', async () => {
    expect(await run('NO_MERGE_NO_HISTORY')).toEqual([added, 'ready', added, 'ready', 'nosub', 'nosub'])
  })
  it('NO_MERGE_MULTI removes with the last subscription', async () => {
    expect(await run('NO_MERGE_MULTI')).toEqual([added, 'ready', ['changed', { value: 1 }], 'ready', 'nosub', 'removed', 'nosub'])
  })
  it('refuses another', () => {
    expect(() => server.ddp.setPublicationStrategy('c', 'ALL' as PublicationStrategy)).toThrow('NO_MERGE_MULTI')
  })
})

describe('a change of user', () => {
  const offer = (): void => {
    server.ddp.method('become', async function (userId) { await this.setUserId(userId as string | null); return this.userId })
    server.ddp.publish('mine', async function () {
      await Promise.resolve()
      this.added('things', 'shared', { of: 'all', user: this.userId })
      if (this.userId !== null) this.added('things', this.userId, { mine: true })
      this.ready()
    })
  }

  it('starts subscriptions over and tells the difference alone', async () => {
    offer()
    server.ddp.publish(null, function () { this.added('me', 'user', { id: this.userId }) })
    client.send({ msg: 'sub', id: 's', name: 'mine' })
    await client.next('ready')
    client.send(method('become', '1', 'anna'))
    expect(await client.settled()).toEqual([
      { msg: 'changed', collection: 'me', id: 'user', fields: { id: 'anna' } },
      { msg: 'changed', collection: 'things', id: 'shared', fields: { user: 'anna' } },
      { msg: 'added', collection: 'things', id: 'anna', fields: { mine: true } },
      { msg: 'ready', subs: ['s'] },
      { msg: 'result', id: '1', result: 'anna' },
      { msg: 'updated', methods: ['1'] },
    ])
    client.send(method('become', '2', null))
    expect((await client.settled()).filter(({ id }) => id === 'anna')).toEqual([{ msg: 'removed', collection: 'things', id: 'anna' }])
  })

  it('does not publish twice what is not merged', async () => {
    offer()
    server.ddp.setPublicationStrategy('things', 'NO_MERGE')
    client.send({ msg: 'sub', id: 's', name: 'mine' })
    await client.next('ready')
    client.send(method('become', '1', 'anna'))
    expect((await client.settled()).filter(({ collection }) => collection === 'things').map(({ msg, id }) => [msg, id])).toEqual([
      ['removed', 'shared'], ['added', 'shared'], ['added', 'anna'],
    ])
  })

  it('waits for it with the result even where the method does not, and holds the next message back', async () => {
    offer()
    server.ddp.method('careless', function () { void this.setUserId('anna') })
    server.ddp.method('who', function () { return this.userId })
    client.send({ msg: 'sub', id: 's', name: 'mine' }, method('careless', '1'), method('who', '2'))
    expect(await client.next('result')).toMatchObject({ id: '1' })
    expect(await client.next('result')).toMatchObject({ id: '2', result: 'anna' })
  })

  it('is refused after unblock, and for what is no user id', async () => {
    const codes: unknown[] = []
    const attempt = (invocation: MethodInvocation, userId: unknown): void => {
      try {
        void invocation.setUserId(userId as string)
      } catch (error) {
        codes.push((error as { code: string }).code)
      }
    }
    server.ddp.method('wrong', function () { attempt(this, 7); attempt(this, undefined); this.unblock(); attempt(this, 'anna') })
    await client.call('wrong')
    expect(codes).toEqual(['invalid-user-id', 'invalid-user-id', 'unblocked'])
  })
})

describe('what a client may learn', () => {
  it('is no more of an exception than that there was one', async () => {
    server.ddp.method('crash', () => { throw new Error('the password is xyzzy') })
    server.ddp.method('reject', () => Promise.reject(new Error('the password is xyzzy')))
    server.ddp.method('odd', () => 10n)
    server.ddp.publish('crash', () => { throw new Error('the password is xyzzy') })
    client.send(method('crash', '1'), method('reject', '2'), method('odd', '3'), { msg: 'sub', id: 's', name: 'crash' })
    const messages = await client.settled()
    const error = { isClientSafe: true, error: 500, reason: 'Internal server error', message: 'Internal server error [500]', errorType: 'Meteor.Error' }
    expect(messages.filter(({ msg }) => msg !== 'updated')).toEqual([
      { msg: 'result', id: '1', error }, { msg: 'result', id: '2', error }, { msg: 'result', id: '3', error }, { msg: 'nosub', id: 's', error },
    ])
    expect(server.logged.map(({ level }) => level)).toEqual(['error', 'error', 'error', 'error'])
  })

  it('is what a DDPError says, from a publication too', async () => {
    server.ddp.publish('p', function () { this.error(new DDPError('sorry', 'Not today.', { until: new Date(5) })) })
    client.send({ msg: 'sub', id: 's', name: 'p' })
    expect(await client.next('nosub')).toMatchObject({ error: { error: 'sorry', details: { until: '1970-01-01T00:00:00.005Z' } } })
  })
})

describe('rate limits', () => {
  it('count apart by the fields of their rule', async () => {
    server.ddp.method('a', () => 1)
    server.ddp.method('b', () => 1)
    server.ddp.publish('p', function () { this.ready() })
    const lift = server.ddp.limitRate({ type: 'method', name: (name) => name === 'a', connectionId: () => true, count: 2, intervalMs: 60_000 })
    server.ddp.limitRate({ type: 'subscription', name: 'p', clientAddress: () => true, count: 1, intervalMs: 60_000 })
    const other = await RawClient.connect(server.port)
    for (const each of [client, other]) {
      expect(await each.call('a')).toHaveProperty('result')
      expect(await each.call('a')).toHaveProperty('result')
      expect(await each.call('a')).toMatchObject({ error: { error: 'too-many-requests', details: { timeToReset: expect.any(Number) as number } } })
      expect(await each.call('b')).toHaveProperty('result')
    }
    lift()
    expect(await client.call('a')).toHaveProperty('result')
    client.send({ msg: 'sub', id: '1', name: 'p' })
    await client.next('ready')
    other.send({ msg: 'sub', id: '1', name: 'p' })
    expect(await other.next('nosub')).toMatchObject({ error: { error: 'too-many-requests' } })
    other.tcp.destroy()
  })
})
