import { getField, isDoc, setField } from '../bson/value.js'
import { printElement } from '../bson/print.js'
import { MongoError } from '../mongo-error.js'
import { isIndex } from '../query/path.js'
import type { Doc, Value } from '../bson/value.js'

/** An array may not be filled up with more nulls than this by one update. */
const maxPadding = 1_500_000

/** Something that has fields: a document, or an array with its indexes. */
export type Container = Doc | Value[]

export const isContainer = (value: Value): value is Container => isDoc(value) || Array.isArray(value)

/** Value at a field or index; `undefined` where there is none. */
export const childOf = (container: Container, part: string): Value => {
  if (Array.isArray(container)) return isIndex(part) ? container[Number(part)] : undefined
  return getField(container, part)
}

export const hasChild = (container: Container, part: string): boolean =>
  Array.isArray(container) ? isIndex(part) && Number(part) < container.length : Object.hasOwn(container, part)

/** Puts a value at a field or index, filling an array up with nulls. The container is a copy that the update owns. */
export const putChild = (container: Container, part: string, value: Value, name: string): void => {
  if (!Array.isArray(container)) {
    setField(container, part, value)
    return
  }
  if (!isIndex(part)) throw new MongoError('PathNotViable', `Cannot create field '${part}' in element ${printElement(name, container)}`)
  const index = Number(part)
  if (index - container.length > maxPadding) {
    throw new MongoError('CannotBackfillArray', `can't backfill more than ${maxPadding} elements`)
  }
  while (container.length < index) container.push(null)
  container[index] = value
}

/** The value at a path without wildcards, by fields and indexes. */
export const lookUp = (root: Container, parts: readonly string[]): Value => {
  let value: Value = root
  for (const part of parts) {
    if (!isContainer(value)) return undefined
    value = childOf(value, part)
  }
  return value
}

export const exists = (root: Container, parts: readonly string[]): boolean => {
  const parent = lookUp(root, parts.slice(0, -1))
  return isContainer(parent) && hasChild(parent, parts.at(-1) ?? '')
}

/** Puts a value at a path, making documents for what is missing on the way. */
export const putAt = (root: Container, parts: readonly string[], value: Value): void => {
  let container = root
  let name = ''
  for (const [at, part] of parts.slice(0, -1).entries()) {
    const child = childOf(container, part)
    if (isContainer(child)) {
      container = child
    } else if (!hasChild(container, part)) {
      const made: Doc = {}
      putChild(container, part, made, name)
      container = made
    } else {
      throw new MongoError('PathNotViable', `Cannot create field '${parts[at + 1] ?? ''}' in element ${printElement(part, child)}`)
    }
    name = part
  }
  putChild(container, parts.at(-1) ?? '', value, name)
}

/** Takes away what stands at a path; an element of an array becomes null. */
export const removeAt = (root: Container, parts: readonly string[]): boolean => {
  const parent = lookUp(root, parts.slice(0, -1))
  const last = parts.at(-1) ?? ''
  if (!isContainer(parent) || !hasChild(parent, last)) return false
  if (Array.isArray(parent)) {
    if (parent[Number(last)] === null) return false
    parent[Number(last)] = null
  } else {
    delete parent[last]
  }
  return true
}
