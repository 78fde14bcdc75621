import { CliError } from '../errors.js'
import type { MongoPlace } from '../places.js'
import { Registry } from '../registry/registry.js'
import { type Finding, found } from './catalogue.js'
import { examineAddresses } from './examine-addresses.js'
import type { Examination } from './examination.js'
import { judgeRegistry, recordsOf } from './judge-registry.js'
import { type RegistryFacts, registryFacts } from './registry-facts.js'

/** Looks at MongoDB, at the records, and at who answers where they say. Rejects with a `CliError` `usage` alone. */
export async function examineRegistry(place: MongoPlace): Promise<Examination> {
  let registry: Registry | undefined
  try {
    // The records of all names: to have several is a usual mistake.
    registry = await Registry.open({ ...place, name: undefined })
    const facts = await registryFacts(registry, place.name)
    const records = recordsOf(facts)
    return { looked: looked(facts), findings: [...judgeRegistry(facts), ...(await examineAddresses(records, facts.label))], unanswered: false }
  } catch (error) {
    return { looked: [], findings: [notLookedAt(error)], unanswered: true }
  } finally {
    await registry?.close()
  }
}

function looked(facts: RegistryFacts): string[] {
  const { label, roundTripMs, clockAheadMs, index, changeStreams } = facts
  const records = recordsOf(facts)
  return [
    `MongoDB answers in ${roundTripMs.toFixed(1)} ms, ${changeStreams ? 'has change streams' : 'has no change streams'}, and its clock differs by ${Math.abs(Math.round(clockAheadMs))} ms from this machine's`,
    `${label} has ${records.length} record${records.length === 1 ? '' : 's'} of instances, ${records.filter(({ stale }) => stale).length} of them stale, and ${index?.expireAfterMs === undefined ? 'no TTL index' : `a TTL index of ${index.expireAfterMs / 1000} s`}`,
    `${records.length} advertised address${records.length === 1 ? ' was' : 'es were'} dialled from this machine`,
  ]
}

function notLookedAt(error: unknown): Finding {
  if (error instanceof CliError && (error.code === 'mongo-unreachable' || error.code === 'mongo-refused')) return found(error.code, `${error.message}.`)
  throw error
}
