import type { ApplicationServer } from './application-server.js'
import { override } from './override.js'

type Close = (this: ApplicationServer, ...values: unknown[]) => unknown

/**
 * Calls `listener` when the application calls `server.close()`. Node.js tells nobody of that before all sockets are closed, which those of WebSockets are
 * not by themselves.
 * @returns a function that ends that
 */
export function onServerClosing(server: ApplicationServer, listener: () => void): () => void {
  const close = Reflect.get(server, 'close') as Close
  let isOver = false
  const restore = override(server, 'close', (...values: unknown[]): unknown => {
    if (!isOver) listener()
    return close.apply(server, values)
  })
  return () => {
    isOver = true
    restore()
  }
}
