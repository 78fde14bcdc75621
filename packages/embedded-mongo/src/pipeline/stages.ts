import { print } from '../bson/print.js'
import { isDoc, isNumeric, setField, toNumber, typeOf } from '../bson/value.js'
import { compileExpression } from '../expression/compile.js'
import { Scope } from '../expression/scope.js'
import { MongoError } from '../mongo-error.js'
import { Filter } from '../query/filter.js'
import { checkSort, sorted } from '../query/sort.js'
import { bucket, bucketAuto } from './bucket.js'
import { graphLookup } from './graph-lookup.js'
import { group } from './group.js'
import { AddedFields, Projection } from './projection.js'
import { facet, lookup, unionWith } from './nested.js'
import { redact } from './redact.js'
import { isOutput, stageOf } from './stage-of.js'
import { unwind } from './unwind.js'
import type { Doc, Value } from '../bson/value.js'
import type { Run, StageContext } from './context.js'

/** A pipeline as a function of documents. */
export const compilePipeline = (pipeline: readonly Value[], context: StageContext): Run => {
  const runs = pipeline.map((stage, at) => {
    const [name, spec] = stageOf(stage)
    if (isOutput(name) && at < pipeline.length - 1) throw new MongoError(40601, `${name} can only be the final stage in the pipeline`)
    return compileStage(name, spec, context)
  })
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
      return within(name, () => {
        const projection = new Projection(spec, context.scope, '$project', context.names)
        return (docs) => docs.map((doc) => projection.apply(doc))
      })
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
    case '$lookup': return lookup(spec, context, compilePipeline)
    case '$facet': return facet(spec, context, compilePipeline)
    case '$unionWith': return unionWith(spec, context, compilePipeline)
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
  return within(name, () => {
    const fields = new AddedFields(spec, context.scope, context.names)
    return (docs) => docs.map((doc) => fields.apply(doc))
  })
}

/** Names the stage in the errors of its specification. */
const within = (name: string, compile: () => Run): Run => {
  try {
    return compile()
  } catch (cause) {
    throw cause instanceof MongoError ? cause.within(`Invalid ${name}`) : cause
  }
}

const unset = (spec: Value, context: StageContext): Run => {
  const paths = Array.isArray(spec) ? spec : [spec]
  if (paths.length === 0) throw new MongoError(31119, '$unset specification must be a string or an array with at least one field')
  const fields: Doc = {}
  for (const path of paths) {
    if (typeof path !== 'string') throw new MongoError(Array.isArray(spec) ? 31120 : 31002, `$unset specification must be a string or an array${Array.isArray(spec) ? ' containing only string values' : ''}`)
    setField(fields, path, false)
  }
  return within('$unset', () => {
    const projection = new Projection(fields, context.scope, '$unset', context.names)
    return (docs) => docs.map((doc) => projection.apply(doc))
  })
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
