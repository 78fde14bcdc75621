import { randomInt } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'

const year = 31_536_000

/** `GET /sockjs/info`: what a SockJS client asks first, from any page, to learn that there are WebSockets here. */
export function answerInfo(request: IncomingMessage, response: ServerResponse, allowsOrigin: (origin: string) => boolean): void {
  const { origin } = request.headers
  if (origin !== undefined && !allowsOrigin(origin)) {
    response.writeHead(403).end()
    return
  }
  response.setHeader('Access-Control-Allow-Origin', origin ?? '*')
  response.setHeader('Vary', 'Origin')
  if (origin !== undefined) response.setHeader('Access-Control-Allow-Credentials', 'true')
  if (request.method === 'OPTIONS') {
    response.setHeader('Access-Control-Allow-Methods', 'OPTIONS, GET')
    const asked = request.headers['access-control-request-headers']
    if (asked !== undefined) response.setHeader('Access-Control-Allow-Headers', asked)
    response.writeHead(204, { 'Cache-Control': `public, max-age=${year}`, 'Access-Control-Max-Age': year }).end()
    return
  }
  if (request.method !== 'GET') {
    response.writeHead(405, { Allow: 'OPTIONS, GET' }).end()
    return
  }
  response
    .writeHead(200, { 'Content-Type': 'application/json; charset=UTF-8', 'Cache-Control': 'no-store, no-cache, no-transform, must-revalidate, max-age=0' })
    .end(JSON.stringify({ websocket: true, origins: ['*:*'], cookie_needed: false, entropy: randomInt(2 ** 32) }))
}
