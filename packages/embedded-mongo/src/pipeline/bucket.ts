import { compareValues } from '../bson/compare.js'
import { print } from '../bson/print.js'
import { isDoc, isNumeric, setField, toNumber, typeOf } from '../bson/value.js'
import { compileExpression } from '../expression/compile.js'
import { Scope } from '../expression/scope.js'
import { MongoError } from '../mongo-error.js'
import { accumulated, group } from './group.js'
import { sorted } from '../query/sort.js'
import type { Doc, Value } from '../bson/value.js'
import type { Run, StageContext } from './context.js'

const counting: Doc = { count: { $sum: 1 } }

const isExpression = (value: Value): boolean => isDoc(value) || (typeof value === 'string' && value.startsWith('$'))

const outputOf = (stage: string, code: number, output: Value): Doc => {
  if (output === undefined) return counting
  if (!isDoc(output)) throw new MongoError(code, `The ${stage} 'output' field must be an object, but found type: ${typeOf(output)}.`)
  return output
}

/** `$bucket`: a `$group` by the boundary below each value, in the order of the boundaries. */
export const bucket = (spec: Value, context: StageContext): Run => {
  if (!isDoc(spec)) throw new MongoError(40201, `Argument to $bucket stage must be an object, but found type: ${typeOf(spec)}.`)
  for (const name of Object.keys(spec)) {
    if (!['groupBy', 'boundaries', 'default', 'output'].includes(name)) throw new MongoError(40197, `Unrecognized option to $bucket: ${name}.`)
  }
  const { groupBy, boundaries, default: otherwise, output } = spec
  if (groupBy !== undefined && !isExpression(groupBy)) {
    throw new MongoError(40202, `The $bucket 'groupBy' field must be defined as a $-prefixed path or an expression, but found: ${print(groupBy)}.`)
  }
  if (boundaries !== undefined && !Array.isArray(boundaries)) {
    throw new MongoError(40200, `The $bucket 'boundaries' field must be an array, but found type: ${typeOf(boundaries)}.`)
  }
  if (boundaries) checkBoundaries(boundaries)
  const fields = outputOf('$bucket', 40196, output)
  if (groupBy === undefined || !boundaries) throw new MongoError(40198, '$bucket requires \'groupBy\' and \'boundaries\' to be specified.')
  if (otherwise !== undefined && compareValues(otherwise, boundaries[0]) >= 0 && compareValues(otherwise, boundaries.at(-1)) < 0) {
    throw new MongoError(40199, 'The $bucket \'default\' field must be less than the lowest boundary or greater than or equal to the highest boundary.')
  }
  const branches = boundaries.slice(0, -1).map((lower, at) => {
    const branch: Doc = { case: { $and: [{ $gte: [groupBy, { $literal: lower }] }, { $lt: [groupBy, { $literal: boundaries[at + 1] }] }] } }
    setField(branch, 'then', { $literal: lower })
    return branch
  })
  const grouped = group({ _id: { $switch: { branches, ...(otherwise !== undefined && { default: { $literal: otherwise } }) } }, ...fields }, context)
  return (docs) => sorted(grouped(docs), { _id: 1 }, undefined)
}

const checkBoundaries = (boundaries: readonly Value[]): void => {
  for (const value of boundaries) {
    if (isExpression(value)) throw new MongoError(40191, `The $bucket 'boundaries' field must be an array of constant values, but found value: ${print(value)}.`)
  }
  if (boundaries.length < 2) {
    throw new MongoError(40192, `The $bucket 'boundaries' field must have at least 2 values, but found ${boundaries.length} value(s).`)
  }
  for (const [at, upper] of boundaries.entries()) {
    const lower = boundaries[at - 1]
    if (at === 0) continue
    if (typeOf(lower) !== typeOf(upper) && !(isNumeric(lower) && isNumeric(upper))) {
      throw new MongoError(40193, `All values in the the 'boundaries' option to $bucket must have the same type. Found conflicting types ${typeOf(lower)} and ${typeOf(upper)}.`)
    }
    if (compareValues(lower, upper) >= 0) {
      throw new MongoError(40194, `The 'boundaries' option to $bucket must be sorted, but elements ${at - 1} and ${at} are not in sorted order (${print(lower)} is not less than ${print(upper)}).`)
    }
  }
}

/** `$bucketAuto`: as many buckets of about the same size as are asked for; equal values are never in two of them. */
export const bucketAuto = (spec: Value, context: StageContext): Run => {
  if (!isDoc(spec)) throw new MongoError(40240, `The argument to $bucketAuto must be an object, but found type: ${typeOf(spec)}.`)
  for (const name of Object.keys(spec)) {
    if (name === 'granularity') throw new MongoError('CommandNotSupported', 'the granularity of $bucketAuto is not supported by the embedded server')
    if (!['groupBy', 'buckets', 'output'].includes(name)) throw new MongoError(40245, `Unrecognized option to $bucketAuto: ${name}.`)
  }
  const { groupBy, buckets, output } = spec
  if (groupBy !== undefined && !isExpression(groupBy)) {
    throw new MongoError(40239, `The $bucketAuto 'groupBy' field must be defined as a $-prefixed path or an expression, but found: ${print(groupBy)}.`)
  }
  if (buckets !== undefined && !isNumeric(buckets)) {
    throw new MongoError(40241, `The $bucketAuto 'buckets' field must be a numeric value, but found type: ${typeOf(buckets)}.`)
  }
  const fields = accumulated(outputOf('$bucketAuto', 40244, output), context)
  if (groupBy === undefined || buckets === undefined) throw new MongoError(40246, '$bucketAuto requires \'groupBy\' and \'buckets\' to be specified.')
  const wanted = toNumber(buckets)
  if ((wanted | 0) !== wanted) throw new MongoError(40242, `The $bucketAuto 'buckets' field must be representable as a 32-bit integer, but found ${print(buckets)}.`)
  if (wanted <= 0) throw new MongoError(40243, `The $bucketAuto 'buckets' field must be greater than 0, but found: ${wanted}`)
  const key = compileExpression(groupBy, context.names)
  return (docs) => {
    const entries = docs.map((doc) => new Scope(context.scope, doc)).map((scope) => ({ scope, key: key(scope) ?? null }))
      .sort((a, b) => compareValues(a.key, b.key))
    const size = Math.max(1, Math.round(entries.length / wanted))
    const made: Doc[] = []
    for (let begin = 0, number = 1; begin < entries.length; number++) {
      let end = number === wanted ? entries.length : Math.min(entries.length, begin + size)
      while (end < entries.length && compareValues(entries[end]?.key, entries[end - 1]?.key) === 0) end++
      const max = entries[end]?.key ?? entries[end - 1]?.key
      made.push({ _id: { min: entries[begin]?.key, max }, ...fields(entries.slice(begin, end).map(({ scope }) => scope)) })
      begin = end
    }
    return made
  }
}
