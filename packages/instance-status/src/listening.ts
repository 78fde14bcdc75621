import { type Clock, Timers } from '@ddp-cluster/ddp-common/internal'
import type { OwnServer } from './own-server.js'

/** Time that `joinCluster()` waits for the application to call `listen()`. */
const longestWaitMs = 10_000

/** Resolves when the server listens, or after 10 seconds without that. */
export function listening(server: OwnServer['server'], clock: Clock): Promise<void> {
  if (server.listening) return Promise.resolve()
  const timers = new Timers(clock)
  return new Promise((resolve) => {
    const end = (): void => {
      timers.clear()
      server.off('listening', end)
      resolve()
    }
    server.once('listening', end)
    timers.after(longestWaitMs, end)
  })
}
