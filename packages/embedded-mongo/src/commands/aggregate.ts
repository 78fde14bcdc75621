import { getField, isDoc, isNumeric, toNumber, typeOf } from '../bson/value.js'
import { ListSource } from '../cursors.js'
import { MongoError } from '../mongo-error.js'
import { Names } from '../expression/scope.js'
import { queryContext } from '../pipeline/context.js'
import { stageOf } from '../pipeline/stage-of.js'
import { compilePipeline } from '../pipeline/stages.js'
import { Filter } from '../query/filter.js'
import { findDocs, planOf } from '../query/plan.js'
import { checkHint } from '../query/hint.js'
import { collectionOf, cursorBatchSize } from './arguments.js'
import { openChangeStream } from './change-streams.js'
import { outputStage } from './output-stages.js'
import { defaultBatch, openCursor } from './reads.js'
import type { Doc, Value } from '../bson/value.js'
import type { Plan } from '../query/plan.js'
import type { Call, Command } from './command.js'

const fields = [
  'pipeline', 'cursor', 'explain', 'allowDiskUse', 'bypassDocumentValidation', 'collation', 'hint', 'let', 'fromMongos', 'needsMerge', 'runtimeConstants', 'exchange',
]

/** @throws MongoError for an option of another type than its own. */
const checkOptions = (command: Doc): void => {
  for (const field of Object.keys(command)) {
    const value = command[field]
    if ((field === 'allowDiskUse' || field === 'explain') && typeof value !== 'boolean') {
      throw new MongoError('TypeMismatch', `${field} must be a boolean, not a ${typeOf(value)}`)
    }
    if (field === 'hint' && typeof value !== 'string' && !isDoc(value)) {
      throw new MongoError('FailedToParse', 'hint must be specified as a string representing an index name, or an object representing an index\'s key pattern')
    }
  }
}

/** The collection, or undefined for `{ aggregate: 1 }`, which is of the database. */
const targetOf = (call: Call): string | undefined => {
  const first = getField(call.command, 'aggregate')
  if (!isNumeric(first)) return collectionOf(call)
  if (toNumber(first) !== 1) throw new MongoError('FailedToParse', 'Invalid command format: the \'aggregate\' field must specify a collection name or 1')
  return undefined
}

/** Source of a pipeline: a query that an index may answer, and an order that one may give. */
export interface Source {
  readonly plan: Plan
  readonly filter: Filter
  /** How many stages it stands for. */
  readonly stages: number
}

export const sourceOf = (call: Call, name: string, stages: readonly (readonly [string, Value])[]): Source => {
  const hint = call.command['hint'] as string | Doc | undefined
  const [first, second] = stages
  const match = first?.[0] === '$match' && isDoc(first[1]) ? first[1] : undefined
  const filter = new Filter(match ?? {}, queryContext(call.scope))
  const next = match ? second : first
  const sort = next?.[0] === '$sort' && isDoc(next[1]) ? next[1] : {}
  const collection = call.server.store.collection(call.db, name)
  checkHint(collection, hint, filter.source)
  const plan = planOf(collection, { query: filter.source, sort, hint, collated: call.scope.collation !== undefined })
  return { plan, filter, stages: match ? 1 : 0 }
}

export const pipelineOf = (command: Doc): readonly Value[] => {
  const pipeline = getField(command, 'pipeline')
  if (!Array.isArray(pipeline)) throw new MongoError('TypeMismatch', '\'pipeline\' option must be specified as an array')
  return pipeline
}

const aggregate: Command = {
  fields,
  isRead: true,
  run: (call) => {
    const { server, db, scope, command } = call
    server.counters.command++
    const name = targetOf(call)
    const pipeline = pipelineOf(command)
    checkOptions(command)
    if (!Object.hasOwn(command, 'cursor')) throw new MongoError('FailedToParse', 'The \'cursor\' option is required, except for aggregate with the explain argument')
    const batchSize = cursorBatchSize(command, defaultBatch)
    const namespace = `${db}.${name ?? '$cmd.aggregate'}`
    const stages = pipeline.map(stageOf)
    const streamAt = stages.findIndex(([stage]) => stage === '$changeStream')
    if (streamAt > 0) throw new MongoError(40602, '$changeStream is only valid as the first stage in a pipeline.')
    // The first batch of a stream is empty: its events come with the first getMore.
    if (streamAt === 0) return openCursor(call, namespace, openChangeStream(call, name, pipeline), 0)
    if (name === undefined) {
      const [stage] = stages[0] ?? []
      throw new MongoError('InvalidNamespace', `{aggregate: 1} is not valid for ${stage === undefined ? 'an empty pipeline.' : `'${stage}'; a collection is required.`}`)
    }
    const last = stages.at(-1)
    const output = last?.[0] === '$out' || last?.[0] === '$merge' ? last : undefined
    const write = output && outputStage(call, ...output)
    const names = new Names(Object.keys(scope.variables))
    const read = (from: string): Iterable<Doc> => server.store.collection(db, from)?.all() ?? []
    const context = { scope, query: queryContext(scope), names, read }
    compilePipeline(output ? pipeline.slice(0, -1) : pipeline, context)
    const source = sourceOf(call, name, stages)
    const run = compilePipeline(pipeline.slice(source.stages, output ? -1 : undefined), context)
    const collection = server.store.collection(db, name)
    const docs = run(collection ? [...findDocs(collection, source.filter, source.plan)] : [])
    write?.(docs)
    return openCursor(call, namespace, write ? new ListSource([]) : new ListSource(docs, 'tried first'), batchSize)
  },
}

export const aggregateCommands: Readonly<Record<string, Command>> = { aggregate }
