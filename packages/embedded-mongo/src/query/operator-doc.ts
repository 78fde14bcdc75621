import { isDoc } from '../bson/value.js'
import type { Doc, Value } from '../bson/value.js'

/** Whether a value in a query is a document of operators (`{ $gt: 1 }`) and not one to be equal to. A DBRef is the latter. */
export const isOperatorDoc = (value: Value, partialReferenceToo = false): value is Doc => {
  if (!isDoc(value)) return false
  const names = Object.keys(value)
  if (names[0] === undefined || !names[0].startsWith('$')) return false
  if (partialReferenceToo) return !names.some((name) => name === '$ref' || name === '$id' || name === '$db')
  return !(names.includes('$ref') && names.includes('$id'))
}
