import { type Clock, Timers } from '@ddp-cluster/ddp-common/internal'
import type { OwnServer } from './own-server.js'

/** Time that `joinCluster()` waits for the application to call `listen()`. */
const longestWaitMs = 10_000

/** Resolves when the server listens, after 10 seconds without that, or when `signal` aborts. */
export function listening(server: OwnServer['server'], clock: Clock, signal: AbortSignal): Promise<void> {
  if (server.listening || signal.aborted) return Promise.resolve()
  const timers = new Timers(clock)
  return new Promise((resolve) => {
    const end = (): void => {
      timers.clear()
      server.off('listening', end)
      signal.removeEventListener('abort', end)
      resolve()
    }
    server.once('listening', end)
    signal.addEventListener('abort', end)
    timers.after(longestWaitMs, end)
  })
}
