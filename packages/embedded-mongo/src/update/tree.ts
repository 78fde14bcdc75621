import { print, printField } from '../bson/print.js'
import { isDoc, typeOf } from '../bson/value.js'
import { MongoError } from '../mongo-error.js'
import { modifierFor, unknownModifier } from './modifiers.js'
import type { Doc, Value } from '../bson/value.js'
import type { Modifier, UpdateContext } from './modifier.js'

/** The paths of an update by field, so that conflicts show and fields are applied in the order in which MongoDB does: by name. */
export type Node =
  | { readonly kind: 'branch', readonly children: Map<string, Node> }
  | { readonly kind: 'modifier', readonly operator: string, readonly modifier: Modifier }
  | { readonly kind: 'rename', readonly from: string }
  | { readonly kind: 'renamed' }

export type Branch = Extract<Node, { kind: 'branch' }>

/** The parsed form of `{ $set: {...}, $inc: {...} }`. */
export interface UpdateTree {
  readonly root: Branch
  /** Whether a path has `$`, which needs to know where the query matched. */
  readonly hasPositional: boolean
}

/**
 * @param inserting whether the tree is for a document that an upsert makes: `$setOnInsert` counts only then.
 * @param filters the identifiers for which there are array filters.
 */
export const parseOperators = (
  update: Doc, context: UpdateContext, inserting: boolean, filters: ReadonlySet<string>, used: Set<string>,
): UpdateTree => {
  const root: Branch = { kind: 'branch', children: new Map() }
  let hasPositional = false
  for (const [operator, fields] of Object.entries(update)) {
    if (operator !== '$rename' && !known.has(operator)) throw unknownModifier(operator)
    if (!isDoc(fields)) {
      throw new MongoError('FailedToParse',
        `Modifiers operate on fields but we found type ${typeOf(fields)} instead. For example: {$mod: {<field>: ...}} not {${printField(operator, fields)}}`)
    }
    if (Object.keys(fields).length === 0) {
      throw new MongoError('FailedToParse', `'${operator}' is empty. You must specify a field like so: {${operator}: {<field>: ...}}`)
    }
    for (const [path, operand] of Object.entries(fields)) {
      const parts = checkPath(path)
      hasPositional ||= parts.includes('$')
      for (const part of parts) checkIdentifier(part, path, filters, used)
      if (operator === '$rename') {
        const { from, to } = renamePaths(path, operand)
        insert(root, from, { kind: 'renamed' })
        insert(root, checkPath(to), { kind: 'rename', from: path })
        continue
      }
      const modifier = modifierFor(operator, parts.at(-1) ?? '', operand, context)
      if (!modifier) throw unknownModifier(operator)
      insert(root, parts, { kind: 'modifier', operator, modifier: operator === '$setOnInsert' && !inserting ? idle : modifier })
    }
  }
  return { root, hasPositional }
}

/** `$[]` and `$[identifier]`; `$[` and `$[]x` are names like others, though no field can have them. */
export const isWildcard = (part: string): boolean => part.startsWith('$[') && part.endsWith(']')

const idle: Modifier = { onlyExisting: true, apply: () => ({ kind: 'unchanged' }) }

const known = new Set(['$set', '$setOnInsert', '$unset', '$inc', '$mul', '$min', '$max', '$currentDate', '$push', '$addToSet', '$pop', '$pull', '$pullAll', '$bit'])

const insert = (root: Branch, parts: readonly string[], leaf: Node): void => {
  let node = root
  for (const [at, part] of parts.entries()) {
    const child = node.children.get(part)
    const isLast = at === parts.length - 1
    if (child && (isLast || child.kind !== 'branch')) {
      throw conflict(parts.join('.'), parts.slice(0, at + 1).join('.'))
    }
    if (isLast) {
      node.children.set(part, leaf)
    } else if (child?.kind === 'branch') {
      node = child
    } else {
      const made: Branch = { kind: 'branch', children: new Map() }
      node.children.set(part, made)
      node = made
    }
  }
}

/** Two modifiers for one place, or for a place and what is inside of it. */
export const conflict = (path: string, at: string): MongoError =>
  new MongoError('ConflictingUpdateOperators', `Updating the path '${path}' would create a conflict at '${at}'`)

const checkPath = (path: string): string[] => {
  if (path === '') throw new MongoError('EmptyFieldName', 'An empty update path is not valid.')
  const parts = path.split('.')
  if (parts.includes('')) throw new MongoError('EmptyFieldName', `The update path '${path}' contains an empty field name, which is not allowed.`)
  const [first = ''] = parts
  if (first === '$' || isWildcard(first)) {
    throw new MongoError('BadValue', `Cannot have ${first === '$' ? 'positional (i.e. \'$\')' : 'array filter identifier (i.e. \'$[<id>]\')'} element in the first position in path '${path}'`)
  }
  if (parts.filter((part) => part === '$').length > 1) throw new MongoError('BadValue', `Too many positional (i.e. '$') elements found in path '${path}'`)
  return parts
}

const checkIdentifier = (part: string, path: string, filters: ReadonlySet<string>, used: Set<string>): void => {
  if (!isWildcard(part) || part === '$[]') return
  const identifier = part.slice(2, -1)
  if (!filters.has(identifier)) throw new MongoError('BadValue', `No array filter found for identifier '${identifier}' in path '${path}'`)
  used.add(identifier)
}

const renamePaths = (path: string, operand: Value): { from: string[], to: string } => {
  if (typeof operand !== 'string') throw new MongoError('BadValue', `The 'to' field for $rename must be a string: ${printField(path, operand)}`)
  if (operand.includes('\0')) throw new MongoError('BadValue', `The 'to' field for $rename cannot contain an embedded null byte`)
  const from = path.split('.')
  const to = operand.split('.')
  if (path === operand) throw new MongoError('BadValue', `The source and target field for $rename must differ: ${path}: ${print(operand)}`)
  const isPrefix = (a: readonly string[], b: readonly string[]): boolean => a.every((part, at) => part === b[at])
  if (isPrefix(from, to) || isPrefix(to, from)) {
    throw new MongoError('BadValue', `The source and target field for $rename must not be on the same path: ${path}: ${print(operand)}`)
  }
  if (from.some((part) => part.startsWith('$'))) throw new MongoError('BadValue', `The source field for $rename may not be dynamic: ${path}`)
  if (to.some((part) => part === '$' || isWildcard(part))) throw new MongoError('BadValue', `The destination field for $rename may not be dynamic: ${operand}`)
  return { from, to: operand }
}
