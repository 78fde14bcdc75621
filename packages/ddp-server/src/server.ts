import type { DDPServer } from './ddp-server.js'
import { Endpoint } from './endpoint.js'
import { type DDPServerOptions, resolveOptions } from './options.js'

/**
 * Attaches a DDP endpoint to `options.server`: `<path>/websocket` for WebSockets, `<path>/sockjs/...` for SockJS' WebSocket transport.
 * @throws DDPServerError `invalid-option`; `path-taken` if another endpoint has this path on this server
 */
export function createDDPServer(options: DDPServerOptions): DDPServer {
  return new Endpoint(resolveOptions(options))
}
