import { isDoc } from '../bson/value.js'
import { MongoError } from '../mongo-error.js'
import type { Value } from '../bson/value.js'

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

const join = (path: string, name: string): string => (path === '' ? name : `${path}.${name}`)

/** @throws MongoError for an `_id` that no document may have. */
export const checkId = (id: Value): void => {
  if (Array.isArray(id)) throw new MongoError('InvalidIdField', 'The \'_id\' value cannot be of type array')
  if (id === undefined) throw new MongoError('InvalidIdField', 'The \'_id\' value cannot be of type undefined')
}
