import type { DDPProtocolErrorCode } from './protocol-error.js'

/** Why a message is none, in the words that Meteor's server answers with. */
export interface MessageProblem {
  readonly code: Extract<DDPProtocolErrorCode, 'unknown-message' | 'malformed'>
  readonly reason: string
}

type Raw = Record<string, unknown>
type Guard = (value: unknown) => boolean

const isString: Guard = (value) => typeof value === 'string'
const isStringOrNull: Guard = (value) => typeof value === 'string' || value === null
const isOptionalString: Guard = (value) => value === undefined || typeof value === 'string'
/** Meteor writes `new Meteor.Error('x', null)` with `"reason":null`. */
const isStringOrNothing: Guard = (value) => isOptionalString(value) || value === null
const isOptionalArray: Guard = (value) => value === undefined || Array.isArray(value)
const isStrings: Guard = (value) => Array.isArray(value) && value.every(isString)
const isOptionalStrings: Guard = (value) => value === undefined || isStrings(value)
const isOptionalObject: Guard = (value) => value === undefined || (typeof value === 'object' && value !== null && !Array.isArray(value))
const isOptionalError: Guard = (value) => value === undefined || isWireError(value)

function isWireError(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  const { error, reason, message } = value as Raw
  return (typeof error === 'string' || typeof error === 'number') && isStringOrNothing(reason) && isStringOrNothing(message)
}

const unknown: MessageProblem = { code: 'unknown-message', reason: 'Bad request' }
const problem = (reason: string): MessageProblem => ({ code: 'malformed', reason })
const malformed = {
  connect: problem('Malformed connect'),
  method: problem('Malformed method invocation'),
  sub: problem('Malformed subscription'),
  unsub: problem('Malformed unsubscription'),
  answer: problem('Malformed answer'),
  data: problem('Malformed data message'),
}

/** Fault in the shape of a client's message, if any. Unknown fields are ignored. */
export function clientMessageProblem(raw: Raw): MessageProblem | undefined {
  switch (raw.msg) {
    case 'connect': return isString(raw.version) && isStrings(raw.support) ? undefined : malformed.connect
    case 'method': return isString(raw.id) && isString(raw.method) && isOptionalArray(raw.params) ? undefined : malformed.method
    case 'sub': return isString(raw.id) && isString(raw.name) && isOptionalArray(raw.params) ? undefined : malformed.sub
    case 'unsub': return isString(raw.id) ? undefined : malformed.unsub
    case 'disconnect':
    case 'ping':
    case 'pong': return undefined
    default: return unknown
  }
}

/** Fault in the shape of a server's message, if any. Unknown fields are ignored. */
export function serverMessageProblem(raw: Raw): MessageProblem | undefined {
  switch (raw.msg) {
    case 'added': return isDocument(raw) ? undefined : malformed.data
    case 'changed': return isDocument(raw) && isOptionalStrings(raw.cleared) ? undefined : malformed.data
    case 'removed': return isString(raw.collection) && isString(raw.id) ? undefined : malformed.data
    case 'addedBefore': return isDocument(raw) && isStringOrNull(raw.before) ? undefined : malformed.data
    case 'movedBefore': return isString(raw.collection) && isString(raw.id) && isStringOrNull(raw.before) ? undefined : malformed.data
    case 'result': return isString(raw.id) && isOptionalError(raw.error) ? undefined : malformed.answer
    case 'updated': return isStrings(raw.methods) ? undefined : malformed.answer
    case 'ready': return isStrings(raw.subs) ? undefined : malformed.answer
    case 'nosub': return isString(raw.id) && isOptionalError(raw.error) ? undefined : malformed.answer
    case 'connected': return isString(raw.session) ? undefined : malformed.connect
    case 'failed': return isString(raw.version) ? undefined : malformed.connect
    case 'error': return isOptionalString(raw.reason) ? undefined : malformed.answer
    case 'ping':
    case 'pong': return undefined
    default: return unknown
  }
}

function isDocument(raw: Raw): boolean {
  return isString(raw.collection) && isString(raw.id) && isOptionalObject(raw.fields)
}
