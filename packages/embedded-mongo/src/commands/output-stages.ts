import { equalValues } from '../bson/compare.js'
import { identical } from '../bson/identical.js'
import { print } from '../bson/print.js'
import { valueKey } from '../bson/key.js'
import { getField, isDoc, typeOf } from '../bson/value.js'
import { compileExpression } from '../expression/compile.js'
import { Names, Scope } from '../expression/scope.js'
import { MongoError } from '../mongo-error.js'
import { queryContext } from '../pipeline/context.js'
import { compilePipeline } from '../pipeline/stages.js'
import { checkCollectionName } from '../storage/store.js'
import { lookUp } from '../update/path.js'
import { missingField, unknownField } from './arguments.js'
import { alteredId, withId } from './updates.js'
import type { Doc, Value } from '../bson/value.js'
import type { Collection } from '../storage/collection.js'
import type { Call } from './command.js'

/** Writes what a pipeline made, and shows nothing. */
export type Write = (docs: readonly Doc[]) => void

/** `$out` or `$merge` with its arguments checked, before anything is read. */
export const outputStage = (call: Call, stage: string, spec: Value): Write => (stage === '$out' ? out(call, spec) : merge(call, spec))

const out = (call: Call, spec: Value): Write => {
  const { store } = call.server
  if (typeof spec !== 'string' && !isDoc(spec)) throw new MongoError(16990, `$out only supports a string or object argument, but found ${typeOf(spec)}`)
  const { db, coll } = isDoc(spec) ? spec : { db: call.db, coll: spec }
  if (typeof db !== 'string' || typeof coll !== 'string' || (isDoc(spec) && Object.keys(spec).length !== 2)) {
    throw new MongoError(16994, `If an object is passed to $out it must have exactly 2 fields: 'db' and 'coll'. Found: ${print(spec)}`)
  }
  checkCollectionName(db, coll)
  if (store.collection(db, coll)?.cap) throw new MongoError(17152, `namespace '${db}.${coll}' is capped so it can't be used for $out`)
  return (docs) => {
    const indexes = [...store.drop(db, coll)?.indexes.values() ?? []]
    const collection = store.demand(db, coll)
    for (const index of indexes) collection.addIndex(index.emptied())
    for (const doc of docs) store.insert(db, coll, withId(doc))
  }
}

type Target = { readonly db: string, readonly coll: string }

const targetOf = (call: Call, into: Value): Target => {
  if (into === '') throw new MongoError('InvalidNamespace', `Invalid $merge target namespace, '${call.db}.'`)
  if (typeof into === 'string') return { db: call.db, coll: into }
  if (!isDoc(into)) throw new MongoError(51178, `$merge 'into' field  must be either a string or an object, but found ${typeOf(into)}`)
  for (const name of Object.keys(into)) if (name !== 'db' && name !== 'coll') throw unknownField('NamespaceSpec', name)
  const { db = call.db, coll } = into
  if (typeof db !== 'string' || typeof coll !== 'string' || coll === '') throw new MongoError(51178, '$merge \'into\' field must specify a \'coll\' that is not empty, null or undefined')
  return { db, coll }
}

const modes = { whenMatched: ['replace', 'merge', 'keepExisting', 'fail'], whenNotMatched: ['insert', 'fail', 'discard'] } as const

const modeOf = (spec: Doc, field: 'whenMatched' | 'whenNotMatched', otherwise: string): string => {
  const mode = getField(spec, field) ?? otherwise
  if (typeof mode !== 'string' || !(modes[field] as readonly string[]).includes(mode)) {
    throw new MongoError('BadValue', `Enumeration value '${typeof mode === 'string' ? mode : print(mode)}' for field '$merge.${field}' is not a valid value.`)
  }
  return mode
}

/** How `$merge` makes the new document of the one that is there and the one that comes. */
type Combine = (existing: Doc, incoming: Doc) => Doc

const merge = (call: Call, given: Value): Write => {
  const { store } = call.server
  if (typeof given !== 'string' && !isDoc(given)) throw new MongoError(51182, `$merge only supports a string or object argument, not ${typeOf(given)}`)
  const spec: Doc = isDoc(given) ? given : { into: given }
  for (const name of Object.keys(spec)) if (!['into', 'on', 'let', 'whenMatched', 'whenNotMatched'].includes(name)) throw unknownField('$merge', name)
  if (!Object.hasOwn(spec, 'into')) throw missingField('$merge', 'into')
  const { db, coll } = targetOf(call, spec['into'])
  checkCollectionName(db, coll)
  const pipeline = spec['whenMatched']
  const whenMatched = Array.isArray(pipeline) ? 'pipeline' : modeOf(spec, 'whenMatched', 'merge')
  const whenNotMatched = modeOf(spec, 'whenNotMatched', 'insert')
  if ((whenMatched === 'keepExisting' || whenMatched === 'fail') && whenNotMatched !== 'insert') {
    throw new MongoError(51189, `Combination of $merge modes 'whenMatched: ${whenMatched}' and 'whenNotMatched: ${whenNotMatched}' is not supported`)
  }
  if (spec['let'] !== undefined && !Array.isArray(pipeline)) {
    throw new MongoError(51199, `Cannot use 'let' variables with 'whenMatched: ${whenMatched}' mode`)
  }
  const on = joinFields(spec['on'])
  const unique = uniqueIndex(store.collection(db, coll), on)
  const combine: Combine = Array.isArray(pipeline) ? byPipeline(call, pipeline, spec['let'])
    : whenMatched === 'replace' ? (existing, incoming) => withId({ _id: existing['_id'], ...incoming }) : (existing, incoming) => ({ ...existing, ...incoming })
  return (docs) => {
    const collection = store.demand(db, coll)
    for (const doc of docs) {
      const existing = find(collection, unique, on, on.includes('_id') ? withId(doc) : doc)
      if (!existing) {
        if (whenNotMatched === 'fail') throw new MongoError('MergeStageNoMatchingDocument', '$merge could not find a matching document in the target collection for at least one document in the source collection')
        if (whenNotMatched === 'insert') insert(call, { db, coll }, doc)
      } else if (whenMatched === 'fail') {
        insert(call, { db, coll }, doc)
      } else if (whenMatched !== 'keepExisting') {
        const after = combine(existing, doc)
        if (!equalValues(after['_id'], existing['_id'])) throw alteredId(after['_id'])
        if (!identical(after, existing)) store.update(db, coll, collection, existing, after, undefined)
      }
    }
  }
}

const insert = (call: Call, { db, coll }: Target, doc: Doc): void => {
  try {
    call.server.store.insert(db, coll, withId(doc))
  } catch (cause) {
    throw cause instanceof MongoError && cause.code === 11000 ? cause.within('$merge failed due to a DuplicateKey error') : cause
  }
}

const joinFields = (on: Value): readonly string[] => {
  if (on === undefined) return ['_id']
  if (typeof on === 'string') return [on]
  if (!Array.isArray(on)) throw new MongoError(51186, `$merge 'on' field  must be either a string or an array of strings, but found ${typeOf(on)}`)
  if (on.length === 0) throw new MongoError(51187, 'If explicitly specifying $merge \'on\', must include at least one field')
  return on.map((path) => {
    if (typeof path !== 'string') throw new MongoError(51134, `$merge 'on' array elements must be strings, but found ${typeOf(path)}`)
    return path
  })
}

/** The unique index over exactly these fields; undefined where they are `_id` alone. */
const uniqueIndex = (collection: Collection | undefined, on: readonly string[]): string | undefined => {
  if (on.length === 1 && on[0] === '_id') return undefined
  const wanted = new Set(on)
  for (const index of collection?.indexes.values() ?? []) {
    const fields = Object.keys(index.key)
    if (index.isUnique && index.spec['partialFilterExpression'] === undefined && fields.length === wanted.size && fields.every((field) => wanted.has(field))) return index.name
  }
  throw new MongoError(51183, 'Cannot find index to verify that join fields will be unique')
}

const find = (collection: Collection, unique: string | undefined, on: readonly string[], doc: Doc): Doc | undefined => {
  const wanted = new Map(on.map((path): [string, Value] => [path, lookUp(doc, path.split('.'))]))
  for (const value of wanted.values()) {
    if (value === undefined || value === null || Array.isArray(value)) throw new MongoError(51132, '$merge write error: \'on\' field cannot be missing, null, undefined or an array')
  }
  const index = unique === undefined ? undefined : collection.indexes.get(unique)
  if (!index) return collection.byId(wanted.get('_id'))
  const [found] = collection.byKey(index, valueKey(Object.keys(index.key).map((path) => wanted.get(path))))
  return found
}

const byPipeline = (call: Call, pipeline: readonly Value[], given: Value): Combine => {
  if (given !== undefined && !isDoc(given)) throw new MongoError('TypeMismatch', `BSON field '$merge.let' is the wrong type '${typeOf(given)}', expected type 'object'`)
  const bound = Object.entries(given ?? { new: '$$ROOT' }).map(([name, value]) => ({ name, evaluate: compileExpression(value, new Names()) }))
  const names = new Names(bound.map(({ name }) => name))
  const runFor = (incoming: Doc): ((docs: Doc[]) => Doc[]) => {
    const outer = new Scope(call.scope, incoming)
    const scope = { ...call.scope, variables: Object.fromEntries(bound.map(({ name, evaluate }) => [name, evaluate(outer)])) }
    return compilePipeline(pipeline, { scope, query: queryContext(scope), names, read: () => [] })
  }
  runFor({})
  return (existing, incoming) => withId({ _id: existing['_id'], ...runFor(incoming)([existing])[0] })
}
