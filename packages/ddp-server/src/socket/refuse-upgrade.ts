import { STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'

/** Seconds after which a client that was refused for now may ask again. */
const retryAfterSeconds = 5

/** Answers an upgrade request with an HTTP error and closes. */
export function refuseUpgrade(tcp: Duplex, status: 403 | 503): void {
  tcp.on('error', () => tcp.destroy())
  tcp.once('finish', () => tcp.destroy())
  const retryAfter = status === 503 ? `Retry-After: ${retryAfterSeconds}\r\n` : ''
  tcp.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${retryAfter}Connection: close\r\nContent-Length: 0\r\n\r\n`)
}
