import type { IncomingMessage } from 'node:http'
import type { ClientFacts } from './peer-connection.js'

/** Headers of the WebSocket handshake alone, which say nothing about the client. */
const transportHeaders = new Set(['connection', 'upgrade', 'sec-websocket-key', 'sec-websocket-version', 'sec-websocket-extensions'])

export function clientFacts(request: IncomingMessage, httpForwardedCount: number): ClientFacts {
  const httpHeaders: Record<string, string> = Object.create(null) as Record<string, string>
  for (const [name, value] of Object.entries(request.headers)) {
    if (value !== undefined && !transportHeaders.has(name)) httpHeaders[name] = Array.isArray(value) ? value.join(', ') : value
  }
  const remoteAddress = withoutMapping(request.socket.remoteAddress ?? '')
  return { httpHeaders: Object.freeze(httpHeaders), clientAddress: forwardedAddress(httpHeaders['x-forwarded-for'], httpForwardedCount) ?? remoteAddress }
}

/**
 * Each of our proxies appends to the header whom it was called by, so the client is as many entries from the end as there are proxies;
 * what stands before that the client may have made up. Undefined where the header is too short: the request took another way.
 */
function forwardedAddress(header: string | undefined, count: number): string | undefined {
  if (count === 0 || header === undefined) return undefined
  const address = header.split(',').at(-count)?.trim()
  return address === '' ? undefined : address
}

/** An IPv4 address as itself, also where the server listens on IPv6. */
function withoutMapping(address: string): string {
  return address.startsWith('::ffff:') && address.includes('.') ? address.slice('::ffff:'.length) : address
}
