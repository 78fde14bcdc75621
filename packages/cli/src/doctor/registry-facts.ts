import type { Document } from 'mongodb'
import { asked, type Ending } from '../registry/connect.js'
import type { SeenDocument } from '../registry/record.js'
import type { Registry } from '../registry/registry.js'

/** Facts of a registry from MongoDB. Durations are in milliseconds. */
export interface RegistryFacts {
  /** `database.collection`. */
  readonly label: string
  /** The collection's documents, those of other names too. */
  readonly documents: readonly SeenDocument[]
  readonly more: boolean
  /** The name that was asked for. */
  readonly name: string | undefined
  readonly changeStreams: boolean
  /** The index on `_updatedAt` alone that covers all records: none, or after how long it expires a record, undefined when it does not. */
  readonly index: { readonly expireAfterMs: number | undefined } | undefined
  /** The median of some pings. */
  readonly roundTripMs: number
  /** By how much the database's clock is ahead of this machine's. */
  readonly clockAheadMs: number
  /** Of the instances that said so. */
  readonly heartbeatIntervalsMs: ReadonlyMap<string, number>
}

const pings = 5
const mostRows = 1000

/** Asks MongoDB for everything. Rejects with a `CliError`. */
export async function registryFacts(registry: Registry, name: string | undefined): Promise<RegistryFacts> {
  const { documents, more } = await registry.read()
  const trips: number[] = []
  for (let count = 0; count < pings; count += 1) {
    const from = performance.now()
    await asked(registry.place, ({ signal }) => registry.db.command({ ping: 1 }, { signal }))
    trips.push(performance.now() - from)
  }
  const before = Date.now()
  const hello = await asked(registry.place, (ending) => registry.hello(ending))
  const middle = (before + Date.now()) / 2
  const localTime: unknown = hello['localTime']
  return {
    label: `${registry.db.databaseName}.${registry.place.collection}`,
    documents,
    more,
    name,
    changeStreams: typeof hello['setName'] === 'string' || hello['msg'] === 'isdbgrid',
    index: await asked(registry.place, (ending) => expiryIndex(registry, ending)),
    roundTripMs: trips.sort((a, b) => a - b)[Math.floor(pings / 2)] ?? 0,
    clockAheadMs: localTime instanceof Date ? localTime.getTime() - middle : 0,
    heartbeatIntervalsMs: await heartbeats(registry).catch(() => new Map<string, number>()),
  }
}

const namespaceNotFound = 26

async function expiryIndex({ collection }: Registry, ending: Ending): Promise<RegistryFacts['index']> {
  const indexes: Document[] = await collection.listIndexes(ending).toArray().catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === namespaceNotFound) return []
    throw error
  })
  // A partial index expires only some of the records.
  const own = indexes.filter(({ key, partialFilterExpression }) => Object.keys(key as object).join() === '_updatedAt' && partialFilterExpression === undefined)
  const expiring = own.find((index) => index['expireAfterSeconds'] !== undefined) ?? own[0]
  if (!expiring) return undefined
  const seconds: unknown = expiring['expireAfterSeconds']
  return { expireAfterMs: seconds === undefined ? undefined : Number(seconds) * 1000 }
}

/** Heartbeat intervals, from the rows that instances leave for the clean-up after them. */
async function heartbeats(registry: Registry): Promise<Map<string, number>> {
  const rows = await asked(registry.place, (ending) =>
    registry.db.collection<{ _id: string; heartbeatIntervalMs?: unknown }>(`${registry.place.collection}_departures`).find({}, { projection: { heartbeatIntervalMs: 1 }, limit: mostRows, batchSize: mostRows, ...ending }).toArray(),
  )
  return new Map(rows.flatMap(({ _id, heartbeatIntervalMs }) => (typeof heartbeatIntervalMs === 'number' ? [[_id, heartbeatIntervalMs] as const] : [])))
}
