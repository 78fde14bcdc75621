import { getField, isDoc } from '../bson/value.js'
import type { Value } from '../bson/value.js'

export const isIndex = (part: string): boolean => /^(0|[1-9]\d*)$/.test(part)

/** A value found at a path, and the index in the outermost array that was entered on the way, if one was (for the positional `$`). */
export interface Found {
  readonly value: Value
  readonly exists: boolean
  readonly index: number | undefined
}

/**
 * Calls `visit` with every value that a query path reaches, through arrays as well, until it says true.
 *
 * @param leafArrays what is done with an array at the end of the path: `'both'` visits its elements and then itself, `'whole'` itself only.
 */
export const visitPath = (
  root: Value, parts: readonly string[], leafArrays: 'both' | 'whole', visit: (found: Found) => boolean,
): boolean => walk(root, parts, 0, undefined, leafArrays, visit)

const walk = (
  value: Value, parts: readonly string[], depth: number, index: number | undefined, leafArrays: 'both' | 'whole', visit: (found: Found) => boolean,
): boolean => {
  if (depth === parts.length) return visitLeaf(value, index, leafArrays, visit)
  const part = parts[depth] ?? ''
  if (isDoc(value)) {
    if (!Object.hasOwn(value, part)) return visit({ value: undefined, exists: false, index })
    return walk(getField(value, part), parts, depth + 1, index, leafArrays, visit)
  }
  if (Array.isArray(value)) return walkArray(value, parts, depth, index, leafArrays, visit)
  return visit({ value: undefined, exists: false, index })
}

const walkArray = (
  values: Value[], parts: readonly string[], depth: number, index: number | undefined, leafArrays: 'both' | 'whole', visit: (found: Found) => boolean,
): boolean => {
  const part = parts[depth] ?? ''
  for (const [at, element] of values.entries()) {
    if (isDoc(element) && walk(element, parts, depth, index ?? at, leafArrays, visit)) return true
  }
  if (isIndex(part) && Number(part) < values.length) {
    return walk(values[Number(part)], parts, depth + 1, index ?? Number(part), leafArrays, visit)
  }
  return false
}

const visitLeaf = (value: Value, index: number | undefined, leafArrays: 'both' | 'whole', visit: (found: Found) => boolean): boolean => {
  if (leafArrays === 'both' && Array.isArray(value)) {
    for (const [at, element] of value.entries()) {
      if (visit({ value: element, exists: true, index: index ?? at })) return true
    }
  }
  return visit({ value, exists: true, index })
}

/** The value at a path that enters no arrays but by a number; undefined where there is none. */
export const valueAt = (root: Value, parts: readonly string[]): Value => {
  let value = root
  for (const part of parts) {
    if (isDoc(value)) value = getField(value, part)
    else if (Array.isArray(value) && isIndex(part)) value = value[Number(part)]
    else return undefined
  }
  return value
}
