import nodeCluster from 'node:cluster'
import { type as osType, release } from 'node:os'
import { randomId } from '@ddp-cluster/ddp-common'
import { advertisedAddress } from './address.js'
import type { Cluster } from './cluster.js'
import { ClusterInstance } from './cluster-instance.js'
import { type Endpoint, joinEndpoint, makeEndpoint } from './endpoint.js'
import { ClusterError, closedMeanwhile } from './errors.js'
import { listening } from './listening.js'
import { type JoinOptions, type ResolvedOptions, resolveOptions } from './options.js'
import { type OwnServer, openServer } from './own-server.js'
import { openHandles } from './registry/handles.js'
import { patienceMs } from './registry/operations.js'
import { withoutReply } from './registry/refusal.js'
import { SharedSecret } from './registry/secret.js'
import { peerProtocol } from './mesh/proof.js'
import { leaveWithServer } from './leave-with.js'
import { leaveOnSignals } from './signals.js'

/**
 * Makes this process an instance of the cluster: registers it, links it to every other, and keeps it so until `close()`.
 * Resolves when the others are known; their links come up within a moment. A server that does not listen yet is waited for, 10 seconds at most, unless
 * `address` has both `host` and `port`: until it listens, the others cannot reach this instance then.
 * Clients' WebSocket upgrades are held until the turn of the event loop in which the promise resolves is over. Leaves nothing behind when it rejects.
 * @throws ClusterError `invalid-option` — an option or environment variable cannot work
 * @throws ClusterError `not-listening` — the server did not listen within 10 seconds, and `address` does not say where it is reached
 * @throws ClusterError `shared-port` — workers of node:cluster share the server's port
 * @throws ClusterError `path-taken` — another cluster or DDP endpoint has the path of this server
 * @throws ClusterError `listen-failed` — the server that `listen` describes could not be opened
 * @throws ClusterError `registry-unreachable` — MongoDB did not answer in time, or refused
 * @throws ClusterError `closed` — `server.close()`, `ddpServer.close()` or a signal ended the cluster while it was joined
 * @example
 * const joining = joinCluster({ db: client.db(), name: 'my-chat', server })
 * server.on('request', instancesApi({ cluster: joining }))
 * server.listen(3000)
 * const cluster = await joining
 */
export function joinCluster(options: JoinOptions): Promise<Cluster> {
  return joinAs(randomId(), options)
}

/** `joinCluster()` under a given id, which must not have been used before. */
export async function joinAs(id: string, options: JoinOptions): Promise<Cluster> {
  const resolved = resolveOptions(options, process.env)
  if (!options.listen && nodeCluster.isWorker && !options.address) {
    throw new ClusterError('shared-port', 'the workers of node:cluster (PM2 cluster mode too) share one port, and peers could not choose between them: use listen instead of server')
  }
  const own = options.listen && (await openServer(options.listen))
  let opened: Endpoint | undefined
  let sharedSecret: SharedSecret | undefined
  let stopWatching = (): void => undefined
  const asked = new AbortController()
  // Until there is a cluster that can leave. Whatever is waited for is given up.
  let leave = async (): Promise<void> => {
    asked.abort(closedMeanwhile())
    sharedSecret?.close()
    void opened?.door.endClients(1)
    await opened?.close()
  }
  try {
    // Before anything is waited for: clients that come meanwhile are held, and not told that there is nothing here.
    const endpoint = openEndpoint(options, resolved, own, () => leave())
    opened = endpoint
    const { ddpServer, door } = endpoint
    if (!own) stopWatching = leaveWithServer(() => leave(), door.server, resolved.logger)
    if (!hasAddress(options.address)) await listening(door.server, resolved.clock, asked.signal)
    asked.signal.throwIfAborted()
    const address = advertisedAddress({ server: door.server, address: options.address, env: process.env, ownServer: own !== undefined, path: door.path })
    const handles = openHandles(options.db, resolved.collectionName)
    if (!resolved.secrets) {
      sharedSecret = new SharedSecret({ handles, name: resolved.name, limitMs: patienceMs(resolved.heartbeatIntervalMs), checkEveryMs: resolved.expireAfterMs / 2, clock: resolved.clock, logger: resolved.logger })
      await sharedSecret.obtain()
      asked.signal.throwIfAborted()
    }
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
      stopWatching()
      await endpoint.close()
      await own?.close()
    }
    const cluster = new ClusterInstance({ options: resolved, db: options.db, handles, facts, address, ddpServer, door, sharedSecret, tls: options.tls, endClientsFirst: endpoint.isOwn, dispose })
    leave = () => cluster.closeWithClients()
    if (options.handleSignals) leaveOnSignals({ closed: cluster.closed, close: () => cluster.closeWithClients() })
    await cluster.join()
    // The application adds what it offers in the turn in which this promise resolves.
    setImmediate(() => door.ready())
    return cluster
  } catch (cause) {
    stopWatching()
    sharedSecret?.close()
    await opened?.close()
    await own?.close()
    // A step that was under way when leaving was requested failed for that reason.
    const error: unknown = asked.signal.aborted ? asked.signal.reason : cause
    throw error instanceof ClusterError ? error : refused(error)
  }
}

function refused(error: unknown): ClusterError {
  const cause = withoutReply(error)
  return new ClusterError('registry-unreachable', `MongoDB did not take the registration: ${cause instanceof Error ? cause.message : String(cause)}`, { cause })
}

function openEndpoint({ server, ddpServer }: JoinOptions, resolved: ResolvedOptions, own: OwnServer | undefined, onClosing: () => Promise<void>): Endpoint {
  if (ddpServer) return joinEndpoint(ddpServer, resolved, onClosing)
  const attachedTo = server ?? own?.server
  if (!attachedTo) throw new ClusterError('invalid-option', 'there is no server to attach to')
  return makeEndpoint(attachedTo, resolved, onClosing)
}

const hasAddress = (address: JoinOptions['address']): boolean => address?.host !== undefined && address.port !== undefined
