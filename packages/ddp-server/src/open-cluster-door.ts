import type { ApplicationServer } from './application-server.js'
import type { DoorOptions } from './cluster-door.js'
import type { DDPServer } from './ddp-server.js'
import { Endpoint } from './endpoint.js'
import { DDPServerError } from './errors.js'
import type { MethodHandler } from './method-invocation.js'
import type { PublicationHandler } from './publication.js'

/** Takes methods and publications. */
export interface Offering {
  /** @throws DDPServerError `method-taken` */
  method(name: string, handler: MethodHandler): void
  /** @throws DDPServerError `publication-taken` */
  publish(name: string, handler: PublicationHandler): void
}

/** Entrance of one cluster to an endpoint that it joins on. */
export interface OpenDoor {
  readonly server: ApplicationServer
  /** Before `/websocket`. */
  readonly path: string
  /** Offers to instances of the cluster, until `close()`. */
  readonly instances: Offering
  /** Offers to clients. After `close()` the next cluster on the endpoint may offer the same names; until then they stay, so that nobody loses a subscription at a restart. */
  readonly clients: Offering
  /** Lets clients in: their upgrades are held until then. */
  ready(): void
  /** Ends the sessions of clients and lets no more in. Resolves when their `onClose` handlers have settled, after `withinMs` at the latest; undefined when there are none. */
  endClients(withinMs: number): Promise<void> | undefined
  /** Ends the sessions of instances; resolves when their sockets are closed, after the door's `closeTimeoutMs` at the latest. */
  close(): Promise<void>
}

/** @throws DDPServerError `invalid-option` when `ddpServer` was not made by `createDDPServer()`; `closed`; `path-taken` when another cluster has joined on it */
export function openClusterDoor(ddpServer: DDPServer, options: DoorOptions): OpenDoor {
  if (!(ddpServer instanceof Endpoint)) throw new DDPServerError('invalid-option', 'ddpServer must be what createDDPServer() returned')
  const endpoint: Endpoint = ddpServer
  const door = endpoint.openDoor(options)
  const { server, path } = endpoint.options
  const lent = new Set<MethodHandler | PublicationHandler>()
  return {
    server,
    path,
    instances: door,
    clients: {
      method: (name, handler) => {
        endpoint.method(name, handler)
        lent.add(handler)
      },
      publish: (name, handler) => {
        endpoint.publish(name, handler)
        lent.add(handler)
      },
    },
    ready: () => endpoint.ready(door),
    endClients: (withinMs) => endpoint.endClients(withinMs),
    close: () => {
      for (const handler of lent) endpoint.registry.release(handler)
      return endpoint.closeDoor(door)
    },
  }
}
