import { getField, isDoc } from '../bson/value.js'
import { MongoError } from '../mongo-error.js'
import type { Value } from '../bson/value.js'
import type { Evaluate, Names, Scope } from './scope.js'

/** Makes an expression ready; handed down so that the files of operators need not know the one that knows them. */
export type Compile = (expression: Value, names: Names) => Evaluate

/** `'$a.b'` and `'$$NAME.a.b'`. */
export const fieldPath = (text: string, names: Names): Evaluate => {
  if (!text.startsWith('$$')) return pathOf(checkedParts(text.slice(1)), (scope) => scope.variable('CURRENT') ?? scope.root)
  const [name = '', ...parts] = text.slice(2).split('.')
  if (parts.length > 0) checkedParts(parts.join('.'))
  return pathOf(parts, variable(name, names))
}

const variable = (name: string, names: Names): ((scope: Scope) => Value) => {
  switch (name) {
    case 'ROOT': return (scope) => scope.root
    case 'CURRENT': return (scope) => scope.variable('CURRENT') ?? scope.root
    case 'NOW': return (scope) => scope.command.now
    case 'CLUSTER_TIME': return (scope) => {
      if (!scope.command.clusterTime) throw new MongoError(51144, 'Builtin variable \'$$CLUSTER_TIME\' is not available')
      return scope.command.clusterTime
    }
    case 'REMOVE': return () => undefined
    case 'DESCEND': case 'PRUNE': case 'KEEP':
      if (names.has(name)) return () => name
      break
    default:
  }
  if (name === '') throw new MongoError('FailedToParse', 'empty variable names are not allowed')
  checkVariableName(name, false)
  if (!names.has(name)) throw new MongoError(17276, `Use of undefined variable: ${name}`)
  return (scope) => scope.variable(name)
}

/** @throws MongoError for a name that no variable may have. */
export const checkVariableName = (name: string, isDefinition: boolean): void => {
  if (name === '') throw new MongoError('FailedToParse', 'empty variable names are not allowed')
  const first = name[0] ?? ''
  const isLegalStart = isDefinition ? /[a-z]/.test(first) || first > '\x7f' : /[a-zA-Z]/.test(first) || first > '\x7f'
  if (!isLegalStart && !(isDefinition && name === 'CURRENT')) {
    throw new MongoError('FailedToParse', `'${name}' starts with an invalid character for a user variable name`)
  }
  for (const letter of name) {
    if (!/[a-zA-Z0-9_]/.test(letter) && letter <= '\x7f') {
      throw new MongoError('FailedToParse', `'${name}' contains an invalid character for a variable name: '${letter}'`)
    }
  }
}

/** @throws MongoError for a path with an empty part or one that begins with a dollar. */
export const checkedParts = (path: string): string[] => {
  if (path === '') throw new MongoError(16872, '\'$\' by itself is not a valid FieldPath')
  if (path.endsWith('.')) throw new MongoError(40353, 'FieldPath must not end with a \'.\'.')
  const parts = path.split('.')
  for (const part of parts) {
    if (part === '') throw new MongoError(15998, 'FieldPath field names may not be empty strings.')
    if (part.startsWith('$')) throw new MongoError(16410, 'FieldPath field names may not start with \'$\'.')
    if (part.includes('\0')) throw new MongoError(16411, 'FieldPath field names may not contain \'\0\'.')
  }
  return parts
}

const pathOf = (parts: readonly string[], start: (scope: Scope) => Value): Evaluate => (scope) => resolve(start(scope), parts, 0)

/** Through an array a path gives the array of what its documents have; a number is a field name and no index. */
export const resolve = (value: Value, parts: readonly string[], depth: number): Value => {
  if (depth === parts.length) return value
  if (isDoc(value)) return resolve(getField(value, parts[depth] ?? ''), parts, depth + 1)
  if (!Array.isArray(value)) return undefined
  const found: Value[] = []
  for (const element of value) {
    const inner = isDoc(element) || Array.isArray(element) ? resolve(element, parts, depth) : undefined
    if (inner !== undefined) found.push(inner)
  }
  return found
}
