import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { parseClientMessage, parseServerMessage, stringifyMessage } from './codec.js'
import { DDPError, type WireError } from './ddp-error.js'
import { EJSON } from './ejson/ejson.js'
import { EJSONError } from './ejson/ejson-error.js'
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
    // What a message of another kind would have EJSON in is a field like any other, whatever it holds.
    const strange = '{"msg":"method","id":"1","method":"m","params":[{"$date":1}],"fields":{"$type":"?","$value":3},"result":{"$date":3},"error":4}'
    expect(parseClientMessage(strange)).toMatchObject({ params: [new Date(1)], fields: { $type: '?', $value: 3 }, result: { $date: 3 } })
    expect(parseServerMessage('{"msg":"ready","subs":["1"],"params":{"$type":"?","$value":3}}')).toMatchObject({ subs: ['1'] })
  })

  it('have the errors of Meteor, with null for what there is nothing to say of', () => {
    const error = { isClientSafe: true, error: 'not-found', reason: null, details: null, message: null, errorType: 'Meteor.Error' }
    const message = parseServerMessage(JSON.stringify({ msg: 'nosub', id: '1', error }))
    expect(message).toMatchObject({ msg: 'nosub', error })
    expect(DDPError.fromWire(error as WireError)).toMatchObject({ error: 'not-found', reason: undefined, message: '[not-found]' })
  })

  it('are decoded wherever EJSON may be, and only what there is of it', () => {
    const at = new Date(1)
    const parse = (message: object): unknown => parseServerMessage(JSON.stringify(message))
    for (const msg of ['added', 'changed', 'addedBefore']) {
      const message = { msg, collection: 'c', id: '{"$date":1}', before: null }
      expect(parse({ ...message, fields: { at: { $date: 1 } } })).toEqual({ ...message, fields: { at } })
      expect(parse(message)).toEqual(message)
    }
    for (const msg of ['result', 'nosub']) {
      const message = { msg, id: '{"$date":1}' }
      expect(parse({ ...message, error: { error: 1, details: { $date: 1 } } })).toEqual({ ...message, error: { error: 1, details: at } })
      expect(parse({ ...message, error: { error: 1 } })).toEqual({ ...message, error: { error: 1 } })
      expect(parse(message)).toEqual(message)
    }
    for (const message of [{ msg: 'method', id: '{"$date":1}', method: 'm' }, { msg: 'sub', id: '{"$date":1}', name: 'n' }]) expect(Object.keys(parseClientMessage(JSON.stringify(message)))).toEqual(Object.keys(message))
  })

  it('are written wherever EJSON may be, and never changed', () => {
    const at = new Date(1)
    const written = (message: ClientMessage | ServerMessage): unknown => {
      const before = structuredClone(message)
      const text = stringifyMessage(message)
      expect(message).toEqual(before)
      return JSON.parse(text)
    }
    expect(written({ msg: 'method', id: '1', method: 'm', params: [at] })).toMatchObject({ params: [{ $date: 1 }] })
    expect(written({ msg: 'sub', id: '1', name: 'n', params: [at] })).toMatchObject({ params: [{ $date: 1 }] })
    for (const msg of ['added', 'changed'] as const) expect(written({ msg, collection: 'c', id: '1', fields: { at } })).toMatchObject({ fields: { at: { $date: 1 } } })
    expect(written({ msg: 'addedBefore', collection: 'c', id: '1', fields: { at }, before: null })).toMatchObject({ fields: { at: { $date: 1 } } })
    for (const msg of ['result', 'nosub'] as const) expect(written({ msg, id: '1', error: { error: 1, details: at, errorType: 'Meteor.Error' } })).toMatchObject({ error: { error: 1, details: { $date: 1 } } })
  })

  it('have details in plain JSON where that is asked for, no deeper than others', () => {
    const error = { error: 1, details: { at: new Date(1), nothing: Number.NaN }, errorType: 'Meteor.Error' } as const
    for (const msg of ['result', 'nosub'] as const) {
      expect(JSON.parse(stringifyMessage({ msg, id: '1', error }, { plainDetails: true }))).toEqual({ msg, id: '1', error: { ...error, details: { at: '1970-01-01T00:00:00.001Z', nothing: null } } })
      const circular: Record<string, unknown> = {}
      circular['self'] = circular
      for (const details of [circular, [[[[]]]]]) expect(() => stringifyMessage({ msg, id: '1', error: { ...error, details } }, { plainDetails: true, maxDepth: 5 })).toThrow(expect.objectContaining({ code: 'too-deep' }) as Error)
      expect(() => stringifyMessage({ msg, id: '1', error: { ...error, details: [[[]]] } }, { plainDetails: true, maxDepth: 5 })).not.toThrow()
    }
  })

  it.each([{ $date: 5 }, { $type: 'foo', $value: 1 }, { $binary: '!' }, { $regexp: '(', $flags: '' }, { $escape: { a: 1 } }])('leave details %j as they came where they are plain JSON', (details) => {
    for (const msg of ['result', 'nosub']) {
      const text = JSON.stringify({ msg, id: '1', error: { error: 1, details, errorType: 'Meteor.Error' } })
      expect(parseServerMessage(text, { plainDetails: true })).toEqual(JSON.parse(text))
    }
  })

  it('of a collection that was asked for undecoded keep their fields as they came, however deep; others do not', () => {
    const deep = JSON.parse(`${'['.repeat(200)}${']'.repeat(200)}`) as unknown
    const message = { msg: 'changed', collection: 'c', id: '1', fields: { at: { $date: 1 }, deep } }
    expect(parseServerMessage(JSON.stringify(message), { undecodedCollection: 'c' })).toEqual(message)
    expect(problemOf(() => parseServerMessage(JSON.stringify(message), { undecodedCollection: 'd' })).code).toBe('too-deep')
    expect(problemOf(() => parseServerMessage(JSON.stringify([deep]), { undecodedCollection: 'c' })).code).toBe('too-deep')
    const flat = { ...message, fields: { at: { $date: 1 } } }
    expect(parseServerMessage(JSON.stringify(flat), { undecodedCollection: 'd' })).toMatchObject({ fields: { at: new Date(1) } })
  })

  it('are not written deeper than they are read', () => {
    const nested = (levels: number): unknown => JSON.parse(`${'['.repeat(levels)}${']'.repeat(levels)}`)
    const messages = (levels: number): (ClientMessage | ServerMessage)[] => [
      { msg: 'method', id: '1', method: 'm', params: nested(levels) as unknown[] },
      { msg: 'added', collection: 'c', id: '1', fields: { a: nested(levels - 1) } },
      { msg: 'result', id: '1', result: nested(levels) },
      { msg: 'nosub', id: '1', error: { error: 1, details: nested(levels - 1), errorType: 'Meteor.Error' } },
    ]
    for (const message of messages(99)) expect((parseServerMessage(stringifyMessage(message)) ?? message).msg).toBe(message.msg)
    for (const message of messages(100)) expect(() => stringifyMessage(message)).toThrow(expect.objectContaining({ code: 'too-deep' }) as Error)
    expect(() => stringifyMessage(messages(10)[2] as ServerMessage, { maxDepth: 10 })).toThrow(EJSONError)
  })
})

describe('regular expressions from a client', () => {
  const refused = (...regExps: { $regexp: string; $flags: string }[]): string => {
    try {
      parseClientMessage(JSON.stringify({ msg: 'method', id: '1', method: 'm', params: regExps }))
      return 'taken'
    } catch (error) {
      return error instanceof DDPProtocolError ? error.code : String(error)
    }
  }

  it('are bounded by what they cost, all of a message together', () => {
    expect(refused({ $regexp: 'a'.repeat(500), $flags: 'gi' }, { $regexp: '\\p{L}'.repeat(5), $flags: 'u' })).toBe('taken')
    expect(refused({ $regexp: '[\\p{L}&&a]', $flags: 'v' })).toBe('taken')
    expect(refused({ $regexp: 'a'.repeat(1_001), $flags: '' })).toBe('undecodable')
    expect(refused(...Array.from({ length: 600 }, (_, i) => ({ $regexp: String(i), $flags: '' })))).toBe('undecodable')
    expect(refused({ $regexp: '\\p{L}'.repeat(20), $flags: 'u' })).toBe('undecodable')
    expect(refused({ $regexp: '[\\p{L}&&\\p{Lu}]'.repeat(2), $flags: 'iv' })).toBe('undecodable')
  })

  it('are not so in an answer of the server that was chosen, nor in a text of one\'s own', () => {
    const long = { $regexp: 'a'.repeat(5_000), $flags: '' }
    expect(parseServerMessage(JSON.stringify({ msg: 'result', id: '1', result: long }))).toMatchObject({ result: new RegExp(long.$regexp) })
    expect(EJSON.parse(JSON.stringify(long))).toEqual(new RegExp(long.$regexp))
  })
})

describe('what is no message', () => {
  it('is nothing that a logger would write down', () => {
    const secret = problemOf(() => parseServerMessage('{"msg":"result","id":"1","result":{"token":"hunter2","x":{"$type":"?","$value":1}}}'))
    expect(secret.offendingMessage).toMatchObject({ result: { token: 'hunter2' } })
    expect(JSON.stringify(Object.entries(secret))).not.toContain('hunter2')
    expect(inspect(problemOf(() => parseServerMessage('{"token":"hunter2"')), { depth: 10 })).not.toContain('hunter2')
    expect(inspect(secret, { depth: 10 })).not.toContain('hunter2')
  })

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

  it.each([
    ['{"msg":', 'Parse error'],
    ['[1]', 'Bad request'],
    ['{"msg":"sub","id":"1","name":"n","params":[{"$type":"?","$value":1}]}', expect.stringContaining('?')],
    [`[${'['.repeat(100)}${']'.repeat(100)}]`, 'Nested deeper than 100 levels'],
  ])('says why: %s', (text, reason) => {
    expect(problemOf(() => parseClientMessage(text)).reason).toEqual(reason)
  })

  it('is refused by a client too, when it is of a kind that it knows', () => {
    expect(problemOf(() => parseServerMessage('{"msg":"ready","subs":"1"}'))).toMatchObject({ code: 'malformed', reason: 'Malformed answer' })
    const fields = '{"msg":"added","collection":"c","id":"1","fields":{"$date":5}}'
    const problem = problemOf(() => parseServerMessage(fields))
    expect(problem).toMatchObject({ code: 'undecodable', reason: 'fields stands for something that is no document', offendingMessage: JSON.parse(fields) as unknown })
    expect(problem.cause).toMatchObject({ code: 'invalid-value' })
  })

  it('is ignored by a client when it has no msg, or an unknown one', () => {
    expect(parseServerMessage('{"server_id":"0"}')).toBeUndefined()
    expect(parseServerMessage('{"msg":"future","id":7}')).toBeUndefined()
  })

  it('is refused when it is nested too deeply, and the answer does not repeat it', () => {
    const nested = (levels: number): string => `{"msg":"method","id":"1","method":"m","params":${'['.repeat(levels)}${']'.repeat(levels)}}`
    expect(parseClientMessage(nested(99)).msg).toBe('method')
    expect(problemOf(() => parseClientMessage(nested(100)))).toMatchObject({ code: 'too-deep', offendingMessage: { msg: 'method', id: '1' } })
    expect(problemOf(() => parseClientMessage(nested(100_000))).code).toBe('too-deep')
    expect(problemOf(() => parseClientMessage(nested(10), { maxDepth: 5 })).code).toBe('too-deep')
    const objects = (levels: number): string => `{"msg":"added","collection":"c","id":7,"fields":${'{"a":'.repeat(levels)}null${'}'.repeat(levels)}}`
    expect(problemOf(() => parseServerMessage(objects(100).replace('7', '"7"'))).offendingMessage).toEqual({ msg: 'added', collection: 'c', id: '7' })
    // Only what is text is repeated.
    expect(problemOf(() => parseServerMessage(objects(100))).offendingMessage).toEqual({ msg: 'added', collection: 'c' })
    expect(problemOf(() => parseClientMessage(`${'['.repeat(101)}${']'.repeat(101)}`))).toMatchObject({ code: 'too-deep', offendingMessage: undefined })
    expect(parseClientMessage('{"msg":"ping"}', { maxDepth: 1 })).toEqual({ msg: 'ping' })
  })
})
