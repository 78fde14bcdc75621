import { compareValues } from './compare.js'
import { print } from './print.js'
import { isDoc, typeOf } from './value.js'
import type { Value } from './value.js'

/** Whether two values are the same bytes: unlike for equality, `1` and `1.0` are two. */
export const identical = (a: Value, b: Value): boolean => {
  if (typeof a === 'string' || typeof b === 'string' || a === null || b === null) return a === b
  const type = typeOf(a)
  if (type !== typeOf(b)) return false
  if (Array.isArray(a) && Array.isArray(b)) return a.length === b.length && a.every((element, at) => identical(element, b[at]))
  if (isDoc(a) && isDoc(b)) {
    const namesA = Object.keys(a)
    const namesB = Object.keys(b)
    return namesA.length === namesB.length && namesA.every((name, at) => name === namesB[at] && identical(a[name], b[name]))
  }
  if (type === 'decimal') return print(a) === print(b)
  return type === 'double' ? Object.is(Number(a), Number(b)) : compareValues(a, b) === 0
}
