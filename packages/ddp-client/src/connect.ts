import { DDPClient } from './client.js'
import type { DDPClientOptions } from './options.js'
import { dialWebSocket } from './ws-transport.js'

/** Makes a client that connects over `ws`, and keeps connected. Throws a `RangeError` for a bad number in the options, and a `TypeError` for an option that there is not. */
export function connect(options: DDPClientOptions): DDPClient {
  return new DDPClient(options, dialWebSocket)
}
