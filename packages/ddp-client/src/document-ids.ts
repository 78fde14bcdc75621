import type { DocumentId } from '@ddp-cluster/ddp-common'
import { parseId, stringifyId } from '@ddp-cluster/ddp-common/internal'

/** How a client reads the ids of documents. */
export interface DocumentIds {
  /** The id that a text in a message stands for. @throws {EJSONError} `invalid-value` for a text that stands for none. */
  read(text: string): DocumentId
  /** The text that a document is known by, for any text in a message that stands for the same id. @throws {EJSONError} as `read` */
  keyOf(text: string): string
  /** The text of an id, as it stands in messages; undefined for what is no id. */
  textOf(id: unknown): string | undefined
}

/** Ids as in Meteor: `-`, `~` and 24 hexadecimal digits tell strings, numbers and ObjectIds apart. */
export const mongoIds: DocumentIds = {
  read: parseId,
  keyOf(text) {
    switch (text.charCodeAt(0)) {
      case dash:
      case tilde:
      case brace: return stringifyId(parseId(text))
      // Any other text is the one that Meteor writes.
      default: return text
    }
  },
  textOf(id) {
    try {
      return stringifyId(id)
    } catch {
      return undefined
    }
  },
}

/** The texts as they are. */
export const rawIds: DocumentIds = {
  read: (text) => text,
  keyOf: (text) => text,
  textOf: (id) => (typeof id === 'string' ? id : undefined),
}

const dash = 45
const tilde = 126
const brace = 123
