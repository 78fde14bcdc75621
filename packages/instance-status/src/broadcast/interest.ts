import { DDPError } from '@ddp-cluster/ddp-common'

/** Interest of a reader. Interests of one key are alike. */
export interface Interest {
  readonly key: string
  readonly streams: ReadonlySet<string> | 'all'
}

/** Number of named streams beyond which a reader requests all. */
export const mostNamedStreams = 1000
export const longestStreamName = 500

/** `streams` of a request as it comes over the wire: names, or `true` for all. Throws a `DDPError` `bad-request`. */
export function toInterest(streams: unknown): Interest {
  if (streams === true) return { key: 'all', streams: 'all' }
  if (!Array.isArray(streams) || streams.length > mostNamedStreams || !streams.every(isStreamName)) {
    throw new DDPError('bad-request', `streams is true, or at most ${mostNamedStreams} names of at most ${longestStreamName} characters`)
  }
  const names = [...new Set(streams)].sort()
  return { key: JSON.stringify(names), streams: new Set(names) }
}

/** Streams to request from a peer: the inverse of `toInterest()`. */
export function fromStreams(streams: ReadonlySet<string>): true | string[] {
  return streams.size > mostNamedStreams ? true : [...streams]
}

export function isStreamName(value: unknown): value is string {
  return typeof value === 'string' && value.length > 0 && value.length <= longestStreamName
}

export function wants({ streams }: Interest, stream: string): boolean {
  return streams === 'all' || streams.has(stream)
}
