import { DDPClient } from './client.js'
import type { DDPClientOptions } from './options.js'
import { dialWebSocket } from './browser-transport.js'
import type { WatchNetwork } from './transport.js'

/**
 * Makes a client that connects over the platform's WebSocket, and keeps connected; it dials at once when the browser says that it is online again.
 * Throws a `RangeError` for a bad number in the options, and a `TypeError` for an option that there is not.
 */
export function connect(options: DDPClientOptions): DDPClient {
  return new DDPClient(options, dialWebSocket, watchNetwork)
}

/** Part of a browser's window that other platforms may lack. */
interface NetworkEvents {
  addEventListener?(type: 'online', listener: () => void): void
  removeEventListener?(type: 'online', listener: () => void): void
}

const watchNetwork: WatchNetwork = (run) => {
  const platform = globalThis as NetworkEvents
  platform.addEventListener?.('online', run)
  return () => platform.removeEventListener?.('online', run)
}
