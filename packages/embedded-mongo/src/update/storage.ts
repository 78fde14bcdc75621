import { BSONRegExp } from 'bson'
import { getField, isDoc } from '../bson/value.js'
import { MongoError } from '../mongo-error.js'
import type { Doc, Value } from '../bson/value.js'

const referenceFields = new Set(['$ref', '$id', '$db'])

/**
 * Refuses what may not be stored: field names that begin with a dollar.
 *
 * @throws MongoError 52
 */
export const checkStorable = (value: Value, path: string): void => {
  if (Array.isArray(value)) {
    for (const [at, element] of value.entries()) checkStorable(element, join(path, String(at)))
  } else if (isDoc(value)) {
    for (const name of Object.keys(value)) {
      if (name.startsWith('$') && !referenceFields.has(name)) {
        throw new MongoError('DollarPrefixedFieldName', `The dollar ($) prefixed field '${name}' in '${join(path, name)}' is not valid for storage.`)
      }
      checkStorable(value[name], join(path, name))
    }
  }
}

/** Check of a document before an insert, with the words of an insert. @throws MongoError 2, or 52 for what is inside of the `_id` */
export const checkInsertable = (doc: Doc): void => {
  for (const name of Object.keys(doc)) if (name.startsWith('$')) throw new MongoError('BadValue', `Document can't have $ prefixed field names: ${name}`)
  const id = getField(doc, '_id')
  if (id instanceof BSONRegExp) throw new MongoError('BadValue', 'can\'t use a regex for _id')
  if (id === undefined && Object.hasOwn(doc, '_id')) throw new MongoError('BadValue', 'can\'t use a undefined for _id')
  if (Array.isArray(id)) throw new MongoError('BadValue', 'can\'t use an array for _id')
  if (isDoc(id)) checkEmbedded(id)
}

const checkEmbedded = (value: Value): void => {
  if (Array.isArray(value)) for (const element of value) checkEmbedded(element)
  if (!isDoc(value)) return
  for (const name of Object.keys(value)) {
    if (name.startsWith('$') && !referenceFields.has(name)) throw new MongoError('DollarPrefixedFieldName', `${name} is not valid for storage.`)
    checkEmbedded(value[name])
  }
}

const join = (path: string, name: string): string => (path === '' ? name : `${path}.${name}`)

/** @throws MongoError for an `_id` that no document may have. */
export const checkId = (id: Value): void => {
  if (Array.isArray(id)) throw new MongoError('InvalidIdField', 'The \'_id\' value cannot be of type array')
  if (id instanceof BSONRegExp) throw new MongoError('InvalidIdField', 'The \'_id\' value cannot be of type regex')
  if (id === undefined) throw new MongoError('InvalidIdField', 'The \'_id\' value cannot be of type undefined')
}
