import { connect } from '@ddp-cluster/ddp-client'
import { ObjectId } from '@ddp-cluster/ddp-common'
import { createDDPServer, type PublishedId } from '@ddp-cluster/ddp-server'
import { ObjectId as BsonObjectId } from 'mongodb'
import { describe, expect, it } from 'vitest'
import { RawClient, startServer, type Message, type TestServer } from './server-harness.js'

/** Ids of documents on their way from a publication to a client. */

const hex = '507f1f77bcf86cd799439011'

const ids: readonly [id: PublishedId, wire: string][] = [
  ['room', 'room'], ['', ''], [hex, `-${hex}`], ['-x', '--x'], ['~1', '-~1'], ['{}', '-{}'], ['__proto__', '__proto__'],
  [new ObjectId(hex), hex], [new BsonObjectId(hex), hex], [5, '~5'], [-0.5, '~-0.5'], [true, '~true'], [false, '~false'], [null, '~null'],
]

/** What a client is told of a publication. */
async function told(server: TestServer, name = 'docs'): Promise<Message[]> {
  const client = await RawClient.connect(server.port)
  client.send({ msg: 'sub', id: 's', name })
  const messages = await client.settled()
  client.tcp.destroy()
  return messages
}

/** What a publication gets that publishes something by an id that is none. */
async function refusals(server: TestServer, wrong: readonly unknown[]): Promise<unknown[]> {
  const codes: unknown[] = []
  server.ddp.publish('docs', function () {
    for (const id of wrong as readonly string[]) {
      for (const publish of [() => this.added('c', id, {}), () => this.changed('c', id, {}), () => this.removed('c', id)]) {
        try {
          publish()
          codes.push('taken')
        } catch (error) {
          codes.push((error as { code?: unknown }).code)
        }
      }
    }
    this.ready()
  })
  expect(await told(server)).toEqual([{ msg: 'ready', subs: ['s'] }])
  return codes
}

describe('the id of a document in a publication', () => {
  it.each(ids)('that is %j stands in messages as %j', async (id, wire) => {
    await using server = await startServer()
    server.ddp.publish('docs', function () {
      this.added('c', id, { a: 1 })
      this.changed('c', id, { a: 2 })
      this.removed('c', id)
      this.ready()
    })
    expect(await told(server)).toEqual([
      { msg: 'added', collection: 'c', id: wire, fields: { a: 1 } }, { msg: 'changed', collection: 'c', id: wire, fields: { a: 2 } },
      { msg: 'removed', collection: 'c', id: wire }, { msg: 'ready', subs: ['s'] },
    ])
  })

  it('is one document for an ObjectId of this library and one of the driver, and another for the string of its digits', async () => {
    await using server = await startServer()
    server.ddp.publish('docs', function () {
      this.added('c', new BsonObjectId(hex), { a: 1 })
      this.changed('c', new ObjectId(hex), { a: 2 })
      this.added('c', hex, { text: true })
      this.removed('c', new ObjectId(hex))
      this.ready()
    })
    expect((await told(server)).map(({ msg, id }) => [msg, id])).toEqual([['added', hex], ['changed', hex], ['added', `-${hex}`], ['removed', hex], ['ready', undefined]])
  })

  it('is refused as invalid-document if it is none, and the client hears nothing', async () => {
    await using server = await startServer()
    const wrong: readonly unknown[] = [undefined, {}, [], new Date(), Number.NaN, Infinity, 5n, () => 5, Symbol('id'), { _bsontype: 'ObjectId', toString: () => hex }]
    expect(await refusals(server, wrong)).toEqual(wrong.flatMap(() => ['invalid-document', 'invalid-document', 'invalid-document']))
  })

  it('is a string that stands there as it is, where the server is told so', async () => {
    await using server = await startServer({ ids: 'raw' })
    server.ddp.publish('raw', function () {
      for (const id of [hex, '~5', '-x']) this.added('c', id, {})
      this.ready()
    })
    expect((await told(server, 'raw')).map(({ id }) => id)).toEqual([hex, '~5', '-x', undefined])
    const wrong = [5, null, new ObjectId(hex), new BsonObjectId(hex), undefined]
    expect(await refusals(server, wrong)).toEqual(wrong.flatMap(() => ['invalid-document', 'invalid-document', 'invalid-document']))
  })

  it('is written in one of two ways', async () => {
    await using server = await startServer()
    for (const wrong of ['meteor', 5]) {
      expect(() => createDDPServer({ server: server.http, path: '/other', ids: wrong as 'raw' })).toThrow(expect.objectContaining({ code: 'invalid-option', message: expect.stringContaining('\'mongo\' or \'raw\'') as unknown }) as Error)
    }
  })

  it('arrives at the client as it was published', async () => {
    await using server = await startServer()
    server.ddp.publish('docs', function () {
      for (const [n, [id]] of ids.filter(([one]) => !(one instanceof ObjectId)).entries()) this.added('c', id, { n })
      this.ready()
    })
    const client = connect({ url: `ws://127.0.0.1:${server.port}/websocket` })
    await client.subscribe('docs').ready
    const published = ids.filter(([id]) => !(id instanceof ObjectId)).map(([id], n) => [id instanceof BsonObjectId ? new ObjectId(hex) : id, n])
    expect([...client.collection('c')].map(({ _id, n }) => [_id, n])).toEqual(published)
    for (const id of [new ObjectId(hex), new BsonObjectId(hex)]) expect(client.collection('c').get(id)?.['n']).toBe(7)
    await client.close()
  })
})
