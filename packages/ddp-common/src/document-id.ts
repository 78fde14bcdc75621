import { readBson } from './ejson/bson.js'
import { EJSONError } from './ejson/ejson-error.js'
import { ObjectId } from './ejson/mongo-types.js'

/** The `_id` of a MongoDB document as DDP carries it: what Meteor's `MongoID` has a text for. */
export type DocumentId = string | number | boolean | null | ObjectId

/** Ids that a reader would take for something else without a `-` before them. */
const ambiguous = /^(?:[-~{]|[0-9a-f]{24}$)/

const objectIdDigits = /^[0-9a-f]{24}$/

/**
 * The text that stands for a document's id in DDP messages, as Meteor's `MongoID.idStringify` writes it: an ObjectId (of any version of the
 * `bson` package, too) as its 24 digits, a string as it is unless it looks like another kind, anything else as `~` and JSON.
 *
 * @throws {EJSONError} `invalid-value` for ids that Meteor has no text for: objects other than ObjectIds, `undefined`, numbers that are not finite.
 */
export function stringifyId(id: unknown): string {
  switch (typeof id) {
    case 'string': return ambiguous.test(id) ? `-${id}` : id
    case 'boolean': return `~${id}`
    case 'number':
      if (Number.isFinite(id)) return `~${JSON.stringify(id)}`
      break
    case 'object': {
      if (id === null) return '~null'
      if (id instanceof ObjectId) return id.toHexString()
      const bson = readBson(id)
      if (bson?.kind === 'oid') return bson.text
      break
    }
    default:
  }
  throw new EJSONError('invalid-value', 'A document id is a string, a finite number, a boolean, null or an ObjectId')
}

/**
 * The document's id that a text in a DDP message stands for, as Meteor's `MongoID.idParse` reads it.
 *
 * @throws {EJSONError} `invalid-value` for a text that begins with `~` and stands for no string, number, boolean or null.
 */
export function parseId(text: string): DocumentId {
  switch (text.charCodeAt(0)) {
    case dash: return text.slice(1)
    case tilde: return parseScalar(text.slice(1))
    default: return objectIdDigits.test(text) ? new ObjectId(text) : text
  }
}

const dash = 45
const tilde = 126

function parseScalar(json: string): DocumentId {
  let value: unknown
  try {
    value = JSON.parse(json)
  } catch {
    value = undefined
  }
  if (value === undefined || (typeof value === 'object' && value !== null)) throw new EJSONError('invalid-value', 'A document id that begins with ~ continues with a number, a boolean, null or a string in JSON')
  return value as DocumentId
}
