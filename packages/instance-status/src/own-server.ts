import { once } from 'node:events'
import { createServer, type Server as HttpServer } from 'node:http'
import { createServer as createTlsServer, type Server as HttpsServer } from 'node:https'
import type { Socket } from 'node:net'
import type { ApplicationServer } from '@ddp-cluster/ddp-server'
import { ClusterError } from './errors.js'
import type { JoinOptions } from './options.js'

/** An HTTP server for peers alone, and how to be rid of it. */
export interface OwnServer {
  readonly server: ApplicationServer
  readonly close: () => Promise<void>
}

/** A peer has its handshakes done in a moment; who takes longer for a TLS handshake, or for a request, is a stranger that holds a socket. */
const longestRequestMs = 10_000

/** Rejects with `listen-failed` when the port is taken, or what `tls` holds is no good. */
export async function openServer({ host, port, tls }: NonNullable<JoinOptions['listen']>, requestMs = longestRequestMs): Promise<OwnServer> {
  try {
    const patience = { headersTimeout: requestMs, requestTimeout: requestMs, connectionsCheckingInterval: requestMs / 4 }
    const server = tls ? createTlsServer({ handshakeTimeout: requestMs, ...tls, ...patience }) : createServer(patience)
    // Also those that never finish a TLS handshake: the server itself does not count them.
    const sockets = new Set<Socket>()
    server.on('connection', (socket: Socket) => {
      sockets.add(socket)
      socket.once('close', () => sockets.delete(socket))
    })
    server.on('request', (_request, response) => response.writeHead(404).end())
    // Exclusive: in a worker of node:cluster the port would otherwise be shared with the other workers.
    server.listen({ port: port ?? 0, ...(host !== undefined && { host }), exclusive: true })
    await once(server, 'listening')
    return { server, close: () => closeServer(server, sockets) }
  } catch (error) {
    throw new ClusterError('listen-failed', `the server for peers could not be opened: ${error instanceof Error ? error.message : String(error)}`, { cause: error })
  }
}

async function closeServer(server: HttpServer | HttpsServer, sockets: ReadonlySet<Socket>): Promise<void> {
  if (!server.listening) return
  const closed = once(server, 'close')
  server.close()
  for (const socket of sockets) socket.destroy()
  await closed
}
