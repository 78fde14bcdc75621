import type { StringKey } from '../bson/compare.js'
import type { Doc, Value } from '../bson/value.js'

/** Trace of a match: the index in the array through which it came, for the positional `$`. */
export interface Trace {
  index: number | undefined
}

/** Whether a value (the document, or an element inside `$elemMatch`) satisfies a part of a query. */
export type Predicate = (value: Value, trace: Trace) => boolean

/** Command as the parts of its query use it. */
export interface QueryContext {
  /** The collation, if the command has one. */
  readonly collation: StringKey
  /** Makes a predicate of an aggregation expression; undefined where `$expr` is not allowed, with the error to give. */
  readonly expression: ((expression: Value) => (doc: Doc) => boolean) | undefined
  /** Where inside the query we are: `$expr`, `$text` and `$where` are for the top level. */
  readonly inside: 'document' | 'element'
}
