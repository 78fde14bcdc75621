import type { Server as HttpServer } from 'node:http'
import type { Http2SecureServer } from 'node:http2'
import type { Server as HttpsServer } from 'node:https'
import { Server as TlsServer } from 'node:tls'

/** A server that takes HTTP/1.1, as a WebSocket upgrade needs: `node:http`, `node:https`, or `http2.createSecureServer({ allowHTTP1: true })`. */
export type ApplicationServer = HttpServer | HttpsServer | Http2SecureServer

/** Why a value is no server that takes WebSockets; undefined for one that does. */
export function whyNoServer(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null || !('on' in value) || typeof value.on !== 'function') return 'server must be a node:http or node:https server'
  // HTTP/2 servers of Node.js have this method, and no others.
  if (!('updateSettings' in value)) return undefined
  if (!(value instanceof TlsServer)) return 'server is an http2.createServer(), which takes no HTTP/1.1 and so no WebSockets: use node:http, or http2.createSecureServer({ allowHTTP1: true })'
  const protocols: unknown = Reflect.get(value, 'ALPNProtocols')
  if (protocols instanceof Uint8Array && !Buffer.from(protocols).includes('http/1.1')) return 'server is an http2.createSecureServer() that takes no HTTP/1.1 and so no WebSockets: give it the option allowHTTP1: true'
  return undefined
}
