import { EJSONError } from './ejson/ejson-error.js'
import { fromOwnJSONValue, mayContainWrapper } from './ejson/from-json-value.js'
import { isPlainObject } from './ejson/own-property.js'
import { toJSONValue } from './ejson/to-json-value.js'
import { clientMessageProblem, serverMessageProblem } from './message-shapes.js'
import type { ClientMessage, ServerMessage } from './messages.js'
import { DDPProtocolError } from './protocol-error.js'

/** What a message may be like. Its size is bounded where it is read from the socket. */
export interface MessageLimits {
  /** The deepest nesting of arrays and objects that is taken, the message itself counted. Default: 100, as in MongoDB's documents. */
  readonly maxDepth?: number
  /** The data messages of this collection are given out with their fields as plain JSON of any depth: who asks for that decodes them. */
  readonly undecodedCollection?: string | undefined
}

const defaultMaxDepth = 100

type RawMessage = Record<string, unknown>

/** A message from a client, for servers. Throws a `DDPProtocolError` for anything that no client may send. */
export function parseClientMessage(text: string, limits?: MessageLimits): ClientMessage {
  const raw = parseObject(text, limits)
  const problem = clientMessageProblem(raw)
  if (problem) throw new DDPProtocolError(problem.code, problem.reason, raw)
  return decode(raw, text) as unknown as ClientMessage
}

/**
 * A message from a server, for clients; `undefined` for one that a client ignores: without `msg`, or with one that it does not know.
 * Throws a `DDPProtocolError` for a malformed one.
 */
export function parseServerMessage(text: string, limits?: MessageLimits): ServerMessage | undefined {
  const raw = parseObject(text, limits)
  const problem = serverMessageProblem(raw)
  if (problem?.code === 'unknown-message') return undefined
  if (problem) throw new DDPProtocolError(problem.code, problem.reason, raw)
  return (isUndecoded(raw, limits) ? raw : decode(raw, text)) as unknown as ServerMessage
}

/** The text of a message. A message that needs no conversion costs a walk and a `JSON.stringify`; the message is never changed. */
export function stringifyMessage(message: ClientMessage | ServerMessage): string {
  return JSON.stringify(encode(message as unknown as RawMessage))
}

function parseObject(text: string, limits: MessageLimits | undefined): RawMessage {
  let raw: unknown
  try {
    raw = JSON.parse(text)
  } catch (cause) {
    throw new DDPProtocolError('invalid-json', 'Parse error', undefined, { cause })
  }
  const maxDepth = limits?.maxDepth ?? defaultMaxDepth
  // Every level takes two characters at least.
  if (text.length > 2 * maxDepth && !isUndecoded(raw, limits) && isDeeper(raw, maxDepth)) throw new DDPProtocolError('too-deep', `Nested deeper than ${maxDepth} levels`)
  if (!isPlainObject(raw)) throw new DDPProtocolError('not-an-object', 'Bad request', raw)
  return raw
}

function isUndecoded(raw: unknown, limits: MessageLimits | undefined): boolean {
  return limits?.undecodedCollection !== undefined && isPlainObject(raw) && raw.collection === limits.undecodedCollection
}

function isDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false
  if (levels === 0) return true
  if (Array.isArray(value)) {
    for (const item of value) if (isDeeper(item, levels - 1)) return true
    return false
  }
  const fields = value as RawMessage
  for (const key in fields) if (isDeeper(fields[key], levels - 1)) return true
  return false
}

/** Converts what the specification says is EJSON, in place: nobody else holds `raw` yet. */
function decode(raw: RawMessage, text: string): RawMessage {
  if (!mayContainWrapper(text)) return raw
  try {
    if (raw.fields !== undefined) raw.fields = decodeFields(raw.fields as RawMessage)
    if (raw.params !== undefined) raw.params = fromOwnJSONValue(raw.params)
    if (raw.result !== undefined) raw.result = fromOwnJSONValue(raw.result)
    const { error } = raw
    if (isPlainObject(error) && error.details !== undefined) error.details = fromOwnJSONValue(error.details)
    return raw
  } catch (cause) {
    if (!(cause instanceof EJSONError)) throw cause
    // Half of it is converted by now; the peer's own words are in the text.
    throw new DDPProtocolError('undecodable', cause.message, JSON.parse(text), { cause })
  }
}

function decodeFields(fields: RawMessage): RawMessage {
  const decoded = fromOwnJSONValue(fields)
  if (!isPlainObject(decoded)) throw new EJSONError('invalid-value', 'fields stands for something that is no document')
  return decoded
}

function encode(message: RawMessage): RawMessage {
  switch (message.msg) {
    case 'method':
    case 'sub': return withEJSON(message, 'params')
    case 'added':
    case 'changed':
    case 'addedBefore': return withEJSON(message, 'fields')
    case 'result': return withEJSON(withEncodedError(message), 'result')
    case 'nosub': return withEncodedError(message)
    default: return message
  }
}

function withEJSON(message: RawMessage, key: 'params' | 'fields' | 'result'): RawMessage {
  const value = message[key]
  const converted = toJSONValue(value)
  return converted === value ? message : { ...message, [key]: converted }
}

function withEncodedError(message: RawMessage): RawMessage {
  const { error } = message
  if (!isPlainObject(error) || error.details === undefined) return message
  const details = toJSONValue(error.details)
  return details === error.details ? message : { ...message, error: { ...error, details } }
}
