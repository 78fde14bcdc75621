import { describe, expect, it } from 'vitest'
import { parseClientMessage, parseServerMessage, stringifyMessage } from './codec.js'
import type { ClientMessage, ServerMessage } from './messages.js'
import { DDPProtocolError } from './protocol-error.js'

function problemOf(parse: () => unknown): DDPProtocolError {
  try {
    parse()
  } catch (error) {
    if (error instanceof DDPProtocolError) return error
    throw error
  }
  throw new Error('The message was taken')
}

describe('messages', () => {
  it('survive the way there and back, also with EJSON in them', () => {
    const at = new Date(1_700_000_000_000)
    const fromClient: ClientMessage[] = [
      { msg: 'connect', version: '1', support: ['1'] },
      { msg: 'method', id: '1', method: 'add', params: [1, at, { $date: 5 }] },
      { msg: 'sub', id: 's', name: 'rooms', params: [Infinity] },
      { msg: 'unsub', id: 's' },
      { msg: 'ping' },
      { msg: 'pong', id: 'x' },
    ]
    for (const message of fromClient) expect(parseClientMessage(stringifyMessage(message))).toEqual(message)
    const fromServer: ServerMessage[] = [
      { msg: 'connected', session: 's' },
      { msg: 'failed', version: '1' },
      { msg: 'result', id: '1', result: { at } },
      { msg: 'result', id: '1', error: { error: 404, reason: 'no', message: 'no [404]', details: { at }, errorType: 'Meteor.Error' } },
      { msg: 'added', collection: 'c', id: 'd', fields: { at, bytes: new Uint8Array([1, 2]) } },
      { msg: 'changed', collection: 'c', id: 'd', fields: { a: 1 }, cleared: ['b'] },
      { msg: 'addedBefore', collection: 'c', id: 'd', before: null },
      { msg: 'error', reason: 'Bad request' },
    ]
    for (const message of fromServer) expect(parseServerMessage(stringifyMessage(message))).toEqual(message)
  })

  it('are EJSON only where the specification says so', () => {
    const [sub] = [parseClientMessage('{"msg":"sub","id":"a","name":"n","params":[],"extra":{"$date":1}}')]
    expect(sub).toMatchObject({ extra: { $date: 1 } })
  })
})

describe('what is no message', () => {
  it.each([
    ['invalid-json', '{"msg":', undefined],
    ['not-an-object', '[1]', [1]],
    ['not-an-object', 'null', null],
    ['unknown-message', '{}', {}],
    ['unknown-message', '{"msg":"added","collection":"c","id":"1"}', { msg: 'added', collection: 'c', id: '1' }],
    ['unknown-message', '{"msg":"__proto__"}', { msg: '__proto__' }],
    ['malformed', '{"msg":"method","method":"m","id":1}', { msg: 'method', method: 'm', id: 1 }],
    ['malformed', '{"msg":"sub","id":"1","name":"n","params":{}}', { msg: 'sub', id: '1', name: 'n', params: {} }],
    ['malformed', '{"msg":"connect","version":"1","support":[1]}', { msg: 'connect', version: '1', support: [1] }],
    ['undecodable', '{"msg":"sub","id":"1","name":"n","params":[{"$date":1},{"$type":"?","$value":1}]}',
      { msg: 'sub', id: '1', name: 'n', params: [{ $date: 1 }, { $type: '?', $value: 1 }] }],
  ])('is refused as %s: %s', (code, text, offendingMessage) => {
    const error = problemOf(() => parseClientMessage(text))
    expect(error.code).toBe(code)
    expect(error.offendingMessage).toEqual(offendingMessage)
    expect(error.toMessage()).toMatchObject({ msg: 'error', reason: error.reason })
  })

  it('is ignored by a client when it has no msg, or an unknown one', () => {
    expect(parseServerMessage('{"server_id":"0"}')).toBeUndefined()
    expect(parseServerMessage('{"msg":"future","id":7}')).toBeUndefined()
  })

  it('is refused when it is nested too deeply, and the answer does not repeat it', () => {
    const nested = (levels: number): string => `{"msg":"method","id":"1","method":"m","params":${'['.repeat(levels)}${']'.repeat(levels)}}`
    expect(parseClientMessage(nested(99)).msg).toBe('method')
    expect(problemOf(() => parseClientMessage(nested(100)))).toMatchObject({ code: 'too-deep', offendingMessage: undefined })
    expect(problemOf(() => parseClientMessage(nested(100_000))).code).toBe('too-deep')
    expect(problemOf(() => parseClientMessage(nested(10), { maxDepth: 5 })).code).toBe('too-deep')
  })
})
