import type { DocumentId } from '@ddp-cluster/ddp-common'
import { messageOf, stringifyId } from '@ddp-cluster/ddp-common/internal'
import { DDPServerError } from './errors.js'
import { validName } from './session/fields.js'

/** An ObjectId of the `bson` package, of any version. */
export interface BsonObjectId {
  /** Mark of the `bson` package. */
  readonly _bsontype: 'ObjectId' | 'ObjectID'
  /** The 24 hexadecimal digits. */
  toHexString(): string
}

/** The `_id` of a document that is published: a string, a finite number, a boolean, `null` or an ObjectId. */
export type PublishedId = DocumentId | BsonObjectId

/** The text of an id in messages. @throws DDPServerError `invalid-document` for what is no id */
export type TextOfId = (id: PublishedId) => string

/** Text of an id as in Meteor: it tells a string from a number or an ObjectId that looks the same. */
export const mongoIdText: TextOfId = (id) => {
  try {
    return stringifyId(id)
  } catch (cause) {
    throw new DDPServerError('invalid-document', messageOf(cause), { cause })
  }
}

/** Strings as they are, and nothing else. */
export const rawIdText: TextOfId = (id) => validName(id, 'id')
