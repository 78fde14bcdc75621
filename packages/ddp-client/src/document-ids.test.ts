import { EJSON, ObjectId, type DataMessage, type DocumentId } from '@ddp-cluster/ddp-common'
import { ManualClock } from '@ddp-cluster/ddp-common/internal'
import { describe, expect, it } from 'vitest'
import { DDPClient } from './client.js'
import type { DDPClientOptions } from './options.js'
import { ScriptedServer } from './scripted-server.test-kit.js'

const hex = '507f1f77bcf86cd799439011'

function setUp(options: Partial<DDPClientOptions> = {}): { client: DDPClient; server: ScriptedServer; logged: [level: string, fields: object, message: string][] } {
  const logged: [string, object, string][] = []
  const note = (level: string) => (fields: object, message: string) => void logged.push([level, fields, message])
  const logger = { debug: note('debug'), info: note('info'), warn: note('warn'), error: note('error') }
  const server = new ScriptedServer()
  const client = new DDPClient({ url: 'ws://server.example/websocket', clock: new ManualClock(), logger, ...options }, server.dial)
  server.socket.accept()
  return { client, server, logged }
}

/** What listeners of a collection hear, with the ids as they are. */
function heard(client: DDPClient, name: string): unknown[] {
  const events: unknown[] = []
  const collection = client.collection(name)
  collection.on('added', ({ id, before }) => events.push(['added', id, before]))
  collection.on('changed', ({ id }) => events.push(['changed', id]))
  collection.on('moved', ({ id, before }) => events.push(['moved', id, before]))
  collection.on('removed', ({ id }) => events.push(['removed', id]))
  return events
}

const kinds: readonly [wire: string, id: DocumentId][] = [
  ['room', 'room'], ['', ''], [`-${hex}`, hex], ['--x', '-x'], ['-~1', '~1'], [hex, new ObjectId(hex)],
  [hex.toUpperCase(), hex.toUpperCase()], ['~5', 5], ['~-0.5', -0.5], ['~true', true], ['~null', null],
]

describe('the id of a document', () => {
  it.each(kinds)('that is %j in messages is the one that it stands for', (wire, id) => {
    const { client, server } = setUp()
    const collection = client.collection('c')
    const events = heard(client, 'c')
    server.socket.say({ msg: 'added', collection: 'c', id: wire, fields: { a: 1 } }, { msg: 'changed', collection: 'c', id: wire, fields: { a: 2 } })
    expect(EJSON.equals([...collection], [{ _id: id, a: 2 }])).toBe(true)
    expect(collection.get(id)).toEqual({ _id: id, a: 2 })
    server.socket.say({ msg: 'removed', collection: 'c', id: wire })
    expect(collection.get(id)).toBeUndefined()
    expect(events).toEqual([['added', id, undefined], ['changed', id], ['removed', id]])
  })

  it('tells an ObjectId from the string of its digits, and a number from its text', () => {
    const { client, server } = setUp()
    const collection = client.collection('c')
    for (const [n, id] of [hex, `-${hex}`, '~5', '5'].entries()) server.socket.say({ msg: 'added', collection: 'c', id, fields: { n } })
    expect([new ObjectId(hex), hex, 5, '5'].map((id) => collection.get(id)?.['n'])).toEqual([0, 1, 2, 3])
    // A value that is no id finds nothing.
    for (const id of [undefined, {}, Number.NaN, Symbol('5')]) expect(collection.get(id as unknown as DocumentId)).toBeUndefined()
  })

  it('is given back as a value after a reconnect, too, and the document is known by it', () => {
    const { client, server } = setUp()
    const sub = client.subscribe('s')
    const tell = (n: number): void => server.socket.say({ msg: 'added', collection: 'c', id: '~7', fields: { n } }, { msg: 'ready', subs: [sub.id] })
    tell(1)
    server.socket.say({ msg: 'added', collection: 'c', id: hex })
    const events = heard(client, 'c')
    server.socket.drop()
    client.reconnect()
    server.socket.accept()
    tell(2)
    expect(events).toEqual([['removed', new ObjectId(hex)], ['changed', 7]])
  })

  it('stands in before, too, and in the order of a collection', () => {
    const { client, server } = setUp()
    const events = heard(client, 'c')
    const say = (message: { msg: 'addedBefore' | 'movedBefore'; id: string; before: string | null }): void => server.socket.say({ collection: 'c', ...message })
    say({ msg: 'addedBefore', id: '~2', before: null })
    say({ msg: 'addedBefore', id: hex, before: '~2' })
    say({ msg: 'movedBefore', id: '~2', before: hex })
    say({ msg: 'addedBefore', id: hex, before: '~2' })
    expect(events).toEqual([['added', 2, null], ['added', new ObjectId(hex), 2], ['moved', 2, new ObjectId(hex)], ['moved', new ObjectId(hex), 2]])
    expect([...client.collection('c')].map(({ _id }) => _id)).toEqual([new ObjectId(hex), 2])
  })

  it.each<[id: DocumentId, texts: readonly string[]]>([
    ['abc', ['abc', '-abc', '~"abc"']], ['', ['', '-', '~""']], [1, ['~1', '~1.0', '~10e-1', '~ 1']], ['{"a":1}', ['{"a":1}', '-{"a":1}']],
    ['-x', ['--x', '~"-x"']], [hex, [`-${hex}`, `~"${hex}"`]], [null, ['~null', '~ null']],
  ])('%j is one document, however the server writes it', (id, texts) => {
    const { client, server } = setUp()
    const collection = client.collection('c')
    const events = heard(client, 'c')
    for (const [n, text] of texts.entries()) server.socket.say({ msg: 'added', collection: 'c', id: text, fields: { n } })
    expect([...collection]).toEqual([{ _id: id, n: texts.length - 1 }])
    expect(collection.get(id)).toEqual({ _id: id, n: texts.length - 1 })
    server.socket.say({ msg: 'addedBefore', collection: 'c', id: 'before', before: texts.at(-1) ?? null })
    expect([...collection].map(({ _id }) => _id)).toEqual(['before', id])
    server.socket.say({ msg: 'movedBefore', collection: 'c', id: texts[0] ?? '', before: '-before' }, { msg: 'removed', collection: 'c', id: texts.at(-1) ?? '' })
    expect([...collection]).toEqual([{ _id: 'before' }])
    expect(events).toEqual([
      ['added', id, undefined], ...texts.slice(1).map(() => ['changed', id]), ['added', 'before', id], ['moved', id, 'before'], ['removed', id],
    ])
  })

  it.each<[string, DataMessage]>([
    ['added, as no finite number,', { msg: 'added', collection: 'c', id: '~1e999' }],
    ['removed', { msg: 'removed', collection: 'c', id: '~x' }],
    ['added', { msg: 'added', collection: 'c', id: '~x' }],
    ['changed', { msg: 'changed', collection: 'c', id: '~{}', fields: { a: 1 } }],
    ['addedBefore', { msg: 'addedBefore', collection: 'c', id: 'new', before: '~' }],
    ['addedBefore of a known document', { msg: 'addedBefore', collection: 'c', id: 'known', fields: { a: 1 }, before: '~' }],
    ['movedBefore', { msg: 'movedBefore', collection: 'c', id: 'known', before: '~[1]' }],
  ])('that stands for nothing makes an %s malformed: it is logged and dropped, and the session goes on', (_what, message) => {
    const { client, server, logged } = setUp()
    server.socket.say({ msg: 'added', collection: 'c', id: 'known' })
    const events = heard(client, 'c')
    server.socket.say(message)
    expect([...client.collection('c')]).toEqual([{ _id: 'known' }])
    expect([events, client.status().status]).toEqual([[], 'connected'])
    expect(logged).toEqual([['warn', { msg: message.msg, collection: 'c', reason: expect.stringContaining('A document id') as unknown }, 'The server sent a message that makes no sense']])
    server.socket.say({ msg: 'added', collection: 'c', id: 'next' })
    expect(events).toEqual([['added', 'next', undefined]])
  })

  it('that stands for nothing does not hold up what a new session tells beside it', () => {
    const { client, server } = setUp()
    const sub = client.subscribe('s')
    server.socket.say({ msg: 'ready', subs: [sub.id] })
    server.socket.drop()
    client.reconnect()
    server.socket.accept()
    server.socket.say({ msg: 'added', collection: 'c', id: '~x' }, { msg: 'added', collection: 'c', id: '~1' }, { msg: 'ready', subs: [sub.id] })
    expect([...client.collection('c')]).toEqual([{ _id: 1 }])
  })

  it('may be __proto__, whose document is like any other', () => {
    const { client, server } = setUp()
    server.socket.say({ msg: 'added', collection: 'c', id: '__proto__' }, { msg: 'added', collection: 'c', id: '~"__proto__"' })
    expect([...client.collection('c')]).toEqual([{ _id: '__proto__' }])
    expect(client.collection('c').get('__proto__')).toEqual({ _id: '__proto__' })
  })

  it('is the text itself where the client is told so', () => {
    const { client, server } = setUp({ ids: 'raw' })
    const events = heard(client, 'c')
    for (const id of [hex, '~x', '-y', '~5']) server.socket.say({ msg: 'added', collection: 'c', id })
    expect([...client.collection('c')].map(({ _id }) => _id)).toEqual([hex, '~x', '-y', '~5'])
    expect(client.collection('c').get('~5')).toEqual({ _id: '~5' })
    expect(client.collection('c').get(5)).toBeUndefined()
    expect(events).toEqual([hex, '~x', '-y', '~5'].map((id) => ['added', id, undefined]))
  })

  it('is read in one of two ways', () => {
    expect(() => setUp({ ids: 'meteor' as 'raw' })).toThrow('ids must be \'mongo\' or \'raw\', not "meteor"')
  })
})

describe('a stream of events', () => {
  it('is told event by event, also if two are the same', () => {
    const { client, server } = setUp()
    const events: unknown[] = []
    client.collection('stream-room').on('changed', ({ id, document }) => events.push([id, document['eventName'], document['args']]))
    const event: DataMessage = { msg: 'changed', collection: 'stream-room', id: 'id', fields: { eventName: 'message', args: ['hello'] } }
    server.socket.say({ msg: 'added', collection: 'stream-room', id: 'id', fields: { eventName: 'message' } }, event, event)
    expect(events).toEqual([['id', 'message', ['hello']], ['id', 'message', ['hello']]])
  })
})
