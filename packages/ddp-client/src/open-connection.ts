import { connectOnce, type Connection } from './connection.js'
import type { ConnectionOptions } from './options.js'
import { dialWebSocket } from './ws-transport.js'

/**
 * Dials once, over `ws`. For callers that do their own redialling, and need to know how a connection ended.
 * Throws a `RangeError` for a bad number in the options; everything else comes by the connection's promises.
 */
export function openConnection(options: ConnectionOptions): Connection {
  return connectOnce(options, dialWebSocket)
}
