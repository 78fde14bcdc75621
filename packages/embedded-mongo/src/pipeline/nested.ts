import { print } from '../bson/print.js'
import { valueKey } from '../bson/key.js'
import { isDoc, typeOf } from '../bson/value.js'
import { compileExpression } from '../expression/compile.js'
import { checkVariableName, checkedParts } from '../expression/field-path.js'
import { Scope } from '../expression/scope.js'
import { MongoError } from '../mongo-error.js'
import { visitPath } from '../query/path.js'
import { queryContext } from './context.js'
import { isOutput, stageOf } from './stage-of.js'
import { put } from './unwind.js'
import type { Doc, Value } from '../bson/value.js'
import type { Run, StageContext } from './context.js'

/** Makes a pipeline ready; handed down, so that the stages that hold pipelines need not know the file that knows all stages. */
type CompilePipeline = (pipeline: readonly Value[], context: StageContext) => Run

/** The pipeline of a `$lookup` or a `$unionWith`, which may write nothing. */
const nested = (owner: '$lookup' | '$unionWith', compile: CompilePipeline, pipeline: readonly Value[], context: StageContext): Run => {
  for (const stage of pipeline) {
    const [name] = stageOf(stage)
    if (isOutput(name) || name === '$changeStream') {
      throw new MongoError(owner === '$lookup' ? 51047 : 31441, `${name} is not allowed within a ${owner}'s sub-pipeline`)
    }
  }
  return compile(pipeline, context)
}

export const lookup = (spec: Value, context: StageContext, compile: CompilePipeline): Run => {
  if (!isDoc(spec)) throw new MongoError('FailedToParse', `the $lookup specification must be an object, but found ${typeOf(spec)}`)
  const { from, as, localField, foreignField, pipeline, let: variables } = spec
  for (const [name, value] of Object.entries(spec)) {
    if (name === 'pipeline' && !Array.isArray(value)) throw new MongoError('TypeMismatch', '\'pipeline\' option must be specified as an array')
    if (name === 'let' && !isDoc(value)) throw new MongoError('FailedToParse', `$lookup argument 'let: ${print(value)}' must be an object, is type ${typeOf(value)}`)
    if (name === 'pipeline' || name === 'let') continue
    if (typeof value !== 'string') throw new MongoError('FailedToParse', `$lookup argument '${name}: ${print(value)}' must be a string, is type ${typeOf(value)}`)
    if (!['from', 'as', 'localField', 'foreignField'].includes(name)) throw new MongoError('FailedToParse', `unknown argument to $lookup: ${name}`)
  }
  if (Array.isArray(pipeline) && (localField !== undefined || foreignField !== undefined)) {
    throw new MongoError('FailedToParse', '$lookup with \'pipeline\' may not specify \'localField\' or \'foreignField\'')
  }
  if (typeof from !== 'string') throw new MongoError('FailedToParse', 'missing \'from\' option to $lookup stage specification: ')
  if (typeof as !== 'string') throw new MongoError('FailedToParse', 'must specify \'as\' field for a $lookup')
  for (const path of [as, localField, foreignField]) if (typeof path === 'string') checkedParts(path)
  if (Array.isArray(pipeline)) {
    const bound = Object.entries(isDoc(variables) ? variables : {}).map(([name, value]) => {
      checkVariableName(name, true)
      return { name, evaluate: compileExpression(value, context.names) }
    })
    return (docs) => docs.map((doc) => {
      const outer: Doc = { ...context.scope.variables }
      for (const { name, evaluate } of bound) outer[name] = evaluate(new Scope(context.scope, doc))
      const scope = { ...context.scope, variables: outer }
      const run = nested('$lookup', compile, pipeline, { ...context, scope, names: context.names.with(...Object.keys(outer)), query: queryContext(scope) })
      return put(doc, as.split('.'), run([...context.read(from)]))
    })
  }
  if (typeof localField !== 'string' || typeof foreignField !== 'string') {
    throw new MongoError('FailedToParse', '$lookup requires either \'pipeline\' or both \'localField\' and \'foreignField\' to be specified')
  }
  const keyOf = (value: Value): string => valueKey(value, context.scope.collation)
  const valuesOf = (doc: Doc, path: string): Value[] => {
    const values: Value[] = []
    visitPath(doc, path.split('.'), 'both', (found) => values.push(found.value ?? null) < 0)
    return values.length === 0 ? [null] : values
  }
  return (docs) => {
    const foreign = [...context.read(from)].map((doc) => ({ doc, keys: new Set(valuesOf(doc, foreignField).map(keyOf)) }))
    return docs.map((doc) => {
      const keys = valuesOf(doc, localField).filter((value, _at, all) => !(Array.isArray(value) && all.length > 1)).map(keyOf)
      return put(doc, as.split('.'), foreign.filter((other) => keys.some((key) => other.keys.has(key))).map((other) => other.doc))
    })
  }
}

export const facet = (spec: Value, context: StageContext, compile: CompilePipeline): Run => {
  if (!isDoc(spec) || Object.keys(spec).length === 0) throw new MongoError(40169, 'the $facet specification must be a non-empty object')
  const runs = Object.entries(spec).map(([name, pipeline]): [string, Run] => {
    if (name === '' || name.startsWith('$') || name.includes('.')) throw new MongoError(16410, 'FieldPath field names may not start with \'$\'.')
    if (!Array.isArray(pipeline)) throw new MongoError(40170, `arguments to $facet must be arrays, ${name} is type ${typeOf(pipeline)}`)
    for (const stage of pipeline) {
      const [inner] = stageOf(stage)
      if (['$out', '$merge', '$facet', '$changeStream', '$geoNear'].includes(inner)) throw new MongoError(40600, `${inner} is not allowed to be used within a $facet stage`)
    }
    return [name, compile(pipeline, context)]
  })
  return (docs) => [Object.fromEntries(runs.map(([name, run]) => [name, run([...docs])]))]
}

export const unionWith = (spec: Value, context: StageContext, compile: CompilePipeline): Run => {
  if (!isDoc(spec) && typeof spec !== 'string') {
    throw new MongoError('FailedToParse', `the $unionWith stage specification must be an object or string, but found ${typeOf(spec)}`)
  }
  const { coll, pipeline, ...unknown }: Doc = isDoc(spec) ? spec : { coll: spec }
  for (const name of Object.keys(unknown)) throw new MongoError(40415, `BSON field '$unionWith.${name}' is an unknown field.`)
  if (coll === undefined) throw new MongoError(40414, 'BSON field \'$unionWith.coll\' is missing but a required field')
  if (typeof coll !== 'string') throw new MongoError('TypeMismatch', `BSON field '$unionWith.coll' is the wrong type '${typeOf(coll)}', expected type 'string'`)
  if (pipeline !== undefined && !Array.isArray(pipeline)) throw new MongoError(10065, 'invalid parameter: expected an object ($unionWith.pipeline)')
  const run = nested('$unionWith', compile, pipeline ?? [], context)
  return (docs) => [...docs, ...run([...context.read(coll)])]
}
