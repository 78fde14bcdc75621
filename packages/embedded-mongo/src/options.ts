import { wallClock } from './clock.js'
import { guardLogger, silentLogger } from './logger.js'
import type { EmbeddedClock } from './clock.js'
import type { Logger } from './logger.js'
import type { Store } from './storage/store.js'

export interface EmbeddedMongoOptions {
  /** The TCP port; 0, the default, takes a free one. */
  readonly port?: number
  /** The address to listen on: `127.0.0.1` unless said otherwise. There is no authentication: keep it there. */
  readonly host?: string
  /** The name of the one-node replica set (`rs0`), or false for a standalone, which has no change streams. */
  readonly replicaSet?: string | false
  /** Where `$$NOW` and the expiry of TTL indexes take their time from; the wall clock by default. */
  readonly clock?: EmbeddedClock
  /** The data of a server that was stopped, to go on with it. */
  readonly store?: EmbeddedStore
  /** How often expired documents are looked for, in milliseconds (1_000). MongoDB does it every 60 s. */
  readonly ttlIntervalMs?: number
  readonly logger?: Logger
}

/** The data of a server; opaque. Hand it to the next `startEmbeddedMongo` to go on with it. */
export type EmbeddedStore = Store

export const defaults = Object.freeze({ port: 0, host: '127.0.0.1', replicaSet: 'rs0', clock: wallClock, ttlIntervalMs: 1000, logger: silentLogger })

/** @throws RangeError for a port, a name of a replica set or an interval that is none. */
export const resolveOptions = (options: EmbeddedMongoOptions) => {
  const resolved = {
    port: options.port ?? defaults.port,
    host: options.host ?? defaults.host,
    replicaSet: options.replicaSet ?? defaults.replicaSet,
    clock: options.clock ?? defaults.clock,
    store: options.store,
    ttlIntervalMs: options.ttlIntervalMs ?? defaults.ttlIntervalMs,
    logger: guardLogger(options.logger ?? defaults.logger),
  }
  if (!Number.isInteger(resolved.port) || resolved.port < 0 || resolved.port > 65_535) throw new RangeError(`port must be between 0 and 65535, not ${resolved.port}`)
  if (resolved.replicaSet !== false && !/^[^?&=,/\s]+$/.test(resolved.replicaSet)) throw new RangeError(`replicaSet must be a name without white space or any of ?&=,/, or false, not '${resolved.replicaSet}'`)
  if (!(resolved.ttlIntervalMs > 0)) throw new RangeError(`ttlIntervalMs must be more than 0, not ${resolved.ttlIntervalMs}`)
  return resolved
}
