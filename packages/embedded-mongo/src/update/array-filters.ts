import { isDoc } from '../bson/value.js'
import { MongoError } from '../mongo-error.js'
import { Filter } from '../query/filter.js'
import type { Doc, Value } from '../bson/value.js'
import type { QueryContext } from '../query/predicate.js'

/** The elements that `$[identifier]` stands for. */
export type ElementTest = (element: Value) => boolean

/** `arrayFilters: [{ 'e.k': 1 }]` by identifier. */
export const parseArrayFilters = (filters: readonly Value[], context: QueryContext): Map<string, ElementTest> => {
  const parsed = new Map<string, ElementTest>()
  for (const filter of filters) {
    if (!isDoc(filter)) throw new MongoError('TypeMismatch', 'arrayFilters must be objects')
    const query = new Filter(filter, { ...context, inside: 'element' })
    const identifier = identifierOf(filter)
    if (identifier === undefined) {
      throw new MongoError('FailedToParse', 'Cannot use an expression without a top-level field name in arrayFilters')
    }
    if (!/^[a-z][a-zA-Z0-9]*$/.test(identifier)) {
      throw new MongoError('BadValue',
        `Error parsing array filter :: caused by :: The top-level field name must be an alphanumeric string beginning with a lowercase letter, found '${identifier}'`)
    }
    if (parsed.has(identifier)) {
      throw new MongoError('FailedToParse', `Found multiple array filters with the same top-level field name ${identifier}`)
    }
    parsed.set(identifier, (element) => query.matches({ [identifier]: Array.isArray(element) ? [element] : element }))
  }
  return parsed
}

const identifierOf = (filter: Doc): string | undefined => {
  const found = new Set<string>()
  const collect = (query: Doc): void => {
    for (const [name, operand] of Object.entries(query)) {
      if (!name.startsWith('$')) found.add(name.split('.')[0] ?? '')
      else if (Array.isArray(operand)) for (const clause of operand) if (isDoc(clause)) collect(clause)
    }
  }
  collect(filter)
  const [first, second] = found
  if (second !== undefined) {
    throw new MongoError('FailedToParse',
      `Error parsing array filter :: caused by :: Expected a single top-level field name, found '${first ?? ''}' and '${second}'`)
  }
  return first
}
