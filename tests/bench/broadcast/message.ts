/** A chat message, about 200 bytes as JSON. */
export interface Message {
  readonly n: number
  /** Of the system's monotonic clock, in microseconds; 0 where nobody measures latency. */
  readonly sentAt: number
  readonly _id: string
  readonly rid: string
  readonly msg: string
  readonly ts: Date
  readonly u: { readonly _id: string; readonly username: string }
  readonly _updatedAt: Date
}

export function makeMessage(n: number, sentAt = 0): Message {
  const now = Date.now()
  return {
    n, sentAt, _id: 'kPzY8w2tQ5aWx4LmN', rid: 'GENERAL', msg: 'Does anybody know where the minutes of the last meeting are?', ts: new Date(now),
    u: { _id: 'r7vB3nXc9sDf6hJk2', username: 'ann.example' }, _updatedAt: new Date(now + 1),
  }
}

/** The same as plain JSON can hold it: what a hand-written protocol for this one message would do. */
export interface PlainMessage extends Omit<Message, 'ts' | '_updatedAt'> {
  readonly ts: number
  readonly _updatedAt: number
}

export function toPlain({ n, sentAt, _id, rid, msg, ts, u, _updatedAt }: Message): PlainMessage {
  return { n, sentAt, _id, rid, msg, ts: ts.getTime(), u, _updatedAt: _updatedAt.getTime() }
}

export function fromPlain({ n, sentAt, _id, rid, msg, ts, u, _updatedAt }: PlainMessage): Message {
  return { n, sentAt, _id, rid, msg, ts: new Date(ts), u, _updatedAt: new Date(_updatedAt) }
}

export const monotonicMicros = (): number => Number(process.hrtime.bigint()) / 1000
