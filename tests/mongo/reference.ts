import { readFileSync } from 'node:fs'
import { BSON, UUID } from 'mongodb'
import type { MongoClient } from 'mongodb'

const { EJSON } = BSON

/** One raw command, and what a real mongod answered to it. */
interface Step {
  readonly db?: string
  readonly command: Record<string, unknown>
  readonly reply: Record<string, unknown>
  readonly save?: Record<string, string>
  readonly varies?: readonly string[]
  readonly events?: boolean
}

export interface Scenario {
  readonly scenario: string
  readonly steps: readonly Step[]
}

/** A step as it came out. `wanted` and `got` are canonical Extended JSON with the parts that vary taken out. */
export interface Outcome {
  readonly step: number
  readonly command: unknown
  readonly wanted: unknown
  readonly got: unknown
  readonly isSame: boolean
}

export const scenarios = (JSON.parse(readFileSync(new URL('fixtures/mongod.replies.json', import.meta.url), 'utf8')) as { scenarios: Scenario[] }).scenarios

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value)

const at = (value: unknown, path: string): unknown => path.split('.').reduce<unknown>((inner, part) => (isObject(inner) || Array.isArray(inner) ? (inner as Record<string, unknown>)[part] : undefined), value)

const blank = (value: unknown, path: string): void => {
  const parts = path.split('.')
  const last = parts.pop() ?? ''
  const parent = parts.length === 0 ? value : at(value, parts.join('.'))
  if (isObject(parent) && last in parent) parent[last] = '<varies>'
}

const substitute = (value: unknown, saved: ReadonlyMap<string, unknown>, db: string): unknown => {
  if (typeof value === 'string') {
    if (value.startsWith('$$') && saved.has(value.slice(2))) return saved.get(value.slice(2))
    return value.replaceAll('$$db', db)
  }
  if (Array.isArray(value)) return value.map((element) => substitute(element, saved, db))
  return isObject(value) ? Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, substitute(inner, saved, db)])) : value
}

const withoutDb = (value: unknown, db: string): unknown => {
  if (typeof value === 'string') return value.replaceAll(db, '<db>')
  if (Array.isArray(value)) return value.map((element) => withoutDb(element, db))
  return isObject(value) ? Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, withoutDb(inner, db)])) : value
}

const normal = (reply: unknown, step: Step, db: string): Record<string, unknown> => {
  const shown = withoutDb(reply, db) as Record<string, unknown>
  for (const name of ['$clusterTime', 'operationTime', 'electionId', 'opTime']) delete shown[name]
  for (const path of step.varies ?? []) blank(shown, path)
  if (step.events === true) {
    for (const name of ['nextBatch', 'firstBatch']) {
      const batch = at(shown, `cursor.${name}`)
      for (const event of Array.isArray(batch) ? batch : []) for (const field of ['_id', 'clusterTime']) blank(event, field)
    }
    for (const name of ['postBatchResumeToken', 'id']) if (JSON.stringify(at(shown, `cursor.${name}`)) !== '{"$numberLong":"0"}') blank(shown, `cursor.${name}`)
  }
  // The process that answered, and how often its topology changed, belong to the run.
  blank(shown, 'topologyVersion')
  return shown
}

/** Runs one scenario in a database of its own. */
export const replay = async (client: MongoClient, { steps }: Scenario, db: string): Promise<Outcome[]> => {
  const saved = new Map<string, unknown>([['uuid', EJSON.serialize(new UUID())], ['db', db]])
  const outcomes: Outcome[] = []
  for (const [number, step] of steps.entries()) {
    const command = EJSON.deserialize(substitute(step.command, saved, db) as Record<string, unknown>, { relaxed: false }) as Record<string, unknown>
    const send = async (): Promise<Record<string, unknown>> => {
      const raw = await client.db(step.db ?? db).command(command, { promoteValues: false, readPreference: 'primary' }).catch((error: unknown) => {
        const response = (error as { errorResponse?: unknown, result?: unknown }).errorResponse ?? (error as { result?: unknown }).result
        if (!isObject(response)) throw error
        return response
      })
      return EJSON.serialize(raw, { relaxed: false })
    }
    let reply = await send()
    if (step.events === true && 'getMore' in step.command) reply = await untilAllEvents(send, reply, step)
    for (const [name, path] of Object.entries(step.save ?? {})) saved.set(name, at(reply, path))
    const got = normal(reply, step, db)
    const wanted = normal(structuredClone(step.reply), step, db)
    outcomes.push({ step: number, command: step.command, wanted, got, isSame: JSON.stringify(got) === JSON.stringify(wanted) })
  }
  return outcomes
}

/** A real server may hand out the events in several batches. */
const untilAllEvents = async (send: () => Promise<Record<string, unknown>>, first: Record<string, unknown>, step: Step): Promise<Record<string, unknown>> => {
  const wanted = (at(step.reply, 'cursor.nextBatch') as unknown[] | undefined)?.length ?? 0
  const events = [...(at(first, 'cursor.nextBatch') as unknown[] | undefined) ?? []]
  let last = first
  for (let attempts = 0; events.length < wanted && attempts < 20; attempts++) {
    last = await send()
    events.push(...(at(last, 'cursor.nextBatch') as unknown[] | undefined) ?? [])
  }
  const cursor = last['cursor']
  return isObject(cursor) ? { ...last, cursor: { ...cursor, nextBatch: events } } : last
}
