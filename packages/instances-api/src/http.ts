/** Where something comes from, over HTTP or a WebSocket. */
export interface Origin {
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  /** Of the socket. */
  readonly remoteAddress: string
}

/** A request as any HTTP framework can give it. */
export interface ApiRequest extends Origin {
  readonly method: string
  /** The request target: a path with its query, or a whole URL (RFC 9112, 3.2.2). */
  readonly target: string
}

export interface ApiAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  /** Empty where the answer has none: to HEAD, and with 204 and 304. */
  readonly body: string | Uint8Array
}

/** The path that is asked for. */
export function pathOf(target: string): string {
  if (!target.startsWith('/')) return URL.canParse(target) ? new URL(target).pathname : target
  const end = target.search(/[?#]/)
  return end < 0 ? target : target.slice(0, end)
}

/** A header that is there once. */
export function headerOf({ headers }: Origin, name: string): string | undefined {
  const value = headers[name]
  return typeof value === 'string' && value !== '' ? value : undefined
}
