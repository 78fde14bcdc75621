import { type DataMessage, EJSON } from '@ddp-cluster/ddp-common'
import { fromOwnJSONValue } from '@ddp-cluster/ddp-common/internal'

/** The publication that carries one instance's events to another, and the collection in which they stand. */
export const broadcastName = 'cluster.broadcast'

/** The error of a peer that was asked to go on after a number that it has not reached. */
export const beyondHead = 'beyond-head'

/** Event with its sender's sequence number. */
export interface SequencedEvent {
  readonly seq: number
  readonly stream: string
  readonly event: string
  readonly args: readonly unknown[]
}

/** Beginning of an event in a frame, after its offset; the arguments of `encodeArgs()` follow. */
export function encodeName(stream: string, event: string): string {
  return `${JSON.stringify(stream)},${JSON.stringify(event)},`
}

/** Throws what EJSON throws. */
export function encodeArgs(args: readonly unknown[]): string {
  return EJSON.stringify(args)
}

/**
 * The DDP text of a frame of what comes after number `after`, up to `last`, written into `memory`, of which it is the beginning. `runs` hold
 * `,offset,stream,event,args` one behind the other; offsets count from `base`.
 */
export function encodeFrame(memory: Buffer, base: number, after: number, last: number, runs: readonly Buffer[]): Buffer {
  let at = memory.write(`{"msg":"changed","collection":"${broadcastName}","id":"${base}","fields":{"after":${after},"last":${last},"events":[`)
  // The comma before the first event is left out.
  runs.forEach((run, index) => (at += run.copy(memory, at, index === 0 ? 1 : 0)))
  at += memory.write(']}}', at)
  return memory.subarray(0, at)
}

const mostAround = 200

/** Upper bound of the memory that such a frame needs. */
export function frameLength(runs: readonly Buffer[]): number {
  return runs.reduce((sum, run) => sum + run.length, mostAround)
}

/** The DDP text that says: what comes after number `after` is lost up to `next`; all of it when `exact`, else at most. */
export function encodeGap(after: number, next: number, exact: boolean): Buffer {
  return Buffer.from(`{"msg":"changed","collection":"${broadcastName}","id":"${next}","fields":{"gap":{"after":${after},"next":${next},"exact":${exact}}}}`)
}

/** The DDP text that answers what a reader asked for: from this number on it holds. */
export function encodeFrom(from: number): Buffer {
  return Buffer.from(`{"msg":"changed","collection":"${broadcastName}","id":"${from}","fields":{"from":${from}}}`)
}

/** Frame of `cluster.broadcast`. */
export type Frame =
  /** Events for this instance after number `after`, up to `last`. `broken` are the numbers of events that could not be decoded. */
  | { readonly kind: 'events'; readonly after: number; readonly last: number; readonly events: readonly SequencedEvent[]; readonly broken: readonly number[] }
  | { readonly kind: 'gap'; readonly after: number; readonly next: number; readonly exact: boolean }
  | { readonly kind: 'from'; readonly from: number }

const none: readonly never[] = []

/** Offset, stream, event and arguments: they stand in one list, as a list for each would have to be made and thrown away. */
const partsOfEvent = 4

/** A sender makes no frame of more than 64 KiB that holds more events than this: in a longer one they are not counted one by one. */
const mostBroken = 2_000

/** A message as a frame; undefined for what is none, or breaks its own numbers. Its fields are plain JSON, which nobody else holds: what is EJSON in them is made of it here, event by event. */
export function decodeFrame(message: DataMessage): Frame | undefined {
  if (message.msg !== 'changed' || message.collection !== broadcastName || !message.fields) return undefined
  const { gap, from, after, last, events } = message.fields
  if (isObject(gap)) return decodeGap(gap)
  if (from !== undefined) return isNumber(from) && from > 0 ? { kind: 'from', from } : undefined
  const base = /^[1-9]\d{0,15}$/.test(message.id) ? Number(message.id) : undefined
  if (!isNumber(base) || !isNumber(after) || !isNumber(last) || last < after || !Array.isArray(events)) return undefined
  const flat = events as readonly unknown[]
  if (flat.length % partsOfEvent !== 0) return undefined
  const decoded: SequencedEvent[] = []
  let broken: number[] | undefined
  let before = after
  for (let at = 0; at < flat.length; at += partsOfEvent) {
    const offset = flat[at]
    const stream = flat[at + 1]
    const event = flat[at + 2]
    const args = flat[at + 3]
    const seq = isNumber(offset) ? base + offset : undefined
    if (seq === undefined || seq <= before || seq > last) return undefined
    before = seq
    if (typeof stream === 'string' && typeof event === 'string' && Array.isArray(args) && revive(args)) decoded.push({ seq, stream, event, args: args as unknown[] })
    else if ((broken ??= []).push(seq) > mostBroken) return undefined
  }
  return { kind: 'events', after, last, events: decoded, broken: broken ?? none }
}

function decodeGap({ after, next, exact }: Record<string, unknown>): Frame | undefined {
  return isNumber(after) && isNumber(next) && next > after ? { kind: 'gap', after, next, exact: exact === true } : undefined
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
