import { MongoError } from '../mongo-error.js'
import type { Doc } from '../bson/value.js'
import type { Filter } from '../query/filter.js'

/** The rule of a collection for its documents. */
export interface Validator {
  readonly filter: Filter
  readonly level: 'off' | 'strict' | 'moderate'
  readonly action: 'error' | 'warn'
}

/**
 * @param before the document that is replaced: with the level `moderate`, one that broke the rule already may go on doing so.
 * @throws MongoError 121
 */
export const checkValid = (validator: Validator | undefined, doc: Doc, before: Doc | undefined): void => {
  if (!validator || validator.level === 'off' || validator.action === 'warn' || validator.filter.matches(doc)) return
  if (validator.level === 'moderate' && before && !validator.filter.matches(before)) return
  throw new MongoError('DocumentValidationFailure', 'Document failed validation')
}
