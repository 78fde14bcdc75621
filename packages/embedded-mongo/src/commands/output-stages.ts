import { getField, isDoc } from '../bson/value.js'
import { MongoError } from '../mongo-error.js'
import { withId } from './updates.js'
import type { Doc, Value } from '../bson/value.js'
import type { Call } from './command.js'

/** `$out` and `$merge` (on `_id`): writes what a pipeline made, and shows nothing. */
export const writeResult = (call: Call, stage: string, spec: Value, docs: readonly Doc[]): Doc[] => {
  const { store } = call.server
  const into = isDoc(spec) ? (stage === '$merge' ? spec['into'] : spec['coll']) : spec
  const db = isDoc(into) && typeof into['db'] === 'string' ? into['db'] : isDoc(spec) && typeof spec['db'] === 'string' ? spec['db'] : call.db
  const name = isDoc(into) ? into['coll'] : into
  if (typeof name !== 'string') throw new MongoError('TypeMismatch', `${stage} needs the name of a collection`)
  if (stage === '$out') store.drop(db, name)
  const whenMatched = isDoc(spec) && typeof spec['whenMatched'] === 'string' ? spec['whenMatched'] : 'merge'
  const whenNotMatched = isDoc(spec) && typeof spec['whenNotMatched'] === 'string' ? spec['whenNotMatched'] : 'insert'
  const collection = store.demand(db, name)
  for (const doc of docs.map(withId)) {
    const existing = collection.byId(getField(doc, '_id'))
    if (!existing) {
      if (whenNotMatched === 'fail') throw new MongoError(13113, '$merge could not find a matching document in the target collection for at least one document in the source collection')
      if (whenNotMatched === 'insert') store.insert(db, name, doc)
    } else if (whenMatched === 'fail') {
      store.insert(db, name, doc)
    } else if (whenMatched !== 'keepExisting') {
      store.update(db, name, collection, existing, whenMatched === 'replace' ? doc : { ...existing, ...doc }, undefined)
    }
  }
  return []
}
