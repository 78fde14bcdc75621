import nodeCluster from 'node:cluster'
import { once } from 'node:events'
import { createServer, type Server as HttpServer } from 'node:http'
import { createServer as createTlsServer, type Server as HttpsServer } from 'node:https'
import { type as osType, release } from 'node:os'
import { randomId } from '@ddp-cluster/ddp-common'
import { createDDPServer } from '@ddp-cluster/ddp-server'
import { advertisedAddress } from './address.js'
import { type Cluster, ClusterInstance, longestPeerMessageBytes } from './cluster.js'
import { ClusterError } from './errors.js'
import { type JoinOptions, resolveOptions } from './options.js'
import { openHandles } from './registry/handles.js'
import { sharedSecret } from './registry/secret.js'
import { peerProtocol } from './mesh/proof.js'
import { leaveOnSignals } from './signals.js'

/**
 * Makes this process an instance of the cluster: registers it, links it to every other, and keeps it so until `close()`.
 * Resolves when the others are known (their links come up within the moment); rejects with a `ClusterError`
 * `invalid-option`, `not-listening`, `shared-port` or `registry-unreachable`, and has then left nothing behind.
 */
export async function joinCluster(options: JoinOptions): Promise<Cluster> {
  const resolved = resolveOptions(options, process.env)
  if (options.server && nodeCluster.isWorker && !options.address) {
    throw new ClusterError('shared-port', 'the workers of node:cluster (PM2 cluster mode too) share one port, and peers could not choose between them: use listen instead of server')
  }
  const { server, closeServer } = options.server ? { server: options.server, closeServer: () => Promise.resolve() } : await openServer(options.listen ?? {})
  let opened: { close(): Promise<void> } | undefined
  try {
    const address = advertisedAddress({ server, address: options.address, env: process.env, ownServer: !options.server, path: resolved.path })
    const handles = openHandles(options.db, resolved.collectionName, resolved.heartbeatIntervalMs)
    const secrets = resolved.secrets ?? [await secretFromDatabase()]
    const { clock, logger, path } = resolved
    const ddpServer = createDDPServer({ server, path, clock, logger, maxMessageBytes: longestPeerMessageBytes })
    opened = ddpServer
    const facts = {
      _id: randomId(),
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
      await closeServer()
    }
    const cluster = new ClusterInstance({ options: resolved, db: options.db, handles, facts, address, ddpServer, secrets, tls: options.tls, dispose })
    await cluster.join()
    if (options.handleSignals) leaveOnSignals(cluster)
    return cluster

    async function secretFromDatabase(): Promise<string> {
      try {
        return await sharedSecret(handles, resolved.name)
      } catch (error) {
        throw new ClusterError('registry-unreachable', 'the cluster\'s secret could not be read from MongoDB', { cause: error })
      }
    }
  } catch (error) {
    await opened?.close()
    await closeServer()
    throw error instanceof ClusterError ? error : new ClusterError('registry-unreachable', `MongoDB did not take the registration: ${error instanceof Error ? error.message : String(error)}`, { cause: error })
  }
}

/** A server for peers alone. */
async function openServer({ host, port, tls }: NonNullable<JoinOptions['listen']>): Promise<{ server: HttpServer | HttpsServer; closeServer: () => Promise<void> }> {
  const server = tls ? createTlsServer(tls) : createServer()
  server.on('request', (_request, response) => response.writeHead(404).end())
  // Exclusive: in a worker of node:cluster the port would otherwise be shared with the other workers.
  server.listen({ port: port ?? 0, ...(host !== undefined && { host }), exclusive: true })
  await once(server, 'listening')
  const closeServer = async (): Promise<void> => {
    if (!server.listening) return
    const closed = once(server, 'close')
    server.close()
    server.closeAllConnections()
    await closed
  }
  return { server, closeServer }
}
