import type { IncomingMessage } from 'node:http'

/** Target of a path: the raw WebSocket endpoint, SockJS' framed one, or SockJS' information. */
export type Route = 'websocket' | 'sockjs' | 'info'

/** `/sockjs/<server>/<session>/websocket`: both are made up by the client, neither may hold a dot or slash. */
const framed = /^\/sockjs\/[^/.]+\/[^/.]+\/websocket\/?$/
/** SockJS has a raw endpoint of its own. */
const raw = /^(?:\/sockjs)?\/websocket\/?$/
const info = /^\/sockjs\/info\/?$/

/** @param url of a request: a path, maybe a query */
export function routeOf(url: string, prefix: string): Route | undefined {
  const query = url.indexOf('?')
  const path = query === -1 ? url : url.slice(0, query)
  if (!path.startsWith(prefix)) return undefined
  const rest = path.slice(prefix.length)
  if (raw.test(rest)) return 'websocket'
  if (framed.test(rest)) return 'sockjs'
  return info.test(rest) ? 'info' : undefined
}

/** Whether a path takes WebSockets and nothing else. */
export const isSocketRoute = (route: Route | undefined): route is 'websocket' | 'sockjs' => route === 'websocket' || route === 'sockjs'

/** Whether a request asks for a WebSocket. `Upgrade: h2c`, which curl and the JDK's client offer with any request, does not. */
export const isWebSocketUpgrade = ({ headers }: IncomingMessage): boolean => headers.upgrade?.toLowerCase() === 'websocket'
