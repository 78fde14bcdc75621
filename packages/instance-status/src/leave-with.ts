import type { Logger } from '@ddp-cluster/ddp-common'
import type { ApplicationServer, DDPServer } from '@ddp-cluster/ddp-server'
import { onServerClosing } from '@ddp-cluster/ddp-server/internal'
import type { Cluster } from './cluster.js'

type Leaving = Pick<Cluster, 'close' | 'closed'>

/**
 * Leaves the cluster when the application closes its HTTP server, which takes no instances any more then, and is never closed while those that are there
 * keep their sockets. The function returned ends that.
 */
export function leaveWithServer(cluster: Leaving, server: ApplicationServer, logger: Logger): () => void {
  return onServerClosing(server, () => {
    logger.warn({}, 'server.close() was called before cluster.close(): this instance leaves the cluster')
    void cluster.close()
  })
}

/** Leaves the cluster when the application closes its DDP endpoint, without which no instance reaches this one. */
export function leaveWithEndpoint(cluster: Leaving, ddpServer: DDPServer, logger: Logger): void {
  let hasLeft = false
  void cluster.closed.then(() => (hasLeft = true))
  void ddpServer.closed.then(() => {
    if (hasLeft) return
    logger.warn({}, 'ddpServer.close() was called before cluster.close(): this instance leaves the cluster')
    void cluster.close()
  })
}
