import type { Timestamp } from 'bson'
import type { StringKey } from '../bson/compare.js'
import type { QueryContext } from '../query/predicate.js'
import type { Value } from '../bson/value.js'

/** Where in which document a modifier is applied; for its messages. */
export interface Place {
  /** The field itself, the last part of the path. */
  readonly field: string
  /** The path from the document's root. */
  readonly path: string
  /** The document's id as messages show it: `{_id: 1}`. */
  readonly id: string
}

/** Effect of a modifier on one field. `appendedFrom` tells that an array only grew, from that index on. */
export type Outcome =
  | { readonly kind: 'unchanged' }
  | { readonly kind: 'removed' }
  | { readonly kind: 'set', readonly value: Value, readonly appendedFrom?: number }

export const unchanged: Outcome = { kind: 'unchanged' }
export const set = (value: Value): Outcome => ({ kind: 'set', value })

export interface Modifier {
  /** Whether a missing field, or a path that cannot be made, is left alone instead of being made. */
  readonly onlyExisting: boolean
  /** @param current the field's value; undefined when it does not exist. */
  apply(current: Value, place: Place): Outcome
}

/** Command as its modifiers use it. */
export interface UpdateContext {
  readonly now: Date
  readonly nextTimestamp: () => Timestamp
  readonly collation: StringKey
  readonly query: QueryContext
}
