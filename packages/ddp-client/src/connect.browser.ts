import { DDPClient } from './client.js'
import type { DDPClientOptions } from './options.js'
import { dialWebSocket } from './browser-transport.js'

/** Makes a client that connects over the platform's WebSocket, and keeps connected. Throws a `RangeError` for a bad number in the options. */
export function connect(options: DDPClientOptions): DDPClient {
  return new DDPClient(options, dialWebSocket)
}
