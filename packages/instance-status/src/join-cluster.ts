import nodeCluster from 'node:cluster'
import { type as osType, release } from 'node:os'
import { randomId } from '@ddp-cluster/ddp-common'
import { createDDPServer, type DDPServer, DDPServerError } from '@ddp-cluster/ddp-server'
import { advertisedAddress } from './address.js'
import type { Cluster } from './cluster.js'
import { ClusterInstance, longestPeerMessageBytes } from './cluster-instance.js'
import { ClusterError } from './errors.js'
import { type JoinOptions, type ResolvedOptions, resolveOptions } from './options.js'
import { type OwnServer, openServer } from './own-server.js'
import { openHandles } from './registry/handles.js'
import { patienceMs } from './registry/operations.js'
import { withoutReply } from './registry/refusal.js'
import { SharedSecret } from './registry/secret.js'
import { peerProtocol } from './mesh/proof.js'
import { leaveOnSignals } from './signals.js'

/**
 * Makes this process an instance of the cluster: registers it, links it to every other, and keeps it so until `close()`.
 * Resolves when the others are known (their links come up within the moment); rejects with a `ClusterError`
 * `invalid-option`, `not-listening`, `shared-port`, `path-taken`, `listen-failed`, `registry-unreachable`, or `closed` when a signal ended it meanwhile, and has
 * then left nothing behind.
 */
export function joinCluster(options: JoinOptions): Promise<Cluster> {
  return joinAs(randomId(), options)
}

/** The same under an id that was chosen before; none may be used twice. */
export async function joinAs(id: string, options: JoinOptions): Promise<Cluster> {
  const resolved = resolveOptions(options, process.env)
  if (options.server && nodeCluster.isWorker && !options.address) {
    throw new ClusterError('shared-port', 'the workers of node:cluster (PM2 cluster mode too) share one port, and peers could not choose between them: use listen instead of server')
  }
  const { server, close } = options.server ? applicationServer(options.server) : await openServer(options.listen ?? {})
  let opened: { close(): Promise<void> } | undefined
  let sharedSecret: SharedSecret | undefined
  try {
    const address = advertisedAddress({ server, address: options.address, env: process.env, ownServer: !options.server, path: resolved.path })
    const handles = openHandles(options.db, resolved.collectionName)
    if (!resolved.secrets) {
      sharedSecret = new SharedSecret({ handles, name: resolved.name, limitMs: patienceMs(resolved.heartbeatIntervalMs), checkEveryMs: resolved.expireAfterMs / 2, clock: resolved.clock, logger: resolved.logger })
      await sharedSecret.obtain()
    }
    const ddpServer = openEndpoint(server, resolved)
    opened = ddpServer
    const facts = {
      _id: id,
      extraInformation: {
        host: address.host,
        port: address.port,
        ...options.extraInformation,
        ...(options.hostFacts && { os: `${osType()} ${release()}`, nodeVersion: process.version }),
      },
      name: resolved.name,
      pid: process.pid,
      cluster: { protocol: peerProtocol, expireAfterMs: resolved.expireAfterMs, url: address.url },
    }
    const dispose = async (): Promise<void> => {
      await ddpServer.close()
      await close()
    }
    const cluster = new ClusterInstance({ options: resolved, db: options.db, handles, facts, address, ddpServer, sharedSecret, tls: options.tls, dispose })
    if (options.handleSignals) leaveOnSignals(cluster)
    await cluster.join()
    return cluster
  } catch (error) {
    sharedSecret?.close()
    await opened?.close()
    await close()
    throw error instanceof ClusterError ? error : refused(error)
  }
}

function refused(error: unknown): ClusterError {
  const cause = withoutReply(error)
  return new ClusterError('registry-unreachable', `MongoDB did not take the registration: ${cause instanceof Error ? cause.message : String(cause)}`, { cause })
}

/** The application's server stays open. */
const applicationServer = (server: OwnServer['server']): OwnServer => ({ server, close: () => Promise.resolve() })

/** Peers that do not answer a goodbye are not waited for longer than this. */
const longestFarewellMs = 1000

function openEndpoint(server: OwnServer['server'], { path, clock, logger, closeTimeoutMs }: ResolvedOptions): DDPServer {
  try {
    return createDDPServer({ server, path, clock, logger, maxMessageBytes: longestPeerMessageBytes, closeTimeoutMs: Math.floor(Math.min(closeTimeoutMs / 4, longestFarewellMs)) })
  } catch (error) {
    if (!(error instanceof DDPServerError) || error.code !== 'path-taken') throw error
    throw new ClusterError('path-taken', `${path}/websocket of this server is taken: another cluster, or another DDP server, is attached to it`, { cause: error })
  }
}
