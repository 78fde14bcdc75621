import { getField, isDoc, isNumeric, isTruthy, setField } from '../bson/value.js'
import { print } from '../bson/print.js'
import { compileExpression, isOperator } from '../expression/compile.js'
import { Names, Scope } from '../expression/scope.js'
import { MongoError } from '../mongo-error.js'
import type { Doc, Value } from '../bson/value.js'
import type { CommandScope, Evaluate } from '../expression/scope.js'

type Node =
  | { readonly kind: 'include' }
  | { readonly kind: 'exclude' }
  | { readonly kind: 'compute', readonly evaluate: Evaluate }
  | { readonly kind: 'branch', readonly children: Map<string, Node> }

type Mode = 'inclusion' | 'exclusion'

/** `$project`: either what is shown (and computed), or what is not; `_id` may always be either. */
export class Projection {
  readonly #scope: CommandScope
  readonly #root = new Map<string, Node>()
  readonly #mode: Mode

  /**
   * @param where whose projection it is, as its errors say.
   * @param names the variables that stand around.
   */
  constructor(spec: Doc, scope: CommandScope, where: 'find' | '$project' | '$unset', names = new Names(Object.keys(scope.variables))) {
    this.#scope = scope
    if (Object.keys(spec).length === 0) throw new MongoError(51272, 'projection specification must have at least one field')
    const isFind = where === 'find'
    let mode: Mode | undefined
    const visit = (fields: Doc, prefix: string): void => {
      for (const [name, value] of Object.entries(fields)) {
        const path = prefix === '' ? name : `${prefix}.${name}`
        if (!isFind && /(^|\.)\$(\.|$)/.test(name)) throw new MongoError(31324, 'Cannot use positional projection in aggregation projection')
        if (isDoc(value) && !isExpression(value)) {
          if (Object.keys(value).length === 0) throw new MongoError(51270, `An empty sub-projection is not a valid value. Found empty object at path`)
          visit(value, path)
          continue
        }
        const node = nodeOf(value, names, mode)
        const isId = path === '_id' && node.kind !== 'compute'
        if (!isId) {
          const wanted: Mode = node.kind === 'exclude' ? 'exclusion' : 'inclusion'
          if (mode !== undefined && mode !== wanted) throw mixed(wanted, name, value, node.kind === 'compute')
          mode = wanted
        }
        this.#put(path, node)
      }
    }
    visit(spec, '')
    const id = this.#root.get('_id')
    this.#mode = mode ?? (id?.kind === 'exclude' ? 'exclusion' : 'inclusion')
    if (this.#mode === 'inclusion' && !id) this.#root.set('_id', { kind: 'include' })
  }

  apply(doc: Doc): Doc {
    const scope = new Scope(this.#scope, doc)
    return this.#mode === 'exclusion' ? excluded(doc, this.#root) as Doc : included(doc, this.#root, scope) as Doc
  }

  #put(path: string, node: Node): void {
    putNode(this.#root, path, node)
  }
}

const mixed = (wanted: Mode, name: string, value: Value, isComputed: boolean): MongoError => {
  if (wanted === 'exclusion') return new MongoError(31254, `Cannot do exclusion on field ${name} in inclusion projection`)
  return isComputed ? new MongoError(31310, `Cannot use an expression ${print({ [name]: value }).slice(2, -2)} in an exclusion projection`)
    : new MongoError(31253, `Cannot do inclusion on field ${name} in exclusion projection`)
}

/** Whether an object is an operator and not the projection of what is inside of a field. */
const isExpression = (value: Doc): boolean => {
  const [first, ...more] = Object.keys(value)
  return first !== undefined && first.startsWith('$') && more.length === 0
}

const nodeOf = (value: Value, names: Names, mode: Mode | undefined): Node => {
  if (typeof value === 'boolean' || isNumeric(value)) return { kind: isTruthy(value) ? 'include' : 'exclude' }
  if (isDoc(value)) {
    const [operator = ''] = Object.keys(value)
    if (operator === '$elemMatch') throw new MongoError('InvalidPipelineOperator', 'Cannot use $elemMatch in this context')
    if (!isOperator(operator)) throw new MongoError(31325, `Unknown expression ${operator}`)
    if (mode === 'exclusion') throw new MongoError(31252, 'Cannot use expression other than $meta in exclusion projection')
  }
  return { kind: 'compute', evaluate: compileExpression(value, names) }
}

const putNode = (root: Map<string, Node>, path: string, node: Node): void => {
  const parts = path.split('.')
  let children = root
  for (const [at, part] of parts.entries()) {
    if (part === '') throw new MongoError(path.endsWith('.') ? 40353 : 15998, path.endsWith('.') ? 'FieldPath must not end with a \'.\'.' : 'FieldPath field names may not be empty strings.')
    if (part.startsWith('$')) throw new MongoError(16410, 'FieldPath field names may not start with \'$\'.')
    const child = children.get(part)
    if (at === parts.length - 1) {
      if (child) throw new MongoError(31250, `Path collision at ${path}`)
      children.set(part, node)
    } else if (child?.kind === 'branch') {
      children = child.children
    } else {
      if (child) throw new MongoError(31249, `Path collision at ${path} remaining portion ${parts.slice(1).join('.')}`)
      const branch = { kind: 'branch' as const, children: new Map<string, Node>() }
      children.set(part, branch)
      children = branch.children
    }
  }
}

const excluded = (value: Value, children: ReadonlyMap<string, Node>): Value => {
  if (Array.isArray(value)) return value.map((element) => excluded(element, children))
  if (!isDoc(value)) return value
  const left: Doc = {}
  for (const name of Object.keys(value)) {
    const node = children.get(name)
    if (node?.kind === 'exclude') continue
    setField(left, name, node?.kind === 'branch' ? excluded(value[name], node.children) : value[name])
  }
  return left
}

/** Inclusion: included fields keep the document's order; computed fields follow, in the order of the specification. */
const included = (value: Value, children: ReadonlyMap<string, Node>, scope: Scope): Value => {
  if (Array.isArray(value)) return value.map((element) => included(element, children, scope)).filter((element) => element !== undefined)
  const shown: Doc = {}
  if (isDoc(value)) {
    for (const name of Object.keys(value)) {
      const node = children.get(name)
      if (node?.kind === 'include') setField(shown, name, value[name])
      else if (node?.kind === 'branch') setDefined(shown, name, included(value[name], node.children, scope))
    }
  }
  let any = false
  for (const [name, node] of children) {
    if (node.kind === 'compute') {
      any = true
      setDefined(shown, name, node.evaluate(scope))
    } else if (node.kind === 'branch' && !(isDoc(value) && Object.hasOwn(value, name)) && computes(node.children)) {
      any = true
      setDefined(shown, name, included(undefined, node.children, scope))
    }
  }
  return isDoc(value) || any ? shown : undefined
}

const computes = (children: ReadonlyMap<string, Node>): boolean =>
  [...children.values()].some((node) => node.kind === 'compute' || (node.kind === 'branch' && computes(node.children)))

const setDefined = (doc: Doc, name: string, value: Value): void => {
  if (value === undefined) return
  setField(doc, name, value)
}

/** `$addFields`: the document with computed fields put in, in place where they stood. */
export class AddedFields {
  readonly #scope: CommandScope
  readonly #root = new Map<string, Node>()

  constructor(spec: Doc, scope: CommandScope, names = new Names(Object.keys(scope.variables))) {
    this.#scope = scope
    const visit = (fields: Doc, prefix: string): void => {
      for (const [name, value] of Object.entries(fields)) {
        const path = prefix === '' ? name : `${prefix}.${name}`
        if (isDoc(value) && Object.keys(value).length > 0 && !(Object.keys(value)[0] ?? '').startsWith('$')) visit(value, path)
        else putNode(this.#root, path, { kind: 'compute', evaluate: compileExpression(value, names) })
      }
    }
    visit(spec, '')
  }

  apply(doc: Doc): Doc {
    return added(doc, this.#root, new Scope(this.#scope, doc)) as Doc
  }
}

const added = (value: Value, children: ReadonlyMap<string, Node>, scope: Scope): Value => {
  if (Array.isArray(value)) return value.map((element) => added(element, children, scope))
  const result: Doc = {}
  if (isDoc(value)) {
    for (const name of Object.keys(value)) if (!children.has(name)) setField(result, name, value[name])
      else setField(result, name, null)
  }
  for (const [name, node] of children) {
    const before = isDoc(value) ? getField(value, name) : undefined
    const next = node.kind === 'compute' ? node.evaluate(scope) : node.kind === 'branch' ? added(before, node.children, scope) : before
    if (next === undefined) delete result[name]
    else setField(result, name, next)
  }
  return result
}
