import { getField, isDoc } from '../bson/value.js'
import { MongoError } from '../mongo-error.js'
import { queryContext } from '../pipeline/context.js'
import { Filter } from '../query/filter.js'
import { checkFieldTypes } from './field-types.js'
import type { Doc, Value } from '../bson/value.js'
import type { Validator } from '../storage/validator.js'
import type { Call } from './command.js'

const oneOf = <T extends string>(call: Call, field: string, values: readonly T[], otherwise: T, given: Value): T => {
  if (typeof given !== 'string') return otherwise
  const found = values.find((value) => value === given)
  if (found === undefined) throw new MongoError('BadValue', `Enumeration value '${given}' for field '${call.name}.${field}' is not a valid value.`)
  return found
}

const names = ['validator', 'validationLevel', 'validationAction'] as const

/** Validator of a collection, from a command. @throws MongoError for a query that is none */
export const validatorOf = (call: Call, before: Doc): { validator: Validator | undefined, options: Doc } => {
  checkFieldTypes(call.name, call.command, { validator: 'object', validationLevel: 'string', validationAction: 'string' })
  const options: Doc = {}
  for (const name of names) {
    const value = getField(call.command, name) ?? getField(before, name)
    if (value !== undefined) options[name] = value
  }
  const { validator: query, validationLevel, validationAction } = options
  const level = oneOf(call, 'validationLevel', ['off', 'strict', 'moderate'], 'strict', validationLevel)
  const action = oneOf(call, 'validationAction', ['error', 'warn'], 'error', validationAction)
  if (!isDoc(query) || Object.keys(query).length === 0) return { validator: undefined, options }
  return { validator: { filter: new Filter(query, queryContext(call.scope)), level, action }, options }
}
