import type { DocumentId } from '@ddp-cluster/ddp-common'
import { parseId, stringifyId } from '@ddp-cluster/ddp-common/internal'

/** How a client reads the ids of documents. */
export interface DocumentIds {
  /** The id that a text in a message stands for. @throws {EJSONError} `invalid-value` for a text that stands for none. */
  read(text: string): DocumentId
  /** The text of an id, as it stands in messages; undefined for what is no id. */
  textOf(id: unknown): string | undefined
}

/** As Meteor's: `-`, `~` and 24 hexadecimal digits tell strings, numbers and ObjectIds apart. */
export const mongoIds: DocumentIds = {
  read: parseId,
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
  textOf: (id) => (typeof id === 'string' ? id : undefined),
}
