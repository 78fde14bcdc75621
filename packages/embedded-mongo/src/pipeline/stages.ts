import { print } from '../bson/print.js'
import { valueKey } from '../bson/key.js'
import { isDoc, isNumeric, setField, toNumber, typeOf } from '../bson/value.js'
import { compileExpression } from '../expression/compile.js'
import { Scope } from '../expression/scope.js'
import { MongoError } from '../mongo-error.js'
import { Filter } from '../query/filter.js'
import { visitPath } from '../query/path.js'
import { checkSort, sorted } from '../query/sort.js'
import { queryContext } from './context.js'
import { bucket, bucketAuto } from './bucket.js'
import { graphLookup } from './graph-lookup.js'
import { group } from './group.js'
import { AddedFields, Projection } from './projection.js'
import { redact } from './redact.js'
import type { Doc, Value } from '../bson/value.js'
import type { Run, StageContext } from './context.js'

/** The stage and what it is given. @throws MongoError 40323 for what is no stage. */
export const stageOf = (stage: Value): [string, Value] => {
  if (!isDoc(stage)) throw new MongoError('TypeMismatch', 'Each element of the \'pipeline\' array must be an object')
  const [name, ...more] = Object.keys(stage)
  if (name === undefined || more.length > 0) throw new MongoError(40323, 'A pipeline stage specification object must contain exactly one field.')
  return [name, stage[name]]
}

/** A pipeline as a function of documents. */
export const compilePipeline = (pipeline: readonly Value[], context: StageContext): Run => {
  const runs = pipeline.map((stage) => compileStage(...stageOf(stage), context))
  return (docs) => runs.reduce((current, run) => run(current), docs)
}

const compileStage = (name: string, spec: Value, context: StageContext): Run => {
  switch (name) {
    case '$match': {
      if (!isDoc(spec)) throw new MongoError(15959, 'the match filter must be an expression in an object')
      const filter = new Filter(spec, context.query)
      return (docs) => docs.filter((doc) => filter.matches(doc))
    }
    case '$project': {
      if (!isDoc(spec)) throw new MongoError(15969, '$project specification must be an object')
      const projection = new Projection(spec, context.scope, '$project', context.names)
      return (docs) => docs.map((doc) => projection.apply(doc))
    }
    case '$addFields': case '$set': return addFields(name, spec, context)
    case '$unset': return unset(spec, context)
    case '$replaceRoot': case '$replaceWith': return replaceRoot(name, spec, context)
    case '$sort': return sort(spec, context)
    case '$limit': {
      const limit = count(name, spec, 15958, true)
      return (docs) => docs.slice(0, limit)
    }
    case '$skip': {
      const skip = count(name, spec, 15956, false)
      return (docs) => docs.slice(skip)
    }
    case '$count': {
      if (typeof spec !== 'string') throw new MongoError(40156, 'the count field must be a non-empty string')
      if (spec === '') throw new MongoError(40157, 'the count field must be a non-empty string')
      if (spec.startsWith('$')) throw new MongoError(40158, 'the count field cannot be a $-prefixed path')
      if (spec.includes('.')) throw new MongoError(40160, 'the count field cannot contain \'.\'')
      return (docs) => (docs.length === 0 ? [] : [{ [spec]: docs.length }])
    }
    case '$group': return group(spec, context)
    case '$bucket': return bucket(spec, context)
    case '$bucketAuto': return bucketAuto(spec, context)
    case '$graphLookup': return graphLookup(spec, context)
    case '$redact': return redact(spec, context)
    case '$sortByCount': {
      if (!isDoc(spec) && !(typeof spec === 'string' && spec.startsWith('$'))) {
        throw new MongoError(40149, 'the sortByCount field must be specified as a string or as an object')
      }
      const counted = group({ _id: spec, count: { $sum: 1 } }, context)
      return (docs) => sorted(counted(docs), { count: -1 }, undefined)
    }
    case '$unwind': return unwind(spec)
    case '$lookup': return lookup(spec, context)
    case '$facet': return facet(spec, context)
    case '$unionWith': return unionWith(spec, context)
    case '$sample': {
      const size = isDoc(spec) ? spec['size'] : undefined
      if (!isDoc(spec)) throw new MongoError(28745, 'the $sample stage specification must be an object')
      for (const option of Object.keys(spec)) if (option !== 'size') throw new MongoError(28748, `unrecognized option to $sample: ${option}`)
      if (size === undefined) throw new MongoError(28749, '$sample stage must specify a size')
      if (!isNumeric(size)) throw new MongoError(28746, 'size argument to $sample must be a number')
      if (toNumber(size) < 0) throw new MongoError(28747, 'size argument to $sample must not be negative')
      return (docs) => docs.map((doc) => ({ doc, at: Math.random() })).sort((a, b) => a.at - b.at).slice(0, toNumber(size)).map(({ doc }) => doc)
    }
    default: throw new MongoError(40324, `Unrecognized pipeline stage name: '${name}'`)
  }
}

const addFields = (name: string, spec: Value, context: StageContext): Run => {
  if (!isDoc(spec)) throw new MongoError(40272, `${name} specification stage must be an object, got ${typeOf(spec)}`)
  if (Object.keys(spec).length === 0) throw new MongoError(40177, `Invalid ${name} :: caused by :: specification must have at least one field`)
  try {
    const fields = new AddedFields(spec, context.scope, context.names)
    return (docs) => docs.map((doc) => fields.apply(doc))
  } catch (cause) {
    throw cause instanceof MongoError ? cause.within(`Invalid ${name}`) : cause
  }
}

const unset = (spec: Value, context: StageContext): Run => {
  const paths = Array.isArray(spec) ? spec : [spec]
  if (paths.length === 0) throw new MongoError(31119, '$unset specification must be a string or an array with at least one field')
  const fields: Doc = {}
  for (const path of paths) {
    if (typeof path !== 'string') throw new MongoError(31002, '$unset specification must be a string or an array')
    setField(fields, path, false)
  }
  const projection = new Projection(fields, context.scope, '$project', context.names)
  return (docs) => docs.map((doc) => projection.apply(doc))
}

const replaceRoot = (name: string, spec: Value, context: StageContext): Run => {
  const root = name === '$replaceWith' ? spec : isDoc(spec) ? spec['newRoot'] : undefined
  if (name === '$replaceRoot' && !isDoc(spec)) throw new MongoError(40229, `expected an object as specification for $replaceRoot stage, got ${typeOf(spec)}`)
  if (root === undefined) throw new MongoError(40231, 'no newRoot specified for the $replaceRoot stage')
  const evaluate = compileExpression(root, context.names)
  return (docs) => docs.map((doc) => {
    const value = evaluate(new Scope(context.scope, doc))
    if (!isDoc(value)) {
      throw new MongoError(40228, `'${name === '$replaceRoot' ? 'newRoot' : 'replacement document'}' expression  must evaluate to an object, but resulting value was: ${value === undefined ? 'MISSING' : print(value)}. Type of resulting value: '${value === undefined ? 'missing' : typeOf(value)}'.`)
    }
    return value
  })
}

const sort = (spec: Value, context: StageContext): Run => {
  if (!isDoc(spec)) throw new MongoError(15973, 'the $sort key specification must be an object')
  if (Object.keys(spec).length === 0) throw new MongoError(15976, '$sort stage must have at least one sort key')
  checkSort(spec)
  return (docs) => sorted(docs, spec, context.scope.collation)
}

const count = (name: string, spec: Value, code: number, positive: boolean): number => {
  if (!isNumeric(spec)) throw new MongoError(name === '$limit' ? 15957 : 15972, `invalid argument to ${name} stage: Expected a number in: ${name}: ${print(spec)}`)
  const number = toNumber(spec)
  if (number < 0) throw new MongoError(code, name === '$limit' ? 'the limit must be positive' : 'Argument to $skip cannot be negative')
  if (positive && number === 0) throw new MongoError(15958, 'the limit must be positive')
  return number
}

const checkUnwind = (spec: Doc): void => {
  for (const [name, value] of Object.entries(spec)) {
    if (name === 'path' && typeof value !== 'string') throw new MongoError(28808, `expected a string as the path for $unwind stage, got ${typeOf(value)}`)
    if (name === 'preserveNullAndEmptyArrays' && typeof value !== 'boolean') {
      throw new MongoError(28809, `expected a boolean for the preserveNullAndEmptyArrays option to $unwind stage, got ${typeOf(value)}`)
    }
    if (name === 'includeArrayIndex') {
      if (typeof value !== 'string' || value === '') throw new MongoError(28810, `expected a non-empty string for the includeArrayIndex  option to $unwind stage, got ${typeOf(value)}`)
      if (value.startsWith('$')) throw new MongoError(28822, `includeArrayIndex option to $unwind stage should not be prefixed with a '$': ${value}`)
    }
    if (!['path', 'preserveNullAndEmptyArrays', 'includeArrayIndex'].includes(name)) {
      throw new MongoError(28811, `unrecognized option to $unwind stage: ${name}`)
    }
  }
}

const unwind = (spec: Value): Run => {
  if (isDoc(spec)) checkUnwind(spec)
  else if (typeof spec !== 'string') throw new MongoError(15981, `expected either a string or an object as specification for $unwind stage, got ${typeOf(spec)}`)
  const path = isDoc(spec) ? spec['path'] : spec
  const keep = isDoc(spec) && spec['preserveNullAndEmptyArrays'] === true
  const indexName = isDoc(spec) && typeof spec['includeArrayIndex'] === 'string' ? spec['includeArrayIndex'] : undefined
  if (typeof path !== 'string') throw new MongoError(28812, 'no path specified to $unwind stage')
  if (!path.startsWith('$')) throw new MongoError(28818, `path option to $unwind stage should be prefixed with a '$': ${path}`)
  const parts = path.slice(1).split('.')
  return (docs) => docs.flatMap((doc) => {
    const value = parts.reduce((at: Value, part) => (isDoc(at) ? at[part] : undefined), doc)
    const withIndex = (shown: Doc, at: bigint | null): Doc => (indexName === undefined ? shown : { ...shown, [indexName]: at })
    if (Array.isArray(value) && value.length > 0) return value.map((element, at) => withIndex(put(doc, parts, element), BigInt(at)))
    if (!Array.isArray(value) && value !== null && value !== undefined) return [withIndex(doc, null)]
    return keep ? [withIndex(Array.isArray(value) ? put(doc, parts, undefined) : doc, null)] : []
  })
}

const put = (doc: Doc, parts: readonly string[], value: Value): Doc => {
  const [part = '', ...rest] = parts
  const copy: Doc = {}
  for (const name of Object.keys(doc)) {
    const inner = doc[name]
    const next = name === part ? (rest.length === 0 ? value : put(inner as Doc, rest, value)) : inner
    if (next !== undefined) setField(copy, name, next)
  }
  return copy
}

const lookup = (spec: Value, context: StageContext): Run => {
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
  if (Array.isArray(pipeline)) {
    const bound = Object.entries(isDoc(variables) ? variables : {}).map(([name, value]) => ({ name, evaluate: compileExpression(value, context.names) }))
    return (docs) => docs.map((doc) => {
      const outer: Doc = { ...context.scope.variables }
      for (const { name, evaluate } of bound) outer[name] = evaluate(new Scope(context.scope, doc))
      const scope = { ...context.scope, variables: outer }
      const run = compilePipeline(pipeline, { ...context, scope, names: context.names.with(...Object.keys(outer)), query: queryContext(scope) })
      return { ...doc, [as]: run([...context.read(from)]) }
    })
  }
  if (typeof localField !== 'string' || typeof foreignField !== 'string') {
    throw new MongoError('FailedToParse', '$lookup requires either \'pipeline\' or both \'localField\' and \'foreignField\' to be specified')
  }
  const valuesOf = (doc: Doc, path: string): Value[] => {
    const values: Value[] = []
    visitPath(doc, path.split('.'), 'both', (found) => values.push(found.value ?? null) < 0)
    return values.length === 0 ? [null] : values
  }
  return (docs) => {
    const foreign = [...context.read(from)].map((doc) => ({ doc, keys: new Set(valuesOf(doc, foreignField).map(valueKey)) }))
    return docs.map((doc) => {
      const keys = valuesOf(doc, localField).filter((value, _at, all) => !(Array.isArray(value) && all.length > 1)).map(valueKey)
      return { ...doc, [as]: foreign.filter((other) => keys.some((key) => other.keys.has(key))).map((other) => other.doc) }
    })
  }
}

const facet = (spec: Value, context: StageContext): Run => {
  if (!isDoc(spec) || Object.keys(spec).length === 0) throw new MongoError(40169, 'the $facet specification must be a non-empty object')
  const runs = Object.entries(spec).map(([name, pipeline]): [string, Run] => {
    if (name === '' || name.startsWith('$') || name.includes('.')) throw new MongoError(16410, 'FieldPath field names may not start with \'$\'.')
    if (!Array.isArray(pipeline)) throw new MongoError(40170, `arguments to $facet must be arrays, ${name} is type ${typeOf(pipeline)}`)
    for (const stage of pipeline) {
      const [inner] = stageOf(stage)
      if (['$out', '$merge', '$facet', '$changeStream', '$geoNear'].includes(inner)) throw new MongoError(40600, `${inner} is not allowed to be used within a $facet stage`)
    }
    return [name, compilePipeline(pipeline, context)]
  })
  return (docs) => [Object.fromEntries(runs.map(([name, run]) => [name, run([...docs])]))]
}

const unionWith = (spec: Value, context: StageContext): Run => {
  const coll = isDoc(spec) ? spec['coll'] : spec
  if (typeof coll !== 'string') throw new MongoError('FailedToParse', `the $unionWith stage specification must be an object or string, but found ${typeOf(spec)}`)
  const run = compilePipeline(isDoc(spec) && Array.isArray(spec['pipeline']) ? spec['pipeline'] : [], context)
  return (docs) => [...docs, ...run([...context.read(coll)])]
}

