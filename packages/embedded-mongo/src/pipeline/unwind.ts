import { isDoc, setField, typeOf } from '../bson/value.js'
import { checkedParts } from '../expression/field-path.js'
import { MongoError } from '../mongo-error.js'
import type { Doc, Value } from '../bson/value.js'
import type { Run } from './context.js'

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

/** `$unwind`: a document for each element of an array. */
export const unwind = (spec: Value): Run => {
  if (isDoc(spec)) checkUnwind(spec)
  else if (typeof spec !== 'string') throw new MongoError(15981, `expected either a string or an object as specification for $unwind stage, got ${typeOf(spec)}`)
  const path = isDoc(spec) ? spec['path'] : spec
  const keep = isDoc(spec) && spec['preserveNullAndEmptyArrays'] === true
  const indexName = isDoc(spec) && typeof spec['includeArrayIndex'] === 'string' ? spec['includeArrayIndex'] : undefined
  if (typeof path !== 'string') throw new MongoError(28812, 'no path specified to $unwind stage')
  if (!path.startsWith('$')) throw new MongoError(28818, `path option to $unwind stage should be prefixed with a '$': ${path}`)
  const parts = checkedParts(path.slice(1))
  if (indexName !== undefined) checkedParts(indexName)
  return (docs) => docs.flatMap((doc) => {
    const value = parts.reduce((at: Value, part) => (isDoc(at) ? at[part] : undefined), doc)
    const withIndex = (shown: Doc, at: bigint | null): Doc => (indexName === undefined ? shown : put(shown, indexName.split('.'), at))
    if (Array.isArray(value) && value.length > 0) return value.map((element, at) => withIndex(put(doc, parts, element), BigInt(at)))
    if (!Array.isArray(value) && value !== null && value !== undefined) return [withIndex(doc, null)]
    return keep ? [withIndex(Array.isArray(value) ? put(doc, parts, undefined) : doc, null)] : []
  })
}

/** The document with another value at a path: where it stood, or at the end. Without a value the field is left out. */
export const put = (doc: Doc, [part = '', ...rest]: readonly string[], value: Value): Doc => {
  const before = Object.hasOwn(doc, part) ? doc[part] : undefined
  const next = rest.length === 0 ? value : put(isDoc(before) ? before : {}, rest, value)
  const copy: Doc = {}
  for (const name of Object.keys(doc)) {
    const inner = name === part ? next : doc[name]
    if (inner !== undefined) setField(copy, name, inner)
  }
  if (next !== undefined && !Object.hasOwn(copy, part)) setField(copy, part, next)
  return copy
}
