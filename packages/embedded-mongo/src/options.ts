import { wallClock } from './clock.js'
import { guardLogger, silentLogger } from './logger.js'
import type { EmbeddedClock } from './clock.js'
import type { Logger } from './logger.js'
import type { Store } from './storage/store.js'

/** Options of `startEmbeddedMongo()`. */
export interface EmbeddedMongoOptions {
  /** TCP port; 0 takes a free one. @defaultValue 0 */
  readonly port?: number
  /** Address to listen on. There is no authentication: keep it on this machine. @defaultValue `'127.0.0.1'` */
  readonly host?: string
  /** Name of the one-node replica set, or `false` for a standalone, which has no change streams. @defaultValue `'rs0'` */
  readonly replicaSet?: string | false
  /** Clock of `$$NOW`, `$currentDate` and TTL indexes. @defaultValue the wall clock */
  readonly clock?: EmbeddedClock
  /** Data of a stopped server, to go on with it. @defaultValue an empty store */
  readonly store?: EmbeddedStore
  /** Interval of removing expired documents, in milliseconds, at most 2_147_483_647. MongoDB's is 60 s. @defaultValue 1_000 */
  readonly ttlIntervalMs?: number
  /** Logger of warnings and errors. @defaultValue none */
  readonly logger?: Logger
}

/** Data of a server, opaque. Pass it to the next `startEmbeddedMongo()` to go on with it. */
export type EmbeddedStore = Store

/** Longest delay of a timer in Node.js; a longer one fires at once. */
export const longestTimerMs = 2_147_483_647

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
  if (typeof resolved.ttlIntervalMs !== 'number' || !(resolved.ttlIntervalMs > 0 && resolved.ttlIntervalMs <= longestTimerMs)) {
    throw new RangeError(`ttlIntervalMs must be a number above 0, at most ${longestTimerMs}, not ${String(resolved.ttlIntervalMs)}`)
  }
  return resolved
}
