import { isIP } from 'node:net'
import { headerOf, type Origin } from './http.js'

/** Address of the client: the socket's other end, or the entry of the outermost own proxy. Entries are counted from the right, as a client may invent those further left. */
export function clientAddress(origin: Origin, httpForwardedCount: number): string {
  const forwarded = httpForwardedCount === 0 ? undefined : (headerOf(origin, 'x-forwarded-for') ?? '').split(',').at(-httpForwardedCount)
  return bare(forwarded ?? '') ?? bare(origin.remoteAddress) ?? origin.remoteAddress
}

/** No address with a port is longer. */
const longestAddress = 60

/** An address without the port that some proxies add, which would make every connection another client, and IPv4 as itself; undefined for what is none. */
function bare(text: string): string | undefined {
  if (text.length > longestAddress) return undefined
  const address = text.trim().replace(/^\[(.+)\](:\d+)?$/, '$1').replace(/^([\d.]+):\d+$/, '$1').replace(/^::ffff:(?=\d+\.)/i, '')
  return isIP(address) === 0 ? undefined : address
}
