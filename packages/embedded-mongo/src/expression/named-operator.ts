import type { MongoError } from '../mongo-error.js'
import type { Value } from '../bson/value.js'

/** An operator of named arguments. */
export interface NamedOperator {
  /** The arguments that it must have, and what is said where one is missing. */
  readonly required: Readonly<Record<string, MongoError>>
  readonly optional: readonly string[]
  /** The argument that may be given alone, without a name. */
  readonly alone?: string
  readonly errors: { readonly object: (type: string) => MongoError, readonly unknown: (name: string) => MongoError }
  /** @param given which arguments were named at all: a missing value is not a missing argument. */
  readonly run: (args: Readonly<Record<string, Value>>, given: ReadonlySet<string>) => Value
}
