import { compileExpression } from '../expression/compile.js'
import { Names, Scope } from '../expression/scope.js'
import { isTruthy } from '../bson/value.js'
import type { Doc } from '../bson/value.js'
import type { CommandScope } from '../expression/scope.js'
import type { QueryContext } from '../query/predicate.js'

/** Server as stages use it: other collections to read, and a collection to write to. */
export interface StageContext {
  readonly scope: CommandScope
  readonly query: QueryContext
  readonly names: Names
  /** The documents of a collection of the same database. */
  readonly read: (collection: string) => Iterable<Doc>
}

export type Run = (docs: Doc[]) => Doc[]

/** How queries of a command are parsed: its collation, its time and its variables. */
export const queryContext = (scope: CommandScope): QueryContext => {
  const names = new Names(Object.keys(scope.variables))
  return {
    collation: scope.collation,
    inside: 'document',
    expression: (expression) => {
      const evaluate = compileExpression(expression, names)
      return (doc) => isTruthy(evaluate(new Scope(scope, doc)))
    },
  }
}
