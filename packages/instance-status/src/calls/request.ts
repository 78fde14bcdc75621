import { EJSON } from '@ddp-cluster/ddp-common'
import { lossIn, unknownProperty } from '@ddp-cluster/ddp-common/internal'
import { ClusterError } from '../errors.js'
import { messageOf } from '../text-of.js'
import { withoutTrailing } from '../without-trailing.js'

/** Options of `call()` and `callAll()`. */
export interface CallOptions {
  /** Time to wait for the answer, in milliseconds, at most 3_600_000 (an hour). The method may run on after that; its answer is dropped. @defaultValue 10_000 */
  readonly timeoutMs?: number | undefined
}

/** A call that can be sent: its values were looked at, and are as they were at that moment. */
export interface CallRequest {
  readonly method: string
  readonly timeoutMs: number
  /** The parameters as they are sent: without those at the end that are undefined. */
  readonly params: readonly unknown[]
  /** The parameters as EJSON text. */
  readonly text: string
}

const defaultTimeoutMs = 10_000
const longestTimeoutMs = 60 * 60 * 1000
const longestMethodName = 200

/** The parameters of one call, and its result, have to fit into one message between peers, */
export const largestCallBytes = 4 * 1024 * 1024
/** and must not be nested deeper than one may be, with what stands around them. */
const deepestLevel = 90

/**
 * Checks what the application wants to be called. Throws a `ClusterError`: `invalid-call`, `call-not-encodable` or `call-too-large`.
 */
export function prepareCall(method: unknown, params: unknown, options: CallOptions | undefined): CallRequest {
  if (!isMethodName(method)) throw new ClusterError('invalid-call', `the name of a method is a string of 1 to ${longestMethodName} characters`)
  if (!Array.isArray(params)) throw new ClusterError('invalid-call', `the parameters of "${method}" must be an array`)
  const unknown = unknownProperty('option of a call', options, ['timeoutMs'])
  if (unknown !== undefined) throw new ClusterError('invalid-call', unknown)
  const timeoutMs = options?.timeoutMs ?? defaultTimeoutMs
  if (typeof timeoutMs !== 'number' || !(timeoutMs >= 1 && timeoutMs <= longestTimeoutMs)) {
    throw new ClusterError('invalid-call', `timeoutMs must be milliseconds from 1 to ${longestTimeoutMs}, not ${String(timeoutMs)}`)
  }
  const sent = withoutTrailing(params)
  const encoded = encode(sent, 'params')
  switch (encoded.kind) {
    case 'text':
      return { method, timeoutMs, params: sent, text: encoded.text ?? '[]' }
    case 'too-large':
      throw new ClusterError('call-too-large', `the parameters of "${method}" take ${encoded.bytes} bytes; at most ${largestCallBytes} are sent`)
    case 'not-encodable':
      throw new ClusterError('call-not-encodable', `the parameters of "${method}" cannot be sent: ${encoded.why}`, { cause: encoded.cause })
  }
}

export function isMethodName(value: unknown): value is string {
  return typeof value === 'string' && value.length > 0 && value.length <= longestMethodName
}

export type Encoded =
  /** `undefined` for undefined. */
  | { readonly kind: 'text'; readonly text: string | undefined; readonly bytes: number }
  | { readonly kind: 'too-large'; readonly bytes: number }
  | { readonly kind: 'not-encodable'; readonly why: string; readonly cause?: unknown }

/** A value as a peer would get it, or why it would not. `name` is what the path to a part begins with that EJSON cannot carry without loss. */
export function encode(value: unknown, name: string): Encoded {
  try {
    const loss = value === undefined ? undefined : lossIn(value, name)
    if (loss !== undefined) return { kind: 'not-encodable', why: loss }
    const json = EJSON.toJSONValue(value)
    if (isDeeper(json, deepestLevel)) return { kind: 'not-encodable', why: `nested deeper than ${deepestLevel} levels` }
    const text = JSON.stringify(json) as string | undefined
    const bytes = text === undefined ? 0 : Buffer.byteLength(text)
    return bytes > largestCallBytes ? { kind: 'too-large', bytes } : { kind: 'text', text, bytes }
  } catch (cause) {
    return { kind: 'not-encodable', why: messageOf(cause), cause }
  }
}

function isDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false
  return levels === 0 || Object.values(value).some((item) => isDeeper(item, levels - 1))
}
