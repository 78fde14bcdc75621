import { createServer } from 'node:net'
import { Connection } from './wire/connection.js'
import { expire } from './ttl.js'
import { resolveOptions } from './options.js'
import { Server, maxConnections } from './server-state.js'
import { Store } from './storage/store.js'
import type { AddressInfo } from 'node:net'
import type { EmbeddedMongoOptions, EmbeddedStore } from './options.js'

/** Running server. */
export interface EmbeddedMongo extends AsyncDisposable {
  /** Connection string for `new MongoClient()`. */
  readonly uri: string
  /** Address that the server listens on. */
  readonly host: string
  /** TCP port that the server listens on. */
  readonly port: number
  /** Data of the server, for another one that goes on with it. */
  readonly store: EmbeddedStore
  /** Removes expired documents (and idle cursors) now, without waiting for the interval: for tests that moved the clock. @returns how many documents */
  expireNow(): number
  /** Drops all connections and frees the port; can be called twice. */
  close(): Promise<void>
  /** Promise that resolves when the server is closed. */
  readonly closed: Promise<void>
}

/**
 * Starts a server that MongoDB's drivers take for a one-node replica set. Everything is in memory: it is for examples, tests and laptops.
 *
 * @throws RangeError for bad options, and the error of `listen` where the port is taken.
 */
export const startEmbeddedMongo = async (options: EmbeddedMongoOptions = {}): Promise<EmbeddedMongo> => {
  const { port, host, replicaSet, clock, ttlIntervalMs, logger, store = new Store(clock) } = resolveOptions(options)
  const server = new Server(store, clock, replicaSet)
  const connections = new Set<Connection>()
  const listener = createServer((socket) => {
    server.connections = { current: server.connections.current + 1, totalCreated: server.connections.totalCreated + 1 }
    const connection = new Connection(socket, server, logger)
    connections.add(connection)
    socket.once('close', () => {
      connections.delete(connection)
      server.connections = { ...server.connections, current: server.connections.current - 1 }
    })
  })
  listener.maxConnections = maxConnections
  await new Promise<void>((resolve, reject) => {
    listener.once('error', reject)
    listener.listen(port, host, () => {
      listener.off('error', reject)
      resolve()
    })
  })
  const bound = (listener.address() as AddressInfo).port
  const shownHost = host.includes(':') ? `[${host}]` : host === '0.0.0.0' ? '127.0.0.1' : host
  server.address = `${shownHost}:${bound}`
  const expireNow = (): number => {
    server.cursors.expire()
    return expire(store, clock.now())
  }
  const ttl = setInterval(expireNow, ttlIntervalMs)
  ttl.unref()
  logger.info({ address: server.address, replicaSet }, 'embedded-mongo listens: in memory, for examples and tests, not for production')

  const closed = new Promise<void>((resolve) => listener.once('close', () => resolve()))
  const close = async (): Promise<void> => {
    clearInterval(ttl)
    listener.close()
    for (const connection of connections) connection.close()
    server.cursors.clear()
    server.sessions.clear()
    await closed
  }
  return {
    uri: `mongodb://${server.address}/${replicaSet === false ? '?directConnection=true' : `?replicaSet=${replicaSet}`}`,
    host,
    port: bound,
    store,
    expireNow,
    close,
    closed,
    [Symbol.asyncDispose]: close,
  }
}
