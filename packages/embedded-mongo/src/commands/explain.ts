import { hostname } from 'node:os'
import { print } from '../bson/print.js'
import { getField, isDoc, isNumeric } from '../bson/value.js'
import { MongoError } from '../mongo-error.js'
import { stageOf } from '../pipeline/stage-of.js'
import { queryContext } from '../pipeline/context.js'
import { Filter } from '../query/filter.js'
import { isOperatorDoc } from '../query/operator-doc.js'
import { findDocs, planOf } from '../query/plan.js'
import { sourceOf, pipelineOf } from './aggregate.js'
import { checkFields, collectionOf, docArgument, flag, numberArgument } from './arguments.js'
import { hintOf } from './field-types.js'
import { version } from './hello.js'
import type { Doc, Value } from '../bson/value.js'
import type { Collection } from '../storage/collection.js'
import type { Plan, Question } from '../query/plan.js'
import type { Call, Command } from './command.js'

const verbosities = new Set(['queryPlanner', 'executionStats', 'allPlansExecution'])

/** A query with each of its conditions written out, as `explain` shows it. */
const parsedQuery = (query: Doc): Doc => {
  const conditions = Object.entries(query).flatMap(([name, operand]): Doc[] => {
    if (name === '$comment') return []
    if (name.startsWith('$')) return [{ [name]: Array.isArray(operand) ? operand.map((clause) => (isDoc(clause) ? parsedQuery(clause) : clause)) : operand }]
    if (!isOperatorDoc(operand)) return [{ [name]: { $eq: operand } }]
    return Object.entries(operand).map(([operator, value]) => ({ [name]: { [operator]: value } }))
  })
  const [only] = conditions
  return conditions.length > 1 ? { $and: conditions } : only ?? {}
}

/** Bounds of an index scan, field by field. */
const boundsOf = (key: Doc, query: Doc): Doc => {
  const bounds: Doc = {}
  let isBounded = true
  for (const path of Object.keys(key)) {
    const condition: Value = isBounded ? getField(query, path) : undefined
    bounds[path] = condition === undefined ? ['[MinKey, MaxKey]'] : intervals(condition)
    isBounded = condition !== undefined
  }
  return bounds
}

const intervals = (condition: Value): string[] => {
  if (!isOperatorDoc(condition)) return [`[${print(condition)}, ${print(condition)}]`]
  const { $eq: only, $in: among, $gt, $gte, $lt, $lte } = condition
  if (only !== undefined) return intervals(only)
  if (Array.isArray(among)) return among.map((value) => `[${print(value)}, ${print(value)}]`)
  const low = $gt ?? $gte
  const high = $lt ?? $lte
  if (!isNumeric(low ?? high)) return ['[MinKey, MaxKey]']
  return [`${$gt === undefined ? '[' : '('}${low === undefined ? '-inf.0' : print(low)}, ${high === undefined ? 'inf.0' : print(high)}${$lt === undefined ? ']' : ')'}`]
}

/** The stages that find the documents, without those that sort, cut or change them. */
const access = (plan: Plan, query: Doc): Doc => {
  switch (plan.stage) {
    case 'EOF': case 'IDHACK': return { stage: plan.stage }
    case 'COLLSCAN': return { stage: 'COLLSCAN', ...(Object.keys(query).length > 0 && { filter: parsedQuery(query) }), direction: plan.backwards ? 'backward' : 'forward' }
    case 'IXSCAN': {
      const { name, key, index } = plan.by
      const rest = Object.fromEntries(Object.entries(query).filter(([path]) => !Object.hasOwn(key, path)))
      return {
        stage: 'FETCH',
        ...(Object.keys(rest).length > 0 && { filter: parsedQuery(rest) }),
        inputStage: {
          stage: 'IXSCAN', keyPattern: key, indexName: name, isMultiKey: false, multiKeyPaths: Object.fromEntries(Object.keys(key).map((path) => [path, []])),
          isUnique: index ? index.isUnique : true, isSparse: index?.isSparse === true, isPartial: index?.isPartial === true, indexVersion: 2,
          direction: plan.backwards ? 'backward' : 'forward', indexBounds: boundsOf(key, query),
        },
      }
    }
  }
}

/** Command in the terms of a plan, with the stages above it. */
interface Explained {
  readonly question: Question
  readonly over: (inner: Doc, plan: Plan) => Doc
  /** The stages of a pipeline that are not part of finding. */
  readonly stages?: readonly Value[]
}

const found = (call: Call): Explained => {
  const sort = docArgument(call, 'sort')
  const [limit, skip] = [numberArgument(call, 'limit') ?? 0, numberArgument(call, 'skip') ?? 0]
  const projection = docArgument(call, 'projection')
  return {
    question: { query: docArgument(call, 'filter'), sort, hint: hintOf(call.command), collated: call.scope.collation !== undefined },
    over: (inner, plan) => {
      let stage = inner
      if (plan.blockingSort) stage = { stage: 'SORT', sortPattern: sort, memLimit: 104_857_600, ...(limit > 0 && { limitAmount: limit + skip }), type: 'simple', inputStage: stage }
      if (Object.keys(projection).length > 0) stage = { stage: isSimple(projection) ? 'PROJECTION_SIMPLE' : 'PROJECTION_DEFAULT', transformBy: projection, inputStage: stage }
      if (skip > 0) stage = { stage: 'SKIP', skipAmount: skip, inputStage: stage }
      return limit > 0 && !plan.blockingSort ? { stage: 'LIMIT', limitAmount: limit, inputStage: stage } : stage
    },
  }
}

const isSimple = (projection: Doc): boolean => Object.entries(projection).every(([path, value]) => !path.includes('.') && (isNumeric(value) || typeof value === 'boolean'))

const asked = (call: Call, field: string, over: Explained['over']): Explained => ({ question: { query: docArgument(call, field), hint: hintOf(call.command) }, over })

const statement = (call: Call, field: string, stage: string): Explained => {
  const statements = getField(call.command, field)
  const [only] = Array.isArray(statements) ? statements : []
  if (!Array.isArray(statements) || statements.length !== 1 || !isDoc(only)) throw new MongoError('InvalidLength', 'explained write batches must be of size 1')
  const query = getField(only, 'q')
  return { question: { query: isDoc(query) ? query : {}, hint: hintOf(only) }, over: (inner) => ({ stage, inputStage: inner }) }
}

const explained = (call: Call): Explained => {
  switch (call.name) {
    case 'find': return found(call)
    case 'count': return asked(call, 'query', (inner) => (Object.keys(docArgument(call, 'query')).length === 0
      ? { stage: 'RECORD_STORE_FAST_COUNT' } : { stage: 'COUNT', inputStage: inner }))
    case 'distinct': return asked(call, 'query', (inner) => inner)
    case 'update': return statement(call, 'updates', 'UPDATE')
    case 'delete': return statement(call, 'deletes', 'DELETE')
    case 'findAndModify': case 'findandmodify': {
      const stage = flag(call, 'remove') ? 'DELETE' : 'UPDATE'
      return { question: { query: docArgument(call, 'query'), sort: docArgument(call, 'sort') }, over: (inner) => ({ stage, inputStage: inner }) }
    }
    case 'aggregate': {
      const stages = pipelineOf(call.command).map(stageOf)
      const { filter, stages: consumed } = sourceOf(call, collectionOf(call), stages)
      return { question: { query: filter.source, hint: hintOf(call.command) }, over: (inner) => inner, stages: pipelineOf(call.command).slice(consumed) }
    }
    default: throw new MongoError('IllegalOperation', `Cannot explain cmd: ${call.name}`)
  }
}

/** Execution statistics; the server has no finer stages to report. */
const statistics = (call: Call, collection: Collection | undefined, plan: Plan, query: Doc, winningPlan: Doc): Doc => {
  const docs = collection ? [...findDocs(collection, new Filter(query, queryContext(call.scope)), plan)].length : 0
  const examined = plan.stage === 'COLLSCAN' ? collection?.size ?? 0 : docs
  return {
    executionSuccess: true, nReturned: docs, executionTimeMillis: 0, totalKeysExamined: plan.stage === 'COLLSCAN' ? 0 : docs, totalDocsExamined: examined,
    executionStages: { ...winningPlan, nReturned: docs },
  }
}

/** How a command would find its documents. @param verbosity `queryPlanner`, or one of those that run it too */
export const explain = (call: Call, verbosity: string): Doc => {
  const { server, db } = call
  const { question, over, stages = [] } = explained(call)
  const name = collectionOf(call)
  const collection = server.store.collection(db, name)
  const plan = planOf(collection, question)
  const winningPlan = over(access(plan, question.query), plan)
  const shown: Doc = {
    queryPlanner: {
      plannerVersion: 1, namespace: `${db}.${name}`, indexFilterSet: false, parsedQuery: parsedQuery(question.query), winningPlan, rejectedPlans: [],
    },
    ...(verbosity !== 'queryPlanner' && { executionStats: statistics(call, collection, plan, question.query, winningPlan) }),
  }
  const [host = '', port] = server.address.split(/:(?=\d+$)/)
  const serverInfo = { host: hostname() || host, port: Number(port), version, gitVersion: 'embedded' }
  return stages.length === 0 ? { ...shown, serverInfo } : { stages: [{ $cursor: shown }, ...stages], serverInfo }
}

/** @param find the command of a name; undefined where there is none. */
export const explainCommand = (find: (name: string) => Command | undefined): Command => ({
  fields: ['verbosity'],
  run: (call) => {
    const nested = getField(call.command, 'explain')
    if (!isDoc(nested)) throw new MongoError('FailedToParse', 'explain command requires a nested object')
    const verbosity = getField(call.command, 'verbosity') ?? 'allPlansExecution'
    if (typeof verbosity !== 'string' || !verbosities.has(verbosity)) {
      throw new MongoError('FailedToParse', 'verbosity string must be one of {\'queryPlanner\', \'executionStats\', \'allPlansExecution\'}')
    }
    const [name = ''] = Object.keys(nested)
    const command = find(name)
    if (!command) throw new MongoError('CommandNotFound', `Explain failed due to unknown command: ${name}`)
    checkFields(name, nested, command)
    return explain({ ...call, name, command: nested }, verbosity)
  },
})
