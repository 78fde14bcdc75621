import type { DataMessage } from '@ddp-cluster/ddp-common'
import { EJSON } from '@ddp-cluster/ddp-common'

/** The publication that carries one instance's events to another, and the collection in which they stand. */
export const broadcastName = 'cluster.broadcast'

/** One event, as its sender numbered it. */
export interface SequencedEvent {
  readonly seq: number
  readonly stream: string
  readonly event: string
  readonly args: readonly unknown[]
}

/** The DDP text of a frame with one event: encoded once, whoever it is sent to. */
export function encodeEvent({ seq, stream, event, args }: SequencedEvent): Buffer {
  const entry = EJSON.stringify([0, stream, event, args])
  return Buffer.from(`{"msg":"changed","collection":"${broadcastName}","id":"${seq}","fields":{"last":${seq},"events":[${entry}]}}`)
}

/** The events of a message of `cluster.broadcast`; undefined for what is none. */
export function decodeEvents(message: DataMessage): SequencedEvent[] | undefined {
  if (message.msg !== 'changed' || message.collection !== broadcastName) return undefined
  const first = Number(message.id)
  const events: unknown = message.fields?.['events']
  if (!Number.isSafeInteger(first) || !Array.isArray(events)) return undefined
  const decoded: SequencedEvent[] = []
  for (const entry of events as unknown[]) {
    if (!Array.isArray(entry)) return undefined
    const [offset, stream, event, args] = entry as unknown[]
    if (typeof offset !== 'number' || typeof stream !== 'string' || typeof event !== 'string' || !Array.isArray(args)) return undefined
    decoded.push({ seq: first + offset, stream, event, args: args as unknown[] })
  }
  return decoded
}
