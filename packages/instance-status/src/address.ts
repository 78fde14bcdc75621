import { isIP } from 'node:net'
import { networkInterfaces } from 'node:os'
import { Server as TlsServer } from 'node:tls'
import type { ApplicationServer } from '@ddp-cluster/ddp-server'
import { ClusterError } from './errors.js'
import { longestHost, longestUrl } from './registry/record.js'

/** Address at which peers dial an instance. */
export interface Address {
  /** Host name or IP address. */
  readonly host: string
  /** Port, as a string as in the record. */
  readonly port: string
  /** URL of the WebSocket: `ws://host:port/path/websocket`, or `wss://`. */
  readonly url: string
}

export interface AddressSources {
  readonly server: ApplicationServer
  /** Address that the application gave; it comes first. */
  readonly address: { readonly host?: string; readonly port?: number | string } | undefined
  /** Then `INSTANCE_IP` and `PORT`. */
  readonly env: Readonly<Record<string, string | undefined>>
  /** `PORT` is the application's; a server opened for peers alone has a port of its own. */
  readonly ownServer: boolean
  /** Before `/websocket`: empty, or `/chat`. */
  readonly path: string
}

/** The address to advertise: what was said, else what the server is bound to. Throws `not-listening` when neither is known. */
export function advertisedAddress({ server, address, env, ownServer, path }: AddressSources): Address {
  const bound = server.address()
  const boundTo = typeof bound === 'object' ? bound : null
  const host = address?.host ?? (nonEmpty(env['INSTANCE_IP']) || (boundTo && reachableHost(boundTo.address)))
  const port = address?.port ?? ((!ownServer && env['PORT'] !== '0' && nonEmpty(env['PORT'])) || boundTo?.port)
  if (!host || port === undefined || (!boundTo && !address)) {
    throw new ClusterError('not-listening', 'the server does not listen: call its listen() within 10 seconds of joinCluster(), or give the option address: { host, port }')
  }
  const portNumber = Number(port)
  if (!Number.isInteger(portNumber) || portNumber < 1 || portNumber > 65_535) {
    throw new ClusterError('invalid-option', `the advertised port must be a whole number from 1 to 65535, not ${JSON.stringify(port)}`)
  }
  if (typeof host !== 'string' || host.trim() === '' || host === 'undefined' || host === 'null') throw new ClusterError('invalid-option', `the advertised host must be a host name or an address, not ${JSON.stringify(host)}`)
  const bare = host.replace(/^\[(.*)\]$/, '$1')
  const shown = isIP(bare) === 6 ? `[${bare}]` : bare
  const url = `${server instanceof TlsServer ? 'wss' : 'ws'}://${shown}:${portNumber}${path}/websocket`
  if (!URL.canParse(url)) throw new ClusterError('invalid-option', `the advertised host ${JSON.stringify(host)} is no host name or address`)
  if (shown.length > longestHost || url.length > longestUrl) {
    throw new ClusterError('invalid-option', `the advertised host may have ${longestHost} characters and the address ${longestUrl}, not ${shown.length} and ${url.length}`)
  }
  return { host: shown, port: String(portNumber), url }
}

const nonEmpty = (text: string | undefined): string | undefined => (text === undefined || text === '' || text === 'undefined' ? undefined : text)

/** How a peer names what the server is bound to. */
function reachableHost(bound: string): string {
  if (bound === '127.0.0.1') return 'localhost'
  if (bound !== '0.0.0.0' && bound !== '::') return bound
  const external = Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .filter(({ internal, family, address }) => !internal && (family === 'IPv4' || (bound === '::' && !isLinkLocal(address))))
  return (external.find(({ family }) => family === 'IPv4') ?? external[0])?.address ?? 'localhost'
}

/** Link-local addresses need a network interface to mean anything. */
const isLinkLocal = (address: string): boolean => /^fe[89ab]/i.test(address)
