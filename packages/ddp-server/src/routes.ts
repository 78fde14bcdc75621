/** What a path leads to: the raw WebSocket endpoint, SockJS' framed one, SockJS' information, or nothing of ours. */
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
