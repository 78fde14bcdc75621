import { EJSONError } from './ejson/ejson-error.js'
import { fromOwnJSONValue, mayContainWrapper } from './ejson/from-json-value.js'
import { isPlainObject } from './ejson/own-property.js'
import { toShallowJSONValue } from './ejson/to-json-value.js'
import { clientMessageProblem, serverMessageProblem } from './message-shapes.js'
import type { ClientMessage, ServerMessage } from './messages.js'
import { DDPProtocolError } from './protocol-error.js'

/** Limits of a message. Its size is bounded where it is read from the socket. */
export interface MessageLimits {
  /** The deepest nesting of arrays and objects that is taken and written, the message itself counted. Default: 100, as in MongoDB's documents. */
  readonly maxDepth?: number
  /** The data messages of this collection are given out with their fields as plain JSON of any depth: who asks for that decodes them. */
  readonly undecodedCollection?: string | undefined
  /** Whether the details of an error are plain JSON, as Meteor's server writes them and its clients read them. @defaultValue false: EJSON, as between instances */
  readonly plainDetails?: boolean
}

const defaultMaxDepth = 100

/** How long the regular expressions of one message from a client may be together, as `fromOwnJSONValue` counts: it takes some milliseconds at worst. */
const maxRegExpLength = 1_000

type RawMessage = Record<string, unknown>

/** A message from a client, for servers. Throws a `DDPProtocolError` for anything that no client may send. */
export function parseClientMessage(text: string, limits?: MessageLimits): ClientMessage {
  const raw = parseObject(text, limits)
  const problem = clientMessageProblem(raw)
  if (problem) throw new DDPProtocolError(problem.code, problem.reason, raw)
  return decode(raw, text, maxRegExpLength, true) as unknown as ClientMessage
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
  return (isUndecoded(raw, limits) ? raw : decode(raw, text, Infinity, limits?.plainDetails === true)) as unknown as ServerMessage
}

/**
 * The text of a message. A message that needs no conversion costs a walk and a `JSON.stringify`; the message is never changed.
 * Throws an `EJSONError` `too-deep` for what a peer with the same limits would not take.
 */
export function stringifyMessage(message: ClientMessage | ServerMessage, limits?: MessageLimits): string {
  return JSON.stringify(encode(message as unknown as RawMessage, limits?.maxDepth ?? defaultMaxDepth, limits?.plainDetails === true))
}

function parseObject(text: string, limits: MessageLimits | undefined): RawMessage {
  let raw: unknown
  try {
    raw = JSON.parse(text)
  } catch {
    // The engine's own error quotes the text, which may hold a secret.
    throw new DDPProtocolError('invalid-json', 'Parse error')
  }
  const maxDepth = limits?.maxDepth ?? defaultMaxDepth
  // Every level takes two characters at least.
  if (text.length > 2 * maxDepth && !isUndecoded(raw, limits) && isDeeper(raw, maxDepth)) throw tooDeep(raw, maxDepth)
  if (!isPlainObject(raw)) throw new DDPProtocolError('not-an-object', 'Bad request', raw)
  return raw
}

/** Error that names the message's subject: its deep content cannot be told. */
function tooDeep(raw: unknown, maxDepth: number): DDPProtocolError {
  const reason = `Nested deeper than ${maxDepth} levels`
  if (!isPlainObject(raw)) return new DDPProtocolError('too-deep', reason)
  const about: RawMessage = {}
  for (const key of ['msg', 'id', 'collection']) if (typeof raw[key] === 'string') about[key] = raw[key]
  return new DDPProtocolError('too-deep', reason, about)
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
function decode(raw: RawMessage, text: string, maxRegExps: number, plainDetails: boolean): RawMessage {
  if (!mayContainWrapper(text)) return raw
  try {
    switch (raw.msg) {
      case 'method':
      case 'sub':
        if (raw.params !== undefined) raw.params = fromOwnJSONValue(raw.params, maxRegExps)
        break
      case 'added':
      case 'changed':
      case 'addedBefore':
        if (raw.fields !== undefined) raw.fields = decodeFields(raw.fields as RawMessage)
        break
      case 'result':
        if (raw.result !== undefined) raw.result = fromOwnJSONValue(raw.result)
        if (!plainDetails) decodeError(raw.error)
        break
      case 'nosub':
        if (!plainDetails) decodeError(raw.error)
    }
    return raw
  } catch (cause) {
    if (!(cause instanceof EJSONError)) throw cause
    // Half of it is converted by now; the peer's own words are in the text.
    throw new DDPProtocolError('undecodable', cause.message, JSON.parse(text), { cause })
  }
}

function decodeError(error: unknown): void {
  if (isPlainObject(error) && error.details !== undefined) error.details = fromOwnJSONValue(error.details)
}

function decodeFields(fields: RawMessage): RawMessage {
  const decoded = fromOwnJSONValue(fields)
  if (!isPlainObject(decoded)) throw new EJSONError('invalid-value', 'fields stands for something that is no document')
  return decoded
}

/** Of what EJSON converts the message itself is one level, and an error another. */
function encode(message: RawMessage, maxDepth: number, plainDetails: boolean): RawMessage {
  switch (message.msg) {
    case 'method':
    case 'sub': return withEJSON(message, 'params', maxDepth - 1)
    case 'added':
    case 'changed':
    case 'addedBefore': return withEJSON(message, 'fields', maxDepth - 1)
    case 'result': return withEJSON(withEncodedError(message, maxDepth, plainDetails), 'result', maxDepth - 1)
    case 'nosub': return withEncodedError(message, maxDepth, plainDetails)
    default: return message
  }
}

function withEJSON(message: RawMessage, key: 'params' | 'fields' | 'result' | 'details', maxDepth: number): RawMessage {
  const value = message[key]
  const converted = toShallowJSONValue(value, maxDepth)
  return converted === value ? message : { ...message, [key]: converted }
}

function withEncodedError(message: RawMessage, maxDepth: number, plainDetails: boolean): RawMessage {
  const { error } = message
  if (!isPlainObject(error)) return message
  if (plainDetails) {
    // JSON.stringify writes them; it knows no depth but that of the stack.
    if (isDeeper(error.details, maxDepth - 2)) throw new EJSONError('too-deep', `The details of the error are nested deeper than ${maxDepth - 2} levels, or contain themselves`)
    return message
  }
  const encoded = withEJSON(error, 'details', maxDepth - 2)
  return encoded === error ? message : { ...message, error: encoded }
}
