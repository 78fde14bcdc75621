import type { IncomingMessage, ServerResponse } from 'node:http'

const sentence = 'This address speaks DDP over WebSockets: connect to it with a DDP client, and let every proxy in between pass the Upgrade header on.\n'

/** Answers a request that came to a WebSocket's address without asking for one (RFC 9110, 15.5.22). */
export function askForWebSocket({ method, httpVersionMajor }: IncomingMessage, response: ServerResponse): void {
  // HTTP/2 has no such headers.
  if (httpVersionMajor < 2) response.setHeader('Connection', 'Upgrade').setHeader('Upgrade', 'websocket')
  response
    .writeHead(426, { 'Content-Type': 'text/plain; charset=utf-8', 'Cache-Control': 'no-store', 'Content-Length': Buffer.byteLength(sentence) })
    .end(method === 'HEAD' ? undefined : sentence)
}
