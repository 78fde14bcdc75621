import { createDDPServer, type DDPServer, DDPServerError } from '@ddp-cluster/ddp-server'
import { openClusterDoor, type OpenDoor } from '@ddp-cluster/ddp-server/internal'
import { longestPeerMessageBytes } from './cluster-instance.js'
import { ClusterError } from './errors.js'
import type { ResolvedOptions } from './options.js'
import type { OwnServer } from './own-server.js'

/** The DDP endpoint that a cluster joins on. */
export interface Endpoint {
  readonly ddpServer: DDPServer
  readonly door: OpenDoor
  /** The cluster made it. */
  readonly isOwn: boolean
  /** Ends what the cluster has of it, or all of it where the cluster made it. */
  readonly close: () => Promise<void>
}

/** Longest time that instances which do not answer a goodbye are waited for. */
const longestFarewellMs = 1000

/** Attaches an endpoint of the cluster's own to an HTTP server. @throws ClusterError `path-taken` */
export function makeEndpoint(server: OwnServer['server'], options: ResolvedOptions, onClosing: () => Promise<void>): Endpoint {
  const { path, clock, logger } = options
  const taken = `${path}/websocket of this server is taken by another cluster or another DDP endpoint: to join on an endpoint of your own, give it as ddpServer instead of server`
  const ddpServer = explained(taken, () => createDDPServer({ server, path, clock, logger, maxMessageBytes: longestPeerMessageBytes, closeTimeoutMs: farewellMs(options) }))
  const joined = joinEndpoint(ddpServer, options, onClosing)
  const close = async (): Promise<void> => {
    await joined.close()
    await ddpServer.close()
  }
  return { ...joined, isOwn: true, close }
}

/** Joins on an endpoint of the application, which may close it: `onClosing` is to close what was joined. @throws ClusterError `path-taken`, `invalid-option` */
export function joinEndpoint(ddpServer: DDPServer, options: ResolvedOptions, onClosing: () => Promise<void>): Endpoint {
  const taken = 'another cluster has joined on this ddpServer, and has not closed: make one endpoint for each cluster, with different paths'
  const door = explained(taken, () => openClusterDoor(ddpServer, { maxMessageBytes: longestPeerMessageBytes, admitTimeoutMs: options.authTimeoutMs, closeTimeoutMs: farewellMs(options), onEndpointClosing: onClosing }))
  return { ddpServer, door, isOwn: false, close: () => door.close() }
}

const farewellMs = ({ closeTimeoutMs }: ResolvedOptions): number => Math.floor(Math.min(closeTimeoutMs / 4, longestFarewellMs))

function explained<T>(taken: string, open: () => T): T {
  try {
    return open()
  } catch (error) {
    if (!(error instanceof DDPServerError)) throw error
    const [code, message] = error.code === 'path-taken' ? (['path-taken', taken] as const) : (['invalid-option', error.message] as const)
    throw new ClusterError(code, message, { cause: error })
  }
}
