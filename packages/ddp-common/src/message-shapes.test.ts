import { describe, expect, it } from 'vitest'
import { clientMessageProblem, serverMessageProblem } from './message-shapes.js'

type Message = Record<string, unknown>

/** Every field of a message that may be another thing than it is here, with what it may not be. */
type Bad = Readonly<Record<string, readonly unknown[]>>

const notString = [undefined, null, 1, {}, ['a']]
const notOptionalString = [null, 1, {}, ['a']]
const notStringOrNull = [undefined, 1, {}, ['a']]
const notStrings = [undefined, null, 'a', {}, ['a', 1], [1]]
const notOptionalStrings = [null, 'a', {}, ['a', 1], [1]]
const notOptionalArray = [null, 'a', 1, {}]
const notOptionalObject = [null, 'a', 1, []]
const notOptionalError = [null, 'a', 1, {}, { error: {} }, { error: null }, { reason: 'r' }, { error: 1, reason: 2 }, { error: 'e', reason: {} }, { error: 'e', message: 2 }]

const client: readonly (readonly [Message, Bad, reason: string])[] = [
  [{ msg: 'connect', version: '1', support: ['1', 'pre2'], session: 's' }, { version: notString, support: notStrings }, 'Malformed connect'],
  [{ msg: 'method', id: '1', method: 'm', params: [1] }, { id: notString, method: notString, params: notOptionalArray }, 'Malformed method invocation'],
  [{ msg: 'sub', id: '1', name: 'n', params: [] }, { id: notString, name: notString, params: notOptionalArray }, 'Malformed subscription'],
  [{ msg: 'unsub', id: '1' }, { id: notString }, 'Malformed unsubscription'],
]
const server: readonly (readonly [Message, Bad, reason: string])[] = [
  [{ msg: 'added', collection: 'c', id: '1', fields: {} }, { collection: notString, id: notString, fields: notOptionalObject }, 'Malformed data message'],
  [{ msg: 'changed', collection: 'c', id: '1', fields: {}, cleared: ['a'] }, { collection: notString, id: notString, fields: notOptionalObject, cleared: notOptionalStrings }, 'Malformed data message'],
  [{ msg: 'removed', collection: 'c', id: '1' }, { collection: notString, id: notString }, 'Malformed data message'],
  [{ msg: 'addedBefore', collection: 'c', id: '1', fields: {}, before: 'x' }, { collection: notString, id: notString, fields: notOptionalObject, before: notStringOrNull }, 'Malformed data message'],
  [{ msg: 'movedBefore', collection: 'c', id: '1', before: 'x' }, { collection: notString, id: notString, before: notStringOrNull }, 'Malformed data message'],
  [{ msg: 'result', id: '1', error: { error: 404, reason: 'r', message: 'm' } }, { id: notString, error: notOptionalError }, 'Malformed answer'],
  [{ msg: 'updated', methods: ['1'] }, { methods: notStrings }, 'Malformed answer'],
  [{ msg: 'ready', subs: ['1'] }, { subs: notStrings }, 'Malformed answer'],
  [{ msg: 'nosub', id: '1', error: { error: 'e' } }, { id: notString, error: notOptionalError }, 'Malformed answer'],
  [{ msg: 'connected', session: 's' }, { session: notString }, 'Malformed connect'],
  [{ msg: 'failed', version: '1' }, { version: notString }, 'Malformed connect'],
  [{ msg: 'error', reason: 'r' }, { reason: notOptionalString }, 'Malformed answer'],
]

describe.each([
  ['a client', clientMessageProblem, client],
  ['a server', serverMessageProblem, server],
] as const)('a message from %s', (_, problemOf, messages) => {
  describe.each(messages)('%j', (message, bad, reason) => {
    it('is one, also with fields that nobody knows', () => {
      expect(problemOf(message)).toBeUndefined()
      expect(problemOf({ ...message, more: 1 })).toBeUndefined()
    })

    it.each(Object.entries(bad))('is none when %s is something else', (field, values) => {
      for (const value of values) expect([value, problemOf({ ...message, [field]: value })]).toEqual([value, { code: 'malformed', reason }])
    })

    it.each(Object.entries(bad).filter(([, values]) => !values.includes(undefined)))('is one without %s', (field) => {
      expect(problemOf({ ...message, [field]: undefined })).toBeUndefined()
    })
  })

  it('may be a ping or a pong, with an id or not', () => {
    for (const msg of ['ping', 'pong']) expect([problemOf({ msg }), problemOf({ msg, id: '1' })]).toEqual([undefined, undefined])
  })

  it('is none of another kind, or of none', () => {
    for (const message of [{}, { msg: 'other' }, { msg: 1 }, { msg: '' }]) expect(problemOf(message)).toEqual({ code: 'unknown-message', reason: 'Bad request' })
  })
})

it('null stands for the end of a list, and for a reason that is missing', () => {
  expect(serverMessageProblem({ msg: 'addedBefore', collection: 'c', id: '1', before: null })).toBeUndefined()
  expect(serverMessageProblem({ msg: 'movedBefore', collection: 'c', id: '1', before: null })).toBeUndefined()
  expect(serverMessageProblem({ msg: 'result', id: '1', error: { error: 'e', reason: null, message: null } })).toBeUndefined()
})

it('what a client says is nothing that a server says, and the other way round', () => {
  for (const [message] of client) expect(serverMessageProblem(message)?.code).toBe('unknown-message')
  for (const [message] of server) expect(clientMessageProblem(message)?.code).toBe('unknown-message')
})

describe('a connect', () => {
  it.each([null, 5, {}, 's'])('may have %j as its session: clients of other servers send such, and a new session is what they get', (session) => {
    expect(clientMessageProblem({ msg: 'connect', version: '1', support: ['1'], session, receivedCount: session })).toBeUndefined()
  })
})

it('disconnect is a message of clients alone', () => {
  expect(clientMessageProblem({ msg: 'disconnect' })).toBeUndefined()
  expect(serverMessageProblem({ msg: 'disconnect' })?.code).toBe('unknown-message')
})
