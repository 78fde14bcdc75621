import { type DataMessage, EJSON } from '@ddp-cluster/ddp-common'

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

/** The DDP text of the events from number `first` on; each text is an `encodeEvent`. */
export function encodeFrame(first: number, texts: readonly string[]): Buffer {
  const events = texts.map((text, offset) => `[${offset}${text}`).join(',')
  return Buffer.from(`{"msg":"changed","collection":"${broadcastName}","id":"${first}","fields":{"last":${first + texts.length - 1},"events":[${events}]}}`)
}

/** The DDP text that says: what comes after number `after` is lost up to `next`. */
export function encodeGap(after: number, next: number): Buffer {
  return Buffer.from(`{"msg":"changed","collection":"${broadcastName}","id":"${next}","fields":{"gap":{"after":${after},"next":${next}}}}`)
}

/** What a peer sends on `cluster.broadcast`. */
export type Frame =
  /** The events up to number `last`; `first` is where they begin. What could not be understood is counted in `broken`. */
  | { readonly kind: 'events'; readonly first: number; readonly last: number; readonly events: readonly SequencedEvent[]; readonly broken: number }
  | { readonly kind: 'gap'; readonly after: number; readonly next: number }

/** A message as a frame; undefined for what is none, or breaks its own numbers. */
export function decodeFrame(message: DataMessage): Frame | undefined {
  if (message.msg !== 'changed' || message.collection !== broadcastName || !message.fields) return undefined
  const { gap, last, events } = message.fields
  if (isObject(gap)) {
    const { after, next } = gap
    return isNumber(after) && isNumber(next) && next > after ? { kind: 'gap', after, next } : undefined
  }
  const first = /^[1-9]\d{0,15}$/.test(message.id) ? Number(message.id) : undefined
  if (!isNumber(first) || !isNumber(last) || last < first - 1 || !Array.isArray(events)) return undefined
  const decoded: SequencedEvent[] = []
  let broken = 0
  for (const entry of events as unknown[]) {
    const event = decodeEvent(entry, first)
    if (event && event.seq <= last && event.seq > (decoded.at(-1)?.seq ?? first - 1)) decoded.push(event)
    else broken += 1
  }
  return { kind: 'events', first, last, events: decoded, broken }
}

function decodeEvent(entry: unknown, first: number): SequencedEvent | undefined {
  if (!Array.isArray(entry)) return undefined
  const [offset, stream, event, args] = entry as unknown[]
  if (!isNumber(offset) || typeof stream !== 'string' || typeof event !== 'string' || !Array.isArray(args)) return undefined
  return { seq: first + offset, stream, event, args: args as unknown[] }
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null

const isNumber = (value: unknown): value is number => typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
