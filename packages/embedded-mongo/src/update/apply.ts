import { printElement, printField } from '../bson/print.js'
import { cloneValue, getField } from '../bson/value.js'
import { identical } from '../bson/identical.js'
import { MongoError } from '../mongo-error.js'
import { Changes } from './changes.js'
import { checkStorable } from './storage.js'
import { childOf, exists, hasChild, isContainer, lookUp, putAt, putChild, removeAt } from './path.js'
import { conflict, isWildcard } from './tree.js'
import { isIndex } from '../query/path.js'
import type { Doc, Value } from '../bson/value.js'
import type { ElementTest } from './array-filters.js'
import type { Container } from './path.js'
import type { Branch, Node, UpdateTree } from './tree.js'

/** Context of applying an update. */
export interface Application {
  /** Index that the positional `$` stands for; undefined when the query matched through no array. */
  readonly position: number | undefined
  readonly arrayFilters: ReadonlyMap<string, ElementTest>
  /** Whether the document is one that an upsert is making: its `_id` may be set. */
  readonly inserting: boolean
}

/** The document after an update, and what changed. The given document stays as it is. */
export const applyOperators = (doc: Doc, tree: UpdateTree, application: Application): { doc: Doc, changes: Changes } => {
  const copy = cloneValue(doc) as Doc
  const walk = new Walk(copy, application)
  walk.branch(tree.root, copy, [])
  const id = getField(copy, '_id')
  if (!application.inserting && !identical(id, getField(doc, '_id'))) throw immutable('_id')
  return { doc: copy, changes: walk.changes }
}

const immutable = (path: string): MongoError =>
  new MongoError('ImmutableField', `Performing an update on the path '${path}' would modify the immutable field '_id'`)

class Walk {
  readonly changes = new Changes()
  readonly #root: Doc
  readonly #application: Application

  constructor(root: Doc, application: Application) {
    this.#root = root
    this.#application = application
  }

  branch(branch: Branch, container: Container, path: readonly string[]): void {
    const wildcards = [...branch.children.keys()].filter(isWildcard)
    if (wildcards.length > 0) {
      this.#elements(branch, container, path)
      return
    }
    for (const [name, node] of this.#inOrder(branch, path)) this.#child(node, container, name, [...path, name])
  }

  /** The children by name, the positional one under the index that it stands for. */
  #inOrder(branch: Branch, path: readonly string[]): [string, Node][] {
    const children = [...branch.children].map(([name, node]): [string, Node] => {
      if (name !== '$') return [name, node]
      if (this.#application.position === undefined) {
        throw new MongoError('BadValue', 'The positional operator did not find the match needed from the query.')
      }
      return [String(this.#application.position), node]
    })
    const names = new Set(children.map(([name]) => name))
    if (names.size < children.length) {
      const at = [...path, String(this.#application.position)].join('.')
      throw conflict(at, at)
    }
    return children.sort(([a], [b]) => (a < b ? -1 : 1))
  }

  #child(node: Node, container: Container, name: string, path: readonly string[]): void {
    switch (node.kind) {
      case 'renamed': return
      case 'rename': return this.#rename(node.from, path)
      case 'modifier': return this.#modify(node, container, name, path)
      case 'branch': return this.#descend(node, container, name, path)
    }
  }

  #descend(node: Branch, container: Container, name: string, path: readonly string[]): void {
    const child = childOf(container, name)
    if (isContainer(child)) return this.branch(node, child, path)
    if (onlyTouchesExisting(node)) return
    const [next = ''] = node.children.keys()
    if (hasChild(container, name)) {
      if (isWildcard(next)) throw new MongoError('BadValue', `Cannot apply array updates to non-array element ${printField(name, child)}`)
      throw new MongoError('PathNotViable', `Cannot create field '${next === '$' ? String(this.#application.position ?? next) : next}' in element ${printElement(name, child)}`)
    }
    if (isWildcard(next)) throw new MongoError('BadValue', `The path '${path.join('.')}' must exist in the document in order to apply array updates.`)
    if (Array.isArray(container) && !isIndex(name)) throw notInArray(container, name, path)
    const made: Doc = {}
    this.branch(node, made, path)
    if (Object.keys(made).length > 0) putChild(container, name, made, path.at(-2) ?? '')
  }

  #modify(node: Extract<Node, { kind: 'modifier' }>, container: Container, name: string, path: readonly string[]): void {
    const { modifier } = node
    const isThere = hasChild(container, name)
    if (!isThere && modifier.onlyExisting) return
    if (Array.isArray(container) && !isIndex(name)) throw notInArray(container, name, path)
    const current = isThere ? childOf(container, name) ?? null : undefined
    const pathText = path.join('.')
    const outcome = modifier.apply(current, { field: name, path: pathText, id: `{${printField('_id', getField(this.#root, '_id'))}}` })
    if (outcome.kind === 'unchanged') return
    this.#checkImmutable(path, current, outcome.kind === 'set' ? outcome.value : undefined)
    if (outcome.kind === 'removed') {
      if (Array.isArray(container)) container[Number(name)] = null
      else delete container[name]
      this.changes.removed(pathText)
      return
    }
    checkStorable(outcome.value, pathText)
    if (name.startsWith('$') && !Array.isArray(container)) checkStorable({ [name]: null }, path.slice(0, -1).join('.'))
    putChild(container, name, cloneValue(outcome.value), path.at(-2) ?? '')
    this.#note(pathText, outcome.value, outcome.appendedFrom)
  }

  #note(path: string, value: Value, appendedFrom: number | undefined): void {
    if (appendedFrom === undefined || !Array.isArray(value)) {
      this.changes.updated(path, value)
      return
    }
    for (const [at, element] of value.entries()) if (at >= appendedFrom) this.changes.updated(`${path}.${at}`, element)
  }

  #checkImmutable(path: readonly string[], current: Value, next: Value): void {
    if (path[0] !== '_id') return
    if (this.#application.inserting) {
      if (path.length === 1 && (current === undefined || (next !== undefined && identical(current, next)))) return
      if (current === undefined) return
    }
    throw immutable(path.join('.'))
  }

  #elements(branch: Branch, container: Container, path: readonly string[]): void {
    if (!Array.isArray(container)) {
      throw new MongoError('BadValue', `Cannot apply array updates to non-array element ${printField(path.at(-1) ?? '', container)}`)
    }
    const touched = new Changes()
    const changed: number[] = []
    for (const at of container.keys()) {
      for (const [name, node] of branch.children) {
        const identifier = name.slice(2, -1)
        if (identifier !== '' && this.#application.arrayFilters.get(identifier)?.(container[at]) !== true) continue
        const inner = new Walk(this.#root, this.#application)
        inner.#child(node, container, String(at), [...path, String(at)])
        if (inner.changes.isEmpty) continue
        if (changed.at(-1) !== at) changed.push(at)
        for (const [field, value] of Object.entries(inner.changes.updatedFields)) touched.updated(field, value)
      }
    }
    const [only] = changed
    if (changed.length === 1 && only !== undefined) this.changes.updated([...path, String(only)].join('.'), container[only])
    else if (changed.length > 1) this.changes.updated(path.join('.'), [...container])
  }

  #rename(from: string, to: readonly string[]): void {
    const source = from.split('.')
    if (!exists(this.#root, source)) return
    this.#refuseArrays('source', source)
    this.#refuseArrays('destination', to)
    if (source[0] === '_id' || to[0] === '_id') throw immutable(source[0] === '_id' ? from : to.join('.'))
    const value = lookUp(this.#root, source)
    putAt(this.#root, to, value)
    removeAt(this.#root, source)
    this.changes.updated(to.join('.'), value)
    this.changes.removed(from)
  }

  #refuseArrays(which: 'source' | 'destination', path: readonly string[]): void {
    let value: Value = this.#root
    for (const [at, part] of path.entries()) {
      if (Array.isArray(value)) {
        throw new MongoError('BadValue', `The ${which} field cannot be an array element, '${path.join('.')}' in doc with ${
          printField('_id', getField(this.#root, '_id'))} has an array field called '${path[at - 1] ?? ''}'`)
      }
      if (!isContainer(value)) return
      value = childOf(value, part)
    }
  }
}

const notInArray = (container: Container, name: string, path: readonly string[]): MongoError =>
  new MongoError('PathNotViable', `Cannot create field '${name}' in element ${printElement(path.at(-2) ?? '', container)}`)

const onlyTouchesExisting = (node: Node): boolean => {
  switch (node.kind) {
    case 'modifier': return node.modifier.onlyExisting
    case 'branch': return [...node.children.values()].every(onlyTouchesExisting)
    case 'rename': return false
    case 'renamed': return true
  }
}

