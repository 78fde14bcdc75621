import { type DataMessage, EJSON } from '@ddp-cluster/ddp-common'
import { fromOwnJSONValue } from '@ddp-cluster/ddp-common/internal'

/** The publication that carries one instance's events to another, and the collection in which they stand. */
export const broadcastName = 'cluster.broadcast'

/** One event, as its sender numbered it. */
export interface SequencedEvent {
  readonly seq: number
  readonly stream: string
  readonly event: string
  readonly args: readonly unknown[]
}

/** The part of an event on the wire that does not depend on the frame it stands in. Throws what EJSON throws. */
export function encodeEvent(stream: string, event: string, args: readonly unknown[]): string {
  return `,${JSON.stringify(stream)},${JSON.stringify(event)},${EJSON.stringify(args)}]`
}

/** The DDP text of the events from number `first` to `last`; each of `events` is `[offset` from `first` with its `encodeEvent` behind it. */
export function encodeFrame(first: number, last: number, events: readonly string[]): Buffer {
  return Buffer.from(`{"msg":"changed","collection":"${broadcastName}","id":"${first}","fields":{"last":${last},"events":[${events.join(',')}]}}`)
}

/** The DDP text that says: what comes after number `after` is lost up to `next`; all of it when `exact`, else at most. */
export function encodeGap(after: number, next: number, exact: boolean): Buffer {
  return Buffer.from(`{"msg":"changed","collection":"${broadcastName}","id":"${next}","fields":{"gap":{"after":${after},"next":${next},"exact":${exact}}}}`)
}

/** The DDP text that answers what a reader asked for: from this number on it holds. */
export function encodeFrom(from: number): Buffer {
  return Buffer.from(`{"msg":"changed","collection":"${broadcastName}","id":"${from}","fields":{"from":${from}}}`)
}

/** What a peer sends on `cluster.broadcast`. */
export type Frame =
  /** The events up to number `last`; `first` is where they begin. `broken` are the numbers of those that could not be understood. */
  | { readonly kind: 'events'; readonly first: number; readonly last: number; readonly events: readonly SequencedEvent[]; readonly broken: readonly number[] }
  | { readonly kind: 'gap'; readonly after: number; readonly next: number; readonly exact: boolean }
  | { readonly kind: 'from'; readonly from: number }

const none: readonly never[] = []

/** A message as a frame; undefined for what is none, or breaks its own numbers. Its fields are plain JSON, which nobody else holds: what is EJSON in them is made of it here, event by event. */
export function decodeFrame(message: DataMessage): Frame | undefined {
  if (message.msg !== 'changed' || message.collection !== broadcastName || !message.fields) return undefined
  const { gap, from, last, events } = message.fields
  if (isObject(gap)) {
    const { after, next, exact } = gap
    return isNumber(after) && isNumber(next) && next > after ? { kind: 'gap', after, next, exact: exact === true } : undefined
  }
  if (from !== undefined) return isNumber(from) && from > 0 ? { kind: 'from', from } : undefined
  const first = /^[1-9]\d{0,15}$/.test(message.id) ? Number(message.id) : undefined
  if (!isNumber(first) || !isNumber(last) || last < first - 1 || !Array.isArray(events)) return undefined
  const decoded: SequencedEvent[] = []
  let broken: number[] | undefined
  let before = first - 1
  for (const entry of events as unknown[]) {
    const [offset, stream, event, args] = Array.isArray(entry) ? (entry as unknown[]) : none
    const seq = isNumber(offset) ? first + offset : undefined
    if (seq === undefined || seq <= before || seq > last) return undefined
    before = seq
    if (typeof stream === 'string' && typeof event === 'string' && Array.isArray(args) && revive(args)) decoded.push({ seq, stream, event, args: args as unknown[] })
    else (broken ??= []).push(seq)
  }
  return { kind: 'events', first, last, events: decoded, broken: broken ?? none }
}

/** Makes EJSON of the arguments, in place; false when they are none. */
function revive(args: unknown[]): boolean {
  try {
    fromOwnJSONValue(args)
    return true
  } catch {
    return false
  }
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null

const isNumber = (value: unknown): value is number => typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
