import type { Timestamp } from 'bson'
import type { StringKey } from '../bson/compare.js'
import type { Doc, Value } from '../bson/value.js'

/** Scope of one command, the same for all its documents. */
export interface CommandScope {
  /** `$$NOW`: one for the whole command. */
  readonly now: Date
  readonly clusterTime: Timestamp | undefined
  readonly collation: StringKey
  /** The command's `let`. */
  readonly variables: Doc
}

/** Scope of an expression: the document, and the variables around it. `undefined` means missing throughout. */
export class Scope {
  readonly command: CommandScope
  readonly root: Value
  readonly #name: string | undefined
  readonly #value: Value
  readonly #outer: Scope | undefined

  constructor(command: CommandScope, root: Value, name?: string, value?: Value, outer?: Scope) {
    this.command = command
    this.root = root
    this.#name = name
    this.#value = value
    this.#outer = outer
  }

  /** Scope with one more variable. */
  with(name: string, value: Value): Scope {
    return new Scope(this.command, this.root, name, value, this)
  }

  variable(name: string): Value {
    if (name === this.#name) return this.#value
    return this.#outer ? this.#outer.variable(name) : this.command.variables[name]
  }
}

export type Evaluate = (scope: Scope) => Value

/** The variables that an expression may name, known while it is parsed. */
export class Names {
  readonly #known: ReadonlySet<string>

  constructor(known: Iterable<string> = []) {
    this.#known = new Set(known)
  }

  with(...names: string[]): Names {
    return new Names([...this.#known, ...names])
  }

  has(name: string): boolean {
    return this.#known.has(name)
  }
}
