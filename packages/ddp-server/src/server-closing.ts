import type { ApplicationServer } from './application-server.js'
import { override } from './override.js'

type Close = (this: ApplicationServer, ...values: unknown[]) => unknown

interface Watch {
  readonly listeners: Set<() => void>
  readonly restore: () => void
}

/** Overrides by server, one for all its listeners: in whichever order they end, `server.close` is restored after the last. */
const watches = new WeakMap<ApplicationServer, Watch>()

/**
 * Calls `listener` when the application calls `server.close()`. Node.js tells nobody of that before all sockets are closed, which those of WebSockets are
 * not by themselves.
 * @returns a function that ends that
 */
export function onServerClosing(server: ApplicationServer, listener: () => void): () => void {
  const watch = watches.get(server) ?? watchClosing(server)
  // A wrapper, so that a listener that is given twice is called twice.
  const entry = (): void => listener()
  watch.listeners.add(entry)
  return () => {
    if (!watch.listeners.delete(entry) || watch.listeners.size > 0) return
    watches.delete(server)
    watch.restore()
  }
}

function watchClosing(server: ApplicationServer): Watch {
  const close = Reflect.get(server, 'close') as Close
  const listeners = new Set<() => void>()
  const restore = override(server, 'close', (...values: unknown[]): unknown => {
    for (const listener of listeners) listener()
    return close.apply(server, values)
  })
  const watch = { listeners, restore }
  watches.set(server, watch)
  return watch
}
