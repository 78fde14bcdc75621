import type { Logger } from '@ddp-cluster/ddp-common'
import type { ApplicationServer } from '@ddp-cluster/ddp-server'
import { onServerClosing } from '@ddp-cluster/ddp-server/internal'

/**
 * Leaves the cluster when the application closes its HTTP server, which takes no instances any more then, and is never closed while instances and
 * clients keep their sockets: `leave` is to end both. The function returned ends that.
 */
export function leaveWithServer(leave: () => Promise<void>, server: ApplicationServer, logger: Logger): () => void {
  return onServerClosing(server, () => {
    logger.warn({}, 'server.close() was called before cluster.close(): this instance leaves the cluster')
    void leave()
  })
}
