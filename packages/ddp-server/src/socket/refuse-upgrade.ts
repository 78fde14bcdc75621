import { STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'

/** Answers an upgrade request with an HTTP error and closes. */
export function refuseUpgrade(tcp: Duplex, status: 403 | 404 | 503): void {
  tcp.on('error', () => tcp.destroy())
  tcp.once('finish', () => tcp.destroy())
  tcp.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`)
}
